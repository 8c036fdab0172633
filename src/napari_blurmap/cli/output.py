"""What the command line prints: words for people, JSON for programs."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

import typer

from ..ground.jsonable import plain

if TYPE_CHECKING:
    from ..ground.progress import Progress


def print_any_name() -> None:
    """Let file names be printed that are no text in the terminal's encoding, with backslashes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str) -> None:
    """Tell people, beside what is printed for programs."""
    typer.echo(text, err=True)


def show(figures: dict[str, Any], as_json: bool, lines: list[str]) -> None:
    """Print figures as JSON, or the lines that say the same."""
    typer.echo(json.dumps(plain(figures), indent=2, allow_nan=False) if as_json else "\n".join(lines))


def progress(name: str) -> Progress | None:
    """Show how far the work on a file is, where somebody looks at it."""
    if not sys.stderr.isatty():
        return None

    def show_step(done: int, total: int, message: str) -> None:
        end = "\n" if done == total else ""
        typer.echo(f"\r{name}: {message}, {100 * done // total} %", err=True, nl=False)
        typer.echo(end, err=True, nl=False)

    return show_step
