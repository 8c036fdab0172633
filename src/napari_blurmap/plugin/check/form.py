"""The input of the panel "Check on my picture": picture, model, plane, region, blurs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from magicgui.widgets import ComboBox, Container, LineEdit
from napari.layers import Shapes
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from ...errors import BlurMapError, Cancelled
from ...picture.stack import as_stack
from ..layers.picture import LayerPicture
from ..layers.regions import in_data
from ..run.worker import Stopped
from ..widgets.fields import Fold, empty_form, form_label, let_shrink, plain_label
from ..widgets.layer_choice import LayerChoice, relist
from ..widgets.model_choice import ModelChoice
from ..widgets.preferences import read_preferences
from ..widgets.viewer_link import ViewerLink

if TYPE_CHECKING:
    import napari.viewer
    from napari.layers import Image

    from ...checking.report import CheckReport
    from ...ground.progress import Cancel, Progress

Check = Callable[..., Any]
_SHOWN, _DETAILED = "the one shown", "the one with the most detail"
_WHOLE = "all of it"


@dataclass(frozen=True, eq=False)
class CheckRequest:
    """One press of Run: the picture as it was, and the arguments of `check_on_image` that differ from the defaults."""

    picture: LayerPicture
    options: dict[str, Any]

    def run(
        self,
        progress: Progress,
        cancel: Cancel,
        *,
        update: Callable[[CheckReport], None],
        check: Check | None = None,
    ) -> Any:
        """The report, or `Stopped` with what there was of it; meant for a worker."""
        try:
            return (check or _check_on_image())(
                self.picture, **self.options, progress=progress, cancel=cancel, update=update
            )
        except Cancelled as request:
            return Stopped(request.partial)

    def as_python(self) -> str:
        """The same check for napari's console or a script."""
        options = "".join(f", {name}={value!r}" for name, value in self.options.items())
        return (
            "import napari_blurmap as nb\n\n"
            f"layer = viewer.layers[{self.picture.name!r}]\n"
            f"report = nb.check_on_image(layer{options})\n"
            "print(report.text())\n"
        )


def _check_on_image() -> Check:
    """Loads PyTorch, so only where the work is done."""
    from ...checking.check import check_on_image

    return check_on_image


