"""What `napari-blurmap train` does: the bundled models again, or a model of the user's own pictures."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from .errors import BlurMapError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .models.model import Model
    from .tune.config import TuneConfig

    Say = Callable[[str], None]
    Stop = Callable[[], bool]

#: Seconds between two lines that tell how far it is.
_TELL = 10.0


def check_target(out: Path, overwrite: bool) -> None:
    """Refuse a file that could not be written in the end, before the work and not after it.

    Parameters
    ----------
    out : Path
        The model file to write.
    overwrite : bool
        Whether it may exist.

    Raises
    ------
    BlurMapError
        For a name without the right ending, a folder that does not exist, or a file that does.
    """
    from .models.model import SUFFIX

    if not out.name.endswith(SUFFIX) or out.name == SUFFIX:
        raise BlurMapError(f"A model is saved under a name ending in {SUFFIX}; got {out.name!r}. Add the ending.")
    if not out.parent.is_dir():
        raise BlurMapError(f"There is no folder {out.parent} to save the model in. Make it, or choose another one.")
    if out.exists() and not overwrite:
        raise BlurMapError(f"{out} exists already. Use --overwrite, or another name.")


def save(model: Model, out: Path, *, overwrite: bool, half: bool = False) -> None:
    """Write the model, or say why that failed."""
    try:
        model.save(out, overwrite=overwrite, half=half)
    except OSError as error:
        raise BlurMapError(
            f"{out} cannot be written ({error.strerror or error}). A training with --checkpoint can be ended again in "
            "no time: run the same command with another name."
        ) from error


def retrain_default(checkpoint: Path | None, name: str, say: Say, stop: Stop, **settings: Any) -> Model:
    """Train the default model on synthetic pictures; ``settings`` are those of `TrainConfig`."""
    from .train import TrainConfig, Training

    training = Training(TrainConfig(**settings), checkpoint)
    smooth = 0.0
    for at in training.run():
        smooth = at.loss if not smooth else 0.98 * smooth + 0.02 * at.loss
        if at.step % 50 == 0:
            say(f"step {at.step}, {100 * at.fraction:.1f} %, loss {smooth:.3f}, {at.seconds:.0f} s")
        if stop():
            break
    return training.model(name)


def retrain_patch(
    classes: int, checkpoint: Path | None, start: str | None, name: str, say: Say, stop: Stop, **settings: Any
) -> Model:
    """Train a bundled patch model on synthetic pictures; ``settings`` are those of `PatchTrainConfig`."""
    from .models.registry import load_model
    from .train_patch import PatchTrainConfig, train_bundled_patch

    say("making the patches")
    first = None if start is None else load_model(start)
    training = train_bundled_patch(classes, PatchTrainConfig(**settings), start=first, checkpoint=checkpoint)
    for at in training.run():
        if at.step % 50 == 0:
            say(
                f"step {at.step}, {100 * at.fraction:.1f} %, loss {at.loss:.3f}, accuracy {at.accuracy:.2f}, "
                f"{at.seconds:.0f} s"
            )
        if stop():
            break
    return training.model(name)


def train_on(
    images: list[Path], config: TuneConfig, init: str | None, checkpoint: Path | None, name: str, say: Say, stop: Stop
) -> Model | None:
    """Train on pictures; None where it was stopped before the first step."""
    from .tune.tuning import Tuning

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
