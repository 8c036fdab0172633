"""From log-weights over a grid of sigma to numbers, and from truth to the weights to learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from ..ground.grid import ABOUT, KNEE, MIDDLE

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
    how : {"quantiles", "median", "mean", "argmax"}, default="mean"
        The mean about the median (a small chance of a far larger sigma does not move it), which has two kinds of
        spread; the mean of all; or the most probable value of the grid.

    Returns
    -------
    Decoded
        Sigma and spread in pixels. In logarithms of ``sigma + 0.35``, times ``sigma + 0.35``, the spread is half of
        the width of the middle 68 % for "quantiles" and the root mean square for "median"; ``beyond`` is the
        probability of a sigma in the upper half of the last step or above it.
    """
    batch, _, height, width = output.shape
    bins = grid.numel()
    # A row a place: the order in memory that the network leaves, and that products of matrices want.
    rows = output.permute(0, 2, 3, 1).reshape(-1, output.shape[1]).float()
    weights, values = rows[:, :bins].softmax(dim=1), grid.to(rows)
    if how in ("quantiles", "median"):
        # As a product with a triangle it takes a fifth of the time of cumsum.
        passed = weights @ torch.ones(bins, bins, device=values.device, dtype=values.dtype).triu()
        sigma = _middle(weights, passed, values)
        # In logarithms, as the grid is spaced: else a small chance of a far larger sigma would be all of the spread.
        scale, logarithms = sigma + KNEE, (values + KNEE).log()
        if how == "quantiles":
            low, high = (_read(logarithms, _quantile(weights, passed, share)) for share in MIDDLE)
            spread = (high - low) / 2 * scale
        else:
            spread = _spread_about(scale.log(), weights, logarithms) * scale
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


def _quantile(weights: Tensor, passed: Tensor, share: float) -> Tensor:
    """Place on the grid, in steps, where a share of the probability is passed; that of each value fills its step."""
    step = torch.searchsorted(passed, passed.new_full((len(passed), 1), share)).clamp_max(passed.shape[1] - 1)
    inside = weights.gather(1, step).clamp_min(1e-9)
    return (step + (share - passed.gather(1, step)) / inside + 0.5).nan_to_num(0.0)


def _read(values: Tensor, place: Tensor) -> Tensor:
    """Straight lines between values at places on the grid, (N, 1) or (N,)."""
    place = place.flatten().clamp(0, len(values) - 1)
    low = place.long().clamp_max(len(values) - 2)
    return torch.lerp(values[low], values[low + 1], place - low)


def _middle(weights: Tensor, passed: Tensor, grid: Tensor) -> Tensor:
    """Mean of what lies about the median: the far parts of the distribution do not move it.

    The median alone would favour the values of the grid: a truth between two is learnt as a share of both.
    """
    numbers = torch.arange(grid.numel(), device=grid.device, dtype=grid.dtype)
    about = weights * (2 - (numbers - _quantile(weights, passed, 0.5)).abs() / ABOUT).clamp(0, 1)
    return _read(grid, (about @ numbers) / about.sum(dim=1).clamp_min(1e-9))


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
