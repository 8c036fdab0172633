"""Values for the places that could not be judged, from judged places around them and from uncertain readings.

The filled plane u minimises

    sum of w (u - sigma)^2 over pixels with a reading  +  sum of c (u_i - u_j)^2 over neighbours,

with w proportional to 1/uncertainty^2 and c small where the picture changes between two neighbours: values
spread through even ground and stop at the outlines of objects (weighted least squares). It is solved from
coarse to fine, a few steps of conjugate gradients on every level of a pyramid, so that wide empty ground
costs no more than small gaps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter

from ..ground.arrays import blank, is_lazy, map_planes, without_masked
from ..ground.luminance import luminance
from ..ground.status import Array
from .smooth.least_squares import System, conjugate_gradients, ties

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ..picture.stack import Stack

    Plane = NDArray[np.float32]

# Weight of a judged pixel of median uncertainty against the tie between two neighbours on even ground: the
# fill starts from averages over about 1/sqrt(0.01) = 10 px of judged ground, not from single noisy pixels.
_DATA_WEIGHT = 0.01
# Averages noise in the picture and leaves outlines where they are, px.
_SMOOTHING = 0.8
_COARSEST = 8
# Conjugate gradient steps on a level: many where they are cheap.
_STEPS, _LEAST_STEPS, _PIXEL_STEPS = 400, 10, 5e7


class _Level(NamedTuple):
    weight: Plane
    weighted_value: Plane
    picture: Plane | None


def fill_from_judged(
    sigma: ArrayLike,
    uncertainty: ArrayLike,
    judged: ArrayLike,
    image: ArrayLike | None = None,
    hints: ArrayLike | None = None,
) -> Plane:
    """Fill the places of one plane that were not judged from judged ones.

    Parameters
    ----------
    sigma, uncertainty : array, shape (Y, X)
        Blur and its standard error, pixels. Only judged pixels and hints are
        read.
    judged : array of bool, shape (Y, X)
        Where sigma may be believed.
    image : array, shape (Y, X) or (Y, X, 1 to 4), optional
        The picture: its edges keep values of one object out of the next.
        Without it values spread evenly.
    hints : array of bool, shape (Y, X), optional
        Where sigma is a reading, but too uncertain to be judged: it counts
        by its standard error.

    Returns
    -------
    array of float32, shape (Y, X)
        Judged pixels as they were, every other one between the smallest and
        the largest value read; all NaN where nothing was judged.

    Notes
    -----
    Weighted least squares [1]_ by cascadic conjugate gradients.

    References
    ----------
    .. [1] Z. Farbman, R. Fattal, D. Lischinski, R. Szeliski, "Edge-preserving decompositions for
       multi-scale tone and detail manipulation", ACM Trans. Graph. 27(3), 67 (2008).

    Examples
    --------
    >>> import numpy as np
    >>> sigma = np.array([[1.0, np.nan, np.nan, 1.0]])
    >>> fill_from_judged(sigma, np.full((1, 4), 0.1), np.isfinite(sigma))
    array([[1., 1., 1., 1.]], dtype=float32)
    """
    value = np.asarray(sigma, np.float32)
    error = np.asarray(uncertainty, np.float32)
    known = np.asarray(judged, bool) & np.isfinite(value) & np.isfinite(error)
    if not known.any():
        return np.full(value.shape, np.nan, np.float32)
    if known.all():
        return value.copy()
    read = known if hints is None else known | (np.asarray(hints, bool) & np.isfinite(value) & np.isfinite(error))
    weight = _weights(error, known, read)
    levels = [_Level(weight, weight * np.where(read, value, 0), _guide(image))]
    while max(levels[-1].weight.shape) > _COARSEST:
        fine = levels[-1]
        picture = None if fine.picture is None else _halved(fine.picture, mean=True)
        levels.append(_Level(_halved(fine.weight), _halved(fine.weighted_value), picture))
    filled = _solve_upwards(levels)
    np.clip(filled, value[read].min(), value[read].max(), out=filled)
    filled[known] = value[known]
    return filled


def fill_planes(
    sigma: Array, uncertainty: Array, judged: Array, guide: Stack | None = None, hints: Array | None = None
) -> Array:
    """Fill every plane of a map by itself with `fill_from_judged`.

    Parameters
    ----------
    sigma, uncertainty, judged : array, shape (..., Y, X)
        Blur, standard error and where they may be believed; numpy or dask.
    guide : Stack, optional
        The picture, with the shape of the map; of a colour picture the luminance.
    hints : array of bool, shape (..., Y, X), optional
        As `fill_from_judged` takes them.

    Returns
    -------
    array of float32, shape (..., Y, X)
        Lazy where the map is; then a plane is computed in one piece,
        whatever its chunks. Of a lazy picture one plane at a time is read.

    Examples
    --------
    >>> import numpy as np
    >>> stack = np.array([[[1.0, np.nan]], [[2.0, np.nan]]])
    >>> fill_planes(stack, 0.1 * stack, np.isfinite(stack))[:, 0, 1]
    array([1., 2.], dtype=float32)
    """
    lazy = is_lazy(sigma, uncertainty, judged, hints)

    def parts(index: tuple[int, ...]) -> tuple[Any, ...]:
        picture = None if guide is None else guide.plane(index)
        return sigma[index], uncertainty[index], judged[index], picture, None if hints is None else hints[index]

    (filled,) = map_planes(
        lambda *plane: [fill_from_judged(*plane)],
        parts,
        [blank(sigma.shape, np.nan, np.float32, lazy=lazy)],
        sigma.shape[:-2],
        lazy=lazy,
    )
    return filled


def _weights(error: Plane, known: NDArray[np.bool_], read: NDArray[np.bool_]) -> Plane:
    """1/uncertainty^2 relative to its median, within a factor of 100: no pixel silences all others."""
    middle = float(np.median(error[known]))
    if middle <= 0:
        return np.where(known, np.float32(_DATA_WEIGHT), np.float32(0))
    relative = np.square(middle / np.maximum(np.where(read, error, middle), middle / 10))
    return np.where(read, _DATA_WEIGHT * np.maximum(relative, 0.01), 0).astype(np.float32)


def _guide(image: ArrayLike | None) -> Plane | None:
    if image is None:
        return None
    array = without_masked(image)
    picture = (luminance(array) if array.ndim == 3 else array).astype(np.float32)
    finite = np.isfinite(picture)
    if not finite.all():
        picture = np.where(finite, picture, np.float32(np.median(picture[finite]) if finite.any() else 0))
    smooth: Plane = gaussian_filter(picture, _SMOOTHING, truncate=2)
    return smooth


def _halved(plane: Plane, *, mean: bool = False) -> Plane:
    """Sum (or average) of 2 x 2 pixels; an odd last row or column counts twice in an average."""
    rows, columns = plane.shape
    padding = ((0, rows % 2), (0, columns % 2))
    even = np.pad(plane, padding, mode="edge") if mean else np.pad(plane, padding)
    halved: Plane = even[::2, ::2] + even[1::2, ::2]
    halved += even[::2, 1::2]
    halved += even[1::2, 1::2]
    return halved * np.float32(0.25) if mean else halved


def _doubled(plane: Plane, shape: tuple[int, ...]) -> Plane:
    """Linear interpolation to twice the size, the inverse grid of `_halved`."""
    for axis in (0, 1):
        lines = np.moveaxis(plane, axis, 0)
        before = np.concatenate([lines[:1], lines[:-1]])
        after = np.concatenate([lines[1:], lines[-1:]])
        double = np.empty((2 * len(lines), *lines.shape[1:]), np.float32)
        double[::2] = 0.75 * lines + 0.25 * before
        double[1::2] = 0.75 * lines + 0.25 * after
        plane = np.moveaxis(double[: shape[axis]], 0, axis)
    return np.ascontiguousarray(plane)


def _solve_upwards(levels: list[_Level]) -> Plane:
    coarsest = levels[-1]
    middle = coarsest.weighted_value.sum() / coarsest.weight.sum()
    filled = np.full(coarsest.weight.shape, middle, np.float32)
    for level in reversed(levels):
        if level.weight.shape != filled.shape:
            filled = _doubled(filled, level.weight.shape)
        steps = int(np.clip(_PIXEL_STEPS / level.weight.size, _LEAST_STEPS, _STEPS))
        system = System(level.weight, ties(level.picture, 0), ties(level.picture, 1))
        filled = conjugate_gradients(system, level.weighted_value, filled, steps)
    return filled
