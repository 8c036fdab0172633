"""From the thread of the work to the thread of the window."""

from __future__ import annotations

from threading import Lock
from typing import Any

from qtpy.QtCore import QObject, Signal


class Relay(QObject):
    """Brings messages to the thread that made it; those that come faster than they are taken wait together.

    Notes
    -----
    ``came`` tells, in that thread, that something waits. Whoever tells must
    hold the relay, so that it lives as long as the work.
    """

    came = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()
        self._waiting: list[Any] = []

    @property
    def waits(self) -> bool:
        """Whether anything waits."""
        return bool(self._waiting)

    def tell(self, message: Any) -> None:
        """Pass a message on, from any thread."""
        with self._lock:
            self._waiting.append(message)
            first = len(self._waiting) == 1
        if first:
            self.came.emit()

    def take(self) -> list[Any]:
        """All that waits, oldest first."""
        with self._lock:
            taken, self._waiting = self._waiting, []
        return taken
