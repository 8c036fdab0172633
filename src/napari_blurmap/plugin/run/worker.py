"""Work in another thread that never raises, stops when asked, and ends in one of three ways."""

from __future__ import annotations

import platform
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from threading import Event
from typing import Any, TypeAlias

from napari.qt.threading import FunctionWorker

from ...errors import BlurMapError
from ...ground.progress import Cancel, Progress

#: ``work(progress, cancel)`` gives any value, or `Stopped` where it was cancelled.
Work: TypeAlias = Callable[[Progress, Cancel], Any]


@dataclass(frozen=True)
class Step:
    """How far the work has come."""

    done: int
    total: int
    message: str


@dataclass(frozen=True)
class Done:
    """The work ended by itself."""

    value: Any


@dataclass(frozen=True)
class Stopped:
    """The work was cancelled; ``partial`` is what it had until then, or None."""

    partial: Any = None


@dataclass(frozen=True)
class Failed:
    """The work met an error: a message for the user and a report for whoever helps."""

    message: str
    report: str


Outcome: TypeAlias = Done | Stopped | Failed


class Job:
    """A piece of work for another thread; calling it gives its outcome.

    Parameters
    ----------
    name : str
        What napari calls it when somebody closes the window meanwhile.
    work : callable
        ``work(progress, cancel)``; may raise anything, returns `Stopped`
        where it was cancelled.
    progress : callable
        Takes a `Step`, in the thread of the work.
    about : str, optional
        First lines of the report of a failure.
    """

    def __init__(self, name: str, work: Work, progress: Callable[[Step], None], about: str = "") -> None:
        self._name = name
        self._work = work
        self._progress = progress
        self._about = about
        self._stop = Event()

    def __repr__(self) -> str:
        return self._name

    def stop(self) -> None:
        """Ask the work to stop; it does so at its next look."""
        self._stop.set()

    def __call__(self) -> Outcome:
        """Do the work, in whatever thread this is called."""
        if self._stop.is_set():
            return Stopped()
        try:
            value = self._work(self._tell, self._stop.is_set)
            return value if isinstance(value, Stopped) else Done(value)
        except BlurMapError as error:
            return Failed(str(error), _report(self._about))
        # Whatever else goes wrong must reach the panel: raising in a worker ends a PyQt6 program.
        except Exception as error:  # noqa: BLE001
            message = f"Something went wrong that should not have: {type(error).__name__}: {error}"
            return Failed(message, _report(self._about, "".join(traceback.format_exception(error))))

    def _tell(self, done: int, total: int, message: str) -> None:
        self._progress(Step(done, total, message))


class JobWorker(FunctionWorker[Outcome]):
    """napari's worker for a `Job`; quitting it, as napari does on closing, stops the job."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self._job = job

    def quit(self) -> None:
        """Stop the job and give no result."""
        self._job.stop()
        super().quit()


def _report(about: str, trace: str = "") -> str:
    """What was asked for and with which versions; where the fault is ours, also where it happened."""
    names = ("napari-blurmap", "napari", "torch", "numpy", "PyQt6", "PySide6")
    versions = ", ".join(f"{name} {found}" for name in names if (found := _version(name)))
    system = f"Python {platform.python_version()} on {platform.platform()}, {versions}"
    return "\n\n".join(part for part in (about, system, trace) if part)


def _version(name: str) -> str | None:
    """Version of a distribution; without importing it, and None for what is not in use."""
    if name in ("PyQt6", "PySide6") and name not in sys.modules:
        return None
    try:
        return version(name)
    except PackageNotFoundError:
        return None
