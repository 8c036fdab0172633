"""Work in another thread that never raises, stops when asked, and ends in one of three ways."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Any, TypeAlias

from napari.qt.threading import FunctionWorker

from ...errors import BlurMapError, Cancelled
from ...ground.progress import Cancel, Progress

_log = logging.getLogger(__name__)

# How often who waits looks whether anybody is still there, seconds.
_LOOK = 0.05

#: Takes anything that is to be shown while the work goes on.
Tell: TypeAlias = Callable[[Any], None]
#: ``work(progress, cancel, tell)`` gives any value; where it was cancelled it raises `Cancelled` or gives `Stopped`.
Work: TypeAlias = Callable[[Progress, Cancel, Tell], Any]


@dataclass(frozen=True)
class Step:
    """How far the work has come."""

    done: int
    total: int
    message: str


@dataclass(frozen=True, eq=False)
class Awaited:
    """Something to be told for whose showing the work waits.

    The window then has the interpreter and a core to itself, while it adds layers and draws.
    """

    shown: Event = field(default_factory=Event, kw_only=True)


@dataclass(frozen=True)
class Done:
    """The work ended by itself, with a value."""

    value: Any


@dataclass(frozen=True)
class Stopped:
    """The work was cancelled; ``value`` is what it had until then, or None."""

    value: Any = None


@dataclass(frozen=True)
class Failed:
    """The work met an error: a message for the user, and where it happened if the fault is the program's."""

    message: str
    trace: str = ""


Outcome: TypeAlias = Done | Stopped | Failed


class Task:
    """A piece of work for another thread; calling it gives its outcome.

    Parameters
    ----------
    name : str
        What napari calls it when somebody closes the window meanwhile.
    work : callable
        ``work(progress, cancel, tell)``; may raise anything, and where it
        was cancelled raises `Cancelled` or returns `Stopped`.
    tell : callable
        Takes a `Step` for each progress, and whatever the work tells, in the
        thread of the work; which waits until what is `Awaited` is shown.
    """

    def __init__(self, name: str, work: Work, tell: Tell) -> None:
        self._name = name
        self._work = work
        self._tell = tell
        self._stop = Event()
        self._left = False

    def __repr__(self) -> str:
        return self._name

    def stop(self) -> None:
        """Ask the work to stop; it does so at its next look."""
        self._stop.set()

    def leave(self) -> None:
        """Ask it to stop, and show nothing more of it."""
        self._left = True
        self._stop.set()

    def __call__(self) -> Outcome:
        """Do the work, in whatever thread this is called."""
        if self._stop.is_set():
            return Stopped()
        try:
            value = self._work(self._progress, self._stop.is_set, self._show)
        except Cancelled as cancelled:
            return Stopped(cancelled.partial)
        except BlurMapError as error:
            _log.info("%s: %s", self._name, error)
            return Failed(str(error))
        # Whatever else goes wrong must reach the panel: raising in a worker ends a PyQt6 program.
        except Exception as error:  # noqa: BLE001
            _log.exception("%s failed", self._name)
            message = f"Something went wrong that should not have: {type(error).__name__}: {error}"
            return Failed(message, "".join(traceback.format_exception(error)))
        return value if isinstance(value, Stopped) else Done(value)

    def _progress(self, done: int, total: int, message: str) -> None:
        self._tell(Step(done, total, message))

    def _show(self, message: Any) -> None:
        self._tell(message)
        while isinstance(message, Awaited) and not (message.shown.wait(_LOOK) or self._left):
            pass


class TaskWorker(FunctionWorker[Outcome]):
    """napari's worker for a `Task`; quitting it, as napari does on closing, stops the task."""

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self._task = task

    def quit(self) -> None:
        """Stop the task and give no result."""
        self._task.leave()
        super().quit()
