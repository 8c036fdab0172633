"""Kernels that are not round: motion along a line, to and fro, or along a curve; astigmatism; line scans."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from scipy import fft, ndimage
from scipy.special import j0

from .exposure import loguniform
from .kernels import Disc, Gaussian, frequencies, random_disc, random_pupil
from .levels import RoundLevel, shaped_blur
from .random_fields import random_place

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .kernels import Float
    from .levels import Blur, Level

#: Between neighbouring levels the end of a line moves by this much at most, pixels.
_TURN = 1.0
#: Share of the motions that are long ones: equal shares of all octaves have few of them, and they read too short.
_FAR = 0.25
#: Levels of a blur at most.
_MOST = 9
#: Astigmatism and defocus at the pupil's edge, wavelengths, of the tables.
_ASTIGMATISM, _DEFOCUS = (0.25, 0.5, 1.0), np.linspace(-3.0, 3.0, 25)
#: Samples from 0 to the cut-off.
_SAMPLES = 48


@dataclass(frozen=True)
class Streak:
    """Blur along one direction.

    Parameters
    ----------
    kind : {"line", "swing", "gaussian"}
        Even motion along a line; vibration, a sine in time; or a Gaussian.
    length : float
        Of the line, or from end to end of the vibration, pixels; sigma of the Gaussian.
    angle : float
        Degrees from +x towards +y of the array.
    """

    kind: Literal["line", "swing", "gaussian"]
    length: float
    angle: float

    def transfer(self, shape: tuple[int, int], fine: int) -> NDArray[np.float32]:
        """On the grid of ``rfft2``."""
        y, x = frequencies(shape, fine)
        turn = np.deg2rad(self.angle)
        return self._along(x * np.float32(np.cos(turn)) + y * np.float32(np.sin(turn))).astype(np.float32)

    def profile(self, frequency: Float, direction: float) -> Float:
        """Along a direction."""
        return np.asarray(self._along(frequency * np.cos(np.deg2rad(direction - self.angle))), dtype=np.float64)

    def _along(self, frequency: NDArray[np.floating]) -> NDArray[np.floating]:
        if self.kind == "line":
            return np.asarray(np.sinc(np.float32(self.length) * frequency))
        if self.kind == "swing":
            return np.asarray(j0(np.float32(np.pi * self.length) * frequency))
        return np.asarray(np.exp(np.float32(-2 * (np.pi * self.length) ** 2) * frequency**2))


@dataclass(frozen=True, eq=False)
class Drift:
    """Even motion along a curve.

    Parameters
    ----------
    path : ndarray of float, shape (N, 2)
        Places x and y passed at equal times, less than a pixel apart; their mean is 0.
    """

    path: Float

    @property
    def angle(self) -> float:
        """Of the curve's larger principal axis."""
        xx, yy, xy = (self.path[:, i] @ self.path[:, j] for i, j in ((0, 0), (1, 1), (0, 1)))
        return float(np.rad2deg(0.5 * np.arctan2(2 * xy, xx - yy)))

    def transfer(self, shape: tuple[int, int], fine: int) -> NDArray[np.complex64]:
        """On the grid of ``rfft2``."""
        ways = zip(frequencies(shape, fine), self.path.T[::-1], strict=True)
        y, x = (np.exp(-2j * np.pi * f.ravel() * way[:, None]) for f, way in ways)
        # Not `@`: its threads take the processor from the training.
        return np.asarray(np.einsum("ti,tj->ij", y.astype(np.complex64) / len(self.path), x.astype(np.complex64)))

    def profile(self, frequency: Float, direction: float) -> Float:
        """Modulus along a direction."""
        turn = np.deg2rad(direction)
        way = self.path @ np.array([np.cos(turn), np.sin(turn)])
        return np.asarray(np.abs(np.exp(-2j * np.pi * frequency * way[:, None]).mean(axis=0)))


