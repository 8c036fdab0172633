"""The part of a user's picture on which a model is checked: one plane, about a megapixel, as grey levels."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from ..errors import BlurMapError
from ..ground.arguments import whole_numbers
from ..ground.arrays import in_memory, without_masked
from ..ground.luminance import luminance
from .camera_noise import CameraNoise, estimate_noise
from .noise import Digits
from .plane import read_plane
from .stack import SMALLEST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from .stack import Stack

    Region = tuple[int, int, int, int]

#: Largest part that is checked, pixels; of a larger plane the part with the most detail.
LARGEST = 1024**2
#: Places along an axis at which that part is looked for, and the edge of what is looked at of each plane.
_PLACES, _GLANCE = 5, 512


@dataclass(frozen=True, eq=False)
class CheckSample:
    """What is blurred again, and how.

    Parameters
    ----------
    original : ndarray, shape (Y, X) or (Y, X, colour)
        As the picture has it.
    grey : ndarray of float64, shape (Y, X)
        Its grey levels or luminance; where invalid, those of the nearest valid pixel.
    valid, saturated : ndarray of bool, shape (Y, X)
        As `napari_blurmap.picture.plane.read_plane` finds them.
    dtype : numpy.dtype
        Of the blurred pictures.
    digits : Digits
        What numbers they can hold.
    noise : CameraNoise or None
        Of the picture; None where it cannot be measured.
    region : (int, int, int, int)
        Rows from and to, columns from and to, in its plane.
    plane : dict
        Index along each leading axis.
    notes : tuple of str
        What was done with the picture.
    """

    original: NDArray[Any]
    grey: NDArray[np.float64]
    valid: NDArray[np.bool_]
    saturated: NDArray[np.bool_]
    dtype: np.dtype[Any]
    digits: Digits
    noise: CameraNoise | None
    region: Region
    plane: dict[str, int]
    notes: tuple[str, ...]

    def as_picture(self, grey: NDArray[np.float64]) -> NDArray[Any]:
        """Grey levels as a picture like the original: its type, and NaN where it has no data."""
        picture = grey.astype(self.dtype)
        if not self.valid.all():
            picture[~self.valid] = np.nan
        return picture


def take_sample(
    stack: Stack,
    *,
    plane: Sequence[int] | None = None,
    region: Sequence[int] | None = None,
    between: Callable[[], None] = lambda: None,
) -> CheckSample:
    """Choose and read the part to check.

    Parameters
    ----------
    stack : Stack
        The picture; it is not changed.
    plane : sequence of int, optional
        Index along each leading axis; the sharpest plane where it is left out.
    region : sequence of 4 int, optional
        Rows from and to, columns from and to.
    between : callable, optional
        Called after every plane looked at.

    Returns
    -------
    CheckSample

    Raises
    ------
    BlurMapError
        If there is no such plane or region, or no valid pixel in it.
    """
    index, notes = _choose_plane(stack, plane, between)
    data = stack.plane(index)
    found = _choose_region(data, region)
    if region is None and found != (0, data.shape[0], 0, data.shape[1]):
        y0, y1, x0, x1 = found
        notes.append(
            f"Checked on {y1 - y0} x {x1 - x0} px of {data.shape[0]} x {data.shape[1]}, where there is most detail: "
            f"rows {y0} to {y1}, columns {x0} to {x1}."
        )
    given = in_memory(_cut(data, found))
    original, read = without_masked(given), read_plane(given)
    if not read.valid.any():
        raise BlurMapError("Every pixel to be checked is NaN, infinite or transparent; expected some numbers.")
    grey = _grey(original)
    if original.ndim == 3:
        notes.append("Of a colour picture the luminance is blurred and estimated.")
    if original.dtype.kind == "b":
        notes.append("A picture of true and false is blurred as the numbers 1 and 0.")
    if not read.valid.all():
        nearest = ndimage.distance_transform_edt(~read.valid, return_distances=False, return_indices=True)
        grey = grey[tuple(nearest)]
    dtype, digits = _digits(given, bool(read.saturated.any()), bool(read.valid.all()))
    ends = (grey <= digits.low) | (grey >= digits.high)
    return CheckSample(
        original,
        grey,
        read.valid,
        read.saturated,
        dtype,
        digits,
        estimate_noise(grey, usable=read.valid & ~ends),
        found,
        dict(zip(stack.axes, index, strict=False)),
        tuple(notes),
    )


def _choose_plane(
    stack: Stack, plane: Sequence[int] | None, between: Callable[[], None]
) -> tuple[tuple[int, ...], list[str]]:
    """Index of the plane, and what is to be said about the choice."""
    leading = stack.shape[:-2]
    if plane is not None:
        index = whole_numbers("plane", plane)
        if len(index) != len(leading) or not all(0 <= i < n for i, n in zip(index, leading, strict=True)):
            raise BlurMapError(
                f"plane is {index}; expected {len(leading)} numbers, one for each leading axis "
                f"({', '.join(stack.axes[:-2]) or 'this picture has none'}), below {leading}."
            )
        return index, []
    indices = list(stack.indices())
    if len(indices) == 1:
        return indices[0], []
    scores = []
    for one in indices:
        data = stack.plane(one)
        cut = [(max(0, (n - _GLANCE) // 2), min(n, (n + _GLANCE) // 2)) for n in data.shape[:2]]
        scores.append(_detail(_grey(without_masked(_cut(data, (*cut[0], *cut[1]))))))
        between()
    index = indices[int(np.argmax(scores))]
    where = ", ".join(f"{axis} = {i}" for axis, i in zip(stack.axes, index, strict=False))
    return index, [f"Checked on the plane {where}, the one of {len(indices)} with the most detail."]


def _choose_region(data: Any, region: Sequence[int] | None) -> Region:
    """The region asked for, or the part with the most detail."""
    height, width = (int(n) for n in data.shape[:2])
    if region is not None:
        asked = whole_numbers("region", region)
        y0, y1, x0, x1 = asked if len(asked) == 4 else (0, 0, 0, 0)
        if not (0 <= y0 <= y1 - SMALLEST and y1 <= height and 0 <= x0 <= x1 - SMALLEST and x1 <= width):
            raise BlurMapError(
                f"region is {asked}; expected rows from and to, columns from and to, at least {SMALLEST} "
                f"apart, in a plane of {height} x {width} pixels (y, x)."
            )
        if (y1 - y0) * (x1 - x0) > LARGEST:
            raise BlurMapError(
                f"The region has {(y1 - y0) * (x1 - x0)} pixels; a check takes {LARGEST} at most. Choose a smaller "
                "one, or leave it out: the part with the most detail is then taken."
            )
        return y0, y1, x0, x1
    if height * width <= LARGEST:
        return 0, height, 0, width
    edge = int(LARGEST**0.5)
    h, w = min(height, max(edge, LARGEST // width)), min(width, max(edge, LARGEST // height))
    starts = [np.unique(np.linspace(0, n - m, _PLACES).astype(int)) for n, m in ((height, h), (width, w))]
    parts = [(int(y), int(y) + h, int(x), int(x) + w) for y in starts[0] for x in starts[1]]
    return max(parts, key=lambda part: _detail(_grey(without_masked(_cut(data, part)))))


def _cut(data: Any, region: Region) -> Any:
    y0, y1, x0, x1 = region
    return data[y0:y1, x0:x1]


def _grey(array: NDArray[Any]) -> NDArray[np.float64]:
    """Grey levels or luminance."""
    grey = array.astype(np.float64)
    return np.asarray(luminance(grey)) if grey.ndim == 3 else grey


def _detail(grey: NDArray[np.float64]) -> float:
    """How much fine detail a picture has, and over how much of it; white noise counts for nothing.

    The mean over small blocks of the root of Vollath's F4, the autocorrelation
    at one pixel less that at two.
    """
    grey = np.where(np.isfinite(grey), grey, 0.0) - np.median(grey[np.isfinite(grey)] if np.isfinite(grey).any() else 0)
    right = grey[:-2, :-2] * (grey[:-2, 1:-1] - grey[:-2, 2:])
    down = grey[:-2, :-2] * (grey[1:-1, :-2] - grey[2:, :-2])
    blocks = ndimage.uniform_filter(right + down, 32)[16::32, 16::32]
    return float(np.sqrt(np.maximum(blocks, 0.0)).mean())


def _digits(given: NDArray[Any], saturated: bool, whole: bool) -> tuple[np.dtype[Any], Digits]:
    """Type of the blurred pictures and the numbers that they can hold; ``given`` may be masked."""
    dtype, seen = given.dtype, np.ma.compressed(given)
    # A camera of fewer bits is full where the picture is; else only the type limits it.
    full = float(seen[np.isfinite(seen)].max())
    if dtype.kind not in "iu":
        high = full if saturated else inf
        return (np.dtype(np.float32) if dtype.kind == "b" or given.ndim == 3 else dtype), Digits(-inf, high, 0.0)
    ends = np.iinfo(dtype)
    high = full if saturated else float(ends.max)
    if given.ndim == 3:  # a weighted sum of colours has no steps
        return np.dtype(np.float32), Digits(float(ends.min), high, 0.0)
    step = float(np.gcd.reduce(np.unique(seen))) or 1.0
    # Where there are no data is NaN.
    return dtype if whole else np.result_type(dtype, np.float32), Digits(float(ends.min), high, step)
