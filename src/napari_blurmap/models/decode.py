"""From log-weights over a grid of sigma to numbers, and from truth to the weights to learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

#: Below this the grid is nearly linear, above it logarithmic, pixels.
_KNEE = 0.35


def sigma_grid(bins: int, largest: float) -> NDArray[np.float64]:
    """Values of sigma, pixels: from 0, nearly linear below the knee, logarithmic above.

    The last one stands for "blurrier than I can see".

    Examples
    --------
    >>> sigma_grid(4, 24.0).round(2).tolist()
    [0.0, 1.09, 5.6, 24.0]
    """
    u = np.linspace(np.log(_KNEE), np.log(largest + _KNEE), bins)
    return np.asarray(np.exp(u) - _KNEE)


class Decoded(NamedTuple):
    """Mean, spread and probabilities of the end bin and of structure; each (B, Y, X)."""

    sigma: Tensor
    spread: Tensor
    beyond: Tensor
    structure: Tensor


def decode(output: Tensor, grid: Tensor) -> Decoded:
    """Mean and standard deviation of the distribution over sigma.

    Parameters
    ----------
    output : Tensor, shape (B, K + 1, Y, X)
        Of `DenseNetwork`.
    grid : Tensor, shape (K,)
        Sigma in pixels, rising.

    Returns
    -------
    Decoded
        Sigma and spread in pixels; ``beyond`` the probability of a sigma in
        the upper half of the last step or above it.
    """
    weights = output[:, :-1].float().softmax(dim=1)
    column = grid.to(weights).view(1, -1, 1, 1)
    mean = (weights * column).sum(dim=1)
    variance = (weights * (column - mean.unsqueeze(1)) ** 2).sum(dim=1)
    return Decoded(mean, variance.sqrt(), weights[:, -1], output[:, -1].float().sigmoid())


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
