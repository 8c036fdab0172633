"""What a press of a panel's button asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ...ground.progress import Cancel, Progress
    from ..run.worker import Tell


class Job(Protocol):
    """One press of a panel's button: what is worked on and how, fixed at that moment."""

    @property
    def options(self) -> Mapping[str, Any]:
        """Arguments of the function that does the work."""

    @property
    def name(self) -> str:
        """What napari shows while it runs, such as "Blur of cells"."""

    def run(self, progress: Progress, cancel: Cancel, tell: Tell, function: Callable[..., Any] | None = None) -> Any:
        """Do it; meant for a worker.

        Parameters
        ----------
        progress, cancel : callable
            As the functions of `napari_blurmap` take them.
        tell : callable
            Takes what the panel shows meanwhile.
        function : callable, optional
            Used in place of the one of `napari_blurmap` that does the work.

        Returns
        -------
        object
            What came out, or `Stopped` where it was cancelled.

        Raises
        ------
        BlurMapError
            If what was asked for is impossible.
        Cancelled
            Where it was; `Task` makes `Stopped` of it.
        """

    def as_python(self) -> str:
        """The same for napari's console or a script."""

    def as_shell(self) -> str:
        """The same as a line for a terminal; reads the picture's file.

        Raises
        ------
        BlurMapError
            If there is no such line.
        """


def arguments(options: Mapping[str, Any]) -> str:
    """Further arguments of a call, as Python.

    Examples
    --------
    >>> arguments({"model": "default", "tile": 512})
    ", model='default', tile=512"
    """
    return "".join(f", {name}={value!r}" for name, value in options.items())
