"""The input of the panel "Train blur model": pictures, region, start, network, range, time, file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from magicgui.types import FileDialogMode
from magicgui.widgets import CheckBox, ComboBox, Container, FileEdit, FloatSpinBox, Label, Select, SpinBox
from napari.layers import Labels, Shapes
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from ...errors import BlurMapError
from ...models.info import SUFFIX
from ...picture.stack import as_stack
from ..layers.picture import LayerPicture
from ..layers.regions import in_data, mask_of
from ..widgets.fields import Fold, let_shrink, plain_label
from ..widgets.layer_choice import is_picture, relist
from ..widgets.model_choice import ModelChoice
from ..widgets.preferences import read_preferences
from .job import TrainRequest

if TYPE_CHECKING:
    import napari.viewer
    from napari.layers import Image, Layer

    from ..widgets.viewer_link import ViewerLink

_WHOLE, _NONE = "all of it", "none"
_NETWORKS = [("dense (the bundled model's)", "dense"), ("patches (the thesis's)", "patch")]


class TrainForm(QWidget):
    """Everything that a training needs to know.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose pictures are offered.

    Notes
    -----
    ``ready_changed`` tells whether there is something to train on.
    """

    ready_changed = Signal(bool)

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._viewer = viewer
        self._preview_chosen = False
        self.pictures = Select(
            label="Pictures", choices=self._pictures, tooltip="Sharp pictures; several with Ctrl or Shift."
        )
        self.pictures.native.setFixedHeight(84)
        self.folder = FileEdit(
            label="or folder",
            mode=FileDialogMode.EXISTING_DIRECTORY,
            nullable=True,
            tooltip="All pictures of a folder instead of layers.",
        )
        self.folder.choose_btn.text = "..."  # the room is the path's
        self.region = ComboBox(
            label="In focus",
            choices=self._regions,
            tooltip="Only what a Shapes or Labels layer marks: this part is in focus.",
        )
        self.model = ModelChoice(
            "Start from",
            "The model that the training starts from; it stays as it is, and the new one gets its own file.",
        )
        self.anew = CheckBox(text="start from random weights", tooltip="Needs far more pictures and time.")
        self.network = ComboBox(label="Network", choices=_NETWORKS, tooltip="What is trained.")
        self.low = FloatSpinBox(label="Sigma from", value=0.3, min=0.05, max=20, step=0.1, tooltip="Pixels.")
        self.high = FloatSpinBox(label="to", value=3.0, min=0.1, max=20, step=0.1, tooltip="Pixels.")
        self.classes = SpinBox(label="Classes", value=10, min=2, max=100, tooltip="Of a patch network.")
        self.minutes = FloatSpinBox(label="Minutes", value=10, min=0.1, max=1440, step=1, tooltip="For everything.")
        self.target = FileEdit(
            mode=FileDialogMode.OPTIONAL_FILE,
            filter=f"*{SUFFIX}",
            value=Path.home() / f"my-pictures{SUFFIX}",
            tooltip="The model file to write; nothing is overwritten.",
        )
        self.target.choose_btn.text = "..."
        self.target.line_edit.min_width = 250  # for a whole name and a little of its folder
        self.preview = ComboBox(
            label="Preview",
            choices=self._previews,
            tooltip="Of which a map is drawn anew while it trains.",
        )
        for layers in (self.region, self.preview):
            let_shrink(layers.native)
        self.words = plain_label()
        self._lay_out()
        self._connect()
        self._settle()

    @property
    def ready(self) -> bool:
        """Whether there is something to train on, and a model to start from."""
        return bool(self.pictures.value or self._folder()) and (self.anew.value or self.model.model is not None)

    def follow(self, link: ViewerLink) -> None:
        """Follow the viewer's layers through a link."""
        events = self._viewer.layers.events
        for emitter in (events.inserted, events.removed, events.reordered, events.renamed):
            link.connect(emitter, self._refresh)
        self._refresh()
        self.pictures.value = [layer for layer in self.pictures.choices if layer in self._viewer.layers.selection]

    def request(self) -> TrainRequest:
        """What Train asks for.

        Raises
        ------
        BlurMapError
            If the region does not lie on a picture, or the file's name has another ending.
        """
        target = Path(str(self.target.value)).expanduser()
        if not target.name.endswith(SUFFIX):
            raise BlurMapError(
                f"A model is saved under a name ending in {SUFFIX}; got {target.name!r}. Add the ending."
            )
        options: dict[str, Any] = {
            "architecture": self.network.value,
            "sigma_range": (self.low.value, self.high.value),
            "n_classes": self.classes.value if self.network.value == "patch" else None,
            "minutes": self.minutes.value,
            "device": read_preferences()["compute.device"],
        }
        init = None if self.anew.value else self.model.model
        folder, layers = self._folder(), list(self.pictures.value)
        images: list[Any] = [folder] if folder else [LayerPicture.of(layer) for layer in layers]
        masks = None if folder or self.region.value is None else [self._mask(layer) for layer in layers]
        picture, plane = self._previewed()
        code = self._as_python(folder, layers, init, options, target)
        return TrainRequest(images, masks, init, options, target, picture, plane, code)

    def _folder(self) -> Path | None:
        folder = self.folder.value
        return Path(str(folder)) if folder is not None and str(folder) not in ("", ".") else None

    def _mask(self, layer: Image) -> np.ndarray:
        stack = as_stack(LayerPicture.of(layer))
        y, x = stack.order[-2:]
        return mask_of(self.region.value, layer, (y, x), (stack.shape[-2], stack.shape[-1]))

    def _previewed(self) -> tuple[LayerPicture | None, tuple[int, ...]]:
        """The picture and the plane of the preview; none of a layer that cannot be read."""
        layer: Image | None = self.preview.value
        if layer is None or self._preview_problem():
            return None, ()
        picture = LayerPicture.of(layer)
        return picture, self._plane(layer, picture)

    def _preview_problem(self) -> str:
        """Why there is no preview; empty where there is one or none was asked for."""
        layer: Image | None = self.preview.value
        if layer is not None:
            try:
                as_stack(LayerPicture.of(layer))
            except BlurMapError as error:
                return f"No preview of {layer.name}. {error}"
        return ""

    def _plane(self, layer: Image, picture: LayerPicture) -> tuple[int, ...]:
        """The plane that is shown."""
        stack = as_stack(picture)
        here = in_data(layer, np.array(self._viewer.dims.point), self._viewer.dims.units)
        axes = zip(stack.order[:-2], stack.shape[:-2], strict=True)
        return tuple(int(np.clip(round(here[axis]), 0, n - 1)) for axis, n in axes)

    def _as_python(
        self, folder: Path | None, layers: list[Image], init: str | None, options: dict[str, Any], target: Path
    ) -> str:
        names = ", ".join(f"viewer.layers[{layer.name!r}]" for layer in layers)
        images = repr(str(folder)) if folder else f"[{names}]"
        given = {"init": init, **{name: value for name, value in options.items() if value is not None}}
        lines = "".join(f"    {name}={value!r},\n" for name, value in given.items())
        note = "" if self.region.value is None or folder else "# masks=[...] would restrict it to a region\n"
        return (
            f"import napari_blurmap as nb\n\n{note}model = nb.train_model(\n    {images},\n{lines})\n"
            f"print(model.info.training['report']['text'])\nmodel.save({str(target)!r})\n"
        )

    def _pictures(self, _widget: object = None) -> list[tuple[str, Layer]]:
        return [(layer.name, layer) for layer in reversed(self._viewer.layers) if is_picture(layer)]

    def _regions(self, _widget: object = None) -> list[tuple[str, Any]]:
        marks = [layer for layer in self._viewer.layers if isinstance(layer, (Shapes, Labels))]
        marks = [layer for layer in marks if not any(str(key).startswith("blurmap") for key in layer.metadata)]
        return [(_WHOLE, None), *((layer.name, layer) for layer in reversed(marks))]

    def _previews(self, _widget: object = None) -> list[tuple[str, Any]]:
        return [*self._pictures(), (_NONE, None)]

    def _refresh(self) -> None:
        with self.preview.changed.blocked():
            relist(self.preview)
        for widget in (self.pictures, self.region):
            relist(widget)
        self._settle()

    def _settle(self) -> None:
        """Show what applies, and say whether it can begin."""
        self._propose_preview()
        self.classes.enabled = self.network.value == "patch"
        self.model.setEnabled(not self.anew.value)
        self.pictures.enabled = self.region.enabled = self._folder() is None
        needed = "Select sharp pictures in the list, or choose a folder."
        self.words.setText(self._preview_problem() if self.ready else needed)
        self.words.setVisible(bool(self.words.text()))
        self.ready_changed.emit(self.ready)

    def _propose_preview(self) -> None:
        """One of the pictures that are trained on, unless another was chosen."""
        trained = [] if self._folder() else list(self.pictures.value)
        if not self._preview_chosen and self.preview.value not in trained:
            with self.preview.changed.blocked():
                self.preview.value = next(iter(trained), None)

    def _on_preview(self) -> None:
        self._preview_chosen = True
        self._settle()

    def _connect(self) -> None:
        self.preview.changed.connect(self._on_preview)
        for widget in (self.pictures, self.folder, self.network, self.anew):
            widget.changed.connect(self._settle)
        self.model.changed.connect(self._settle)

    def _lay_out(self) -> None:
        what = Container(widgets=[self.pictures, self.folder, self.region])
        how = Container(widgets=[self.minutes, self.preview])
        where = Container(widgets=[Label(value="Save as"), self.target], labels=False)
        more = Container(widgets=[self.network, self.low, self.high, self.classes, self.anew])
        for part in (what, how, where, more):
            part.margins = (0, 0, 0, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(what.native)
        column.addWidget(self.model)
        column.addWidget(how.native)
        column.addWidget(where.native)
        column.addWidget(Fold("Network and range", more.native))
        column.addWidget(self.words)
