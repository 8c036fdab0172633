"""Where the blur is surely not round, and the motion that would make it so, in a few figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .motion import line_of
from .shape import principal_axes

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: An ellipse that noise alone makes of a round blur in one place of 3000 is surely none: so many standard errors.
#: In one place of 20 noise makes one of so many: where far more places have such and one direction, it is none either.
_SURE, _LIKELY = 4.0, 2.45
#: Ellipticity from which an ellipse is more than the detail of a specimen makes: axes of 1.16 to 1.
_LEAST = 0.15
#: Shares of the judged places from which the one and the other speak for a picture.
_ENOUGH, _MANY = 0.1, 0.5
#: Length of the mean of unit vectors at twice the angles, from which there is one direction.
_ONE_WAY = 0.7


def share_not_round(first: NDArray[Any], second: NDArray[Any], error: NDArray[Any]) -> float:
    """Share of places whose ellipse neither noise nor a specimen makes of a round blur.

    Parameters
    ----------
    first, second, error : ndarray, shape (N,)
        Ellipticity and its standard error at judged places, as `napari_blurmap.BlurMap` holds them.

    Returns
    -------
    float
        0 where too few are: noise makes ellipses of some places.

    Examples
    --------
    >>> share_not_round(np.array([0.3, 0.3, 0.1]), np.zeros(3), np.array([0.05, 0.2, 0.01]))
    0.3333333333333333
    """
    found = _not_round(first, second, error)
    return float(found.mean()) if found.size else 0.0


def motion_figures(places: NDArray[np.float32], pixel_length: float | None) -> dict[str, Any] | None:
    """The motion that would make the blur of a picture what it is.

    Parameters
    ----------
    places : ndarray, shape (5, N)
        Sigma, uncertainty and the three numbers of the shape at judged places.
    pixel_length : float, optional
        Side of a pixel, in any unit.

    Returns
    -------
    dict or None
        ``share`` of the places that are not round; over these the median ``length`` of the line with the standard error
        of one place ``length_error``, pixels, and ``length_in_unit``; ``angle``, degrees from +x towards +y, None where
        there is no one direction, and ``angle_spread``, its standard deviation from place to place. None where
        `share_not_round` is 0.

    Examples
    --------
    >>> places = np.tile([[2.0], [0.05], [0.0], [0.8], [0.02]], 100)
    >>> found = motion_figures(places, 0.5)
    >>> round(found["length"], 1), round(found["length_in_unit"], 1), round(found["angle"])
    (8.0, 4.0, 45)
    """
    if not (share := share_not_round(*places[2:])):
        return None
    axes = principal_axes(*places[:, _not_round(*places[2:])])
    line = line_of(axes)
    length = float(np.median(line.length))
    angle, spread = _direction(axes.angle)
    return {
        "share": share,
        "length": length,
        "length_error": float(np.median(line.error)),
        "length_in_unit": None if pixel_length is None else length * pixel_length,
        "angle": angle,
        "angle_spread": spread,
    }


def shape_figures(places: NDArray[np.float32]) -> dict[str, Any] | None:
    """Median axes of the blur at judged places, and the angle of the longer one.

    Parameters
    ----------
    places : ndarray, shape (5, N)
        As for `motion_figures`; shape (0, ...) of models that give no shape.

    Returns
    -------
    dict or None
        ``major`` and ``minor``, pixels; ``angle``, degrees from +x towards +y, None where the blur is round within
        the errors at most of the places, or has no one direction.

    Examples
    --------
    >>> found = shape_figures(np.tile([[2.0], [0.05], [0.0], [0.6], [0.02]], 100))
    >>> round(found["major"], 2), round(found["minor"], 2), round(found["angle"])
    (2.53, 1.27, 45)
    """
    if not places.size:
        return None
    axes = principal_axes(*places)
    told = axes.angle[np.isfinite(axes.angle)]
    angle = _direction(told)[0] if told.size > places.shape[1] / 2 else None
    return {"major": float(np.median(axes.major)), "minor": float(np.median(axes.minor)), "angle": angle}


def _direction(angles: NDArray[Any]) -> tuple[float, float] | tuple[None, None]:
    """The one direction of some lines and its standard deviation, degrees; None where there is none."""
    mean = complex(np.exp(2j * np.radians(angles.astype(np.float64))).mean())
    if abs(mean) <= _ONE_WAY:
        return None, None
    spread = np.degrees(np.sqrt(max(-2 * np.log(abs(mean)), 0.0))) / 2
    return float(np.degrees(np.angle(mean)) / 2 % 180), float(spread)


def _not_round(first: NDArray[Any], second: NDArray[Any], error: NDArray[Any]) -> NDArray[np.bool_]:
    size = np.hypot(first, second)
    surely, likely = (np.asarray(size > np.maximum(times * error, _LEAST)) for times in (_SURE, _LIKELY))
    if surely.size and surely.mean() >= _ENOUGH:
        return surely
    if likely.size and likely.mean() >= _MANY:
        ways = (first + 1j * second)[likely] / size[likely]
        if abs(ways.mean()) > _ONE_WAY:
            return likely
    return np.zeros_like(surely)
