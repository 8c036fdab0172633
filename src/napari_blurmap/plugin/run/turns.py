"""Work for the thread of the window, a little at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from qtpy.QtCore import QObject, QTimer

# What a step has changed is drawn before the next one.
_BETWEEN_MS = 15


class Turns(QObject):
    """Does one step a turn of the event loop, so that the window moves between them."""

    def __init__(self) -> None:
        super().__init__()
        self._steps: deque[Callable[[], object]] = deque()
        self._timer = QTimer(self)
        self._timer.setInterval(_BETWEEN_MS)
        self._timer.timeout.connect(self._take)

    def ask(self, *steps: Callable[[], object]) -> None:
        """Do these after all that were asked for before."""
        self._steps.extend(steps)
        if self._steps and not self._timer.isActive():
            self._timer.start()

    def forget(self) -> None:
        """Drop the steps that wait."""
        self._steps.clear()

    def _take(self) -> None:
        if len(self._steps) <= 1:
            self._timer.stop()
        if self._steps:
            self._steps.popleft()()
