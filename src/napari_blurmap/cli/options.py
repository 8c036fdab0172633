"""What several commands share: options, exit codes, Ctrl-C."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import BlurMapError

if TYPE_CHECKING:
    from ..models.model import Model

#: Exit codes: something failed, wrong usage (click's own), interrupted.
FAILED, USAGE, INTERRUPTED = 1, 2, 130

Json = Annotated[bool, typer.Option("--json", help="Print figures as JSON.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
ModelName = Annotated[str, typer.Option("--model", help="Name of a bundled model, or a model file.")]
Axes = Annotated[str | None, typer.Option(help="Axes of the picture without colour, such as TZYX.")]


class Interrupt:
    """Ctrl-C stops after the tile in hand; a second one stops at once."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGINT, self._ask)

    def _ask(self, *_: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def __call__(self) -> bool:
        """Whether to stop."""
        return self.asked


def usable_model(name: str, device: str) -> Model:
    """Load the model, once it is sure that the device is there: what is wrong is said once, not for every picture."""
    from ..models.devices import find_device
    from ..models.registry import load_model

    try:
        find_device(device)
        return load_model(name)
    except BlurMapError as error:
        raise typer.BadParameter(str(error)) from error
