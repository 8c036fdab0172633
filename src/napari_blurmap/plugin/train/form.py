"""The input of the panel "Train blur model": pictures, region, start, network, range, time, file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from magicgui.types import FileDialogMode
from magicgui.widgets import CheckBox, FileEdit, FloatSpinBox, Select, SpinBox
from qtpy.QtWidgets import QLabel

from ...errors import BlurMapError
from ...models.info import SUFFIX
from ...models.saving import model_name
from ...picture.stack import Stack, as_stack
from ..layers.picture import LayerPicture
from ..layers.position import plane_shown
from ..layers.regions import Region
from ..panels.form import Form
from ..widgets.choice import Choice
from ..widgets.fields import folder_field, path_in, plain_label
from ..widgets.layer_choice import LayerChoice, pictures, regions
from ..widgets.layout import column, folded, rows
from ..widgets.model_choice import ModelChoice
from ..widgets.preferences import read_preferences
from .job import TrainJob

if TYPE_CHECKING:
    import napari.viewer
    from napari.layers import Image, Layer

    from ..widgets.viewer_link import ViewerLink

_NETWORKS = {"dense": "dense (the bundled model's)", "patch": "patches (the thesis's)"}


class TrainForm(Form):
    """Everything that a training needs to know.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose pictures are offered.
    """

    model: ModelChoice

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer)
        self._proposed: Layer | None = None
        self.pictures = Select(choices=self._pictures, tooltip="Sharp pictures; several with Ctrl or Shift.")
        self.pictures.native.setFixedHeight(84)
        self.folder = folder_field("All pictures of a folder instead of layers.")
        self.region = LayerChoice(
            viewer,
            regions,
            "Train only on what a Shapes or Labels layer marks as in focus.",
            none="all of it",
        )
        self.model = ModelChoice(
            "Start from",
            "The model that the training starts from; it stays as it is, and the new one gets its own file.",
        )
        self.anew = CheckBox(text="start from random weights", tooltip="Needs far more pictures and time.")
        self.network = Choice("The kind of network to train.", _NETWORKS)
        self.low = FloatSpinBox(value=0.3, min=0.05, max=20, step=0.1, tooltip="Smallest blur to learn, pixels.")
        self.high = FloatSpinBox(value=3.0, min=0.1, max=20, step=0.1, tooltip="Largest blur to learn, pixels.")
        self.classes = SpinBox(value=10, min=2, max=100, tooltip="Number of blurs that a patch network tells apart.")
        self.minutes = FloatSpinBox(value=10, min=0.1, max=1440, step=1, tooltip="For the whole training.")
        self.target = FileEdit(
            mode=FileDialogMode.OPTIONAL_FILE,
            filter=f"*{SUFFIX}",
            value=Path.home() / f"my-pictures{SUFFIX}",
            tooltip="The model file to write; nothing is overwritten.",
        )
        self.target.line_edit.min_width = 250  # for a whole name and a little of its folder
        self.target.choose_btn.text = "..."  # the room is the path's
        self.preview = LayerChoice(
            viewer,
            pictures,
            "A picture whose blur is shown while the model trains.",
            none="none",
        )
        self.words = plain_label()
        self._lay_out()
        for widget in (self.pictures, self.folder, self.network, self.anew, self.model, self.preview):
            widget.changed.connect(self._settle)
        self._settle()

    def _lay_out(self) -> None:
        column(
            self,
            rows({"Pictures": self.pictures, "or folder": self.folder, "In focus": self.region}),
            self.model,
            rows({"Minutes": self.minutes, "Preview": self.preview}),
            QLabel("Save as"),
            self.target.native,
            folded(
                "Network and range",
                {
                    "Network": self.network,
                    "Sigma from": self.low,
                    "to": self.high,
                    "Classes": self.classes,
                    "": self.anew,
                },
            ),
            self.words,
        )

    @property
    def ready(self) -> bool:
        """Whether there is something to train on, and a model to start from."""
        return bool(self.pictures.value or path_in(self.folder)) and (self.anew.value or self.model.model is not None)

    def follow(self, link: ViewerLink) -> None:
        """Follow the viewer's layers through a link."""
        link.connect_list(self._viewer.layers, self._refresh)
        self._refresh()
        self.pictures.value = [layer for layer in self.pictures.choices if layer in self._viewer.layers.selection]

    def job(self) -> TrainJob | None:
        """What Train asks for; None where there is nothing to train on.

        Raises
        ------
        BlurMapError
            If a picture that a region is for cannot be read, or the file's name has another ending.
        """
        if not self.ready:
            return None
        target = Path(str(self.target.value)).expanduser()
        model_name(target)  # refuses other endings
        options: dict[str, Any] = {
            "architecture": self.network.value,
            "sigma_range": (self.low.value, self.high.value),
            "n_classes": self.classes.value if self.network.value == "patch" else None,
            "minutes": self.minutes.value,
            "device": read_preferences()["compute.device"],
        }
        folder, layers, region = path_in(self.folder), list(self.pictures.value), self.region.value
        images: list[Any] = [folder] if folder else [LayerPicture.of(layer) for layer in layers]
        masks = None if folder or region is None else [Region.of(region, layer, _stack(layer)) for layer in layers]
        return TrainJob(
            images, masks, None if self.anew.value else self.model.model, options, target, *self._previewed()
        )

    def _previewed(self) -> tuple[LayerPicture | None, tuple[int, ...]]:
        """The picture and the plane of the preview; none of a layer that cannot be read."""
        layer: Image | None = self.preview.value
        if layer is None or self._preview_problem():
            return None, ()
        stack = _stack(layer)
        plane = plane_shown(layer, stack.order[:-2], stack.shape[:-2], self._viewer.dims)
        return LayerPicture.of(layer), plane

    def _preview_problem(self) -> str:
        """Why there is no preview; empty where there is one or none was asked for."""
        layer: Image | None = self.preview.value
        if layer is not None:
            try:
                _stack(layer)
            except BlurMapError as error:
                return f"No preview of {layer.name}. {error}"
        return ""

    def _pictures(self, _widget: object = None) -> list[tuple[str, Layer]]:
        return [(layer.name, layer) for layer in pictures(reversed(self._viewer.layers))]

    def _refresh(self) -> None:
        """List the layers anew; what is chosen stays, whatever its name is now."""
        before = self.pictures.value
        with self.pictures.changed.blocked():
            self.pictures.reset_choices()  # keeps the choice by its name
            self.pictures.value = [layer for layer in before if layer in self.pictures.choices]
        self.region.refresh()
        self.preview.refresh()
        self._settle()

    def _settle(self) -> None:
        """Show what applies, and say whether it can begin."""
        self._propose_preview()
        self.classes.enabled = self.network.value == "patch"
        self.model.setEnabled(not self.anew.value)
        self.pictures.enabled = path_in(self.folder) is None
        self.region.setEnabled(path_in(self.folder) is None)
        needed = "Select sharp pictures in the list, or choose a folder."
        self.words.setText(self._preview_problem() if self.ready else needed)
        self.words.setVisible(bool(self.words.text()))
        self._tell_ready()

    def _propose_preview(self) -> None:
        """One of the pictures that are trained on, unless another was chosen."""
        trained = [] if path_in(self.folder) else list(self.pictures.value)
        if self._proposed not in self.preview.choices:
            self._proposed = None
        if self.preview.value == self._proposed and self.preview.value not in trained:
            self._proposed = next(iter(trained), None)
            self.preview.choose(self._proposed)


def _stack(layer: Image) -> Stack:
    return as_stack(LayerPicture.of(layer))
