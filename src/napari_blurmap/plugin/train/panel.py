"""The panel "Train blur model": sharp pictures in, a model of them out, watched on the way."""

from __future__ import annotations

from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

import napari.viewer
from qtpy.QtCore import QObject, Signal

from ...errors import BlurMapError
from ..layers.geometry import placement
from ..layers.layers import sigma_layer
from ..panels.base import RunPanel, copy_python
from ..run.view import RunView
from ..run.worker import Done, Failed, Outcome
from .form import TrainForm
from .job import Trained, TrainRequest, TrainUpdate, Tunings
from .view import TrainView

if TYPE_CHECKING:
    from napari.layers import Image

    from ...result.blurmap import BlurMap


class _Relay(QObject):
    """Brings news from the thread of the work to that of the panel; as long-lived as the work.

    News that come faster than they are shown wait and are shown together.
    """

    came = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()
        self._waiting: list[TrainUpdate] = []

    def tell(self, update: TrainUpdate) -> None:
        """Pass news on, from any thread."""
        with self._lock:
            self._waiting.append(update)
            first = len(self._waiting) == 1
        if first:
            self.came.emit()

    def take(self) -> list[TrainUpdate]:
        """All that is waiting."""
        with self._lock:
            taken, self._waiting = self._waiting, []
        return taken


class TrainPanel(RunPanel):
    """Train a model on one's own pictures.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        Where the pictures are.
    tunings : callable, optional
        Used in place of `napari_blurmap.training.own.session.Tuning`.
    """

    form: TrainForm
    view: TrainView

    def __init__(self, napari_viewer: napari.viewer.Viewer, tunings: Tunings | None = None) -> None:
        super().__init__(napari_viewer)
        self._tunings = tunings
        self._preview: Image | None = None
        self._previewed: Image | None = None
        self._relay = _Relay()
        self.form = TrainForm(napari_viewer)
        self.run_view = RunView("Train", "Training...", "Stop", "Stopping; the model so far is kept...")
        self.run_view.button.setToolTip("Train on the chosen pictures; nothing of yours is changed.")
        self.view = TrainView(napari_viewer.theme)
        self._column = self._stack(self.form, self.run_view, self.view)
        self._connect_run(self.run, self._copy, self._on_ended)
        self._attach()

    def run(self) -> None:
        """Start the training, as the button does."""
        request = self._request()
        if request is None or self.control.state.busy:
            return
        relay = _Relay()
        relay.came.connect(self._on_news)
        self._relay = relay
        self._previewed = self.form.preview.value
        self.view.begin()
        self.control.start(
            f"Training {request.target.name}",
            partial(request.run, update=relay.tell, tunings=self._tunings),
            loads_torch=self._tunings is None,
            about=request.code,
        )

    def _let_go(self) -> None:
        super()._let_go()
        self._remove_preview()

    def _request(self) -> TrainRequest | None:
        """What the form asks for; what is wrong with it is said."""
        try:
            return self.form.request() if self.form.ready else None
        except BlurMapError as error:
            self.run_view.say(str(error))
            return None

    def _on_news(self) -> None:
        news = self._relay.take()
        if not news or not self.control.state.busy:
            return
        self.view.show_steps([update.step for update in news], news[-1].findings)
        previews = [update.preview for update in news if update.preview is not None]
        if previews:
            self._show_preview(previews[-1])

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
        self._preview = self._viewer.add_layer(layer)

    def _remove_preview(self) -> None:
        if self._preview is not None and self._preview in self._viewer.layers:
            self._viewer.layers.remove(self._preview)
        self._preview = None

    def _on_ended(self, outcome: Outcome) -> None:
        self._remove_preview()
        if isinstance(outcome, Failed):
            self.view.hide()
            self.run_view.show_failure(outcome)
            return
        if not isinstance(outcome, Done) or not isinstance(outcome.value, Trained):
            self.view.hide()
            self.run_view.say("Stopped before the first step; there is no model.")
            return
        trained = outcome.value
        self.view.show_report(trained.report)
        self._column.bring(self.view)
        when = f"Stopped after {trained.steps} steps; the model" if trained.early else "The model"
        saved = f"{when} is saved as {trained.path} and chosen in the Estimate blur panel."
        self.run_view.say(f"{trained.problem} {saved}".strip())
        self._choose(trained)

    def _choose(self, trained: Trained) -> None:
        """Select it where it will be used, and offer it to go on from."""
        from ..commands import bring_to_front, open_panel

        open_panel(self._viewer).select_model(trained.path)
        bring_to_front(self)  # with its report

    def _copy(self) -> None:
        if (request := self._request()) is not None:
            copy_python(request.code, self.run_view.say)
