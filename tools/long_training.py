"""The long training of a bundled model, on a GPU and the processor cores beside it, or on a processor alone.

``OPENBLAS_NUM_THREADS=1 PYTHONPATH=src python tools/long_training.py OUT --minutes 8`` goes on from the bundled
weights and leaves ``OUT/default.pt``; the same command with ``--finish``, on any machine, calibrates what is in there
and writes ``OUT/default.blurmap.safetensors``. ``--until 0.7`` stops there, so that the rest of the budget, and of the
fall of the rate, can go on with other crops (``--size``, ``--batch``); ``--mean OTHER.pt:2`` with ``--finish`` takes a
mean of the weights of several checkpoints, here of two parts of another and one of ``OUT/default.pt``.

The last leg of the bundled weights: ``--device cpu --workers 0 --rate 7e-4 --minutes 108 --until 0.9 --batch 12
--echo 3 --seed 121 --alike 3 --teacher before.blurmap.safetensors``, the teacher being the default before it had half
of the operations (``git show 7629844:src/napari_blurmap/models/weights/default.blurmap.safetensors``).
Crops of 128 pixels make more scenes a step for the same work (``--size 128 --batch 48 --echo 3``), but have little
beside them.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import torch

from napari_blurmap.training.dense import TrainConfig, Training

#: Crops that the model is calibrated on.
_VALIDATION = 3000


def settings() -> argparse.Namespace:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="a folder")
    parser.add_argument("--finish", action="store_true", help="calibrate and write the model")
    parser.add_argument("--mean", nargs="*", default=[], metavar="FILE:PART", help="other checkpoints to average")
    parser.add_argument("--until", type=float, default=1.0, help="share of the budget at which to stop")
    parser.add_argument("--init", default="default", help="model to start from")
    parser.add_argument("--teacher", help="model to learn from beside the truth")
    parser.add_argument("--alike", type=float, default=0.0, help="weight of reading the same beside something else")
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--workers", type=int, default=12)
    parser.add_argument("--size", type=int, default=256, help="edge of a crop, pixels")
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--echo", type=int, default=2)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def average(training: Training, others: list[str]) -> None:
    """Take other checkpoints into its averaged weights, each with its part; its own is one."""
    own = training.learned.state_dict()
    parts = [(own, 1.0)]
    for other in others:
        path, _, part = other.rpartition(":")
        known = torch.load(path, map_location="cpu", weights_only=True)["average"]
        parts.append(({name: known[f"module.{name}"] for name in own}, float(part)))
    total = sum(part for _, part in parts)
    mean = {name: sum(part / total * weights[name].double() for weights, part in parts) for name in own}
    training.learned.load_state_dict({name: values.to(own[name].dtype) for name, values in mean.items()})


def main() -> None:
    """Train, or finish."""
    given = vars(settings())
    out, finish, until, others = (given.pop(name) for name in ("out", "finish", "until", "mean"))
    out.mkdir(parents=True, exist_ok=True)
    # The bundled weights were trained with the average statistics of the batch norms to the end.
    config = TrainConfig(**given, frozen_from=0.0)
    checkpoint = out / "default.pt"
    if finish:
        training = Training(replace(config, device="cpu"), checkpoint)
        training.config = config  # what the card tells
        average(training, others)
        training.model(validation=_VALIDATION).save(out / "default.blurmap.safetensors", overwrite=True)
        return
    torch.backends.cudnn.benchmark = True
    losses: list[float] = []
    for at in Training(config, checkpoint).run():
        losses.append(at.loss)
        if at.step % 200 == 0:
            crops = at.step * config.batch / at.seconds
            print(
                f"step {at.step}, {at.fraction:.1%}, loss {fmean(losses[-200:]):.3f}, {crops:.0f} crops a second",
                flush=True,
            )
        if at.fraction >= until:
            break


if __name__ == "__main__":
    main()
