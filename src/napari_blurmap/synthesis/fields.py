"""Sigma fields: how the blur runs over a picture. All are float32 (Y, X), in pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import BlurMapError
from ..ground.arguments import number, whole, whole_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Field = NDArray[np.float32]


def _position(shape: tuple[int, int], axis: int, angle: float | None) -> NDArray[np.float64]:
    """Distance in pixels along an axis or a direction, 0 at the first pixel."""
    size = whole_numbers("shape", shape)
    if len(size) != 2 or min(size) < 1:
        raise BlurMapError(f"A sigma field needs a shape (Y, X) of at least 1 x 1 pixel; got {size!r}.")
    if angle is None:
        axis = whole("axis", axis)
        if axis not in (-2, -1, 0, 1):
            raise BlurMapError(f"axis is {axis!r}; expected -1 (along x) or -2 (along y), or an angle in degrees.")
        angle = 0.0 if axis in (-1, 1) else 90.0
    angle = number("angle", angle, "degrees")
    y, x = np.mgrid[: size[0], : size[1]]
    along = x * np.cos(np.deg2rad(angle)) + y * np.sin(np.deg2rad(angle))
    return np.asarray(along - along.min())


def _ends(low: float, high: float) -> tuple[float, float]:
    what = "a sigma in pixels, 0 or more"
    return number("low", low, what, least=0), number("high", high, what, least=0)


def sigma_ramp(shape: tuple[int, int], low: float, high: float, axis: int = -1, *, angle: float | None = None) -> Field:
    """Sigma that rises linearly from ``low`` to ``high`` across the picture.

    Parameters
    ----------
    shape : (int, int)
        Y and X, pixels.
    low, high : float
        Sigma at the first and at the last pixel, pixels; ``low`` may be the larger one.
    axis : int, default=-1
        -1 along x (over the columns), -2 along y.
    angle : float, optional
        Direction of the rise in degrees from x towards y, instead of ``axis``.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        Sigma in pixels.

    Examples
    --------
    >>> sigma_ramp((2, 4), 0.0, 3.0)[0].tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    low, high = _ends(low, high)
    along = _position(shape, axis, angle)
    return (low + (high - low) * along / max(float(along.max()), 1e-12)).astype(np.float32)


def sigma_sine(
    shape: tuple[int, int],
    low: float,
    high: float,
    period: float,
    axis: int = -1,
    *,
    angle: float | None = None,
) -> Field:
    """Sigma that swings as a sine between ``low`` and ``high``.

    Parameters
    ----------
    shape : (int, int)
        Y and X, pixels.
    low, high : float
        The smallest and the largest sigma, pixels.
    period : float
        Pixels; the thesis's ``1.55 + 1.45 sin(0.02 x)`` is ``low=0.1,
        high=3.0, period=2 * pi / 0.02``, starting at x = 1.
    axis, angle
        As in `sigma_ramp`.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        ``(low + high) / 2 + (high - low) / 2 * sin(2 pi (n + 1) / period)`` at pixel n.

    Examples
    --------
    >>> sigma_sine((1, 4), 1.0, 3.0, 4.0)[0].round(1).tolist()
    [3.0, 2.0, 1.0, 2.0]
    """
    low, high = _ends(low, high)
    period = number("The period", period, "a number of pixels above 0", above=0)
    along = _position(shape, axis, angle)
    swing = np.sin(2.0 * np.pi * (along + 1.0) / period)
    return (0.5 * (low + high) + 0.5 * (high - low) * swing).astype(np.float32)


def sigma_step(
    shape: tuple[int, int],
    low: float,
    high: float,
    axis: int = -1,
    *,
    angle: float | None = None,
    at: float = 0.5,
) -> Field:
    """Sigma that jumps from ``low`` to ``high`` at the fraction ``at`` of the way.

    Parameters
    ----------
    shape, low, high, axis, angle
        As in `sigma_ramp`.
    at : float, default=0.5
        Where the step is, as a fraction of the extent.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        Sigma in pixels.

    Examples
    --------
    >>> sigma_step((1, 4), 0.5, 2.0)[0].tolist()
    [0.5, 0.5, 2.0, 2.0]
    """
    low, high = _ends(low, high)
    along = _position(shape, axis, angle)
    return np.where(along < at * (along.max() + 1e-9), low, high).astype(np.float32)
