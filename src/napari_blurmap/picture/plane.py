"""One plane of a picture as numbers for a network, with what is invalid and what is saturated in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ground.arrays import in_memory
from ..ground.regions import grown, inside
from .light import levels_from, read_light

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ..ground.regions import Region
    from .camera_noise import CameraNoise
    from .sensor import Sensor

#: Of a noise that is not certain, the share that the network is told. Told nothing it takes detail for noise; fields of
#: noise alone, for which it would be too little, are certain. And the deviation of rounding, grey levels.
_ROOM, _ROUNDING = 0.5, 12**-0.5
#: Pixels of a plane that is read as a whole; of a larger one the levels are those of a sample.
WHOLE = 2**24
#: Of a large plane: edge of the pieces of which a coarse copy is made, and what is read around a piece for the patterns
#: of a sensor and for what is clipped, pixels; both even.
_PIECE, MARGIN = 2048, 64


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
    certain : bool, default=False
        Whether the noise is known for certain, see `CameraNoise`; not where rounding is all that is seen of it.
    """

    picture: NDArray[np.float32]
    valid: NDArray[np.bool_]
    saturated: NDArray[np.bool_]
    gain: float = 0.0
    offset: float = 0.0
    noise: NDArray[np.float32] | None = None
    averaged: tuple[float, ...] = ()
    certain: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Y and X."""
        return self.valid.shape[0], self.valid.shape[1]

    def at(self, part: Region) -> Plane:
        """A part of it."""
        noise = None if self.noise is None else self.noise[part]
        return replace(
            self, picture=self.picture[part], valid=self.valid[part], saturated=self.saturated[part], noise=noise
        )

    @property
    def known(self) -> NDArray[np.bool_]:
        """Where the picture says how much light there was."""
        return self.valid & ~self.saturated

    def coarser(self, times: int) -> Plane:
        """The plane in means of ``times`` x ``times`` pixels; a mean is valid where half of its pixels are known."""
        height, width = (n // times for n in self.valid.shape)

        def blocks(values: NDArray[Any]) -> NDArray[np.float32]:
            rows = values[: height * times, : width * times].reshape(height, times, width * times)
            mean = rows.mean(axis=1, dtype=np.float32)
            # Seven times as fast as the mean along both axes.
            return np.asarray(sum(mean[:, n::times] for n in range(times)) / np.float32(times))

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


def read_plane(plane: Any, sensor: Sensor | None = None) -> Plane:
    """Numbers of one plane.

    Parameters
    ----------
    plane : array-like, shape (Y, X) or (Y, X, colour)
        Any real type; a part of a plane, too, where the sensor knows the levels of the whole.
    sensor : Sensor, optional
        What the sensor adds to it: the patterns are taken out, and the noise is told.

    Returns
    -------
    Plane
        The picture less its median over its typical deviation: neither a
        large offset nor a large factor costs digits of float32, and neither
        reaches the network, which sees local contrast only.
    """
    given = in_memory(plane)
    levels, noise, patterns = (None, None, None) if sensor is None else (sensor.levels, sensor.noise, sensor.patterns)
    array, valid, saturated = read_light(given, levels)
    if levels is None and not valid.any():
        return Plane(np.zeros(array.shape, np.float32), valid, saturated)
    if not valid.all():
        array = np.where(valid, array, array[valid].min() if levels is None else levels.lowest)
    array = patterns.removed(array) if patterns else array
    levels = levels or levels_from(array, valid, given.dtype)
    deviation = None if noise is None else told_deviation(noise, array) * (levels.smaller / levels.unit)
    if array.dtype.itemsize <= 2:  # exact in float32
        picture = (array.astype(np.float32) - np.float32(levels.middle)) * np.float32(1.0 / levels.unit)
    else:
        picture = (array.astype(np.float64) * levels.smaller - levels.middle) / levels.unit
        picture = np.clip(picture, -1e6, 1e6).astype(np.float32)
    if not valid.all():
        picture = np.where(valid, picture, np.float32(0))
    if noise is None or deviation is None:
        return Plane(picture, valid, saturated, levels.gain, levels.offset)
    averaged = (1.0, noise.coarse[0] / 2, noise.coarse[1] / 4)
    told, certain = deviation.astype(np.float32), noise.certain and noise.seen
    return Plane(picture, valid, saturated, levels.gain, levels.offset, told, averaged, certain)


@dataclass(frozen=True)
class LargePlane:
    """A plane of which only a piece is held in numbers at a time; to its reader it is a `Plane`.

    Parameters
    ----------
    given : array-like, shape (Y, X) or (Y, X, colour)
        Any real type.
    sensor : Sensor
        Which knows the levels.
    between : callable, optional
        Called before each piece is read; may raise, to stop.
    """

    given: Any
    sensor: Sensor
    between: Callable[[], None] = lambda: None

    @property
    def shape(self) -> tuple[int, int]:
        """Y and X."""
        return self.given.shape[0], self.given.shape[1]

    def at(self, part: Region) -> Plane:
        """Numbers of a part."""
        self.between()
        around, inner = self._around(part)
        return read_plane(self.given[around], self.sensor).at(inner)

    def coarser(self, times: int) -> Plane:
        """See `Plane.coarser`."""
        edge = _PIECE // (2 * times) * 2 * times
        height, width = (n // times * times for n in self.shape)
        pieces = [
            [
                self.at((slice(y, y + edge), slice(x, min(x + edge, width)))).coarser(times)
                for x in range(0, width, edge)
            ]
            for y in range(0, height, edge)
        ]

        def joined(name: str) -> Any:
            return np.block([[getattr(piece, name) for piece in row] for row in pieces])

        one = pieces[0][0]
        noise = None if one.noise is None else joined("noise")
        return replace(
            one, picture=joined("picture"), valid=joined("valid"), saturated=joined("saturated"), noise=noise
        )

    def _around(self, part: Region) -> tuple[Region, Region]:
        """What is read for a part, and where it lies in that."""
        around = grown(part, MARGIN, self.shape)
        return around, inside(grown(part, 0, self.shape), around)


def numbers_of(plane: Any, sensor: Sensor) -> Plane | LargePlane:
    """A plane for a network: all of its numbers, or of a large one, or a part of one, a piece at a time.

    Parameters
    ----------
    plane : array-like, shape (Y, X) or (Y, X, colour)
        Any real type.
    sensor : Sensor
        What the sensor adds to it.
    """
    large = sensor.levels is not None or plane.shape[0] * plane.shape[1] > WHOLE
    return LargePlane(plane, sensor) if large else read_plane(plane, sensor)


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
