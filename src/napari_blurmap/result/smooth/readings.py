"""How a distribution over sigma is read as one number: mean, median or most probable value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...ground.grid import ABOUT, KNEE

if TYPE_CHECKING:
    from .judged_plane import Plane

READINGS = ("mean", "median", "argmax")


def read(p: Plane, grid: Plane, kind: str) -> Plane:
    """One sigma for every cell.

    Parameters
    ----------
    p : ndarray, shape (K, h, w)
        Probabilities, with the sum 1.
    grid : ndarray, shape (K,)
        Their sigmas, rising, pixels.
    kind : {"mean", "median", "argmax"}
        The median is the mean of what lies about it, as the models read it.

    Returns
    -------
    ndarray, shape (h, w)
        Pixels.

    Examples
    --------
    >>> import numpy as np
    >>> p, grid = np.array([0.25, 0.5, 0.25])[:, None, None], np.array([1.0, 2.0, 3.0])
    >>> [float(read(p, grid, kind)[0, 0]) for kind in READINGS]
    [2.0, 2.0, 2.0]
    """
    if kind == "mean":
        return np.asarray(np.tensordot(grid, p, axes=(0, 0)))
    if kind == "argmax":
        return np.asarray(grid[p.argmax(axis=0)])
    passed, numbers = np.cumsum(p, axis=0), np.arange(len(grid))
    step = np.minimum((passed < 0.5).sum(axis=0), len(grid) - 1)
    inside = np.take_along_axis(p, step[None], axis=0)[0]
    through = np.take_along_axis(passed, step[None], axis=0)[0]
    median = step + (0.5 - through) / np.maximum(inside, 1e-9) + 0.5
    about = p * np.clip(2 - np.abs(numbers[:, None, None] - median) / ABOUT, 0, 1)
    place = np.tensordot(numbers, about, axes=(0, 0)) / np.maximum(about.sum(axis=0), 1e-9)
    return np.asarray(np.interp(place, numbers, grid))


def spread_about(middle: Plane, p: Plane, grid: Plane, kind: str) -> Plane:
    """Root mean square distance of a distribution from a reading, (h, w), pixels; from a median in logarithms."""
    if kind == "median":
        scale = middle + KNEE
        return np.asarray(spread_about(np.log(scale), p, np.log(grid + KNEE), "mean") * scale)
    mean, square = (np.tensordot(power, p, axes=(0, 0)) for power in (grid, grid**2))
    return np.asarray(np.sqrt(np.maximum(square - 2 * middle * mean + middle**2, 0)))
