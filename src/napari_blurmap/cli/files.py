"""The files given on the command line: each is worked on by itself, and what is made of it has its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from ..errors import BlurMapError, Cancelled
from .options import FAILED, INTERRUPTED, Interrupt
from .output import Report, TimeLeft, say

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def work_through(
    files: list[Path],
    work: Callable[[Path], tuple[dict[str, Any], str]],
    stop: Interrupt,
    *,
    as_json: bool,
    lacking: str = "",
    workers: int = 1,
    finish: Callable[[dict[Path, str]], None] = lambda errors: None,
) -> None:
    """Do the same with every file: one that fails is said and does not end the others.

    Parameters
    ----------
    files : list of Path
        Pictures.
    work : callable
        ``work(file)`` returns its figures, and the text that says the same.
        Raising Cancelled ends the work.
    stop : Interrupt
        Whether to stop after the file in hand.
    as_json : bool
        Print the figures instead of the text.
    lacking : str, default=""
        Name of the figure that is there where a comparison was asked for and failed.
    workers : int, default=1
        How many are worked on side by side.
    finish : callable, optional
        Called at the end, also of an interrupted work, with why files failed.

    Raises
    ------
    typer.Exit
        If something failed, or it was interrupted.
    """
    from ..batch.job import run

    errors: dict[Path, str] = {}
    incomplete = 0
    left = TimeLeft(len(files))
    try:
        with Report(as_json) as report:
            for file, outcome in run(work, files, workers):
                if isinstance(outcome, Cancelled):
                    break
                if isinstance(outcome, Exception):
                    errors[file] = words = _words(outcome)
                    report.add({"file": str(file), "error": words})
                    say(words if words.startswith(str(file)) else f"{file}: {words}")
                else:
                    report.add(*outcome)
                    incomplete += lacking in outcome[0]
                if stop():
                    break
                left.show(report.count)
    finally:
        finish(errors)
    if stop():
        raise typer.Exit(INTERRUPTED)
    if errors:
        say(f"{len(errors)} of {report.count} pictures failed.")
    if incomplete:
        say(f"{incomplete} of {report.count} pictures could not be compared.")
    if errors or incomplete:
        raise typer.Exit(FAILED)


def _words(error: Exception) -> str:
    """What is said of an error."""
    if isinstance(error, (BlurMapError, OSError)):
        return str(error)
    what = "The memory of this computer is too small for it" if "memory" in repr(error).lower() else "It failed"
    return (
        f"{what} ({str(error).partition(chr(10))[0] or type(error).__name__}). Try a smaller --tile, or a part of it."
    )


def without_maps(files: list[Path]) -> list[Path]:
    """Leave out the program's own maps, which ``*.tif`` finds beside their pictures."""
    from ..io.results import is_result

    maps = [file for file in files if is_result(file)]
    for file in maps:
        say(f"{file}: left out, it is a blur map and no picture.")
    if len(maps) == len(files):
        raise BlurMapError("There are only blur maps among the files given. Give the pictures they were made from.")
    return [file for file in files if file not in maps]
