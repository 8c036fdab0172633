"""What came out of the files given on the command line: each is printed when it is known, and all tell how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from .options import FAILED, INTERRUPTED
from .output import Report, say

if TYPE_CHECKING:
    from pathlib import Path


class Outcomes(Report):
    """Figures of many files, and how many failed or lack a comparison that was asked for."""

    def __init__(self, as_json: bool) -> None:
        super().__init__(as_json)
        self.failed = self.incomplete = 0

    def fail(self, file: Path, words: str) -> None:
        """Print why there are no figures of a file."""
        self.failed += 1
        self.add({"file": str(file), "error": words})
        say(words if words.startswith(str(file)) else f"{file}: {words}")

    def end(self, *, interrupted: bool) -> None:
        """Say what went wrong.

        Raises
        ------
        typer.Exit
            If something failed, or it was interrupted.
        """
        if interrupted:
            raise typer.Exit(INTERRUPTED)
        for count, words in ((self.failed, "failed"), (self.incomplete, "could not be compared")):
            if count:
                say(f"{count} of {self.count} pictures {words}.")
        if self.failed or self.incomplete:
            raise typer.Exit(FAILED)
