"""Progress of long work, and stopping it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import local
from typing import Any, TypeAlias

from ..errors import Cancelled
from .arguments import callback

#: ``progress(done, total, message)``, called in the thread that works.
Progress: TypeAlias = Callable[[int, int, str], None]
#: ``cancel()`` is True when the work should stop.
Cancel: TypeAlias = Callable[[], bool]

#: Steps into which a step of the whole is divided where it tells its own progress.
_FINE = 100

_HERE = local()


def ask_with(ask: Callable[[], None]) -> None:
    """Have `ask_here` call this in the calling thread, where a scheduler hands out the work."""
    _HERE.ask = ask


def ask_here() -> None:
    """Between two tiles: raises what stops the work that this thread does for somebody."""
    getattr(_HERE, "ask", lambda: None)()


@dataclass
class Pace:
    """Counts steps, tells the caller of each, and stops the work when the caller wants it.

    Parameters
    ----------
    total : int
        Number of steps.
    progress : callable, optional
        ``progress(done, total, message)``.
    cancel : callable, optional
        ``cancel() -> bool``.
    partial : callable, optional
        What was done until then, for `napari_blurmap.Cancelled`.
    message : str
        What is being done.
    planes : int
        Into how many planes the steps are divided evenly: of several the message is which one it is.
    done : int
        Steps done.

    Examples
    --------
    >>> pace = Pace(4, progress=print, planes=2)
    >>> pace.tick()
    1 4 plane 1 of 2
    """

    total: int
    progress: Progress | None = None
    cancel: Cancel | None = None
    partial: Callable[[], Any] = lambda: None
    message: str = "working"
    planes: int = 1
    done: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be called."""
        callback("progress", self.progress)
        callback("cancel", self.cancel)

    def tick(self) -> None:
        """Count a step as done.

        Raises
        ------
        Cancelled
            When ``cancel()`` returned True.
        """
        self.done += 1
        if self.planes > 1:
            at = (self.done - 1) * self.planes // self.total + 1
            self.message = f"plane {min(at, self.planes)} of {self.planes}"
        if self.progress is not None:
            self.progress(min(self.done, self.total), self.total, self.message)
        self.ask()

    def ask(self) -> None:
        """Stop here, as `tick` does, if the caller wants it."""
        if self.cancel is not None and self.cancel():
            raise Cancelled(self.partial())

    def within(self, done: int, total: int, _: str = "") -> None:
        """Tell how far the step has come that is being done: a `Progress` for work that is one step of this one."""
        if self.progress is not None:
            self.progress(_FINE * self.done + _FINE * done // total, _FINE * self.total, self.message)
