"""The command line: thin words around the functions of the package, a file a command."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer

from ..errors import BlurMapError
from ..ground.version import VERSION
from .check import check
from .demo import demo
from .estimate import estimate
from .models import models
from .options import FAILED, INTERRUPTED, USAGE
from .output import print_any_name, say
from .score import score
from .train import train

__all__ = ["FAILED", "INTERRUPTED", "USAGE", "app", "main"]

app = typer.Typer(name="napari-blurmap", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
for _command in (demo, estimate, score, check, models, train):
    app.command()(_command)


def main() -> None:
    """Run the command line; what the user can mend is said without a traceback."""
    # What it logs of a damaged file is said again, in our words.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    print_any_name()
    try:
        app()
    except BlurMapError as error:
        say(f"Error: {error}")
        sys.exit(FAILED)
    except MemoryError as error:
        say(f"Error: the memory of this computer is too small for it ({error}).")
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"napari-blurmap {VERSION}")
        raise typer.Exit


@app.callback()
def _start(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version, and end.")
    ] = False,
) -> None:
    """How blurred every place of a microscope picture is."""
