"""One plane of a picture as numbers for a network, with what is invalid and what is saturated in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ground.arrays import in_memory, without_masked
from ..ground.luminance import LUMINANCE, luminance
from .clipping import saturated_places

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .camera_noise import CameraNoise
    from .sensor import Sensor

#: A number this many times as far from all others as they are from each other is none of the picture's.
_GAP = 10.0
#: Of a noise that is not certain, the share that the network is told. Told nothing it takes detail for noise; fields of
#: noise alone, for which it would be too little, are certain. And the deviation of rounding, grey levels.
_ROOM, _ROUNDING = 0.5, 12**-0.5


@dataclass(frozen=True)
class Plane:
    """Numbers of one plane, ready for a network.

    Parameters
    ----------
    picture : ndarray of float32, shape (Y, X)
        Centred and scaled so that no digits are lost; 0 where invalid.
    valid, saturated : ndarray of bool, shape (Y, X)
        Where there are data, and where they are clipped at full scale.
    gain, offset : float
        From ``picture`` to grey levels of 0 to 255, for networks that know those only.
    noise : ndarray of float32, shape (Y, X), optional
        Standard deviation of the camera's noise, in the unit of ``picture``.
    averaged : tuple of float
        What means of 1, 2 x 2, 4 x 4, ... pixels leave of it.
    """

    picture: NDArray[np.float32]
    valid: NDArray[np.bool_]
    saturated: NDArray[np.bool_]
    gain: float = 0.0
    offset: float = 0.0
    noise: NDArray[np.float32] | None = None
    averaged: tuple[float, ...] = ()

    @property
    def known(self) -> NDArray[np.bool_]:
        """Where the picture says how much light there was."""
        return self.valid & ~self.saturated

    def coarser(self, times: int) -> Plane:
        """The plane in means of ``times`` x ``times`` pixels; a mean is valid where half of its pixels are known."""
        height, width = (n // times for n in self.valid.shape)

        def blocks(values: NDArray[Any]) -> NDArray[np.float32]:
            cut = values[: height * times, : width * times].reshape(height, times, width, times)
            return np.asarray(cut.mean(axis=(1, 3), dtype=np.float32))

        weight = blocks(self.known)
        picture = blocks(np.where(self.known, self.picture, np.float32(0))) / np.maximum(weight, np.float32(1e-6))
        noise = None
        if self.noise is not None:
            noise = blocks(self.noise) * np.float32(self.averaged[times.bit_length() - 1])
        white = tuple(0.5**level for level in range(len(self.averaged)))
        valid = weight >= 0.5
        return Plane(np.where(valid, picture, 0), valid, np.zeros_like(valid), noise=noise, averaged=white)

    def grey(self) -> NDArray[np.float32]:
        """Grey levels of 0 to 255, an invalid pixel taking that of the nearest valid one.

        Those of an 8-bit picture are its own. Any other is stretched so that
        its 0.1st and 99.9th percentiles lie at 0 and 255; what is beyond stays beyond.
        """
        levels = self.picture * np.float32(self.gain) + np.float32(self.offset)
        if self.valid.all() or not self.valid.any():
            return levels
        from scipy import ndimage  # slow to import, and a panel that opens needs none of it

        near = ndimage.distance_transform_edt(~self.valid, return_distances=False, return_indices=True)
        return np.asarray(levels[tuple(near)])


def read_light(plane: Any) -> tuple[NDArray[Any], NDArray[np.bool_], NDArray[np.bool_]]:
    """Grey levels or luminance of a plane or a part of it, where they are valid, and where they are clipped.

    Parameters
    ----------
    plane : array-like, shape (Y, X) or (Y, X, colour)
        Any real type.

    Returns
    -------
    grey : ndarray, shape (Y, X)
        In the picture's own type where it can be.
    valid, saturated : ndarray of bool, shape (Y, X)
    """
    given = in_memory(plane)
    saturated = saturated_places(np.ma.filled(given, 0))  # what lies under a mask is no light
    array = without_masked(given)
    if array.dtype.itemsize > 8:  # what float64 cannot hold becomes infinite
        with np.errstate(over="ignore"):
            array = array.astype(np.float64)
    valid = np.asarray(np.isfinite(array) if array.dtype.kind == "f" else np.ones(array.shape, dtype=bool))
    if array.ndim == 3:
        array, valid = _light(array, valid)
        saturated = _clipped_light(saturated)
    if array.dtype.kind in "fi":
        valid &= ~_without_data(array, valid)
    return array, valid, saturated & valid


def read_plane(plane: Any, sensor: Sensor | None = None) -> Plane:
    """Numbers of one plane.

    Parameters
    ----------
    plane : array-like, shape (Y, X) or (Y, X, colour)
        Any real type.
    sensor : Sensor, optional
        What the sensor adds to it: the patterns are taken out, and the noise is told.

    Returns
    -------
    Plane
        The picture less its median over its typical deviation: neither a
        large offset nor a large factor costs digits of float32, and neither
        reaches the network, which sees local contrast only.
    """
    array, valid, saturated = read_light(plane)
    is_8_bit = getattr(plane, "dtype", None) == np.uint8
    if not valid.any():
        return Plane(np.zeros(array.shape, np.float32), valid, np.zeros_like(valid))
    if sensor is not None and sensor.patterns:
        array = sensor.patterns.removed(np.where(valid, array, array[valid].min()))
    noise = None if sensor is None else sensor.noise
    deviation = None if noise is None else told_deviation(noise, np.where(valid, array, array[valid].min()))
    if array.dtype == np.float64:  # near the largest number no difference can be taken
        smaller = 2.0 ** -max(0, np.frexp(np.abs(array[valid]).max())[1] - 64)
        array, deviation = np.where(valid, array, 0) * smaller, deviation if deviation is None else deviation * smaller
    # A sample of the pixels is enough to choose the numbers' origin and unit.
    sample = array[::5, ::5][valid[::5, ::5]]
    sample = (array[valid] if sample.size < 1000 else sample).astype(np.float64)
    middle = float(np.median(sample))
    # Of sparse pictures most pixels are ground; of the rest a few may be wild.
    unit = float(np.quantile(np.abs(sample - middle), 0.98))
    if not unit > 0:  # all the same, but for a few
        unit = float(np.abs(array[valid].astype(np.float64) - middle).max()) or 1.0
    if array.dtype.itemsize <= 2:  # exact in float32
        picture = (array.astype(np.float32) - np.float32(middle)) * np.float32(1.0 / unit)
    else:
        picture = (np.where(valid, array, middle).astype(np.float64) - middle) / unit
        picture = np.clip(picture, -1e6, 1e6).astype(np.float32)
    if not valid.all():
        picture = np.where(valid, picture, np.float32(0))
    gain, offset = (unit, middle) if is_8_bit else _grey_scale(array, valid, sample, middle, unit)
    if noise is None or deviation is None:
        return Plane(picture, valid, saturated, gain, offset)
    averaged = (1.0, noise.coarse[0] / 2, noise.coarse[1] / 4)
    return Plane(picture, valid, saturated, gain, offset, (deviation / unit).astype(np.float32), averaged)


def told_deviation(noise: CameraNoise, array: NDArray[Any]) -> NDArray[Any]:
    """What a network is told of the noise: where fine detail hides it, a share of what that leaves room for.

    Parameters
    ----------
    noise : CameraNoise
        As it was measured or given.
    array : ndarray
        Grey levels.

    Returns
    -------
    ndarray
        Standard deviations, of the same shape.
    """
    deviation = noise.deviation(array)
    if noise.certain:
        return deviation
    return np.maximum(_ROOM * deviation, _ROUNDING if array.dtype.kind in "iu" else 0)


def _without_data(array: NDArray[Any], valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where a number stands for "no data", such as -9999 or the lowest of float32.

    Several places have it exactly, and from all others it is ten times as far as they are from each other: no edge
    in a picture is as sharp as that.
    """
    nothing = np.zeros(array.shape, bool)
    known = array[valid]
    for number in {known.min(), known.max()} if known.size else ():
        there = array == number
        others = array[valid & ~there]
        if there.sum() > 1 and others.size:
            low, high = float(others.min()), float(others.max())
            if low < high and min(abs(float(number) - low), abs(float(number) - high)) > _GAP * (high - low):
                nothing |= there
    return nothing


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
