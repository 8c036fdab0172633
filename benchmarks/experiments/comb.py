"""Whether estimates prefer the values of the network's grid to those between them.

A truth that rises evenly must be read as often near a value of the grid as between two. Expected: a ratio of 1 for the
mean about the median, if the part of the distribution that counts as about it is wide enough (`_ABOUT` in
ground/grid.py).

``python -m benchmarks.experiments.comb [--models NAME_OR_FILE ...]``
"""

from __future__ import annotations

import argparse

import numpy as np

import napari_blurmap as nb
from benchmarks.report import machine, table
from napari_blurmap.synthesis.textures import power_law

#: Edge of a texture, pixels; textures; the ramp, pixels, and the part of it that is looked at.
EDGE, TEXTURES, RAMP, INSIDE = 384, 12, (0.5, 3.0), (0.7, 2.8)


def places(model: str) -> np.ndarray:
    """Of every estimate, how far it lies from one value of the grid towards the next."""
    grid = np.asarray(nb.load_model(model).info.sigma_grid)
    grid = grid[(grid > INSIDE[0]) & (grid < INSIDE[1])]
    found = []
    for seed in range(TEXTURES):
        rng = np.random.default_rng(seed)
        scene = power_law((EDGE, EDGE), rng, exponent=float(rng.uniform(0.9, 1.4)))
        blurred = nb.apply_blur(scene, nb.sigma_ramp((EDGE, EDGE), *RAMP))
        noisy = 128 + 40 * (blurred - blurred.mean()) / blurred.std() + rng.normal(0, 0.5, blurred.shape)
        read = nb.estimate_blur(np.clip(np.rint(noisy), 0, 255).astype(np.uint8), model=model).masked().sigma
        read = read[(read > grid[0]) & (read < grid[-1])]
        found.append(np.interp(read, grid, np.arange(grid.size)) % 1)
    return np.concatenate(found)


def main() -> None:
    """Print the ratio of each model, and its density in fifths of a step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["default"])
    rows = []
    for model in parser.parse_args().models:
        counts = np.histogram(places(model), 10, (0, 1))[0]
        counts = counts / counts.mean()
        ratio = (counts[0] + counts[-1]) / (counts[4] + counts[5])
        rows.append([model, f"{ratio:.2f}", " ".join(f"{c:.2f}" for c in counts)])
    print(f"On: {machine()}. Estimates near values of the grid over those half-way; all tenths of a step.\n")
    print(table(["model", "ratio", "tenths"], rows))


if __name__ == "__main__":
    main()
