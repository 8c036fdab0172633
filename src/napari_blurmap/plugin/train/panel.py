"""The panel "Train blur model": sharp pictures in, a model of them out, watched on the way."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import napari.viewer

from ...errors import BlurMapError
from ..layers.adding import adding
from ..layers.geometry import placement
from ..layers.layers import sigma_layer
from ..panels.base import RunPanel
from ..panels.dock import bring_to_front
from ..run.view import RunView
from ..run.worker import Done, Stopped
from .form import TrainForm
from .job import Preview, TrainJob, TrainUpdate
from .view import TrainView

if TYPE_CHECKING:
    from pathlib import Path

    from napari.layers import Image

    from ...result.blurmap import BlurMap


class TrainPanel(RunPanel):
    """Train a model on one's own pictures.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        Where the pictures are.
    tunings : callable, optional
        Used in place of `napari_blurmap.training.own.session.Tuning`.
    """

    title = "Train blur model"
    gives_map = False
    form: TrainForm
    view: TrainView

    def __init__(self, napari_viewer: napari.viewer.Viewer, tunings: Callable[..., Any] | None = None) -> None:
        super().__init__(
            napari_viewer,
            TrainForm(napari_viewer),
            RunView(
                "Train on the chosen pictures", "Train", "Training...", "Stop", "Stopping; the model so far is kept..."
            ),
            TrainView(napari_viewer.theme),
            tunings,
        )
        self._preview: Image | None = None
        self._previewed: Image | None = None
        self._attach()

    def _begin(self, job: TrainJob) -> None:
        self._previewed = self.form.preview.value
        self.view.begin()

    def _let_go(self) -> None:
        super()._let_go()
        self._remove_preview()

    def _show_news(self, news: list[TrainUpdate | Preview]) -> None:
        updates = [one for one in news if isinstance(one, TrainUpdate)]
        if updates:
            self.view.show_steps([update.step for update in updates], updates[-1].findings)
        if isinstance(news[-1], Preview):  # the training waits for it
            self._show_preview(news[-1].blurmap)

    def _show_preview(self, found: BlurMap) -> None:
        """One layer, drawn anew each time; gone when the training ends."""
        source = self._previewed
        if source is None or source not in self._viewer.layers:
            return
        try:
            placed = placement(found, source)
        except BlurMapError:  # the layer has got another picture meanwhile
            return
        if self._preview is not None and self._preview in self._viewer.layers:
            self._preview.data = placed.arrange(found.masked().sigma)
            return
        layer = sigma_layer(found.masked().sigma, placed, f"{source.name} sigma (in training)")
        layer.metadata["blurmap_preview"] = True
        # napari 0.9.2 with Mesa's software OpenGL may crash when a layer with a colour bar is removed.
        layer.colorbar.visible = False
        self._preview = layer
        add, *others = adding(self._viewer, layer)
        self.control.turns.ask(lambda: add() if self._preview is layer else None, *others)

    def _remove_preview(self) -> None:
        if self._preview is not None and self._preview in self._viewer.layers:
            self._viewer.layers.remove(self._preview)
        self._preview = None

    def _offer(self, path: Path) -> None:
        """Select a model where it will be used, and offer it to go on from."""
        from ..commands import open_panel

        open_panel(self._viewer).select_model(path)
        bring_to_front(self)  # with its report

    def _dismiss(self) -> None:
        self._remove_preview()
        self.view.hide()

    def _show(self, job: TrainJob, outcome: Done | Stopped) -> str:
        if isinstance(outcome, Stopped):
            self._dismiss()
            return "Stopped before the first step; there is no model."
        self._remove_preview()
        trained = outcome.value
        self.view.show_report(trained.report)
        self._column.bring(self.view)
        self.control.turns.ask(partial(self._offer, trained.path))
        when = f"Stopped after {trained.steps} steps; the model" if trained.early else "The model"
        return f"{trained.problem} {when} is saved as {trained.path} and chosen in the Estimate blur panel.".strip()
