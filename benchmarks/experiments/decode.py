"""Which number to take of a distribution over sigma.

Expected: the median is unbiased where a small chance of a far larger sigma pulls the mean up.

``python -m benchmarks.experiments.decode [--repeats 4]``
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np

import napari_blurmap as nb
from benchmarks.bound import EXPONENTS, LEVELS, SIGMAS, texture
from benchmarks.report import machine, table
from napari_blurmap.ground.grid import KNEE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating]


def quantile(weights: Floats, grid: Floats, share: float) -> Floats:
    """Where a share of the probability is passed, that of each grid value being spread over its step."""
    passed = np.concatenate([np.zeros((1, weights.shape[1])), np.cumsum(weights, axis=0)])
    edges = np.concatenate([grid[:1], (grid[1:] + grid[:-1]) / 2, grid[-1:]])
    return np.array([np.interp(share, column, edges) for column in passed.T])


def middle(weights: Floats, grid: Floats, share: float) -> Floats:
    """Mean of the middle of the distribution."""
    passed = np.cumsum(weights, axis=0)
    low, high = (1 - share) / 2, (1 + share) / 2
    inside = np.clip(passed, low, high) - np.clip(passed - weights, low, high)
    return grid @ inside / share


#: From probabilities, shape (K, N), and their sigmas, shape (K,), to N numbers.
READINGS = {
    "mean": lambda weights, grid: grid @ weights,
    "median": lambda weights, grid: quantile(weights, grid, 0.5),
    "mean of the middle 80 %": lambda weights, grid: middle(weights, grid, 0.8),
    "mean of the middle 50 %": lambda weights, grid: middle(weights, grid, 0.5),
    "mean of log(sigma + 0.35)": lambda weights, grid: np.exp(np.log(grid + KNEE) @ weights) - KNEE,
    "most probable": lambda weights, grid: grid[weights.argmax(axis=0)],
}


def main() -> None:
    """Print RMSE and bias of the median over the map, for textures of three strengths of noise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=4, help="textures of every kind")
    repeats = parser.parse_args().repeats
    rng = np.random.default_rng(0)
    found: dict[str, list[str]] = {name: [] for name in READINGS}
    for deviation, noise in LEVELS:
        errors: dict[str, list[float]] = {name: [] for name in READINGS}
        for exponent in EXPONENTS:
            for sigma in SIGMAS:
                for _ in range(repeats):
                    picture = texture(rng, deviation, noise, exponent, sigma)
                    m = nb.estimate_blur(picture, keep_probabilities=True)
                    grid = np.asarray(m.sigma_grid, dtype=float)
                    weights = np.asarray(m.probabilities, dtype=float).reshape(grid.size, -1)
                    for name, reading in READINGS.items():
                        errors[name].append(float(np.median(reading(weights, grid))) - sigma)
        for name, off in errors.items():
            found[name].append(f"{np.sqrt(np.mean(np.square(off))):.2f} ({np.mean(off):+.2f})")
    print(f"On: {machine()}. RMSE (bias) of the map's median, px; 64 x 64 power-law textures, deviation / noise.\n")
    print(table(["taken", *(f"{a:.0f} / {b:.0f}" for a, b in LEVELS)], [[name, *row] for name, row in found.items()]))


if __name__ == "__main__":
    main()
