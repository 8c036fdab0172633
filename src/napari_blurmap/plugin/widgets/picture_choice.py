"""Choice of the picture to work on, and how its axes are read: in words, and in letters that can be corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from ...errors import BlurMapError
from ...picture.axes_in_words import describe_axes
from ...picture.stack import as_stack
from ..layers.picture import LayerPicture
from .fields import plain_label, text_field
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

    def __init__(self, viewer: napari.viewer.Viewer, tooltip: str, planes: str = "a map a plane") -> None:
        super().__init__()
        self._viewer = viewer
        self._planes = planes
        self._edits = ViewerLink()
        self.stack: Stack | None = None
        self.list = LayerChoice(viewer, pictures, f"{tooltip} It follows the layer selected in napari's list.")
        self.axes = plain_label()
        self.letters = text_field(
            "such as TZCYX",
            "A letter for each axis of the data: T time, Z depth, C channel, S colours (RGB), Y and X.\n"
            "What you type becomes the layer's axis labels.",
        )
        self._form = rows({"Picture": self.list, "Axes": self.letters})
        column(self, self._form, self.axes)
        self.letters.editingFinished.connect(self._on_typed)
        self._describe()
        self.list.changed.connect(self._on_chosen)

    @property
    def layer(self) -> Image | None:
        """The chosen layer; None where there is no picture."""
        layer: Image | None = self.list.value
        return layer

    @property
    def how(self) -> dict[str, Any]:
        """What functions of `napari_blurmap` have to be told besides the layer: which of its axes is colour."""
        labels = [] if self.layer is None or self.layer.rgb else [label.lower() for label in self.layer.axis_labels]
        return {"channel_axis": labels.index("s")} if "s" in labels else {}

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

    def _on_typed(self) -> None:
        """Give the layer the axes that were typed."""
        layer, names = self.layer, tuple("".join(self.letters.text().split()).lower())
        if layer is None or not names:
            self._describe()
        elif len(names) != layer.ndim or len(set(names)) != len(names) or not {"y", "x"} <= set(names):
            letters = "".join(names).upper()
            self._say(f"The axes are {letters}; expected {layer.ndim} different letters with Y and X among them.")
        else:
            layer.axis_labels = names

    def _describe(self) -> None:
        layer, text, self.stack = self.layer, "", None
        if layer is not None:
            try:
                self.stack = as_stack(LayerPicture.of(layer), **self.how)
                *words, size = describe_axes(self.stack, self._planes).split("; ")
                text = "; ".join([*words, size.replace(" ", "\u00a0")])  # the size stays in one line
            except BlurMapError as error:
                text = str(error)
        self.letters.setText("" if self.stack is None else _letters(self.stack))
        self._form.setRowVisible(self.letters, layer is not None and layer.ndim > 2)
        self._say(text)

    def _say(self, text: str) -> None:
        self.axes.setText(text)
        self.axes.setVisible(bool(text))


def _letters(stack: Stack) -> str:
    """The axes in the order of the data, S for colours; nothing where some have longer names."""
    names = list(stack.data_axes)
    if stack.colour is not None:
        names.insert(stack.colour, "s")
    return "".join(names).upper() if all(len(name) == 1 for name in names) else ""
