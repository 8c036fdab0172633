"""Choice of the picture to work on, and in words how its axes are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from ...errors import BlurMapError
from ...picture.stack import as_stack
from ..layers.picture import LayerPicture, describe_axes
from .fields import plain_label
from .layer_choice import LayerChoice, pictures
from .layout import column, rows
from .viewer_link import ViewerLink

if TYPE_CHECKING:
    import napari.viewer
    from napari.layers import Image

    from ...picture.stack import Stack


class PictureChoice(QWidget):
    """A list of the viewer's pictures; it follows the layer that is selected in napari's own list.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose pictures are listed.
    tooltip : str
        What the picture is chosen for.
    planes : str
        What is done with the planes of a stack, for the words on its axes.

    Notes
    -----
    ``chosen`` tells that it is another layer, ``edited`` that the same one
    reads otherwise than before. ``stack`` is None where it cannot be read.
    """

    chosen = Signal()
    edited = Signal()

    def __init__(self, viewer: napari.viewer.Viewer, tooltip: str, planes: str) -> None:
        super().__init__()
        self._viewer = viewer
        self._planes = planes
        self._edits = ViewerLink()
        self.stack: Stack | None = None
        self.list = LayerChoice(viewer, pictures, f"{tooltip} It follows the layer selected in napari's list.")
        self.axes = plain_label()
        column(self, rows({"Picture": self.list}), self.axes)
        self._describe()
        self.list.changed.connect(self._on_chosen)

    @property
    def layer(self) -> Image | None:
        """The chosen layer; None where there is no picture."""
        layer: Image | None = self.list.value
        return layer

    def follow(self, link: ViewerLink) -> None:
        """Follow the viewer's layers through a link."""
        layers = self._viewer.layers
        link.connect_list(layers, self.list.refresh)
        link.connect(layers.selection.events.active, self.list.follow_selection)
        self._edits = link.branch()
        self.list.refresh()
        self.list.follow_selection()
        self._on_chosen()

    def _on_chosen(self) -> None:
        self._edits.cut()
        if self.layer is not None:
            for name in ("data", "scale", "units", "axis_labels"):
                self._edits.connect(getattr(self.layer.events, name), self._on_edited)
        self._describe()
        self.chosen.emit()

    def _on_edited(self) -> None:
        self._describe()
        self.edited.emit()

    def _describe(self) -> None:
        layer, text, self.stack = self.layer, "", None
        if layer is not None:
            try:
                self.stack = as_stack(LayerPicture.of(layer))
                named = set(self.stack.axes) <= {label.lower() for label in layer.axis_labels}
                text = describe_axes(self.stack, named, self._planes)
            except BlurMapError as error:
                text = str(error)
        self.axes.setText(text)
        self.axes.setVisible(bool(text))
