"""`napari-blurmap train`: a model of the user's own pictures, or a bundled one again."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import INTERRUPTED, Device, Interrupt, Json
from .output import say, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..models.model import Model
    from ..training.loop import TrainingLoop
    from ..training.own.config import TuneConfig

#: Seconds between two lines that tell how far it is.
_TELL = 10.0


def train(
    images: Annotated[list[Path] | None, typer.Argument(help="Sharp pictures, or folders with some.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The model file to write, .blurmap.safetensors.")
    ] = None,
    architecture: Annotated[str, typer.Option(help="dense, or patch: the thesis's network.")] = "dense",
    init: Annotated[
        str,
        typer.Option(help="Model to start from: a name, a file, or scratch (for --default and --patch: a file)."),
    ] = "default",
    sigma_range: Annotated[tuple[float, float], typer.Option(help="Smallest and largest blur, px.")] = (0.3, 3.0),
    classes: Annotated[int | None, typer.Option(help="Classes of a patch network; 10 if not given.")] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, help="Time budget; if not given 10, for a bundled model 90.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Number of steps instead of a time.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of data and weights: the same one repeats a training.")] = 0,
    device: Device = "auto",
    checkpoint: Annotated[Path | None, typer.Option(help="Saved while training; resumed where it exists.")] = None,
    default: Annotated[
        bool, typer.Option("--default", help="Retrain the bundled model on synthetic pictures.")
    ] = False,
    patch: Annotated[
        int | None, typer.Option(metavar="10|30", help="Retrain the bundled patch model of so many classes.")
    ] = None,
    workers: Annotated[int, typer.Option(min=0, help="With --default: processes that make the pictures.")] = 1,
    overwrite: Annotated[bool, typer.Option(help="Replace the model file.")] = False,
    as_json: Json = False,
) -> None:
    """Train a model on your own sharp pictures, or a bundled one again."""
    from ..models.saving import check_target
    from ..training.dense import TrainConfig
    from ..training.own.config import TuneConfig

    if bool(images) + default + (patch is not None) != 1:
        raise typer.BadParameter("give pictures to train on, or --default, or --patch 10 or 30")
    if images and out is None:
        raise typer.BadParameter("say with --out where to save the model, a file ending in .blurmap.safetensors")
    target = out or Path(f"{'default' if default else f'patch{patch}'}.blurmap.safetensors")
    check_target(target, overwrite=overwrite)
    job: Callable[[str, Interrupt, Path | None], Model]
    if images:
        budget, start = minutes or TuneConfig.minutes, None if init == "scratch" else init
        config = TuneConfig(architecture, sigma_range, classes, budget, steps, device, seed)  # type: ignore[arg-type]
        job = partial(_train_on, images, config, start)
    else:
        # Never "auto" where the figures are to be reproduced.
        bundled: dict[str, Any] = {"minutes": minutes or TrainConfig.minutes, "steps": steps, "seed": seed}
        bundled |= {"device": "cpu" if device == "auto" else device}
        start = None if init in ("default", "scratch") else init
        if patch is None:
            job = partial(_retrain_default, workers=workers, init=start, **bundled)
        else:
            job = partial(_retrain_patch, patch, start, **bundled)
    _run(job, target, checkpoint, overwrite=overwrite, half=patch is not None, as_json=as_json)


def _run(
    job: Callable[[str, Interrupt, Path | None], Model],
    target: Path,
    checkpoint: Path | None,
    *,
    overwrite: bool,
    half: bool,
    as_json: bool,
) -> None:
    """Train, save the model, elsewhere if it must be, and print how good it is."""
    from ..models.saving import model_name, save_anyhow

    stop = Interrupt()
    model = job(model_name(target), stop, checkpoint)
    target, problem = save_anyhow(model, target, overwrite=overwrite, half=half)
    if problem:
        say(f"{problem} The model was saved as {target}.")
    figures, report = model.info.training["figures"], model.info.training.get("report")
    lines = [str(report["text"])] if report else [f"{name}: {value:.4g}" for name, value in figures.items()]
    show({"model": str(target), "figures": figures, "report": report}, as_json, lines)
    if stop():
        say(f"Interrupted; the model until then is in {target}.")
        raise typer.Exit(INTERRUPTED)


def _retrain_default(name: str, stop: Interrupt, checkpoint: Path | None, **settings: Any) -> Model:
    """Train the default model on synthetic pictures; ``settings`` are those of `TrainConfig`."""
    from ..training.dense import TrainConfig, Training

    training = Training(TrainConfig(**settings), checkpoint)
    _go_through(training, stop)
    say("measuring its errors on new synthetic pictures, a minute or two")
    return training.model(name)


def _retrain_patch(
    classes: int, start: str | None, name: str, stop: Interrupt, checkpoint: Path | None, **settings: Any
) -> Model:
    """Train a bundled patch model on synthetic pictures; ``settings`` are those of `PatchTrainConfig`."""
    from ..models.registry import load_model
    from ..training.bundled_patch import train_bundled_patch
    from ..training.patch import PatchTrainConfig

    say("making the patches")
    first = None if start is None else load_model(start)
    training = train_bundled_patch(classes, PatchTrainConfig(**settings), start=first, checkpoint=checkpoint)
    _go_through(training, stop)
    return training.model(name)


def _go_through(training: TrainingLoop[Any, Any], stop: Interrupt) -> None:
    """Train until the budget is used up or somebody stops it, and tell how far it is."""
    smooth = 0.0
    for at in training.run():
        smooth = at.loss if not smooth else 0.98 * smooth + 0.02 * at.loss
        if at.step % 50 == 0:
            told = "".join(f", {name} {value:.2f}" for name, value in at.figures.items())
            say(f"step {at.step}, {100 * at.fraction:.1f} %, loss {smooth:.3f}{told}, {at.seconds:.0f} s")
        if stop():
            break


def _train_on(
    images: list[Path], config: TuneConfig, init: str | None, name: str, stop: Interrupt, checkpoint: Path | None
) -> Model:
    """Train on pictures; ends the program where it was stopped before the first step."""
    from ..training.own.findings import lines_of
    from ..training.own.session import Tuning

    tuning = Tuning(images, config, init=init, checkpoint=checkpoint)
    told, last = False, 0.0
    for at in tuning.run():
        if not told and len(tuning.findings) == len(tuning.sources):
            told = True
            for line in lines_of(tuning.findings):
                say(line)
        if time.monotonic() - last > _TELL or at.fraction >= 1:
            last = time.monotonic()
            say(at.message)
        if stop():
            break
    if not tuning.step:
        say("Interrupted before the first step; there is no model yet.")
        raise typer.Exit(INTERRUPTED)
    return tuning.model(name)
