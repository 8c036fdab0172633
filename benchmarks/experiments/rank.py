"""3x3 convolutions of limited rank: what the bundled network loses when each is replaced by the nearest one.

Tried: a column of 3 and a row of 3 with fewer channels between them, from the singular value decomposition of the
bundled weights, before any training. Expected: half of the operations for an error that a training wins back.

``python -m benchmarks.experiments.rank [--crops 60]``
"""

from __future__ import annotations

import time
from dataclasses import replace

import torch

import napari_blurmap as nb
from napari_blurmap.models.dense import DenseNetwork
from napari_blurmap.models.sizes import DenseConfig
from napari_blurmap.training.evaluation import read_crops
from napari_blurmap.training.synthetic_crops import SyntheticCrops

from ..report import arguments, table

RANKS = (0.0, 0.5, 0.625, 0.75, 1.0)
EDGE = 512


def operations(network: DenseNetwork) -> float:
    """Multiplications a pixel, counted in the convolutions as they run."""
    done: list[int] = []
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(
                lambda m, _, out: done.append(m.weight.numel() * out.shape[-1] * out.shape[-2])
            )
    with torch.inference_mode():
        network(torch.zeros(1, 1, EDGE, EDGE), torch.ones(1, 1, EDGE, EDGE))
    return sum(done) / EDGE**2


def seconds(network: DenseNetwork) -> float:
    """Processor time of a picture of a megapixel, the least of three."""
    picture, valid = torch.randn(1, 1, 1024, 1024), torch.ones(1, 1, 1024, 1024)
    times = []
    with torch.inference_mode():
        for _ in range(3):
            start = time.process_time()
            network(picture, valid)
            times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--crops", type=int, default=60)
    crops = parser.parse_args().crops
    torch.set_num_threads(1)
    model = nb.load_model("default")
    sizes, grid = DenseConfig(**model.info.sizes), torch.tensor(model.info.sigma_grid)
    data = SyntheticCrops(256, count=crops, seed=10**6, largest=1.25 * float(grid[-1]))
    held_out = [data[i] for i in range(crops)]
    rows, whole = [], 0.0
    for rank in RANKS:
        network = DenseNetwork(replace(sizes, rank=rank))
        network.start_from(model.network)
        estimator = network.eval().fused()
        read = read_crops(estimator, grid, held_out, model.info.decode)
        read = read.where((read.structure > 0.5) & (read.truth < 0.9 * float(grid[-1])))
        error = ((read.sigma - read.truth).abs() / (read.truth + 0.35)).median()
        taken = seconds(estimator)
        whole = whole or taken
        name = f"{rank:g}" if rank else "whole"
        rows.append([name, f"{operations(estimator) / 1000:.1f} k", f"{taken / whole:.2f}", f"{float(error):.3f}"])
    print(table(["rank", "multiplications a pixel", "time", "median error over sigma + 0.35 px"], rows))


if __name__ == "__main__":
    main()
