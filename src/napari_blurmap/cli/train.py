"""What `napari-blurmap train` does: the bundled models again, or a model of the user's own pictures."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..models.model import Model
    from ..training.own.config import TuneConfig

    Say = Callable[[str], None]
    Stop = Callable[[], bool]

#: Seconds between two lines that tell how far it is.
_TELL = 10.0


def save(model: Model, out: Path, say: Say, *, overwrite: bool, half: bool) -> Path:
    """Write the model, elsewhere if it must be; returns where."""
    from ..models.saving import save_anyhow

    path, problem = save_anyhow(model, out, overwrite=overwrite, half=half)
    if problem:
        say(f"{problem} The model was saved as {path}.")
    return path


def retrain_default(checkpoint: Path | None, name: str, say: Say, stop: Stop, **settings: Any) -> Model:
    """Train the default model on synthetic pictures; ``settings`` are those of `TrainConfig`."""
    from ..training.dense import TrainConfig, Training

    training = Training(TrainConfig(**settings), checkpoint)
    smooth = 0.0
    for at in training.run():
        smooth = at.loss if not smooth else 0.98 * smooth + 0.02 * at.loss
        if at.step % 50 == 0:
            say(f"step {at.step}, {100 * at.fraction:.1f} %, loss {smooth:.3f}, {at.seconds:.0f} s")
        if stop():
            break
    say("calibrating on crops of other seeds, a minute or two")
    return training.model(name)


def retrain_patch(
    classes: int, checkpoint: Path | None, start: str | None, name: str, say: Say, stop: Stop, **settings: Any
) -> Model:
    """Train a bundled patch model on synthetic pictures; ``settings`` are those of `PatchTrainConfig`."""
    from ..models.registry import load_model
    from ..training.patch import PatchTrainConfig, train_bundled_patch

    say("making the patches")
    first = None if start is None else load_model(start)
    training = train_bundled_patch(classes, PatchTrainConfig(**settings), start=first, checkpoint=checkpoint)
    for at in training.run():
        if at.step % 50 == 0:
            told = f"loss {at.loss:.3f}, accuracy {at.figures['accuracy']:.2f}"
            say(f"step {at.step}, {100 * at.fraction:.1f} %, {told}, {at.seconds:.0f} s")
        if stop():
            break
    return training.model(name)


def train_on(
    images: list[Path], config: TuneConfig, init: str | None, checkpoint: Path | None, name: str, say: Say, stop: Stop
) -> Model | None:
    """Train on pictures; None where it was stopped before the first step."""
    from ..training.own.session import Tuning

    tuning = Tuning(images, config, init=init, checkpoint=checkpoint)
    told, last = False, 0.0
    for at in tuning.run():
        if not told and len(tuning.findings) == len(tuning.sources):
            told = True
            for line in (line for finding in tuning.findings for line in finding.lines()):
                say(line)
        if time.monotonic() - last > _TELL or at.fraction >= 1:
            last = time.monotonic()
            say(at.message)
        if stop():
            break
    return tuning.model(name) if tuning.step else None
