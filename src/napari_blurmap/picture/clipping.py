"""Over-exposed places: where light was cut off at one top value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Depths of cameras, and of files that hold their numbers left-aligned in 16 bit.
_DEPTHS = (8, 10, 12, 14, 16)
_FULL_SCALES = {1, *(2**b - 1 for b in _DEPTHS), *((2**b - 1) << (16 - b) for b in _DEPTHS)}
#: Brightest places below the top value that are asked for noise, and the fewest that answer.
_BRIGHTEST, _FEWEST = 500, 30
#: Places above the ground that are asked whether they are flat, and the share of a drawing's that are.
_SAMPLE, _FLAT = 20_000, 0.02
#: Their median mixed second difference, grey levels, from which there is noise: rounding alone gives 1.2.
#: Of floats nothing finer than this share of the range counts as a grey level.
_NOISY, _FINEST = 2.0, 1e-3
#: The mixed second difference of 3 x 3 pixels: neither gradients nor straight edges along an axis count.
_MIXED = np.outer([1.0, -2.0, 1.0], [1.0, -2.0, 1.0]).ravel()
#: Pixels in plateaus smaller than 3 x 3 that are no chance any more.
_MANY = 15


def saturated_places(array: NDArray[Any], tops: tuple[Any, ...] | None = None) -> NDArray[np.bool_]:
    """Where a detector was clipped: plateaus of exactly the top value.

    A single pixel at the top value is no plateau.

    Parameters
    ----------
    array : ndarray, shape (Y, X) or (Y, X, colour)
        Grey levels, of a plane or of a part of it.
    tops : tuple, optional
        What `clipped_at` found in the whole plane, if this is a part.

    Returns
    -------
    ndarray of bool, the same shape

    Examples
    --------
    >>> light = np.random.default_rng(0).normal(300.0, 20.0, (64, 64))
    >>> light[20:30, 20:30] += 200
    >>> int(saturated_places(np.minimum(light, 417.5)).sum())
    100
    """
    found = np.zeros(array.shape, dtype=bool)
    colours = array[..., None] if array.ndim == 2 else array
    for i, top in enumerate(clipped_at(array) if tops is None else tops):
        if top is not None:
            at = np.asarray(colours[..., i] == top)
            found.reshape(colours.shape)[..., i] = at & (_count_around(at) > 2)
    return found


def clipped_at(array: NDArray[Any]) -> tuple[Any, ...]:
    """The top value at which the light was cut off.

    A noisy camera never gives 3 x 3 pixels the same number, the largest of the
    picture, unless it was cut off there; so the top value may be any, as it is
    after a dark frame was subtracted or the picture was scaled. Where the
    bright places show no noise (a drawing, labels, few bits), a flat object
    may just be flat, and only the full scale of the type or of a usual camera
    counts.

    Parameters
    ----------
    array : ndarray, shape (Y, X) or (Y, X, colour)
        Grey levels; every colour has a top value of its own, alpha has none.

    Returns
    -------
    tuple
        For every colour its top value, None where it was not cut off.

    Examples
    --------
    >>> clipped_at(np.full((32, 32), 255, np.uint8)), clipped_at(np.full((32, 32), 254, np.uint8))
    ((np.uint8(255),), (None,))
    """
    if array.dtype.kind == "b" or array.size == 0:
        return ()
    if array.ndim == 2:
        return (_top(array),)
    return tuple(_top(array[..., i]) for i in range(array.shape[-1] - (array.shape[-1] in (2, 4))))


def full_scale(array: NDArray[Any]) -> Any:
    """Where a camera that gave these 8- or 16-bit numbers is full, at the least: 255, 1023, 4095, ...; else None."""
    if array.dtype.kind != "u" or array.dtype.itemsize > 2:
        return None
    return min(full for full in _FULL_SCALES if full >= max(int(array.max()), 255))


def _top(plane: NDArray[Any]) -> Any:
    is_float = plane.dtype.kind == "f"
    top = np.max(plane, initial=-np.inf, where=np.isfinite(plane)) if is_float else plane.max()
    at = np.asarray(plane == top)
    if np.count_nonzero(at) < 9:
        return None
    around = _count_around(at)
    if (around == 9).any():
        full = float(top) in _FULL_SCALES or (not is_float and top == np.iinfo(plane.dtype).max)
        return top if full or _noisy_below(plane, top) else None
    return top if np.count_nonzero(at & (around > 2)) >= _MANY and _noisy_below(plane, top) else None


def _count_around(places: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """How many of the 3 x 3 pixels around each are among the places."""
    padded = np.pad(places, 1).view(np.uint8)
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    return np.asarray(rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:])


def _noisy_below(plane: NDArray[Any], top: Any) -> bool:
    """Whether the brightest places below the top value show noise, and nothing else above the ground is flat."""
    below = np.flatnonzero(_count_around(np.asarray(plane < top) & np.isfinite(plane)) == 9)
    if below.size < _FEWEST:
        return False
    beside = [row * plane.shape[1] + column for row in (-1, 0, 1) for column in (-1, 0, 1)]

    def squares(places: NDArray[np.intp]) -> NDArray[np.float64]:
        return np.stack([plane.ravel()[places + shift] for shift in beside]).astype(np.float64)

    some = squares(below[:: -(-below.size // _SAMPLE)])
    ground = float(np.median(some[4]))
    above = some[:, some[4] > ground]
    if np.count_nonzero(np.ptp(above, axis=0) == 0) > _FLAT * above.shape[1]:
        return False
    if below.size > _BRIGHTEST:
        below = below[np.argpartition(plane.ravel()[below], -_BRIGHTEST)[-_BRIGHTEST:]]
    bright = squares(below)
    step = max(np.diff(np.unique(bright)).min(initial=np.inf), _FINEST * (float(top) - ground))
    return bool(np.median(np.abs(_MIXED @ bright)) > _NOISY * step)
