"""The states of a run, in one place: who may follow whom, and what is opened and closed on the way."""

from __future__ import annotations

import gc
import logging
import sys
from enum import Enum
from typing import Any, ClassVar

from napari.qt.threading import create_worker
from napari.utils import progress
from qtpy.QtCore import QObject, QTimer, Signal

from .relay import Relay
from .turns import Turns
from .worker import Awaited, Done, Failed, Outcome, Step, Stopped, Task, TaskWorker, Work

_log = logging.getLogger(__name__)

# Time for the words "Loading PyTorch" to reach the screen before its import holds the interpreter.
_PAINT_MS = 60


class RunState(Enum):
    """Where a run stands."""

    IDLE = "idle"
    LOADING = "loading"
    RUNNING = "running"
    CANCELLING = "cancelling"
    FAILED = "failed"
    DONE = "done"

    @property
    def busy(self) -> bool:
        """Whether a worker is at it."""
        return self in (RunState.LOADING, RunState.RUNNING, RunState.CANCELLING)


_REST = {RunState.IDLE, RunState.FAILED, RunState.DONE}
_NEXT = {
    **{rest: {RunState.LOADING, RunState.RUNNING} for rest in _REST},
    RunState.LOADING: {RunState.RUNNING, RunState.CANCELLING, *_REST},
    RunState.RUNNING: {RunState.CANCELLING, *_REST},
    RunState.CANCELLING: _REST,
}
_ENDS: dict[type, RunState] = {Done: RunState.DONE, Failed: RunState.FAILED, Stopped: RunState.IDLE}


class RunControl(QObject):
    """Starts one piece of work at a time, follows it, and cleans up however it ends.

    It lives on the main thread and outlives the panel that made it for as
    long as its worker runs, so that a closed panel leaves nothing behind.

    Notes
    -----
    ``state_changed`` carries a `RunState`, ``stepped`` the latest `Step`,
    ``told`` a list of what the work told, ``noticed`` a warning of Python's,
    ``ended`` an `Outcome`. Whoever shows what is `Awaited` does so in
    ``turns``: the work waits for their end.
    """

    state_changed = Signal(object)
    stepped = Signal(object)
    told = Signal(object)
    noticed = Signal(str)
    ended = Signal(object)

    #: Controls whose worker still runs.
    _working: ClassVar[set[RunControl]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.state = RunState.IDLE
        self.turns = Turns()
        self._task: Task | None = None
        self._worker: TaskWorker | None = None
        self._relay = Relay()
        self._outcome: Outcome | None = None
        self._abandoned = False
        self._showing = False
        self._bar: Any = None
        self._named = ""

    def start(self, name: str, work: Work, *, loads_torch: bool = False, bar: bool = True) -> None:
        """Start the work in a thread of its own; does nothing while another one runs.

        Parameters
        ----------
        name : str
            Shown in napari's activity dock.
        work : callable
            ``work(progress, cancel, tell)``.
        loads_torch : bool, default=False
            Whether the work imports PyTorch, if nobody has yet: that freezes
            the interpreter for seconds, so that it must be announced.
        bar : bool, default=True
            Whether napari shows a bar for it, from its first step on: until then nothing would be in it, and the
            wheel that turns beside it takes a core where no GPU draws.
        """
        if self.state.busy:
            return
        _log.info("%s: started", name)
        first_time = loads_torch and "torch" not in sys.modules
        self._outcome, self._abandoned = None, False
        self._relay = Relay()
        self._relay.came.connect(self._on_told)
        self._task = Task(name, work, self._relay.tell)
        self._worker = create_worker(
            self._task,
            _start_thread=False,
            _connect={"returned": self._on_returned, "finished": self._on_finished, "warned": self._on_warned},
            _worker_class=TaskWorker,
            _ignore_errors=True,
        )
        if not self._working:
            # A full collection of napari's and PyTorch's objects holds everything up for a third of a second; what
            # there is now lives as long as the run, or until its end.
            gc.freeze()
        self._working.add(self)
        self._go(RunState.LOADING if first_time else RunState.RUNNING)
        self._named = name if bar else ""
        QTimer.singleShot(_PAINT_MS if first_time else 0, self._launch)

    def cancel(self) -> None:
        """Ask the work to stop; its outcome still comes."""
        if self.state in (RunState.LOADING, RunState.RUNNING) and self._task is not None:
            self._task.stop()
            self._go(RunState.CANCELLING)

    def abandon(self) -> None:
        """Stop without caring for the outcome: the panel is gone."""
        self._abandoned = True
        self.turns.forget()
        if self._task is not None:
            self._task.leave()
        self._close_bar()

    def _launch(self) -> None:
        if self._worker is not None:
            self._worker.start()

    def _go(self, state: RunState) -> None:
        if state not in _NEXT[self.state]:
            raise RuntimeError(f"a run cannot go from {self.state.value} to {state.value}")
        self.state = state
        self.state_changed.emit(state)

    def _on_told(self) -> None:
        """Show what waits; napari's bars process events, so that more comes while a step is being shown."""
        if self._showing:
            return
        messages = self._relay.take()
        steps = [message for message in messages if isinstance(message, Step)]
        others = [message for message in messages if not isinstance(message, Step)]
        self._showing = True
        try:
            if steps:
                self._show_step(steps[-1])
        finally:
            self._showing = False
        if self._relay.waits:  # no loop: the window would never come to anything else
            QTimer.singleShot(0, self._on_told)
        if others and not self._abandoned:
            self.told.emit(others)
            self.turns.ask(*(message.shown.set for message in others if isinstance(message, Awaited)))

    def _show_step(self, step: Step) -> None:
        if self.state is RunState.LOADING:
            self._go(RunState.RUNNING)
        if self._bar is None and self._named and not self._abandoned:
            worker = self._worker
            # After the change of state: napari's bars process events, such as another click, or the end of this run.
            bar = progress(total=step.total, desc=self._named)
            if worker is not self._worker:
                bar.close()
                return
            self._bar = bar
        if self._bar is not None:
            self._bar.total = step.total
            self._bar.update(step.done - self._bar.n)
        if self.state is RunState.RUNNING:
            self.stepped.emit(step)

    def _on_warned(self, warning: tuple[Any, ...]) -> None:
        self.noticed.emit(str(warning[0]))

    def _on_returned(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def _on_finished(self) -> None:
        # A worker that napari made quit returns nothing.
        outcome = self._outcome or Stopped()
        _log.info("%r: %s", self._task, type(outcome).__name__.lower())
        self._close_bar()
        self._task = self._worker = self._outcome = None
        self._working.discard(self)
        self._go(_ENDS[type(outcome)])
        if not self._abandoned:
            self.ended.emit(outcome)
        if not self._working:
            gc.unfreeze()

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
