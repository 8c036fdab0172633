"""What the command line prints: words for people, JSON for programs."""

from __future__ import annotations

import io
import json
import sys
import time
from textwrap import indent
from typing import TYPE_CHECKING, Any, Self

import typer

from ..ground.jsonable import plain

if TYPE_CHECKING:
    from ..ground.progress import Progress

#: What a file name may hold and a terminal obeys: control characters but the end of a line, and changes of direction.
_OBEYED = {
    code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    for code in (*range(10), *range(11, 32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


def print_any_name() -> None:
    """Let file names be printed that are no text in the terminal's encoding, with backslashes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str) -> None:
    """Tell people, beside what is printed for programs."""
    typer.echo(text.translate(_OBEYED), err=True)


def show(figures: dict[str, Any], as_json: bool, lines: list[str]) -> None:
    """Print figures as JSON, or the lines that say the same."""
    typer.echo(_json(figures) if as_json else "\n".join(lines).translate(_OBEYED))


class Report:
    """Figures of many files, each printed as soon as it is known: whatever ends the work, they are not lost."""

    def __init__(self, as_json: bool) -> None:
        self.as_json, self.count = as_json, 0

    def __enter__(self) -> Self:
        """Begin the JSON."""
        if self.as_json:
            typer.echo('{\n  "results": [', nl=False)
        return self

    def __exit__(self, *_: object) -> None:
        """End the JSON."""
        if self.as_json:
            typer.echo("\n  ]\n}" if self.count else "]\n}")

    def add(self, entry: dict[str, Any], text: str = "") -> None:
        """Print the figures of a file, or the text that says the same."""
        self.count += 1
        if self.as_json:
            typer.echo((",\n" if self.count > 1 else "\n") + indent(_json(entry), "    "), nl=False)
        elif text:
            typer.echo(text.translate(_OBEYED))
        sys.stdout.flush()


def _json(figures: dict[str, Any]) -> str:
    return json.dumps(plain(figures), indent=2, allow_nan=False)


def progress(name: str) -> Progress | None:
    """Show how far the work on a file is, where somebody looks at it."""
    if not sys.stderr.isatty():
        return None

    def show_step(done: int, total: int, message: str) -> None:
        end = "\n" if done == total else ""
        typer.echo(f"\r{name.translate(_OBEYED)}: {message}, {100 * done // total} %{end}", err=True, nl=False)

    return show_step


class TimeLeft:
    """How far the work is and how long it will take, where somebody looks at it: a `Progress`."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def __call__(self, done: int, total: int, message: str) -> None:
        """Say it over what was said last."""
        if not done or not sys.stderr.isatty():
            return
        seconds = (time.monotonic() - self._started) / done * (total - done)
        rest = (
            f"{seconds:.0f} s"
            if seconds < 100
            else f"{seconds / 60:.0f} min"
            if seconds < 6000
            else f"{seconds / 3600:.1f} h"
        )
        typer.echo(f"\r{message.translate(_OBEYED)}, {rest} left   ", err=True, nl=done == total)
