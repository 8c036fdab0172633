"""The input of the panel "Check on my picture": picture, model, plane, region, blurs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Layer, Shapes
from qtpy.QtWidgets import QLineEdit

from ...errors import BlurMapError
from ..layers.picture import LayerPicture
from ..layers.position import plane_shown
from ..layers.regions import box_of
from ..panels.form import Form
from ..widgets.choice import Choice
from ..widgets.layer_choice import LayerChoice, regions
from ..widgets.layout import column, folded
from ..widgets.model_choice import ModelChoice
from ..widgets.picture_choice import PictureChoice
from ..widgets.preferences import read_preferences
from .job import CheckJob

if TYPE_CHECKING:
    import napari.viewer

    from ..widgets.viewer_link import ViewerLink


class CheckForm(Form):
    """Everything that a check needs to know.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose pictures are offered.
    """

    model: ModelChoice

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer)
        self.picture = PictureChoice(
            viewer, "The picture to check on, as sharp as you have one.", "one of which is checked"
        )
        self.model = ModelChoice()
        self.plane = Choice(
            "Of a stack, one plane is checked.", {"shown": "the one shown", "detailed": "the one with the most detail"}
        )
        self.region = LayerChoice(
            viewer,
            _shapes,
            "The box around the first shape of a Shapes layer: draw it around a sharp part of the picture.",
            none="all of it",
        )
        self.sigmas = QLineEdit()
        self.sigmas.setToolTip(
            "Sigmas to add, with commas between; left empty, ten up to what model and picture allow."
        )
        self.sigmas.setPlaceholderText("automatic, such as 0.5, 1, 2, 4")
        more = {"Plane": self.plane, "Region": self.region, "Blurs (px)": self.sigmas}
        column(self, self.picture, self.model, folded("Plane, region, blurs", more))
        self.picture.chosen.connect(self._settle)
        self.picture.edited.connect(self._settle)
        self.model.changed.connect(self._tell_ready)

    @property
    def ready(self) -> bool:
        """Whether there is a picture and a model."""
        return self.picture.layer is not None and self.model.model is not None

    def follow(self, link: ViewerLink) -> None:
        """Follow the viewer's layers through a link."""
        self.picture.follow(link)
        link.connect_list(self._viewer.layers, self.region.refresh)
        self.region.refresh()

    def job(self) -> CheckJob | None:
        """What Run asks for; None where there is no picture.

        Raises
        ------
        BlurMapError
            If the blurs are no numbers, or the region is none.
        """
        layer, stack = self.picture.layer, self.picture.stack
        if layer is None or self.model.model is None:
            return None
        options: dict[str, Any] = {"model": self.model.model, "device": read_preferences()["compute.device"]}
        options |= self.picture.how
        if stack is not None and len(stack.shape) > 2 and self.plane.value == "shown":
            options["plane"] = plane_shown(layer, stack.order[:-2], stack.shape[:-2], self._viewer.dims)
        if stack is not None and self.region.value is not None:
            options["region"] = box_of(self.region.value, layer, stack)
        if text := self.sigmas.text().strip():
            options["sigmas"] = _numbers(text)
        return CheckJob(LayerPicture.of(layer), options)

    def _settle(self) -> None:
        stack = self.picture.stack
        self.plane.setEnabled(stack is not None and len(stack.shape) > 2)
        self._tell_ready()


def _shapes(layers: list[Layer]) -> list[Layer]:
    return [layer for layer in regions(layers) if isinstance(layer, Shapes)]


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.replace(";", ",").split(",") if part.strip()]
    except ValueError:
        raise BlurMapError(
            f"The blurs are {text!r}; expected numbers with commas between, such as 0.5, 1, 2."
        ) from None
