"""From log-weights over a grid of sigma to numbers, and from truth to the weights to learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

#: How a distribution becomes one number: its median, its mean, or its most probable value, as in the thesis.
DECODES = ("median", "mean", "argmax")
#: Below this the grid is nearly linear, above it logarithmic, pixels.
KNEE = 0.35


def sigma_grid(bins: int, largest: float) -> NDArray[np.float64]:
    """Values of sigma, pixels: from 0, nearly linear below the knee, logarithmic above.

    The last one stands for "blurrier than I can see".

    Examples
    --------
    >>> sigma_grid(4, 24.0).round(2).tolist()
    [0.0, 1.09, 5.57, 24.0]
    """
    u = np.linspace(np.log(KNEE), np.log(largest + KNEE), bins)
    return np.asarray(np.maximum(np.exp(u) - KNEE, 0.0))


class Decoded(NamedTuple):
    """Sigma, spread and probabilities of the end bin and of structure; each (B, Y, X)."""

    sigma: Tensor
    spread: Tensor
    beyond: Tensor
    structure: Tensor


def decode(output: Tensor, grid: Tensor, how: str = "mean") -> Decoded:
    """One number for the distribution over sigma, and the spread of the distribution about it.

    Parameters
    ----------
    output : Tensor, shape (B, K + 1, Y, X)
        Log-weights of sigma, and log-odds that there is structure.
    grid : Tensor, shape (K,)
        Sigma in pixels, rising.
    how : {"median", "mean", "argmax"}, default="mean"
        The median (a small chance of a far larger sigma does not move it), the
        mean, or the most probable value of the grid.

    Returns
    -------
    Decoded
        Sigma and spread in pixels, that about the median being the root mean
        square of ``log(sigma + 0.35)`` times ``sigma + 0.35``; ``beyond`` the probability of a sigma in
        the upper half of the last step or above it.
    """
    batch, _, height, width = output.shape
    # A row a place: the order in memory that the network leaves, and that products of matrices want.
    rows = output.permute(0, 2, 3, 1).reshape(-1, output.shape[1]).float()
    weights, values = rows[:, :-1].softmax(dim=1), grid.to(rows)
    if how == "median":
        sigma = _median(weights, values)
        # In logarithms, as the grid is spaced: else a small chance of a far larger sigma would be all of the spread.
        scale = sigma + KNEE
        spread = _spread_about(scale.log(), weights, (values + KNEE).log()) * scale
    else:
        sigma = weights @ values if how == "mean" else values[weights.argmax(dim=1)]
        spread = _spread_about(sigma, weights, values)
    parts = (sigma, spread, weights[:, -1], rows[:, -1].sigmoid())
    return Decoded(*(part.view(batch, height, width) for part in parts))


def _spread_about(middle: Tensor, weights: Tensor, values: Tensor) -> Tensor:
    """Root mean square distance from the middle."""
    first, second = (weights @ torch.stack([values, values**2], dim=1)).unbind(dim=1)
    return (second - 2 * middle * first + middle**2).clamp_min(0).sqrt()  # rounding may leave it below zero


def _median(weights: Tensor, grid: Tensor) -> Tensor:
    """Where half of the probability is passed; that of a grid value is spread evenly over its step."""
    # As a product with a triangle it takes a fifth of the time of cumsum.
    passed = weights @ torch.ones(grid.numel(), grid.numel(), device=grid.device, dtype=grid.dtype).triu()
    step = torch.searchsorted(passed, passed.new_full((len(passed), 1), 0.5)).clamp_max(grid.numel() - 1)
    share = weights.gather(1, step).clamp_min(1e-9)
    place = step + (0.5 - passed.gather(1, step)) / share + 0.5
    place = place.squeeze(1).nan_to_num(0.0).clamp(0, grid.numel() - 1)
    low = place.long().clamp_max(grid.numel() - 2)
    return torch.lerp(grid[low], grid[low + 1], place - low)


def soft_target(sigma: Tensor, grid: Tensor) -> Tensor:
    """Weights of the two nearest grid values whose mean is sigma.

    Parameters
    ----------
    sigma : Tensor, shape (B, Y, X)
        The truth, pixels; beyond the grid it counts as its last value.
    grid : Tensor, shape (K,)
        Sigma in pixels, rising.

    Returns
    -------
    Tensor, shape (B, K, Y, X)
        Sums to one over K.
    """
    inside = sigma.clamp(float(grid[0]), float(grid[-1]))
    upper = torch.searchsorted(grid, inside.contiguous()).clamp(1, grid.numel() - 1)
    low, high = grid[upper - 1], grid[upper]
    share = (inside - low) / (high - low)
    target = torch.zeros(*inside.shape, grid.numel(), device=sigma.device)
    target.scatter_(-1, upper.unsqueeze(-1), share.unsqueeze(-1))
    target.scatter_(-1, (upper - 1).unsqueeze(-1), (1 - share).unsqueeze(-1))
    return target.movedim(-1, 1)
