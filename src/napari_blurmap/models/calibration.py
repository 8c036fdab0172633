"""Standard errors: learned on held-out places from the spread of the distributions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch

from ..ground.grid import KNEE

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor

    from .info import ModelInfo

    Floats: TypeAlias = NDArray[np.float64]

#: Bins of equal count along the relative spread and along sigma: the first is what the network says of a place, the
#: second only a correction.
_SPREADS, _SIGMAS = 20, 8
#: Curve of the shape's standard error.
SHAPE_CURVES = ("shape", "shape_error")


def standard_error(calibration: dict[str, Any], sigma: Tensor, spread: Tensor) -> Tensor:
    """Standard error of sigma, pixels, from the spread of the distribution.

    Parameters
    ----------
    calibration : dict
        For the relative spread ``spread / (sigma + 0.35)`` the relative error
        that 68 % of a held-out set stay below, and for sigma by how much
        errors there are larger or smaller than that; under "floor" a relative
        error that comes on top, in quadrature. Empty: the spread itself is the
        error.
    sigma, spread : Tensor
        Of one shape, pixels.

    Returns
    -------
    Tensor
        Of that shape.
    """
    if "spread" not in calibration:
        return spread
    known = _logarithms(calibration, sigma)
    scale = sigma + KNEE
    logarithm = _interpolated(torch.log(spread / scale + 1e-6), known["spread"], known["error"], beyond=1.0)
    if "sigma" in known:
        logarithm = logarithm + _interpolated(torch.log(scale), known["sigma"], known["factor"], beyond=0.0)
    error = torch.exp(logarithm)
    if "floor" in calibration:
        error = torch.hypot(error, error.new_tensor(calibration["floor"]))
    return error * scale


def shape_error(calibration: dict[str, Any], stated: Tensor) -> Tensor:
    """Standard error of each component of the shape.

    Parameters
    ----------
    calibration : dict
        Under "shape" errors that the network states, and under "shape_error" those that it made where it stated them.
    stated : Tensor
        By the network.

    Returns
    -------
    Tensor
        Of that shape.
    """
    if "shape" not in calibration:
        return stated
    known = _logarithms(calibration, stated)
    return torch.exp(_interpolated(torch.log(stated), known["shape"], known["shape_error"], beyond=1.0))


def calibrated_shape(info: ModelInfo, wrong: Tensor, stated: Tensor) -> ModelInfo:
    """Card with the standard error of the shape calibrated on held-out places.

    Parameters
    ----------
    info : ModelInfo
        The card to complete.
    wrong : Tensor, shape (N, 2)
        By how much both components are wrong.
    stated : Tensor, shape (N,)
        The error that the network states.

    Returns
    -------
    ModelInfo
        With the root mean square error at what is stated; as most places are round, 68 % of them would say too little.
    """
    if not stated.numel():
        return info
    off = wrong.double().square().mean(dim=1).numpy()
    x, square = _binned(stated.double().numpy(), off, _SPREADS, np.mean)
    error = np.sqrt(np.maximum.accumulate(square))
    return replace(info, calibration=info.calibration | {"shape": x.tolist(), "shape_error": error.tolist()})


def calibrated(
    info: ModelInfo, sigma: Tensor, spread: Tensor, truth: Tensor, *, floor: float | None = None
) -> ModelInfo:
    """Card with the standard error calibrated on held-out places.

    Parameters
    ----------
    info : ModelInfo
        The card to complete.
    sigma, spread, truth : Tensor, shape (N,)
        Estimate, spread of its distribution and truth, pixels, at places with structure.
    floor : float, optional
        Relative error of what the held-out places cannot tell; it comes on top.

    Returns
    -------
    ModelInfo
        With ``calibration``: the error rises with the spread. As it was, where
        there are no places: then the spread itself is the error.
    """
    if not sigma.numel():
        return info
    scale = (sigma + KNEE).numpy()
    relative = spread.numpy() / scale + 1e-6
    error = np.abs((sigma - truth).numpy()) / scale
    # The same spread means a smaller error where it is sharp, a larger one where it is far out of focus: two
    # factors, fitted in turn.
    x = y = at = factor = np.ones(1)
    for _ in range(3):
        by_sigma = np.exp(np.interp(np.log(scale), np.log(at), np.log(factor)))
        x, y = _binned(relative, error / by_sigma, _SPREADS, _below)
        y = np.maximum.accumulate(y)
        by_spread = np.exp(np.interp(np.log(relative), np.log(x), np.log(y)))
        at, factor = _binned(scale, error / by_spread, _SIGMAS, _below)
    found = {"spread": x.tolist(), "error": y.tolist(), "sigma": at.tolist(), "factor": factor.tolist()}
    found |= {} if floor is None else {"floor": [floor]}
    return replace(info, calibration=info.calibration | found)


def _below(errors: NDArray[np.floating]) -> float:
    """What 68 % of errors stay below."""
    return float(np.quantile(errors, 0.683))


def _binned(
    x: NDArray[np.floating], y: NDArray[np.floating], knots: int, of: Callable[[NDArray[np.floating]], Any]
) -> tuple[Floats, Floats]:
    """Median of x, and a figure of y, in bins of equal count along x."""
    parts = [part for part in np.array_split(np.argsort(x), knots) if part.size]
    middle = np.array([np.median(x[part]) for part in parts], dtype=float)
    figure = np.array([max(float(of(y[part])), 1e-4) for part in parts], dtype=float)
    new = np.append(True, np.diff(middle) > 1e-3 * middle[:-1])
    return middle[new], figure[new]


def _logarithms(calibration: dict[str, Any], like: Tensor) -> dict[str, Tensor]:
    curves = {name: values for name, values in calibration.items() if name != "floor"}
    return {name: torch.tensor(values, dtype=torch.float32).log().to(like) for name, values in curves.items()}


def _interpolated(x: Tensor, knots: Tensor, values: Tensor, *, beyond: float) -> Tensor:
    """Straight lines between knots; outside as far as ``beyond`` steps on, then level."""
    if knots.numel() == 1:
        return values.expand_as(x)
    upper = torch.searchsorted(knots, x.contiguous()).clamp(1, knots.numel() - 1)
    t = (x - knots[upper - 1]) / (knots[upper] - knots[upper - 1])
    return torch.lerp(values[upper - 1], values[upper], t.clamp(-beyond, 1 + beyond))
