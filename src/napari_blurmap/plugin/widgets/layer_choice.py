"""The list of pictures in the viewer: images that are not results, followed through renames and deletions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Image, Layer
from qtpy.QtCore import QSignalBlocker, Signal

from .fields import Choice

if TYPE_CHECKING:
    import napari.viewer
    from magicgui.widgets.bases import CategoricalWidget


def is_picture(layer: Layer | None) -> bool:
    """Whether blur can be estimated in a layer: an image that is not itself a map or a known truth."""
    return isinstance(layer, Image) and not any(str(key).startswith("blurmap") for key in layer.metadata)


def relist(choice: CategoricalWidget[Any]) -> None:
    """List the layers of a magicgui choice anew; what is chosen stays, whatever its name is now.

    Parameters
    ----------
    choice : magicgui.widgets.bases.CategoricalWidget
        Its choices come from a function.
    """
    before = choice.value
    with choice.changed.blocked():
        choice.reset_choices()  # keeps the choice by its name
        if isinstance(before, list):
            choice.value = [layer for layer in before if layer in choice.choices]
        elif before in choice.choices:
            choice.value = before
    if choice.value != before:
        choice.changed.emit(choice.value)


class LayerChoice(Choice):
    """Choice of a picture's layer.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose layers are listed, in the order of its list.

    Notes
    -----
    It follows the layer that is selected in napari's own list, as long as
    that is a picture.
    """

    layer_changed = Signal()

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__("The picture to estimate; it follows the layer selected in napari's list.")
        self._viewer = viewer
        self._layers: list[Image] = []
        self._last: Image | None = None
        self.currentIndexChanged.connect(self._announce)

    @property
    def layer(self) -> Image | None:
        """The chosen layer; None where there is no picture."""
        index = self.currentIndex()
        return self._layers[index] if 0 <= index < len(self._layers) else None

    def refresh(self) -> None:
        """List the layers anew; the choice stays where it can."""
        chosen = self.layer
        with QSignalBlocker(self):
            self.clear()
            self._layers = [layer for layer in reversed(self._viewer.layers) if is_picture(layer)]
            self.addItems([layer.name for layer in self._layers])
            self.setPlaceholderText("open a picture first")
            if chosen is not None and chosen in self._layers:
                self.setCurrentIndex(self._layers.index(chosen))
            elif self._layers:
                self.setCurrentIndex(0)
        self.setEnabled(bool(self._layers))
        self._announce()

    def follow_selection(self) -> None:
        """Choose the layer that was selected in napari's list, if it is a picture."""
        active = self._viewer.layers.selection.active
        if active in self._layers:
            self.setCurrentIndex(self._layers.index(active))

    def _announce(self) -> None:
        # "is" would not do: napari hands out a new proxy of the same layer every time.
        if self.layer != self._last:
            self._last = self.layer
            self.layer_changed.emit()
