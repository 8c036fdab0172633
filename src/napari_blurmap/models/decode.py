"""From log-weights over a grid of sigma to numbers, and from truth to the weights to learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from ..ground.grid import ABOUT, KNEE

if TYPE_CHECKING:
    from torch import Tensor

#: Anisotropy of a line as thin as can be told, its minor axis a fourteenth of its major one.
_LARGEST = 0.99


class Decoded(NamedTuple):
    """What a network says of every place.

    Attributes
    ----------
    sigma, spread : Tensor, shape (B, Y, X)
        Of the distribution over sigma, pixels.
    beyond, structure : Tensor, shape (B, Y, X)
        Probabilities of the end bin, and that there is structure.
    anisotropy : Tensor, shape (B, 2, Y, X), or None
        e cos 2 theta and e sin 2 theta with e = (major**2 - minor**2) / (major**2 + minor**2) below 1, theta from
        +x towards +y; None of networks that do not give the shape.
    anisotropy_error : Tensor, shape (B, Y, X), or None
        Standard error of both.
    """

    sigma: Tensor
    spread: Tensor
    beyond: Tensor
    structure: Tensor
    anisotropy: Tensor | None = None
    anisotropy_error: Tensor | None = None


def decode(output: Tensor, grid: Tensor, how: str = "mean") -> Decoded:
    """One number for the distribution over sigma, and the spread of the distribution about it.

    Parameters
    ----------
    output : Tensor, shape (B, K + 1 or K + 4, Y, X)
        Log-weights of sigma, log-odds that there is structure, and the
        anisotropy with the logarithm of its error, as `DenseNetwork` gives them.
    grid : Tensor, shape (K,)
        Sigma in pixels, rising.
    how : {"median", "mean", "argmax"}, default="mean"
        The mean about the median (a small chance of a far larger sigma does not move it), the
        mean of all, or the most probable value of the grid.

    Returns
    -------
    Decoded
        Sigma and spread in pixels, that about the median being the root mean
        square of ``log(sigma + 0.35)`` times ``sigma + 0.35``; ``beyond`` the probability of a sigma in
        the upper half of the last step or above it.
    """
    batch, _, height, width = output.shape
    bins = grid.numel()
    # A row a place: the order in memory that the network leaves, and that products of matrices want.
    rows = output.permute(0, 2, 3, 1).reshape(-1, output.shape[1]).float()
    weights, values = rows[:, :bins].softmax(dim=1), grid.to(rows)
    if how == "median":
        sigma = _middle(weights, values)
        # In logarithms, as the grid is spaced: else a small chance of a far larger sigma would be all of the spread.
        scale = sigma + KNEE
        spread = _spread_about(scale.log(), weights, (values + KNEE).log()) * scale
    else:
        sigma = weights @ values if how == "mean" else values[weights.argmax(dim=1)]
        spread = _spread_about(sigma, weights, values)
    parts = (sigma, spread, weights[:, -1], rows[:, bins].sigmoid())
    decoded = Decoded(*(part.view(batch, height, width) for part in parts))
    if output.shape[1] == bins + 1:
        return decoded
    shape = output[:, bins + 1 : bins + 3].float()
    length = torch.hypot(shape[:, :1], shape[:, 1:])
    shape = shape * (length.clamp_max(_LARGEST) / length.clamp_min(1e-9))
    return decoded._replace(anisotropy=shape, anisotropy_error=output[:, bins + 3].float().exp())


def _spread_about(middle: Tensor, weights: Tensor, values: Tensor) -> Tensor:
    """Root mean square distance from the middle."""
    first, second = (weights @ torch.stack([values, values**2], dim=1)).unbind(dim=1)
    return (second - 2 * middle * first + middle**2).clamp_min(0).sqrt()  # rounding may leave it below zero


def _middle(weights: Tensor, grid: Tensor) -> Tensor:
    """Mean of what lies about the median: the far parts of the distribution do not move it.

    The median alone would favour the values of the grid: a truth between two is learnt as a share of both.
    """
    bins = grid.numel()
    # As a product with a triangle it takes a fifth of the time of cumsum.
    passed = weights @ torch.ones(bins, bins, device=grid.device, dtype=grid.dtype).triu()
    step = torch.searchsorted(passed, passed.new_full((len(passed), 1), 0.5)).clamp_max(bins - 1)
    share = weights.gather(1, step).clamp_min(1e-9)
    median = (step + (0.5 - passed.gather(1, step)) / share + 0.5).nan_to_num(0.0)
    numbers = torch.arange(bins, device=grid.device, dtype=grid.dtype)
    about = weights * (2 - (numbers - median).abs() / ABOUT).clamp(0, 1)
    place = ((about @ numbers) / about.sum(dim=1).clamp_min(1e-9)).clamp(0, bins - 1)
    low = place.long().clamp_max(bins - 2)
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
    target = torch.zeros(*inside.shape, grid.numel(), dtype=grid.dtype, device=grid.device)
    target.scatter_(-1, upper.unsqueeze(-1), share.unsqueeze(-1))
    target.scatter_(-1, (upper - 1).unsqueeze(-1), (1 - share).unsqueeze(-1))
    return target.movedim(-1, 1)
