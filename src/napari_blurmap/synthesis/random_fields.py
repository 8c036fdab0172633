"""How sigma runs over the training pictures: constant, ramps, sines, hills, hard borders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .exposure import loguniform
from .fields import sigma_ramp, sigma_sine
from .spectral import hills

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]

#: Share of fields that run from sharp to blurred within the crop, so that the network learns to follow them.
_STEEP = 0.25


def random_sigma(rng: np.random.Generator, largest: float) -> float:
    """Draw a sigma, pixels: three of four below 5."""
    return loguniform(rng, 0.2, 5.0) if rng.random() < 0.75 else loguniform(rng, 3.0, largest)


def random_field(shape: tuple[int, int], rng: np.random.Generator, largest: float) -> Plane:
    """Draw a sigma field: constant, ramp, sine, patches with hard borders, or smooth hills.

    Parameters
    ----------
    shape : (int, int)
        Y and X, pixels.
    rng : numpy.random.Generator
        Where the field comes from.
    largest : float
        Upper end of sigma, pixels.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        Sigma in pixels.
    """
    middle = random_sigma(rng, largest)
    spread = loguniform(rng, 1.05, 3.5)
    low, high = middle / spread, min(middle * spread, largest)
    if rng.random() < _STEEP:
        low, high = loguniform(rng, 0.1, 0.5), float(rng.uniform(2.0, 4.5))
        return field_between(shape, rng, low, high, middle, shares=(0.0, 0.3, 0.4, 0.15, 0.15))
    return field_between(shape, rng, low, high, middle)


def random_place(shape: tuple[int, int], rng: np.random.Generator) -> Plane:
    """Draw what runs from 0 to 1 over a picture, in any of these ways but the constant one."""
    return np.clip(field_between(shape, rng, 0.0, 1.0, 0.5, shares=(0.0, 0.4, 0.2, 0.1, 0.3)), 0, 1)


def field_between(
    shape: tuple[int, int],
    rng: np.random.Generator,
    low: float,
    high: float,
    middle: float,
    shares: tuple[float, ...] = (0.28, 0.27, 0.15, 0.15, 0.15),
) -> Plane:
    """Draw how sigma runs from ``low`` to ``high``, in any direction.

    Parameters
    ----------
    shape : (int, int)
        Y and X, pixels.
    rng : numpy.random.Generator
        Where the field comes from.
    low, high : float
        Ends of sigma, pixels.
    middle : float
        Sigma of a constant field, pixels.
    shares : tuple of 5 float
        Of constant fields, ramps, sines, patches with hard borders, and smooth hills.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        Sigma in pixels.
    """
    angle = float(rng.uniform(0, 360))
    kind = rng.choice(["constant", "ramp", "sine", "patches", "hills"], p=shares)
    if kind == "constant":
        return np.full(shape, middle, dtype=np.float32)
    if kind == "ramp":
        return sigma_ramp(shape, low, high, angle=angle)
    if kind == "sine":
        return sigma_sine(shape, low, high, loguniform(rng, 0.4, 2.5) * shape[1], angle=angle)
    place = hills(shape, rng)
    if kind == "patches":
        place = (place > rng.uniform(0.3, 0.7)).astype(np.float32)
    return np.asarray(low + (high - low) * place, dtype=np.float32)