class Motion(Protocol):
    """What adds to a round blur."""

    @property
    def angle(self) -> float:
        """Of a principal axis, degrees from +x towards +y of the array."""
        ...

    def transfer(self, shape: tuple[int, int], fine: int) -> NDArray[np.inexact]:
        """On the grid of ``rfft2``."""
        ...

    def profile(self, frequency: Float, direction: float) -> Float:
        """Transfer function, or its modulus, along a direction."""
        ...


@dataclass(frozen=True)
class Moved:
    """A round blur of something that moves meanwhile, or is no point."""

    still: RoundLevel
    motion: Motion

    @property
    def angle(self) -> float:
        """Of the motion."""
        return self.motion.angle

    @property
    def top(self) -> float:
        """Of the round blur."""
        return self.still.top

    def profile(self, frequency: Float, direction: float) -> Float:
        """Of both."""
        return self.still.profile(frequency, direction) * self.motion.profile(frequency, direction)

    def transfer(self, shape: tuple[int, int], fine: int = 1) -> NDArray[np.inexact]:
        """Of both."""
        return np.asarray(self.still.transfer(shape, fine) * self.motion.transfer(shape, fine))


@dataclass(frozen=True)
class Astigmatic:
    """A circular pupil with astigmatism and defocus.

    Parameters
    ----------
    cutoff : float
        ``2 NA / wavelength``, cycles per pixel.
    astigmatism : int
        Index of the amount in the tables.
    defocus : int
        Index as well.
    angle : float
        Degrees from +x towards +y of the array.
    """

    cutoff: float
    astigmatism: int
    defocus: int
    angle: float

    @property
    def top(self) -> float:
        """The cut-off, or Nyquist's frequency."""
        return min(0.5, self.cutoff)

    def profile(self, frequency: Float, direction: float) -> Float:
        """Along a direction."""
        turn = np.deg2rad(direction - self.angle)
        return np.asarray(self._read(frequency * np.cos(turn), frequency * np.sin(turn)), dtype=np.float64)

    def transfer(self, shape: tuple[int, int], fine: int = 1) -> NDArray[np.float32]:
        """On the grid of ``rfft2``."""
        y, x = frequencies(shape, fine)
        turn = np.deg2rad(self.angle)
        along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        return self._read(along, across).astype(np.float32)

    def _read(self, along: NDArray[np.floating], across: NDArray[np.floating]) -> NDArray[np.floating]:
        table = _astigmatic_tables()[self.astigmatism, self.defocus]
        place = np.abs(np.stack([across, along])) * (_SAMPLES / self.cutoff)
        return np.asarray(ndimage.map_coordinates(table, place, order=1, mode="constant"))


@lru_cache(maxsize=1)
def _astigmatic_tables() -> NDArray[np.float32]:
    """Transfer functions (astigmatism, defocus, across, along), a quarter of the plane each; the others mirror it."""
    size = 4 * _SAMPLES
    y, x = np.mgrid[-_SAMPLES : _SAMPLES + 1, -_SAMPLES : _SAMPLES + 1] / (_SAMPLES / 2)
    inside = np.clip((1 - np.hypot(x, y)) * _SAMPLES / 2 + 0.5, 0, 1)
    tables = np.empty((len(_ASTIGMATISM), _DEFOCUS.size, _SAMPLES + 1, _SAMPLES + 1), np.float32)
    for i, amount in enumerate(_ASTIGMATISM):
        for j, defocus in enumerate(_DEFOCUS):
            pupil = inside * np.exp(2j * np.pi * ((defocus + amount) * x**2 + (defocus - amount) * y**2))
            whole = fft.ifft2(np.abs(fft.fft2(pupil, (size, size))) ** 2).real
            tables[i, j] = whole[: _SAMPLES + 1, : _SAMPLES + 1] / whole[0, 0]
    return tables


def _random_drift(rng: np.random.Generator) -> Drift:
    """A smooth random walk of 2 to 25 px."""
    count = 40
    turn = np.cumsum(rng.normal(0, rng.uniform(0.03, 0.25), count)) + rng.uniform(0, 2 * np.pi)
    speed = np.exp(np.cumsum(rng.normal(0, 0.1, count)))
    path = np.cumsum(speed[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1), axis=0)
    path -= path.mean(axis=0)
    return Drift(path * (loguniform(rng, 2.0, 25.0) / np.ptp(np.hypot(*path.T)) / 2))


