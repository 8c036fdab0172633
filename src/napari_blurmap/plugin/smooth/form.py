"""The input of the panel "Smooth blur map": map, method, strength, picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from magicgui.widgets import CheckBox, FloatSlider
from napari.layers import Image
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel

from ...errors import BlurMapError
from ...result.guide import guide_of
from ...result.smooth.smooth import METHODS
from ..layers.picture import LayerPicture
from ..panels.form import Form
from ..widgets.choice import Choice
from ..widgets.fields import plain_label
from ..widgets.layer_choice import LayerChoice, pictures
from ..widgets.layout import column, rows
from .job import SmoothJob

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


class SmoothForm(Form):
    """Everything that smoothing needs to know.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose maps and pictures are offered.

    Notes
    -----
    ``changed`` tells that another result is due.
    """

    changed = Signal()

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer)
        self.map = LayerChoice(viewer, _maps, "The blur map to smooth: a layer of sigma.")
        self.method = Choice("", {key: words.name for key, words in WORDS.items()})
        self.strength = FloatSlider(tooltip="More smooths more. Each method has its own measure.")
        self.picture = LayerChoice(
            viewer,
            pictures,
            "The picture that the map was made from; its edges guide the smoothing.",
            none="none",
        )
        self.preview = CheckBox(text="Preview", value=True, tooltip="Show the result for what is in view.")
        self.purpose = plain_label()
        fields = rows(
            {
                "Blur map": self.map,
                "Method": self.method,
                "Strength": self.strength,
                "Picture": self.picture,
                "": self.preview,
            }
        )
        self._measure = fields.labelForField(self.strength.native)
        column(self, fields, self.purpose)
        self._on_method()
        self.map.changed.connect(self._on_map)
        self.method.changed.connect(self._on_method)
        self.picture.changed.connect(self._settle)
        for part in (self.strength, self.preview):
            part.changed.connect(self._settle)
        self._on_map()

    @property
    def ready(self) -> bool:
        """Whether there is a map."""
        return self.map.value is not None

    @property
    def blurmap(self) -> BlurMap | None:
        """The chosen map."""
        layer = self.map.value
        return None if layer is None else layer.metadata["blurmap"]

    def follow(self, link: ViewerLink) -> None:
        """Follow the viewer's layers through a link."""
        link.connect_list(self._viewer.layers, self._refresh)
        link.connect(self._viewer.layers.selection.events.active, self.map.follow_selection)
        self._refresh()
        self.map.follow_selection()

    def job(self) -> SmoothJob | None:
        """What Apply asks for; None where there is no map."""
        layer, m, source = self.map.value, self.blurmap, self.picture.value
        if m is None:
            return None
        return SmoothJob(layer, m, self.guide(), (source or layer).name, self.options())

    def guide(self) -> LayerPicture | None:
        """The chosen picture, where the method looks at one."""
        layer = self.picture.value
        if layer is None or not METHODS[self.method.value].takes_picture:
            return None
        return LayerPicture.of(layer)

    def options(self) -> dict[str, Any]:
        """Method and strength, as `smooth_sigma` takes them."""
        return {"method": self.method.value, "strength": round(float(self.strength.value), 2)}

    def _refresh(self) -> None:
        self.picture.refresh()
        self.map.refresh()

    def _on_map(self) -> None:
        """Take the picture that the map was made from."""
        layer, m = self.map.value, self.blurmap
        if m is not None:
            name = layer.metadata.get("blurmap_view", {}).get("name")
            fitting = [picture for picture in self.picture.choices if picture is not None and _fits(m, picture)]
            named = [picture for picture in fitting if picture.name == name]
            self.picture.choose(next(iter(named or fitting), None))
        self._settle()

    def _on_method(self) -> None:
        words = WORDS[self.method.value]
        with self.strength.changed.blocked():
            # In an order in which the slider never holds a value out of its range.
            self.strength.min, self.strength.max = 0.0, 1000.0
            self.strength.value = METHODS[self.method.value].strength
            self.strength.min, self.strength.max, self.strength.step = words.least, words.most, words.step
        if isinstance(self._measure, QLabel):
            self._measure.setText(words.label)
        self.method.setToolTip(words.purpose)
        self.picture.setEnabled(METHODS[self.method.value].takes_picture)
        self._settle()

    def _settle(self) -> None:
        """Say what the method is for, and that another result is due."""
        self.purpose.setText(WORDS[self.method.value].purpose if self.ready else "Estimate a blur map first.")
        self._tell_ready()
        self.changed.emit()


def _maps(layers: list[Any]) -> list[Any]:
    """Layers of sigma, of estimated maps: no truth, and none smoothed already, so that trials do not add up."""
    found: dict[int, Any] = {}
    for layer in layers:
        m = layer.metadata.get("blurmap") if isinstance(layer, Image) else None
        if m is not None and "blurmap_truth_of" not in layer.metadata and "smoothed" not in m.provenance:
            found[id(m)] = layer  # of the layers of one map the lowest is that of sigma
    return list(found.values())


def _fits(m: BlurMap, layer: Image) -> bool:
    try:
        guide_of(m, LayerPicture.of(layer))
    except BlurMapError:
        return False
    return True
