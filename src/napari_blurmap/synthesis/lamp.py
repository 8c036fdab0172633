"""Uneven light over a field: lamps and condensers that fall off, stitched fields, haze without a specimen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .exposure import loguniform
from .fields import sigma_step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]


def random_lamp(shape: tuple[int, int], rng: np.random.Generator) -> Plane:
    """Draw how bright the light is over a field.

    Parameters
    ----------
    shape : (int, int)
        Y and X, pixels: a part of a field that may be several times as large.
    rng : numpy.random.Generator
        Where the lamp comes from.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        To multiply a picture with: 1 at most, by 2 to 80 % less somewhere; a quadratic, cosine or linear fall-off, or
        a step along a row or a column, as where two fields are joined.

    Examples
    --------
    >>> lamp = random_lamp((32, 32), np.random.default_rng(0))
    >>> bool((lamp > 0).all()), float(lamp.max())
    (True, 1.0)
    """
    depth, kind = loguniform(rng, 0.02, 0.8), rng.random()
    if kind < 0.12:
        lamp = sigma_step(shape, 1.0, 1 - 0.5 * depth, int(rng.integers(2)), at=float(rng.uniform(0.1, 0.9)))
    else:
        across = loguniform(rng, 1.0, 4.0) * max(shape)
        y, x = (np.arange(n, dtype=np.float32) / across - rng.uniform(-0.2, n / across + 0.2) for n in shape)
        squeezed = np.float32(rng.uniform(0.5, 1))
        r = np.hypot(y[:, None], squeezed * x[None, :])
        r = r / r.max()
        lamp = 1 - np.float32(depth) * (r**2 if kind < 0.5 else np.sin(np.pi / 2 * r) ** 2 if kind < 0.8 else r**3)
    lamp = lamp / lamp.max()
    return np.asarray(lamp[:: int(rng.choice((1, -1)))], dtype=np.float32)
