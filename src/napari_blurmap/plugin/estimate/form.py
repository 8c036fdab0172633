"""The input of the panel "Estimate blur": picture, model, specimen, what counts as sharp, and the rest."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal

from ...errors import BlurMapError
from ...io.pictures import told_in
from ...picture.sensor import typed_noise
from ..layers.picture import LayerPicture, is_square, pixel_size
from ..layers.position import plane_shown
from ..panels.form import Form
from ..widgets.choice import Choice
from ..widgets.fields import NOISE, text_field
from ..widgets.layout import column, folded, rows
from ..widgets.model_choice import ModelChoice
from ..widgets.picture_choice import PictureChoice
from ..widgets.preferences import preference_events, read_preferences, store_preferences
from .digest import CONTRASTS, Judgement
from .job import EstimateJob, probabilities_fit
from .optics import OpticsForm

if TYPE_CHECKING:
    import napari.viewer
    from napari.layers import Image

    from ..widgets.viewer_link import ViewerLink
    from .optics import PixelSize

_TILES = {0: "automatic"} | {edge: f"{edge} px" for edge in (256, 512, 1024, 2048)}
_DEVICES = {
    "auto": "automatic",
    "cpu": "processor (cpu)",
    "cuda": "GPU (cuda)",
    "mps": "Apple GPU (mps)",
}
_CLASSES = {0: "none", 10: "10 classes", 30: "30 classes"}


class EstimateForm(Form):
    """Everything that an estimate needs to know.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose pictures are offered.

    Notes
    -----
    ``reference_changed`` tells that another verdict may be due.
    """

    reference_changed = Signal()
    model: ModelChoice

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer)
        self._described: Image | None = None
        self._own_size: PixelSize | None = None
        self._typed: dict[Image, PixelSize | None] = {}
        self.picture = PictureChoice(viewer, "The picture to estimate.")
        self.model = ModelChoice()
        self.planes = Choice("How much of a stack is estimated; the sliders say what is seen.", {"all": "all planes"})
        self.contrast = Choice("How the picture was made; for transparent specimens no verdict is possible.", CONTRASTS)
        self.optics = OpticsForm()
        self.device = Choice(
            "Where the network runs; automatic takes a GPU if there is one. The result is the same.", _DEVICES
        )
        self.tile = Choice("Edge of the pieces in which the picture is estimated. The result is the same.", _TILES)
        self.classes = Choice(
            "Also round sigma to 10 classes 0.3 px apart, or to 30 classes 0.1 px apart, in a Labels layer, hidden at "
            "first.",
            _CLASSES,
        )
        self.noise = text_field("auto", NOISE)
        fields = {"Noise": self.noise, "Device": self.device, "Tiles": self.tile, "Class map": self.classes}
        self.advanced = folded("Advanced", fields)
        self._rows = rows({"Planes": self.planes, "Specimen": self.contrast})
        column(self, self.picture, self.model, self._rows, self.optics, self.advanced)
        self.picture.chosen.connect(self._on_chosen)
        self.picture.edited.connect(self._on_edited)
        self.model.changed.connect(self._tell_ready)
        self.optics.changed.connect(self.reference_changed)
        self.contrast.changed.connect(self.reference_changed)
        for name in read_preferences():
            self._show_preference(name)
        self.optics.begin()

    @property
    def ready(self) -> bool:
        """Whether there is a picture and a model."""
        return self.picture.layer is not None and self.model.model is not None

    def follow(self, link: ViewerLink) -> None:
        """Follow the viewer's layers and napari's preferences through a link."""
        self.picture.follow(link)
        link.connect(self._viewer.layers.events.removed, self._keep_typed)
        for name, emitter in preference_events().items():
            link.connect(emitter, partial(self._show_preference, name))

    def judgement(self) -> Judgement:
        """What a verdict rests on, as it stands."""
        try:
            return Judgement(self.optics.reference(), self.contrast.value)
        except BlurMapError as error:
            return Judgement(None, self.contrast.value, str(error))

    def job(self) -> EstimateJob | None:
        """What Run asks for; None where there is no picture."""
        layer = self.picture.layer
        if layer is None or self.model.model is None:
            return None
        options: dict[str, Any] = {"model": self.model.model, "device": self.device.value, **self.picture.how}
        if (noise := typed_noise(self.noise.text())) != "auto":
            options["noise"] = noise
        if self.tile.value:
            options["tile"] = self.tile.value
        if typed := self.optics.typed_pixel:
            options |= {"pixel_size": typed[0], "unit": typed[2]}
        picture = LayerPicture.of(layer)
        if self.planes.value != "all":
            picture = self._cut(picture, layer)
        if self.model.info is not None and probabilities_fit(picture, self.model.info):
            options["keep_probabilities"] = True
        judgement = self.judgement().of_channel(picture.channel)
        return EstimateJob(layer, picture, options, judgement, self.classes.value or None, self._viewer.dims)

    def _cut(self, picture: LayerPicture, layer: Image) -> LayerPicture:
        """The plane or the stack of a picture that is seen."""
        stack = self.picture.stack
        if stack is None:
            return picture
        names, plane = list(stack.data_axes), self.planes.value == "plane"
        if stack.colour is not None and not layer.rgb:
            names.insert(stack.colour, "s")
        axes = [axis for axis in stack.order[:-2] if plane or names[axis] != "z"]
        places = plane_shown(layer, axes, [int(stack.data.shape[axis]) for axis in axes], self._viewer.dims)
        return picture.cut(dict(zip(axes, places, strict=True)), names)

    def _list_planes(self) -> None:
        """Offer what there is of a stack; of planes on disk that are too large for memory the seen one comes first."""
        stack, layer = self.picture.stack, self.picture.layer
        sizes: dict[str, int] = {}
        if stack is not None and layer is not None and LayerPicture.of(layer).wide is None:
            sizes = {name: n for name, n in zip(stack.axes[:-2], stack.shape, strict=False) if n > 1}
        entries = {"all": "all planes"}
        if "z" in sizes and len(sizes) > 1:
            entries["stack"] = "the stack that is seen (all of z)"
        if sizes:
            entries["plane"] = "the plane that is seen"
        self.planes.relist(entries.items())
        self._rows.setRowVisible(self.planes, len(entries) > 1)

    def store_preferences(self) -> None:
        """Keep the values of this run for the next time."""
        store_preferences(
            {
                "compute.device": self.device.value,
                "compute.tile": self.tile.value,
                "optics.contrast": self.contrast.value,
                **{name: value for name, (_, value) in self.optics.preferences.items()},
            }
        )

    def _show_preference(self, name: str, _event: object = None) -> None:
        """Show one of napari's preferences; the others may have been edited here."""
        value = read_preferences()[name]
        if name == "compute.tile":
            self.tile.relist((_TILES | {value: _TILES.get(value, f"{value} px")}).items())
        show = {
            "compute.device": self.device.choose,
            "compute.tile": self.tile.choose,
            "optics.contrast": self.contrast.choose,
            **{name: show for name, (show, _) in self.optics.preferences.items()},
        }
        show[name](value)

    def _on_chosen(self) -> None:
        self._keep_typed()
        self._described = layer = self.picture.layer
        self._own_size = self._pixel_size()
        self.optics.set_known_pixel(self._own_size, None if layer is None else self._typed.get(layer, self._told()))
        self.optics.set_known_light(self._emission())
        self._list_planes()
        self._tell_ready()

    def _keep_typed(self) -> None:
        """Keep a pixel size for the picture that it was typed for, as long as that is there."""
        if self._described is not None:
            self._typed[self._described] = self.optics.typed_pixel
        self._typed = {layer: size for layer, size in self._typed.items() if layer in self._viewer.layers}

    def _on_edited(self) -> None:
        """Only another size of the layer itself takes the place of the one that was typed."""
        before, self._own_size = self._own_size, self._pixel_size()
        if self._own_size != before:
            self.optics.set_known_pixel(self._own_size)
        self.optics.set_known_light(self._emission())
        self._list_planes()

    def _emission(self) -> list[float]:
        """Wavelength of each channel, where the picture's file names all."""
        stack = self.picture.stack
        channels = [] if stack is None else (stack.source or {}).get("channels", [])
        known = [one["emission_nm"] for one in channels]
        return known if all(known) else []

    def _told(self) -> PixelSize | None:
        """The pixel size of the layer's file, where the layer holds the whole of it and has none of its own."""
        stack = self.picture.stack
        if stack is None or stack.source is None or self._own_size is not None:
            return None
        told = told_in(stack.source["path"])
        size: PixelSize | None = told.get("pixel") if told.get("shape") == tuple(stack.data.shape) else None
        return size if size is not None and is_square(size) else None

    def _pixel_size(self) -> PixelSize | None:
        return None if self.picture.stack is None else pixel_size(self.picture.stack)
