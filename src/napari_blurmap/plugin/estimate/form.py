"""The input of the panel "Estimate blur": picture, model, specimen, what counts as sharp, and the rest."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from ...errors import BlurMapError
from ...picture.stack import as_stack
from ..layers.picture import LayerPicture, describe_axes, pixel_size
from ..widgets.fields import Choice, Fold, empty_form, form_label, plain_label
from ..widgets.layer_choice import LayerChoice
from ..widgets.model_choice import ModelChoice
from ..widgets.preferences import preference_events, read_preferences, store_preferences
from ..widgets.viewer_link import ViewerLink
from .digest import CONTRASTS
from .job import Request, probabilities_fit
from .optics import OpticsForm

if TYPE_CHECKING:
    import napari.viewer
    from napari.layers import Image

    from ...result.reference import Reference
    from .optics import PixelSize

#: Reference, kind of contrast, and why the reference cannot be used.
Judgement: TypeAlias = "tuple[Reference | None, str, str]"

_TILES = (256, 512, 1024, 2048)
_DEVICES = {
    "auto": "automatic",
    "cpu": "processor (cpu)",
    "cuda": "GPU (cuda)",
    "mps": "Apple GPU (mps)",
}


class EstimateForm(QWidget):
    """Everything that a run needs to know.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose pictures are offered.

    Notes
    -----
    ``ready_changed`` tells whether there is a picture and a model;
    ``reference_changed`` that another verdict may be due.
    """

    ready_changed = Signal(bool)
    reference_changed = Signal()

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._viewer = viewer
        self._layer_link = ViewerLink()
        self._described: Image | None = None
        self._own_size: PixelSize | None = None
        self._typed: dict[Image, PixelSize | None] = {}
        self.layers = LayerChoice(viewer)
        self.axes = plain_label()
        self.model = ModelChoice()
        self.contrast = Choice("How the picture was made; for transparent specimens no verdict is possible.")
        self.optics = OpticsForm()
        self.device = Choice("Where the network runs; automatic takes a GPU if there is one. The result is the same.")
        self.tile = Choice("Edge of the pieces in which the picture is estimated. The result is the same.")
        self.classes = Choice(
            "Also round sigma to 10 classes 0.3 px apart, or to 30 classes 0.1 px apart, in a Labels layer, hidden at "
            "first."
        )
        self._fill()
        self._lay_out()
        self.layers.layer_changed.connect(self._layer_changed)
        self.model.changed.connect(self._tell_ready)
        self.optics.changed.connect(self.reference_changed)
        self.contrast.currentIndexChanged.connect(self.reference_changed)
        for name in read_preferences():
            self._show_preference(name)
        self.optics.begin()

    @property
    def ready(self) -> bool:
        """Whether there is a picture and a model."""
        return self.layers.layer is not None and self.model.model is not None

    def follow(self, link: ViewerLink) -> None:
        """Follow the viewer's layers and napari's preferences through a link."""
        layers = self._viewer.layers
        for emitter in (layers.events.inserted, layers.events.removed, layers.events.reordered, layers.events.renamed):
            link.connect(emitter, self.layers.refresh)
        link.connect(layers.events.removed, self._keep_typed)
        link.connect(layers.selection.events.active, self.layers.follow_selection)
        for name, emitter in preference_events().items():
            link.connect(emitter, partial(self._show_preference, name))
        self.layers.refresh()
        self.layers.follow_selection()

    def unfollow(self) -> None:
        """Stop listening to the chosen layer."""
        self._layer_link.cut()

    def judgement(self) -> Judgement:
        """Reference, kind of contrast, and why the reference cannot be used."""
        try:
            return self.optics.reference(), self.contrast.currentData(), ""
        except BlurMapError as error:
            return None, self.contrast.currentData(), str(error)

    def request(self) -> Request | None:
        """What Run asks for; None where there is no picture."""
        layer = self.layers.layer
        if layer is None or self.model.model is None:
            return None
        reference, contrast, problem = self.judgement()
        options: dict[str, Any] = {"model": self.model.model, "device": self.device.currentData()}
        if self.tile.currentData():
            options["tile"] = self.tile.currentData()
        if typed := self.optics.typed_pixel:
            options |= {"pixel_size": typed[0], "unit": typed[2]}
        picture = LayerPicture.of(layer)
        if self.model.info is not None and probabilities_fit(picture, self.model.info):
            options["keep_probabilities"] = True
        return Request(layer, picture, options, reference, contrast, problem, self.classes.currentData() or None)

    def store_preferences(self) -> None:
        """Keep the values of this run for the next time."""
        store_preferences(
            {
                "compute.device": self.device.currentData(),
                "compute.tile": self.tile.currentData(),
                "optics.contrast": self.contrast.currentData(),
                "optics.numerical_aperture": self.optics.aperture.value or 0.0,
                "optics.wavelength_nm": self.optics.wavelength.value or 0.0,
            }
        )

    def _show_preference(self, name: str, _event: object = None) -> None:
        """Show one of napari's preferences; the others may have been edited here."""
        value = read_preferences()[name]
        if name == "compute.tile" and not self.tile.choose(value):
            self.tile.addItem(f"{value} px", value)
        show = {
            "compute.device": self.device.choose,
            "compute.tile": self.tile.choose,
            "optics.contrast": self.contrast.choose,
            "optics.numerical_aperture": self.optics.aperture.set_value,
            "optics.wavelength_nm": self.optics.wavelength.set_value,
        }
        show[name](value)

    def _layer_changed(self) -> None:
        self._layer_link.cut()
        self._keep_typed()
        self._described = layer = self.layers.layer
        if layer is not None:
            for name in ("data", "scale", "units", "axis_labels"):
                self._layer_link.connect(getattr(layer.events, name), self._layer_edited)
        self._describe()
        self.optics.set_known_pixel(self._own_size, None if layer is None else self._typed.get(layer))
        self._tell_ready()

    def _keep_typed(self) -> None:
        """Keep a pixel size for the picture that it was typed for, as long as that is there."""
        if self._described is not None:
            self._typed[self._described] = self.optics.typed_pixel
        self._typed = {layer: size for layer, size in self._typed.items() if layer in self._viewer.layers}

    def _layer_edited(self) -> None:
        """Only another size of the layer itself takes the place of the one that was typed."""
        before = self._own_size
        self._describe()
        if self._own_size != before:
            self.optics.set_known_pixel(self._own_size)

    def _describe(self) -> None:
        """Say how the axes are read, and look for the pixel size."""
        layer, text, size = self.layers.layer, "", None
        if layer is not None:
            try:
                stack = as_stack(LayerPicture.of(layer))
                named = set(stack.axes) <= {label.lower() for label in layer.axis_labels}
                text, size = describe_axes(stack, named), pixel_size(stack)
            except BlurMapError as error:
                text = str(error)
        self.axes.setText(text)
        self.axes.setVisible(bool(text))
        self._own_size = size

    def _tell_ready(self) -> None:
        self.ready_changed.emit(self.ready)

    def _fill(self) -> None:
        for data, text in CONTRASTS.items():
            self.contrast.addItem(text, data)
        for data, text in _DEVICES.items():
            self.device.addItem(text, data)
        self.tile.addItem("automatic", 0)
        for edge in _TILES:
            self.tile.addItem(f"{edge} px", edge)
        for text, number in (("none", 0), ("10 classes", 10), ("30 classes", 30)):
            self.classes.addItem(text, number)

    def _lay_out(self) -> None:
        top, middle = empty_form(), empty_form()
        top.addRow(form_label("Picture"), self.layers)
        middle.addRow(form_label("Specimen"), self.contrast)
        advanced = QWidget()
        rows = empty_form()
        advanced.setLayout(rows)
        for text, field in (("Device", self.device), ("Tiles", self.tile), ("Class map", self.classes)):
            rows.addRow(form_label(text), field)
        self.advanced = Fold("Advanced", advanced)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self.axes)
        column.addWidget(self.model)
        column.addLayout(middle)
        column.addWidget(self.optics)
        column.addWidget(self.advanced)
