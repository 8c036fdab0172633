"""Which width of a distribution over sigma its standard error is made of.

Expected: a small chance of a far larger sigma is most of the root mean square, also of its logarithms, and little of
what lies between two quantiles.

``python -m benchmarks.experiments.spread [--crops 300]``
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
import torch
from scipy.stats import spearmanr
from torch.nn import functional as F

import napari_blurmap as nb
from benchmarks.report import machine, table
from napari_blurmap.ground.grid import KNEE
from napari_blurmap.ground.status import LEAST_STRUCTURE, judged
from napari_blurmap.models.calibration import calibrated, standard_error
from napari_blurmap.models.decode import decode
from napari_blurmap.models.sizes import STRIDE
from napari_blurmap.training.evaluation import STRUCTURE
from napari_blurmap.training.synthetic_crops import SyntheticCrops, network_inputs

#: Places of each crop.
_PLACES = 600


def _quantiles(weights: torch.Tensor, logarithms: torch.Tensor, share: float) -> torch.Tensor:
    passed = weights.cumsum(dim=1)
    at = [torch.tensor([np.interp(s, row, logarithms) for row in passed.numpy()]) for s in (0.5 - share, 0.5 + share)]
    return at[1] - at[0]


#: From probabilities (N, K), the logarithms of their sigmas (K,), and distances of those from the reading (N, K).
WIDTHS = {
    "root mean square": lambda p, logs, d: (p * d**2).sum(dim=1).sqrt(),
    "root mean square, at most 0.5 each": lambda p, logs, d: (p * d.clamp(max=0.5) ** 2).sum(dim=1).sqrt(),
    "mean distance": lambda p, logs, d: (p * d).sum(dim=1),
    "middle 68 %": lambda p, logs, d: _quantiles(p, logs, 0.34),
    "middle 90 %": lambda p, logs, d: _quantiles(p, logs, 0.45),
}


def main() -> None:
    """Print how well each tells right from wrong readings, calibrated on every second held-out crop."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crops", type=int, default=300)
    count = parser.parse_args().crops
    model = nb.load_model("default")
    network, grid = model.network.fused(), torch.tensor(model.info.sigma_grid)
    crops = SyntheticCrops(256, count=count, seed=778, largest=1.25 * float(grid[-1]))
    rows = []
    for number in range(count):
        inputs, truth = crops[number]
        with torch.no_grad():
            output = network(*network_inputs(inputs[None]))
        read = decode(output, grid, "quantiles")
        sigma, structure, *_ = F.avg_pool2d(truth[None], STRIDE)[0]
        there = (structure > STRUCTURE) & (F.avg_pool2d(inputs[None, 1:2], STRIDE)[0, 0] > 0.5)
        there &= (read.structure[0] > LEAST_STRUCTURE) & (sigma < 0.9 * float(grid[-1]))
        chosen = torch.randperm(int(there.sum()), generator=torch.Generator().manual_seed(number))[:_PLACES]
        weights = output[0, : grid.numel()].softmax(dim=0)[:, there].T[chosen]
        found, logarithms = read.sigma[0][there][chosen], (grid + KNEE).log()
        distance = ((found + KNEE).log()[:, None] - logarithms).abs()
        widths = [width(weights, logarithms, distance) for width in WIDTHS.values()]
        parts = [found, sigma[there][chosen], torch.full_like(found, number), *widths]
        rows.append(torch.stack([part.double() for part in parts]).numpy())
    sigma, truth, crop, *widths = np.concatenate(rows, axis=1)
    learned, scale, off = crop % 2 == 0, sigma + KNEE, np.abs(sigma - truth)
    found_rows = []
    for name, width in zip(WIDTHS, widths, strict=True):
        known = [torch.from_numpy(values[learned]) for values in (sigma, width * scale, truth)]
        card = calibrated(replace(model.info, calibration={}), *known, floor=0.03).calibration
        tested = [torch.from_numpy(values[~learned]).float() for values in (sigma, width * scale)]
        error = standard_error(card, *tested).numpy()
        seen = judged(sigma[~learned], error, np.zeros(error.size, np.uint8))
        wrong = off[~learned] / scale[~learned]
        rank = spearmanr(error / scale[~learned], wrong)[0]
        sharp = seen[truth[~learned] < 0.8].mean()
        figures = (f"{rank:.2f}", f"{seen.mean():.0%}", f"{sharp:.0%}", f"{wrong[seen].mean():.3f}")
        found_rows.append([name, *figures, f"{(wrong[seen] > 0.5).mean():.1%}"])
    head = ["width", "rank correlation", "judged", "below 0.8 px", "error of judged", "wrong by half"]
    print(f"On: {machine()}. {count} held-out crops; errors relative to sigma + {KNEE} px.\n")
    print(table(head, found_rows))


if __name__ == "__main__":
    main()
