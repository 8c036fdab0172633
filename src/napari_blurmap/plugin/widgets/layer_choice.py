"""Layers of the viewer to choose one from, followed through renames and deletions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from napari.layers import Image, Labels, Layer, Shapes

from .choice import Choice

if TYPE_CHECKING:
    import napari.viewer


def is_picture(layer: Layer | None) -> bool:
    """Whether blur can be estimated in a layer: an image that is not itself a map or a known truth."""
    return isinstance(layer, Image) and not _ours(layer)


def pictures(layers: Iterable[Layer]) -> list[Layer]:
    """The layers in which blur can be estimated."""
    return [layer for layer in layers if is_picture(layer)]


def regions(layers: Iterable[Layer]) -> list[Layer]:
    """The layers that can mark a part of a picture."""
    return [layer for layer in layers if isinstance(layer, (Shapes, Labels)) and not _ours(layer)]


def label_layers(layers: Iterable[Layer]) -> list[Layer]:
    """The layers that mark objects."""
    return [layer for layer in regions(layers) if isinstance(layer, Labels)]


def _ours(layer: Layer) -> bool:
    return any(str(key).startswith("blurmap") for key in layer.metadata)


class LayerChoice(Choice):
    """Choice of a layer.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose layers are listed, the topmost first.
    which : callable
        Picks those to be listed, such as `pictures`.
    tooltip : str
        What is chosen.
    none : str, optional
        Words for no layer, where that can be chosen, too.
    """

    def __init__(
        self, viewer: napari.viewer.Viewer, which: Callable[[list[Layer]], list[Layer]], tooltip: str, none: str = ""
    ) -> None:
        super().__init__(tooltip)
        self._viewer = viewer
        self._which = which
        self._none = none
        self.setPlaceholderText("open a picture first")
        self.refresh()

    def refresh(self) -> None:
        """List the layers anew."""
        layers = self._which(list(reversed(self._viewer.layers)))
        none = [(None, self._none)] if self._none else []
        self.relist([*none, *((layer, layer.name) for layer in layers)])
        self.setEnabled(bool(self.choices))

    def follow_selection(self) -> None:
        """Choose the layer that was selected in napari's list, if it is one of these."""
        active = self._viewer.layers.selection.active
        if active is not None:
            self.choose(active)
