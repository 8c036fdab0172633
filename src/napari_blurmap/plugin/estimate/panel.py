"""The panel "Estimate blur": a picture, one button, a map."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari.viewer
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog

from ..panels.base import RunPanel, copy_python
from ..run.view import RunView
from ..run.worker import Done, Failed, Outcome
from .canvas_text import CanvasText
from .cursor import CursorReadout
from .digest import Digest, digest
from .form import EstimateForm, Judgement
from .job import Estimate, Request, Result
from .view import ResultView

if TYPE_CHECKING:
    from napari.layers import Image, Layer

    from ...result.blurmap import BlurMap

_FILES = "OME-TIFF (*.sigma.ome.tif);;OME-Zarr, for large maps (*.sigma.ome.zarr)"
_ENDINGS = (".sigma.ome.tif", ".sigma.ome.zarr")


@dataclass(frozen=True, eq=False)
class _Shown:
    """The last result, what its verdict was based on, and its layer of sigma."""

    source: Image
    name: str
    layer: Layer
    judgement: Judgement
    digest: Digest

    @property
    def blurmap(self) -> BlurMap:
        """The whole map, with the place of its picture."""
        found: BlurMap = self.layer.metadata["blurmap"]
        return found

    @property
    def view(self) -> dict[str, Any]:
        """How it is shown, for the reader."""
        found: dict[str, Any] = self.layer.metadata["blurmap_view"]
        return found


class EstimatePanel(RunPanel):
    """Estimate how blurred every place of a picture is, and show it on the picture.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        Where the pictures are and the maps go.
    estimate : callable, optional
        Used in place of `napari_blurmap.estimate_blur`.
    """

    form: EstimateForm
    view: ResultView

    def __init__(self, napari_viewer: napari.viewer.Viewer, estimate: Estimate | None = None) -> None:
        super().__init__(napari_viewer)
        self._saving, self._judging = self._new_control(), self._new_control()
        self._estimate = estimate
        self._request: Request | None = None
        self._shown: _Shown | None = None
        self._asked: tuple[_Shown, Judgement] | None = None
        self._notices: list[str] = []
        self.form = EstimateForm(napari_viewer)
        self.run_view = RunView()
        self.view = ResultView(napari_viewer.theme)
        self._canvas = CanvasText(napari_viewer)
        self._cursor = CursorReadout(napari_viewer, self)
        self._column = self._stack(self.form, self.run_view, self.view)
        self._connect()
        self._attach()

    def select_model(self, path: str | Path) -> None:
        """Choose the model in a file.

        Parameters
        ----------
        path : path
            A ``.blurmap.safetensors`` file.

        Raises
        ------
        BlurMapError
            If it cannot be used.
        """
        self.form.model.select(path)

    def run(self) -> None:
        """Start estimating the chosen picture, as the button does."""
        request = self.form.request()
        if request is None or self.control.state.busy:
            return
        from . import histogram  # noqa: F401 - imported here and now, while nothing else is going on

        self._request = request
        self._notices.clear()
        self.form.store_preferences()
        self.control.start(
            f"Blur of {request.picture.name}",
            partial(request.run, estimate=self._estimate),
            loads_torch=self._estimate is None,
            about=request.as_python(),
        )

    def _connect(self) -> None:
        self._connect_run(self.run, self._copy, self._on_ended)
        self.form.reference_changed.connect(self._judge)
        self.view.save.clicked.connect(self._save)
        self._cursor.text_changed.connect(self.view.show_value)
        self.control.noticed.connect(self._on_noticed)
        self._saving.ended.connect(self._on_saved)
        self._judging.ended.connect(self._on_judged)

    def _follow(self) -> None:
        super()._follow()
        self._link.connect(self._viewer.layers.events.removed, self._on_layer_removed)
        self._link.connect(self._viewer.cursor.events.position, self._cursor.moved)

    def _let_go(self) -> None:
        super()._let_go()
        self.form.unfollow()
        self._canvas.clear()

    def _on_layer_removed(self, event: object) -> None:
        self._canvas.layer_removed(getattr(event, "value", None))

    def _on_noticed(self, text: str) -> None:
        self._notices.append(text)

    def _on_ended(self, outcome: Outcome) -> None:
        request, self._request = self._request, None
        if isinstance(outcome, Failed):
            self.run_view.show_failure(outcome)
            return
        result = outcome.value if isinstance(outcome, Done) else outcome.partial
        words = "" if isinstance(outcome, Done) else "Cancelled; what was finished until then is shown."
        if request is None or not isinstance(result, Result):
            words = "Cancelled."
        elif words and not result.digest.anything:
            words = "Cancelled before any of it was finished."
        else:
            self._show(request, result)
        self.run_view.say(" ".join([words, *self._notices]).strip())

    def _show(self, request: Request, result: Result) -> None:
        for layer in result.layers:
            self._viewer.add_layer(layer)
        sigma = result.layers[0]
        self._viewer.layers.selection.active = sigma
        judgement = (request.reference, request.contrast, request.problem)
        self._shown = _Shown(request.source, request.picture.name, sigma, judgement, result.digest)
        self._present(new=True)
        self._judge()

    def _present(self, new: bool = False) -> None:
        """Show the figures of the last result in the panel and on the canvas."""
        shown = self._shown
        if shown is None:
            return
        _, contrast, problem = shown.judgement
        self.view.show_result(shown.name, shown.blurmap, shown.digest, contrast, problem, shown.view["limit"])
        text = self.view.canvas_text(shown.digest)
        if new:
            self._canvas.show(text, shown.layer)
            QTimer.singleShot(0, self._scroll_to_result)
        else:
            self._canvas.change(text)

    def _scroll_to_result(self) -> None:
        self._column.bring(self.view)

    def _judge(self) -> None:
        """Compare the last result with another reference, where it still belongs to the chosen picture."""
        shown, judgement = self._shown, self.form.judgement()
        if shown is None or shown.source != self.form.layers.layer or judgement == shown.judgement:
            return
        if self.control.state.busy or self._judging.state.busy:
            return
        self._asked = shown, judgement
        reference, contrast, _ = judgement
        compared = None if contrast == "transparent" else reference
        self._judging.start("Verdict", lambda _progress, _cancel: digest(shown.blurmap, compared))

    def _on_judged(self, outcome: Outcome) -> None:
        if isinstance(outcome, Failed):
            self.run_view.show_failure(outcome)
        elif isinstance(outcome, Done) and self._asked is not None:
            shown, judgement = self._asked
            if shown is self._shown:  # else another result has come meanwhile
                self._shown = replace(shown, judgement=judgement, digest=outcome.value)
                self._present()
            self._judge()

    def _copy(self) -> None:
        if (request := self.form.request()) is not None:
            copy_python(request.as_python(), self.run_view.say)

    def _save(self) -> None:
        if self._shown is None:
            return
        name = re.sub(r"[^\w.-]+", "_", self._shown.name) or "picture"
        path, chosen = QFileDialog.getSaveFileName(self, "Save the blur map", name + _ENDINGS[0], _FILES)
        if not path:
            return
        # The dialog has asked whether that file may be replaced, but neither what lies beside it nor a completed name.
        typed = path.endswith(_ENDINGS)
        target = path if typed else path + _ENDINGS["zarr" in chosen]
        asked = typed and Path(target).is_file()
        save = partial(self._shown.blurmap.save, target, overwrite=asked, colormap=self._shown.view)
        self.view.save.setEnabled(False)
        self._saving.start(f"Saving {name}", lambda _progress, _cancel: save())

    def _on_saved(self, outcome: Outcome) -> None:
        self.view.save.setEnabled(True)
        if isinstance(outcome, Failed):
            self.run_view.show_failure(outcome)
        elif isinstance(outcome, Done):
            self.run_view.say(f"Saved as {outcome.value}.")
