"""Questions that come faster than they can be answered, such as those of a slider."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject

if TYPE_CHECKING:
    from .control import RunControl
    from .worker import Outcome


class LatestOnly(QObject):
    """Answers questions that come faster than they can be answered: while one is worked on, only the newest waits.

    Parameters
    ----------
    control : RunControl
        Does the work; nobody else may start anything with it.
    """

    def __init__(self, control: RunControl) -> None:
        super().__init__()
        self.control = control
        self._waiting: tuple[str, Callable[[], Any], Callable[[Outcome], None]] | None = None
        self._then: Callable[[Outcome], None] | None = None
        control.ended.connect(self._on_ended)

    @property
    def busy(self) -> bool:
        """Whether a question is being answered or waits."""
        return self.control.state.busy or self._waiting is not None

    def ask(self, name: str, work: Callable[[], Any], then: Callable[[Outcome], None]) -> None:
        """Work in another thread as soon as that is free, and then show the outcome."""
        self._waiting = name, work, then
        self._begin()

    def forget(self) -> None:
        """Drop the question that waits, and the answer to come."""
        self._waiting = self._then = None

    def _begin(self) -> None:
        if self._waiting is not None and not self.control.state.busy:
            (name, work, self._then), self._waiting = self._waiting, None
            self.control.start(name, lambda *_: work(), bar=False)

    def _on_ended(self, outcome: Outcome) -> None:
        then, self._then = self._then, None
        if then is not None:
            then(outcome)
        self._begin()
