"""The long training of the bundled model, on a GPU and the processor cores beside it.

``OPENBLAS_NUM_THREADS=1 PYTHONPATH=src python tools/long_training.py OUT --minutes 8`` goes on from the bundled
weights and leaves ``OUT/default.pt``; the same command with ``--finish``, on any machine, calibrates what is in there
and writes ``OUT/default.blurmap.safetensors``.
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
    parser.add_argument("--init", default="default", help="model to start from")
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--workers", type=int, default=12)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--echo", type=int, default=2)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    """Train, or finish."""
    given = vars(settings())
    out, finish = given.pop("out"), given.pop("finish")
    out.mkdir(parents=True, exist_ok=True)
    # The bundled weights were trained with the average statistics of the batch norms to the end.
    config = TrainConfig(**given, frozen_from=0.0)
    checkpoint = out / "default.pt"
    if finish:
        training = Training(replace(config, device="cpu"), checkpoint)
        training.config = config  # what the card tells
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


if __name__ == "__main__":
    main()
