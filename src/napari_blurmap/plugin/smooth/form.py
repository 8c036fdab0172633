"""The input of the panel "Smooth blur map": map, method, strength, picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from magicgui.widgets import CheckBox, ComboBox, Container, FloatSlider
from napari.layers import Image
from qtpy.QtCore import QObject, Signal

from ...errors import BlurMapError
from ...result.guide import guide_of
from ...result.smooth.smooth import METHODS
from ..layers.picture import LayerPicture
from ..widgets.fields import let_shrink
from ..widgets.layer_choice import is_picture, relist

if TYPE_CHECKING:
    import napari.viewer

    from ...result.blurmap import BlurMap
    from ..widgets.viewer_link import ViewerLink


class _Words(NamedTuple):
    """A method in the form: its name, what it is for, and the range of its strength."""

    name: str
    purpose: str
    label: str
    least: float
    most: float
    step: float


WORDS = {
    "mean": _Words("moving average", "Even blur; outlines of objects are washed out.", "Window (px)", 3, 101, 2),
    "gradient": _Words(
        "along lines of equal blur", "Tilted or curved fields, whose blur rises steadily.", "Length (px)", 3, 151, 2
    ),
    "edge": _Words(
        "edge-preserving", "Objects at several depths; their outlines come from the picture.", "Distance (px)", 1, 40, 1
    ),
    "mrf": _Words(
        "Markov random field",
        "Places where two blurs are possible; works on the probabilities of the map.",
        "Neighbours (0 to 1)",
        0.05,
        1,
        0.05,
    ),
}


def is_map(layer: Any) -> bool:
    """Whether a layer shows an estimated map: no truth, and none smoothed already, so that trials do not add up."""
    m = layer.metadata.get("blurmap") if isinstance(layer, Image) else None
    return m is not None and "blurmap_truth_of" not in layer.metadata and "smoothed" not in m.provenance


class SmoothForm(QObject):
    """Everything that smoothing needs to know.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose maps and pictures are offered.

    Notes
    -----
    ``changed`` tells that another result is due. ``widget`` is what is shown.
    """

    changed = Signal()

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._viewer = viewer
        self.map = ComboBox(label="Blur map", choices=self._maps, nullable=True, tooltip="A layer of sigma.")
        self.method = ComboBox(label="Method", choices=[(words.name, key) for key, words in WORDS.items()])
        self.strength = FloatSlider(label="Strength", tooltip="More smooths more. Each method has its own measure.")
        self.picture = ComboBox(
            label="Picture",
            choices=self._pictures,
            nullable=True,
            tooltip="The picture that the map was made from; its edges guide the smoothing.",
        )
        self.preview = CheckBox(label="Preview", value=True, tooltip="Show the result for what is in view.")
        self.widget = Container(widgets=[self.map, self.method, self.strength, self.picture, self.preview])
        self.widget.margins = (0, 0, 0, 0)
        for layers in (self.map, self.picture):
            let_shrink(layers.native)
        self._method_changed()
        self.map.changed.connect(self._map_changed)
        self.method.changed.connect(self._method_changed)
        for part in (self.strength, self.picture, self.preview):
            part.changed.connect(self._tell)

    def follow(self, link: ViewerLink) -> None:
        """Follow the viewer's layers through a link."""
        layers = self._viewer.layers
        for emitter in (layers.events.inserted, layers.events.removed, layers.events.reordered, layers.events.renamed):
            link.connect(emitter, self.refresh)
        link.connect(layers.selection.events.active, self._follow_selection)
        self.refresh()
        self._follow_selection()

    def refresh(self) -> None:
        """List maps and pictures anew; the choices stay where they can."""
        before = self.map.value
        relist(self.map)
        if self.map.value is None and self.map.choices:
            self.map.value = next((layer for layer in self.map.choices if layer is not None), None)
        relist(self.picture)
        if self.map.value != before:
            self._map_changed()

    @property
    def blurmap(self) -> BlurMap | None:
        """The chosen map."""
        layer = self.map.value
        return None if layer is None else layer.metadata["blurmap"]

    def guide(self) -> LayerPicture | None:
        """The chosen picture, where the method looks at one."""
        layer = self.picture.value
        if layer is None or not METHODS[self.method.value].takes_picture:
            return None
        return LayerPicture.of(layer)

    def options(self) -> dict[str, Any]:
        """Method and strength, as `smooth_sigma` takes them."""
        return {"method": self.method.value, "strength": round(float(self.strength.value), 2)}

    def _maps(self, _widget: object = None) -> list[tuple[str, Any]]:
        """Layers of sigma, newest first; of the layers of one map the first, which is that of sigma."""
        found: dict[int, Any] = {}
        for layer in self._viewer.layers:
            if is_map(layer):
                found.setdefault(id(layer.metadata["blurmap"]), layer)
        return [(layer.name, layer) for layer in reversed(found.values())]

    def _pictures(self, _widget: object = None) -> list[tuple[str, Any]]:
        return [(layer.name, layer) for layer in reversed(self._viewer.layers) if is_picture(layer)]

    def _follow_selection(self) -> None:
        active = self._viewer.layers.selection.active
        if active is not None and active in self.map.choices:
            self.map.value = active

    def _map_changed(self) -> None:
        """Take the picture that the map was made from."""
        layer, m = self.map.value, self.blurmap
        if layer is not None and m is not None:
            name = layer.metadata.get("blurmap_view", {}).get("name")
            pictures = [picture for picture in self.picture.choices if picture is not None and _fits(m, picture)]
            named = [picture for picture in pictures if picture.name == name]
            with self.picture.changed.blocked():
                self.picture.value = next(iter(named or pictures), None)
        self._tell()

    def _method_changed(self) -> None:
        words = WORDS[self.method.value]
        with self.strength.changed.blocked():
            # In an order in which the slider never holds a value out of its range.
            self.strength.min, self.strength.max = 0.0, 1000.0
            self.strength.value = METHODS[self.method.value].strength
            self.strength.min, self.strength.max, self.strength.step = words.least, words.most, words.step
        self.strength.label = words.label
        self.method.tooltip = words.purpose
        self.picture.enabled = METHODS[self.method.value].takes_picture
        self._tell()

    def _tell(self) -> None:
        self.changed.emit()


def _fits(m: BlurMap, layer: Image) -> bool:
    try:
        guide_of(m, LayerPicture.of(layer))
    except BlurMapError:
        return False
    return True
