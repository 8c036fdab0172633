"""How a distribution over sigma is read as one number: mean, median or most probable value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...ground.grid import ABOUT, KNEE, MIDDLE

if TYPE_CHECKING:
    from .judged_plane import Plane

READINGS = ("mean", "median", "quantiles", "argmax")


def read(p: Plane, grid: Plane, kind: str) -> Plane:
    """One sigma for every cell.

    Parameters
    ----------
    p : ndarray, shape (K, h, w)
        Probabilities, with the sum 1.
    grid : ndarray, shape (K,)
        Their sigmas, rising, pixels.
    kind : {"mean", "median", "quantiles", "argmax"}
        The median is the mean of what lies about it, as the models read it; so it is with quantiles.

    Returns
    -------
    ndarray, shape (h, w)
        Pixels.

    Examples
    --------
    >>> import numpy as np
    >>> p, grid = np.array([0.25, 0.5, 0.25])[:, None, None], np.array([1.0, 2.0, 3.0])
    >>> [float(read(p, grid, kind)[0, 0]) for kind in READINGS]
    [2.0, 2.0, 2.0, 2.0]
    """
    if kind == "mean":
        return np.asarray(np.tensordot(grid, p, axes=(0, 0)))
    if kind == "argmax":
        return np.asarray(grid[p.argmax(axis=0)])
    numbers = np.arange(len(grid))
    about = p * np.clip(2 - np.abs(numbers[:, None, None] - _quantile(p, 0.5)) / ABOUT, 0, 1)
    place = np.tensordot(numbers, about, axes=(0, 0)) / np.maximum(about.sum(axis=0), 1e-9)
    return np.asarray(np.interp(place, numbers, grid))


def _quantile(p: Plane, share: float) -> Plane:
    """Place on the grid, in steps, where a share of the probability is passed; that of each value fills its step."""
    passed = np.cumsum(p, axis=0)
    step = np.minimum((passed < share).sum(axis=0), len(p) - 1)
    inside, through = (np.take_along_axis(values, step[None], axis=0)[0] for values in (p, passed))
    return np.asarray(step + (share - through) / np.maximum(inside, 1e-9) + 0.5)


def spread_about(middle: Plane, p: Plane, grid: Plane, kind: str) -> Plane:
    """Spread of a distribution about a reading, (h, w), pixels, as `napari_blurmap.models.decode.decode` has it."""
    if kind == "quantiles":
        numbers, logarithms = np.arange(len(grid)), np.log(grid + KNEE)
        low, high = (np.interp(_quantile(p, share), numbers, logarithms) for share in MIDDLE)
        return np.asarray((high - low) / 2 * (middle + KNEE))
    if kind == "median":
        scale = middle + KNEE
        return np.asarray(spread_about(np.log(scale), p, np.log(grid + KNEE), "mean") * scale)
    mean, square = (np.tensordot(power, p, axes=(0, 0)) for power in (grid, grid**2))
    return np.asarray(np.sqrt(np.maximum(square - 2 * middle * mean + middle**2, 0)))