class CheckForm(QWidget):
    """Everything that a check needs to know.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose pictures are offered.

    Notes
    -----
    ``ready_changed`` tells whether there is a picture and a model.
    """

    ready_changed = Signal(bool)

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._viewer = viewer
        self._layer_link = ViewerLink()
        self.layers = LayerChoice(viewer)
        self.layers.setToolTip("The picture to check on, as sharp as you have one.")
        self.axes = plain_label()
        self.model = ModelChoice()
        self.plane = ComboBox(label="Plane", choices=[_SHOWN, _DETAILED], tooltip="Of a stack, one plane is checked.")
        self.region = ComboBox(
            label="Region",
            choices=self._regions,
            tooltip="The box around the first shape of a Shapes layer: draw it around a sharp part of the picture.",
        )
        let_shrink(self.region.native)
        self.sigmas = LineEdit(
            label="Blurs (px)",
            tooltip="Sigmas to add, with commas between; left empty, ten up to what model and picture allow.",
        )
        self.sigmas.native.setPlaceholderText("automatic, such as 0.5, 1, 2, 4")
        self.more = Container(widgets=[self.plane, self.region, self.sigmas])
        self.more.margins = (0, 0, 0, 0)
        self._lay_out()
        self.layers.layer_changed.connect(self._layer_changed)
        self.model.changed.connect(self._tell_ready)

    @property
    def ready(self) -> bool:
        """Whether there is a picture and a model."""
        return self.layers.layer is not None and self.model.model is not None

    def follow(self, link: ViewerLink) -> None:
        """Follow the viewer's layers through a link."""
        layers = self._viewer.layers
        for emitter in (layers.events.inserted, layers.events.removed, layers.events.reordered, layers.events.renamed):
            link.connect(emitter, self._refresh)
        link.connect(layers.selection.events.active, self.layers.follow_selection)
        self._refresh()
        self.layers.follow_selection()

    def unfollow(self) -> None:
        """Stop listening to the chosen layer."""
        self._layer_link.cut()

    def request(self) -> CheckRequest | None:
        """What Run asks for; None where there is no picture.

        Raises
        ------
        BlurMapError
            If the blurs are no numbers, or the region is none.
        """
        layer = self.layers.layer
        if layer is None or self.model.model is None:
            return None
        picture = LayerPicture.of(layer)
        options: dict[str, Any] = {"model": self.model.model, "device": read_preferences()["compute.device"]}
        stack = as_stack(LayerPicture.of(layer))
        if len(stack.shape) > 2 and self.plane.value == _SHOWN:
            here = in_data(layer, np.array(self._viewer.dims.point), self._viewer.dims.units)
            options["plane"] = tuple(
                int(np.clip(round(here[axis]), 0, n - 1))
                for axis, n in zip(stack.order[:-2], stack.shape[:-2], strict=True)
            )
        if (shapes := self.region.value) is not None:
            options["region"] = region_of(shapes, layer, stack.order[-2:], stack.shape[-2:])
        if text := self.sigmas.value.strip():
            options["sigmas"] = _numbers(text)
        return CheckRequest(picture, options)

    def _regions(self, _widget: object = None) -> list[tuple[str, Any]]:
        shapes = [layer for layer in self._viewer.layers if isinstance(layer, Shapes)]
        return [(_WHOLE, None), *((layer.name, layer) for layer in reversed(shapes))]

    def _refresh(self) -> None:
        self.layers.refresh()
        relist(self.region)

    def _layer_changed(self) -> None:
        self._layer_link.cut()
        if (layer := self.layers.layer) is not None:
            for name in ("data", "axis_labels"):
                self._layer_link.connect(getattr(layer.events, name), self._describe)
        self._describe()
        self._tell_ready()

    def _describe(self) -> None:
        """Say how the axes are read."""
        layer, text, stacked = self.layers.layer, "", False
        if layer is not None:
            try:
                stack = as_stack(LayerPicture.of(layer))
                *leading, height, width = stack.shape
                stacked = bool(leading)
                text = f"{np.prod(leading)} planes, one of which is checked; " if stacked else ""
                text += f"{height} x {width} px" + (", colour read as luminance" if stack.colour is not None else "")
            except BlurMapError as error:
                text = str(error)
        self.axes.setText(text)
        self.axes.setVisible(bool(text))
        self.plane.enabled = stacked

    def _tell_ready(self) -> None:
        self.ready_changed.emit(self.ready)

    def _lay_out(self) -> None:
        top = empty_form()
        top.addRow(form_label("Picture"), self.layers)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self.axes)
        column.addWidget(self.model)
        column.addWidget(Fold("Plane, region, blurs", self.more.native))


def region_of(shapes: Shapes, layer: Image, yx: tuple[int, ...], size: tuple[int, ...]) -> tuple[int, int, int, int]:
    """The box around the first shape, in pixels of a picture.

    Parameters
    ----------
    shapes : napari.layers.Shapes
        Where the shape is; it may have fewer axes than the picture.
    layer : napari.layers.Image
        The picture.
    yx : (int, int)
        Its axes y and x.
    size : (int, int)
        Pixels along them.

    Returns
    -------
    (int, int, int, int)
        Rows from and to, columns from and to.

    Raises
    ------
    BlurMapError
        Without a shape, or where it lies beside the picture.
    """
    if not len(shapes.data):
        raise BlurMapError(f"The layer {shapes.name!r} holds no shape. Draw a rectangle around a sharp part.")
    placed = (in_data(layer, np.array(shapes.data_to_world(corner)), shapes.units) for corner in shapes.data[0])
    corners = [place[list(yx)] for place in placed]
    low = np.clip(np.floor(np.min(corners, axis=0) + 0.5), 0, size).astype(int)
    high = np.clip(np.floor(np.max(corners, axis=0) + 0.5), 0, size).astype(int)
    if (high - low).min() < 1:
        raise BlurMapError(f"The shape in {shapes.name!r} lies beside the picture. Move it onto a sharp part.")
    return int(low[0]), int(high[0]), int(low[1]), int(high[1])


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.replace(";", ",").split(",") if part.strip()]
    except ValueError:
        raise BlurMapError(
            f"The blurs are {text!r}; expected numbers with commas between, such as 0.5, 1, 2."
        ) from None
