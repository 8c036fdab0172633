"""The panel "Estimate blur": a picture, one button, a map."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari.viewer
import numpy as np
from qtpy.QtCore import QTimer
from superqt.utils import qthrottled

from ..layers.adding import adding
from ..layers.features import object_features, with_features
from ..layers.geometry import map_axes
from ..layers.layers import finish_layers, renew, tell_shares
from ..layers.position import plane_shown
from ..panels.base import RunPanel, Saving
from ..panels.job import Job
from ..run.latest import LatestOnly
from ..run.view import RunView
from ..run.worker import Done, Failed, Outcome, Stopped
from .canvas_text import CanvasText
from .cursor import CursorReadout
from .digest import Digest, Judgement, digest
from .form import EstimateForm
from .job import EstimateJob, Made
from .several import Several
from .shown import Shown
from .view import ResultView

if TYPE_CHECKING:
    from napari.layers import Labels, Layer

    from ...result.blurmap import BlurMap
    from ...result.optics_limit import Sharp


class EstimatePanel(RunPanel):
    """Estimate how blurred every place of a picture is, and show it on the picture.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        Where the pictures are and the maps go.
    estimate : callable, optional
        Used in place of `napari_blurmap.estimate_blur`.
    """

    title = "Estimate blur"
    form: EstimateForm
    view: ResultView

    def __init__(self, napari_viewer: napari.viewer.Viewer, estimate: Callable[..., Any] | None = None) -> None:
        super().__init__(
            napari_viewer,
            EstimateForm(napari_viewer),
            RunView("Estimate the blur of the chosen picture"),
            ResultView(napari_viewer),
            estimate,
        )
        self._shown: Shown | None = None
        self._made: list[Layer] = []
        self._measured: Labels | None = None
        self._several = Several(napari_viewer, self.form.picture.list)
        self._verdicts, self._planes, self._objects = (LatestOnly(self._new_control()) for _ in range(3))
        self._canvas = CanvasText(napari_viewer, self.control.turns)
        self._cursor = CursorReadout(napari_viewer, self)
        self._cursor.text_changed.connect(self.view.show_value)
        self.form.reference_changed.connect(self._judge)
        self.view.measure.clicked.connect(self._measure_objects)
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
        """Start with the chosen picture, or with all that are selected in napari's list, one after the other."""
        if not self.control.state.busy:
            self._several.begin()
            self._run_next()

    def _run_next(self) -> None:
        if self._several.choose_next():
            super().run()

    def _on_ended(self, outcome: Outcome) -> None:
        super()._on_ended(outcome)
        if isinstance(outcome, Done) and self._several.left:
            QTimer.singleShot(0, self._run_next)

    def _begin(self, job: EstimateJob) -> None:
        from . import histogram  # noqa: F401 - imported here and now, while nothing else is going on

        self.form.store_preferences()

    def _follow(self) -> None:
        super()._follow()
        self._link.connect(self._viewer.layers.events.removed, self._on_layer_removed)
        self._link.connect_list(self._viewer.layers, self.view.list_layers)
        selected = self._viewer.layers.selection.events.changed
        self._link.connect(selected, lambda: self.run_view.rename(self._several.words))
        self._link.connect(self._viewer.cursor.events.position, self._cursor.moved)
        self._link.connect(self._viewer.dims.events.current_step, self._show_plane)

    def _let_go(self) -> None:
        super()._let_go()
        self._show_plane.cancel()
        self._canvas.clear()

    def _on_layer_removed(self, event: object) -> None:
        layer = getattr(event, "value", None)
        self._canvas.layer_removed(layer)
        # What was filled tile by tile lies in a folder that goes with its layers; napari itself keeps the last of them.
        is_filled = layer is not None and layer.metadata.pop("blurmap_store", None) is not None
        if is_filled and self._shown is not None and self._shown.layer is layer:
            self._shown = None
            self.view.hide()

    def _show(self, job: EstimateJob, outcome: Done | Stopped) -> str:
        result = outcome.value
        if result is None:
            return "Cancelled."
        if isinstance(outcome, Stopped) and not result.digest.anything:
            self._take_away(result.layers)
            return "Cancelled before any of it was finished."
        sigma = result.layers[0]
        self._made = []
        self._measured = None
        self._shown = Shown(job.source, job.picture.name, sigma, job.judgement, result.digest, job.picture.channel)
        self._present(new=True)
        self._judge()
        return "Cancelled; what was finished until then is shown." if isinstance(outcome, Stopped) else ""

    def _show_news(self, news: list[Any]) -> None:
        """Show layers that were made, one a turn: adding one holds napari up; or what has been filled of them."""
        made: Made = news[-1]
        sigma, turns = made.layers[0], self.control.turns
        if self._made is not made.layers:
            self._made = made.layers
            if made.store is not None:  # a part of the same that was shown before gives way
                self._take_away(one for one in self._viewer.layers if one.metadata.get("blurmap_store") is made.store)
            for layer in made.layers:
                if made.store is not None:
                    layer.metadata["blurmap_store"] = made.store
                turns.ask(*adding(self._viewer, layer))
            turns.ask(partial(self._select, sigma))
        else:
            turns.ask(*(partial(self._renew, layer, made.figures is not None) for layer in made.layers))
        if made.figures is not None:
            turns.ask(partial(tell_shares, made.layers, made.figures))
        if made.whole is not None:
            turns.ask(partial(finish_layers, made.layers, made.whole))

    def _select(self, layer: Layer) -> None:
        if layer in self._viewer.layers:
            self._viewer.layers.selection.active = layer

    def _renew(self, layer: Layer, all_levels: bool) -> None:
        if all_levels or (layer.visible and layer in self._viewer.layers):
            renew(layer, all_levels=all_levels)

    def _take_away(self, layers: Iterable[Layer]) -> None:
        for layer in list(layers):
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)

    def _present(self, new: bool = False) -> None:
        """Show the figures of the last result in the panel and on the canvas."""
        shown = self._shown
        if shown is None:
            return
        self.view.show_result(shown.name, shown.blurmap, shown.digest, shown.view["limit"])
        self.view.show_plane("")
        self._show_plane()
        text = self.view.canvas_text(shown.digest)
        if new:
            self._canvas.show(text, shown.layer)
            QTimer.singleShot(0, partial(self._column.bring, self.view))
        else:
            self._canvas.change(text)

    def _judge(self) -> None:
        """Compare the last result with another reference, where it still belongs to the chosen picture."""
        shown = self._shown
        self._verdicts.forget()
        if shown is None or shown.source != self.form.picture.layer:
            return
        judgement = self.form.judgement().of_channel(shown.channel)
        if judgement != shown.judgement:
            work = partial(digest, shown.blurmap, judgement)
            self._verdicts.ask("Verdict", work, partial(self._on_judged, shown.layer, judgement))

    def _on_judged(self, layer: Layer, judgement: Judgement, outcome: Outcome) -> None:
        if isinstance(outcome, Failed):
            self._fail(outcome)
        elif isinstance(outcome, Done) and self._shown is not None and self._shown.layer is layer:
            self._shown = replace(self._shown, judgement=judgement, digest=outcome.value)
            self._present()

    @qthrottled(timeout=100)
    def _show_plane(self) -> None:
        """Summarize the plane that is seen of a stack, in another thread."""
        shown = self._shown
        if shown is None or prod(shown.blurmap.sigma.shape[:-2]) == 1:
            return
        index = self._plane_of(shown)
        work = partial(_plane_digest, shown.blurmap, index, shown.judgement)
        self._planes.ask("Summary of the plane", work, partial(self._on_plane, shown, index))

    def _on_plane(self, shown: Shown, index: tuple[int, ...], outcome: Outcome) -> None:
        if isinstance(outcome, Done) and shown is self._shown:
            found = outcome.value
            self.view.show_plane(f"{shown.plane_name(index)}: {found.line} {found.verdict}".strip())

    def _plane_of(self, shown: Shown) -> tuple[int, ...]:
        """Where the sliders stand in a map."""
        m = shown.blurmap
        return plane_shown(shown.layer, map_axes(m, shown.layer)[:-2], m.sigma.shape[:-2], self._viewer.dims)

    def _measure_objects(self) -> None:
        """Make figures of objects in the plane that is seen features of their layer."""
        shown, layer = self._shown, self.view.objects.value
        if shown is not None and layer is not None:
            index = self._plane_of(shown)
            work = object_features(shown.blurmap, shown.layer, layer, index, shown.judgement.compared_with)
            several = prod(shown.blurmap.sigma.shape[:-2]) > 1
            where = f" in {shown.plane_name(index).lower()}" if several else ""
            self._objects.ask("Figures of objects", work, partial(self._on_objects, layer, where))

    def _on_objects(self, layer: Labels, where: str, outcome: Outcome) -> None:
        if isinstance(outcome, Failed):
            self._fail(outcome)
        elif isinstance(outcome, Done):
            layer.features = with_features(layer.features, outcome.value)
            self._measured = layer
            count = len(outcome.value)
            objects = "1 object" if count == 1 else f"{count} objects"
            self.run_view.say(f"Measured {objects} of {layer.name!r}{where}: see its features, blur_...")

    def _asked(self) -> Job | None:
        """With the objects that were measured, where they lie as the picture does."""
        job, layer = super()._asked(), self._measured
        if not isinstance(job, EstimateJob) or job.picture.part or layer is None or layer not in self._viewer.layers:
            return job
        ends = [(getattr(one.extent, name)[:, -2:] for one in (layer, job.source)) for name in ("data", "world")]
        return replace(job, objects=layer) if all(np.allclose(*both) for both in ends) else job

    def _to_tell(self) -> tuple[BlurMap, Sharp] | None:
        return None if self._shown is None else (self._shown.blurmap, self._shown.judgement.compared_with)

    def _to_save(self) -> Saving | None:
        if self._shown is None:
            return None
        blurmap, view = self._shown.blurmap, self._shown.view
        return Saving(
            "Save the blur map",
            self._shown.name,
            {".sigma.ome.tif": "OME-TIFF", ".sigma.ome.zarr": "OME-Zarr, for large maps"},
            lambda target, replace: blurmap.save(target, overwrite=replace, colormap=view),
        )


def _plane_digest(blurmap: BlurMap, index: tuple[int, ...], judgement: Judgement) -> Digest:
    return digest(blurmap.plane(index), judgement)
