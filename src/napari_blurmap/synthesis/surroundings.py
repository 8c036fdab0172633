"""What lies beside a picture in the same frame: nothing, black, camera noise, gaps of a mosaic, another picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .exposure import loguniform
from .levels import blur_periodic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]


class Surroundings(NamedTuple):
    """A frame with something beside the picture.

    Parameters
    ----------
    picture : ndarray of float32, shape (Y, X)
        Grey levels over full scale.
    outside : ndarray of bool, shape (Y, X)
        Where the picture is not.
    known : bool
        Whether what is outside is marked as no data.
    other : OtherField or None
        What another picture outside is.
    """

    picture: Plane
    outside: NDArray[np.bool_]
    known: bool
    other: OtherField | None


class OtherField(NamedTuple):
    """A sharp picture: its light (Y, X), sigma in pixels, and the standard deviation of its noise."""

    light: Plane
    sigma: float
    noise: float


def _outside(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Beyond a disc or a rectangle, a half, or the gaps between fields."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    edge, kind = min(shape), rng.random()
    if kind < 0.35:
        centre, radius = rng.uniform(0.1, 0.9, 2) * shape, rng.uniform(0.3, 0.8) * edge
        return np.asarray((y - centre[0]) ** 2 + (x - centre[1]) ** 2 > radius**2)
    if kind < 0.6:
        angle = np.deg2rad(90.0 * rng.integers(4) if rng.random() < 0.6 else rng.uniform(0, 360))
        along = (x - rng.uniform(0.2, 0.8) * shape[1]) * np.cos(angle) + (
            y - rng.uniform(0.2, 0.8) * shape[0]
        ) * np.sin(angle)
        return np.asarray(along > 0)
    if kind < 0.8:
        low, high = rng.uniform(0, 0.3, 2) * shape, rng.uniform(0.6, 1.05, 2) * shape
        return ~np.asarray((y >= low[0]) & (y < high[0]) & (x >= low[1]) & (x < high[1]))
    period, gap = loguniform(rng, 60, 250), int(rng.integers(2, 13))
    rows, columns = ((a + rng.uniform(0, period)) % period < gap for a in (y, x))
    return np.asarray(rows | columns)


def surround(picture: Plane, other: Plane, rng: np.random.Generator) -> Surroundings:
    """Cut a picture out and lay something beside it.

    Parameters
    ----------
    picture : ndarray of float32, shape (Y, X)
        Grey levels over full scale.
    other : ndarray of float32, shape (Y, X)
        Another sharp periodic scene.
    rng : numpy.random.Generator
        Where, and what.

    Returns
    -------
    Surroundings
        The picture is unchanged where it still is.

    Examples
    --------
    >>> framed = surround(np.ones((64, 64), np.float32), np.ones((64, 64), np.float32), np.random.default_rng(0))
    >>> bool((framed.picture[~framed.outside] == 1).all())
    True
    """
    outside, kind = _outside(picture.shape, rng), rng.random()
    level = np.float32(rng.uniform(0, 0.6))
    field = None
    if kind < 0.45:
        beside: Plane | np.float32 = np.float32(0 if rng.random() < 0.8 else rng.random())
    elif kind < 0.58:
        noise = np.float32(loguniform(rng, 5e-4, 0.02)) * rng.standard_normal(picture.shape, dtype=np.float32)
        beside = np.clip(level + noise, 0, 1)
    else:
        sigma, strength = loguniform(rng, 0.2, 1.2), loguniform(rng, 2e-4, 5e-3)
        light = blur_periodic(other, np.full(picture.shape, sigma, np.float32))
        light = level + (1 - level) * np.float32(rng.uniform(0.3, 1)) * light
        field = OtherField(light, sigma, strength)
        beside = np.clip(light + np.float32(strength) * rng.standard_normal(picture.shape, dtype=np.float32), 0, 1)
    return Surroundings(np.where(outside, beside, picture).astype(np.float32), outside, kind < 0.3, field)
