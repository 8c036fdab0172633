"""The button, the bar and the words below the form: what a run is doing, or why it could not."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QAction, QHBoxLayout, QMenu, QProgressBar, QPushButton, QWidget

from ..widgets.fields import plain_label, text_box
from ..widgets.layout import Fold, column
from .control import RunState

if TYPE_CHECKING:
    from qtpy.QtGui import QMouseEvent

    from .worker import Failed, Step


_COPIES = {
    "python": ("Copy as Python", "The same as Run, for napari's console or a script."),
    "shell": ("Copy as a shell line", "The same as Run, for a terminal; of pictures that lie in a file."),
    "methods": ("Copy methods text", "What was measured and how, in sentences for a paper."),
    "psf": ("Copy PSF size", "Median FWHM and sigma of the last result with their errors, in nm, a line a channel."),
    "report": ("Copy report", "What a bug report needs: versions, model, device, settings and the last error."),
}


class _RunButton(QPushButton):
    """A button whose second half of a double click does nothing: it would cancel what the first has begun."""

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        """Take the event; without it the button is not pressed, and its release no click."""


class RunView(QWidget):
    """Run, which turns into Cancel, with progress, messages and details of a failure.

    Parameters
    ----------
    does : str
        What the button does, for its tooltip.
    run, running, cancel, cancelling : str
        Words: on the button and below it, at rest and while it runs, before and after it is asked to stop.
    """

    run_clicked = Signal()
    cancel_clicked = Signal()

    def __init__(
        self,
        does: str,
        run: str = "Run",
        running: str = "Estimating...",
        cancel: str = "Cancel",
        cancelling: str = "Stopping after this tile...",
    ) -> None:
        super().__init__()
        self._state = RunState.IDLE
        self._ready = False
        self._begun: tuple[float, int] | None = None
        self._run = run
        stopping = "Cancelling..." if cancel == "Cancel" else "Stopping..."
        self._button = {RunState.LOADING: cancel, RunState.RUNNING: cancel, RunState.CANCELLING: stopping}
        self._words = {
            RunState.LOADING: "Loading PyTorch (first run only)...",
            RunState.RUNNING: running,
            RunState.CANCELLING: cancelling,
        }
        self.button = _RunButton(run)
        self.button.setToolTip(f"{does}; nothing of yours is changed.")
        self.copy = QPushButton("Copy")
        self.copy.setToolTip("Put it on the clipboard: the call, what was measured, or a report.")
        menu = QMenu(self.copy)
        menu.setToolTipsVisible(True)
        #: What can be put on the clipboard.
        self.copies = {name: QAction(words, menu) for name, (words, _) in _COPIES.items()}
        for name, action in self.copies.items():
            action.setToolTip(_COPIES[name][1])
            menu.addAction(action)
        self.copy.setMenu(menu)
        self.bar = QProgressBar()
        self.message = plain_label()
        self.trace = text_box(110)
        self.details = Fold("Details", self.trace)
        row = QHBoxLayout()
        row.addWidget(self.button, 1)
        row.addWidget(self.copy)
        column(self, row, self.bar, self.message, self.details)
        for widget in (self.bar, self.message, self.details):
            widget.hide()
        self.button.clicked.connect(self._clicked)
        self.set_ready(False)

    def set_ready(self, ready: bool) -> None:
        """Say whether there is something to run on."""
        self._ready = ready
        self.button.setEnabled(self._state is not RunState.CANCELLING and (ready or self._state.busy))
        for name in ("python", "shell"):
            self.copies[name].setEnabled(ready)

    def rename(self, run: str) -> None:
        """Call the button otherwise when nothing runs."""
        self._run = run
        self.button.setText(self._button.get(self._state, run))

    def show_state(self, state: RunState) -> None:
        """Show where the run stands."""
        self._state = state
        self.button.setText(self._button.get(state, self._run))
        self.set_ready(self._ready)
        self.bar.setVisible(state.busy)
        self.details.hide()
        if state in (RunState.LOADING, RunState.RUNNING):
            # Not the endless bar of Qt: where no GPU draws, its motion takes a core from the work.
            self.bar.setRange(0, 1)
            self.bar.setValue(0)
            self._begun = None
        self.say(self._words.get(state, ""))

    def show_step(self, step: Step) -> None:
        """Show how far it has come, and how long it still takes."""
        now = monotonic()
        if self._begun is None:
            self._begun = now, step.done
        self.bar.setRange(0, step.total)
        self.bar.setValue(step.done)
        since, first = self._begun
        left = ""
        if step.done > first:
            left = f", {time_left((now - since) / (step.done - first) * (step.total - step.done))}"
        self.say(f"{step.message.capitalize()}{left}")

    def show_failure(self, failed: Failed) -> None:
        """Show why there is no result; where the fault is the program's, also where it happened."""
        self.say(failed.message)
        self.trace.setPlainText(failed.trace)
        self.details.collapse(animate=False)
        self.details.setVisible(bool(failed.trace))

    def say(self, text: str) -> None:
        """Show some words below the button."""
        self.message.setText(text)
        self.message.setVisible(bool(text))

    def _clicked(self) -> None:
        (self.cancel_clicked if self._state.busy else self.run_clicked).emit()


def time_left(seconds: float) -> str:
    """A duration in words that do not pretend to know it well.

    Examples
    --------
    >>> time_left(0.4), time_left(8.2), time_left(200)
    ('1 s left', '9 s left', '4 min left')
    """
    if seconds < 90:
        return f"{int(seconds) + 1} s left"
    return f"{int(seconds // 60) + 1} min left"
