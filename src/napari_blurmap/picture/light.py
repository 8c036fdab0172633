"""The light in a plane: its grey levels, which of them count, and what is decided from all of them at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ground.arrays import in_memory, without_masked
from ..ground.luminance import LUMINANCE, luminance
from .clipping import clipped_at, full_scale, saturated_places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .patterns import Patterns

#: A number this many times as far from all others as they are from each other is none of the picture's.
_GAP = 10.0


@dataclass(frozen=True)
class Levels:
    """What is decided once for a plane from its grey levels, and then holds for each part of it.

    Parameters
    ----------
    tops : tuple
        Where each colour was cut off, see `napari_blurmap.picture.clipping.clipped_at`.
    nothing : tuple
        Numbers that stand for "no data".
    lowest : number
        Stands where there are no data.
    smaller, middle, unit : float
        A number of `Plane.picture` is ``(smaller * grey - middle) / unit``.
    gain, offset : float
        From there to grey levels of 0 to 255.
    """

    tops: tuple[Any, ...]
    nothing: tuple[Any, ...]
    lowest: Any
    smaller: float
    middle: float
    unit: float
    gain: float
    offset: float


def read_light(plane: Any, levels: Levels | None = None) -> tuple[NDArray[Any], NDArray[np.bool_], NDArray[np.bool_]]:
    """Grey levels or luminance of a plane or a part of it, where they are valid, and where they are clipped.

    Parameters
    ----------
    plane : array-like, shape (Y, X) or (Y, X, colour)
        Any real type.
    levels : Levels, optional
        Of the whole plane, if this is a part of it.

    Returns
    -------
    grey : ndarray, shape (Y, X)
        In the picture's own type where it can be.
    valid, saturated : ndarray of bool, shape (Y, X)
    """
    tops, nothing = (None, None) if levels is None else (levels.tops, levels.nothing)
    return _light_and_marks(in_memory(plane), tops, nothing)[:3]


def levels_of(parts: Sequence[Any], patterns: Patterns) -> Levels | None:
    """What a sample of a large plane says of all of it.

    Parameters
    ----------
    parts : sequence of array-like, shapes (Y, X) or (Y, X, colour)
        Of the same width.
    patterns : Patterns
        Of the sensor.

    Returns
    -------
    Levels or None
        None where nothing is valid. Of colours that the sample does not show cut off, brighter places count as cut
        off at the next full scale of a camera.
    """
    sample: NDArray[Any] = np.ma.concatenate([in_memory(part) for part in parts])  # type: ignore[no-untyped-call]
    bare = np.ma.filled(sample, 0)
    tops = tuple(full_scale(bare) if top is None else top for top in clipped_at(bare))
    array, valid, _, nothing = _light_and_marks(sample, tops, None)
    if not valid.any():
        return None
    array = np.where(valid, array, array[valid].min())
    array = patterns.removed(array) if patterns else array
    return replace(levels_from(array, valid, sample.dtype), tops=tops, nothing=nothing)


def levels_from(array: NDArray[Any], valid: NDArray[np.bool_], dtype: np.dtype[Any]) -> Levels:
    """Origin and unit of the numbers of a plane."""
    lowest, smaller = array[valid].min(), 1.0
    if array.dtype == np.float64:  # near the largest number no difference can be taken
        smaller = 2.0 ** -max(0, np.frexp(np.abs(array[valid]).max())[1] - 64)
        array = array * smaller
    # A sample of the pixels is enough to choose them.
    sample = array[::5, ::5][valid[::5, ::5]]
    sample = (array[valid] if sample.size < 1000 else sample).astype(np.float64)
    middle = float(np.median(sample))
    # Of sparse pictures most pixels are ground; of the rest a few may be wild.
    unit = float(np.quantile(np.abs(sample - middle), 0.98))
    if not unit > 0:  # all the same, but for a few
        unit = float(np.abs(array[valid].astype(np.float64) - middle).max()) or 1.0
    gain, offset = (unit, middle) if dtype == np.uint8 else _grey_scale(array, valid, sample, middle, unit)
    return Levels((), (), lowest, smaller, middle, unit, gain, offset)


def _light_and_marks(
    given: NDArray[Any], tops: tuple[Any, ...] | None, nothing: tuple[Any, ...] | None
) -> tuple[NDArray[Any], NDArray[np.bool_], NDArray[np.bool_], tuple[Any, ...]]:
    """What `read_light` returns, and the numbers that stand for "no data"; what is not given is decided here."""
    saturated = saturated_places(np.ma.filled(given, 0), tops)  # what lies under a mask is no light
    array = without_masked(given)
    if array.dtype.itemsize > 8:  # what float64 cannot hold becomes infinite
        with np.errstate(over="ignore"):
            array = array.astype(np.float64)
    valid = np.asarray(np.isfinite(array) if array.dtype.kind == "f" else np.ones(array.shape, dtype=bool))
    if array.ndim == 3:
        array, valid = _light(array, valid)
        saturated = _clipped_light(saturated)
    nothing = _without_data(array, valid) if nothing is None else nothing
    for number in nothing:
        valid &= array != number
    return array, valid, saturated & valid, nothing


def _without_data(array: NDArray[Any], valid: NDArray[np.bool_]) -> tuple[Any, ...]:
    """Numbers that stand for "no data", such as -9999 or the lowest of float32.

    Several places have such a number exactly, and from all others it is ten times as far as they are from each other:
    no edge in a picture is as sharp as that.
    """
    if array.dtype.kind not in "fi" or not valid.any():
        return ()
    known, nothing = array[valid], []
    for number in {known.min(), known.max()}:
        others = known[known != number]
        if known.size - others.size > 1 and others.size:
            low, high = float(others.min()), float(others.max())
            if low < high and min(abs(float(number) - low), abs(float(number) - high)) > _GAP * (high - low):
                nothing.append(number)
    return tuple(nothing)


def _grey_scale(
    array: NDArray[Any], valid: NDArray[np.bool_], sample: NDArray[np.float64], middle: float, unit: float
) -> tuple[float, float]:
    """Factor and offset from ``(array - middle) / unit`` to the grey levels of `Plane.grey`."""
    low, high = (float(v) for v in np.quantile(sample, (0.001, 0.999)))
    if not high > low:  # all the same, but for a few
        low, high = float(array[valid].min()), float(array[valid].max())
    return (255 * unit / (high - low), 255 * (middle - low) / (high - low)) if high > low else (0.0, 127.5)


def _light(array: NDArray[Any], valid: NDArray[np.bool_]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Luminance; a transparent pixel is invalid."""
    ok = np.asarray(valid.all(axis=-1))
    if array.shape[-1] in (2, 4):
        ok &= np.nan_to_num(array[..., -1]) != 0
    return luminance(array), ok


def _clipped_light(saturated: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where the clipped colours make up half of the luminance or more: less still shows the structure."""
    if saturated.shape[-1] < 3:
        return saturated[..., 0]
    return np.asarray(saturated[..., :3] @ np.array(LUMINANCE) >= 0.5)