def _random_still(rng: np.random.Generator, least: float, largest: float) -> RoundLevel:
    """The round part: mostly small against the motion."""
    sigma = loguniform(rng, least, 3.0) if rng.random() < 0.85 else loguniform(rng, 2.0, min(12.0, largest))
    kind = rng.random()
    family = Gaussian() if kind < 0.6 else random_disc(rng) if kind < 0.75 else random_pupil(rng)
    return RoundLevel(family, float(family.clamp(np.full((1, 1), sigma, np.float32))[0, 0]))


def _streaks(shape: tuple[int, int], rng: np.random.Generator, least: float, largest: float) -> list[Level]:
    kind: Literal["line", "swing", "gaussian"] = ("line", "swing", "gaussian")[int(rng.choice(3, p=[0.64, 0.12, 0.24]))]
    far = kind != "gaussian" and rng.random() < _FAR
    length = (
        loguniform(rng, 0.3, 8.0) if kind == "gaussian" else rng.uniform(12, 36) if far else loguniform(rng, 1.0, 36.0)
    )
    scan = rng.random() < 0.15
    angle = 90.0 * int(rng.integers(2)) if scan else float(rng.uniform(0, 180))
    still = _random_still(rng, least, largest)
    if rng.random() < 0.55:
        return [Moved(still, Streak(kind, length, angle))]
    growth = loguniform(rng, 1 / 2.5, 2.5)
    turn = 0.0 if scan else float(rng.uniform(-60, 60))
    softer = loguniform(rng, 1.0, 2.0) if isinstance(still.family, Gaussian | Disc) else 1.0
    reach = max(length, length * growth) * (3.5 if kind == "gaussian" else 1.0) / 2
    wanted = max(np.deg2rad(abs(turn)) * reach / _TURN, abs(np.log(growth)) / 0.18, np.log(softer) / 0.25)
    count = int(np.clip(np.ceil(wanted) + 1, 4, _MOST))
    less = min(1.0, (count - 1) / wanted)
    return [
        Moved(
            RoundLevel(still.family, still.sigma * softer ** (less * t)),
            Streak(kind, length * growth ** (less * t), angle + turn * less * t),
        )
        for t in np.linspace(0, 1, count)
    ]


def _astigmatic(rng: np.random.Generator) -> list[Level]:
    cutoff, kind, angle = loguniform(rng, 0.1, 1.5), int(rng.integers(len(_ASTIGMATISM))), float(rng.uniform(0, 180))
    count = 1 if rng.random() < 0.5 else int(rng.integers(4, 8))
    first = int(rng.integers(_DEFOCUS.size - count + 1))
    return [Astigmatic(cutoff, kind, first + i, angle) for i in range(count)]


def random_shaped_blur(
    shape: tuple[int, int], rng: np.random.Generator, largest: float, *, least: float = 0.25
) -> Blur:
    """Draw a blur that is not round, alone or beside a round one, constant or changing slowly in strength and angle.

    Parameters
    ----------
    shape : (int, int)
        Y and X, pixels.
    rng : numpy.random.Generator
        Where it comes from.
    largest : float
        Upper end of sigma, pixels.
    least : float, default=0.25
        Smallest sigma of the round part, pixels.

    Returns
    -------
    Blur
        With its truth.

    Examples
    --------
    >>> blur = random_shaped_blur((32, 32), np.random.default_rng(0), 30.0)
    >>> blur.sigma.shape, blur.anisotropy.shape
    ((32, 32), (2, 32, 32))
    """
    kind = rng.random()
    levels: list[Level]
    if kind < 0.12:
        levels = [Moved(_random_still(rng, least, largest), _random_drift(rng))]
    elif kind < 0.24:
        levels = _astigmatic(rng)
    else:
        levels = _streaks(shape, rng, least, largest)
    place = random_place(shape, rng) * np.float32(len(levels) - 1) if len(levels) > 1 else None
    return shaped_blur(levels, place, shape)
