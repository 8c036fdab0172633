"""Point sources through a lens: beads, stars, single molecules; few or crowded, clustered, or one great aggregate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft, ndimage

from .exposure import loguniform
from .kernels import Gaussian, frequencies, random_disc, random_pupil
from .levels import RoundLevel, round_blur, shaped_blur
from .motion import Moved, random_shaped_blur
from .random_fields import field_between

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .kernels import Family, Float
    from .levels import Blur

    Plane = NDArray[np.float32]

#: Below this sigma, pixels, points are rendered at half pixels: their spectrum goes on beyond Nyquist's frequency.
_UNDERSAMPLED = 0.75
#: Smallest sigma of points, pixels: sharper ones are hot pixels.
_LEAST = 0.4
#: Different places of the points within their pixels.
_OFFSETS = 3


@dataclass(frozen=True)
class Ball:
    """A uniform sphere, seen in its whole thickness: what is measured of a bead is the width of its own image.

    Parameters
    ----------
    radius : float
        Pixels.
    """

    radius: float
    angle: float = 0.0

    def profile(self, frequency: Float, direction: float) -> Float:
        """Along all directions the same."""
        a = np.maximum(2 * np.pi * self.radius * np.abs(frequency), 0.02).astype(np.float64)
        return np.asarray(3 * (np.sin(a) - a * np.cos(a)) / a**3)

    def transfer(self, shape: tuple[int, int], fine: int) -> NDArray[np.float32]:
        """On the grid of ``rfft2``."""
        return self.profile(np.hypot(*frequencies(shape, fine)), 0.0).astype(np.float32)


def point_spectrum(
    places: Float, brightness: Float, shape: tuple[int, int], fine: int = 1, *, integrated: bool
) -> NDArray[np.complex64]:
    """Transform of points, each at its exact place.

    Parameters
    ----------
    places : ndarray of float, shape (N, 2)
        y and x, pixels; those that share a place within their pixel are transformed together.
    brightness : ndarray of float, shape (N,)
        Light of each.
    shape : (int, int)
        Y and X of the picture, pixels; periodic.
    fine : int, default=1
        Samples an edge of a pixel.
    integrated : bool
        Whether a pixel sums the light over its area, or takes it at its centre.

    Returns
    -------
    ndarray of complex64
        On the grid of ``rfft2`` of ``fine`` samples an edge of a pixel.
    """
    whole = np.floor(places).astype(np.int64)
    offsets, group = np.unique(np.round(places - whole, 6), axis=0, return_inverse=True)
    y, x = frequencies(shape, fine)
    grid = shape[0] * fine, shape[1] * fine
    flat = (whole[:, 0] % shape[0]) * fine * grid[1] + (whole[:, 1] % shape[1]) * fine
    out = np.zeros((y.size, x.size), dtype=np.complex64)
    for number, offset in enumerate(offsets):
        mine = group.ravel() == number
        light = np.bincount(flat[mine], brightness[mine] * fine**2, grid[0] * grid[1]).astype(np.float32)
        spectrum = fft.rfft2(light.reshape(grid))
        if offset.any():
            along_y, along_x = (
                np.exp(-2j * np.pi * f * o).astype(np.complex64) for f, o in zip((y, x), offset, strict=True)
            )
            spectrum *= along_y * along_x
        out += spectrum
    if integrated:
        out *= np.sinc(y) * np.sinc(x)
    return out


def _scattered(shape: tuple[int, int], rng: np.random.Generator) -> tuple[Float, Float]:
    """Places and brightness of the points of a picture."""
    area = shape[0] * shape[1]
    count = 1 + int(rng.integers(3)) if rng.random() < 0.06 else int(np.ceil(loguniform(rng, 8e-5, 0.03) * area))
    places = rng.uniform(0, shape, (count, 2))
    clustered = rng.random()
    if clustered < 0.15:
        centres = rng.uniform(0, shape, (int(rng.integers(1, 12)), 2))
        spread = loguniform(rng, 2.0, 25.0)
        places = centres[rng.integers(len(centres), size=count)] + spread * rng.standard_normal((count, 2))
    brightness = np.ones(count)
    kind = rng.random()
    if kind < 0.4:
        brightness = rng.uniform(0.3, 1, count)
    elif kind < 0.75:
        brightness = np.exp(rng.uniform(np.log(0.03), 0, count))
    if clustered > 0.93:  # a great aggregate
        more = int(rng.integers(50, 400))
        lump = rng.uniform(0, shape) + loguniform(rng, 2.0, 12.0) * rng.standard_normal((more, 2))
        places, brightness = np.concatenate([places, lump]), np.concatenate([brightness, np.ones(more)])
    if rng.random() < 0.35:
        return np.floor(places), brightness
    within = rng.uniform(0, 1, (_OFFSETS, 2))
    return np.floor(places) + within[rng.integers(_OFFSETS, size=len(places))], brightness


def _random_blur(shape: tuple[int, int], rng: np.random.Generator, largest: float) -> tuple[Blur, bool]:
    """Any lens, in focus and far out of it; and whether it is a plain Gaussian."""
    if rng.random() < 0.2:
        return random_shaped_blur(shape, rng, largest, least=0.5), False
    kind = rng.random()
    family: Family = Gaussian() if kind < 0.42 else random_disc(rng) if kind < 0.64 else random_pupil(rng)
    sigma = loguniform(rng, 0.5, 8.0) if rng.random() < 0.7 else loguniform(rng, 3.0, largest)
    if not isinstance(family, Gaussian) and rng.random() < 0.25:  # in focus
        sigma = 0.0
    sigma = max(sigma, _LEAST)
    if rng.random() < 0.12:  # beads below the resolution: larger ones, sharp or not, look like nuclei
        still = RoundLevel(family, float(family.clamp(np.full((1, 1), sigma, np.float32))[0, 0]))
        return shaped_blur([Moved(still, Ball(loguniform(rng, 0.3, max(0.4, sigma))))], None, shape), False
    spread = 1.0 if rng.random() < 0.7 else loguniform(rng, 1.05, 1.8)
    low, high = sigma / spread, min(sigma * spread, largest)
    share = (1.0, 0.0, 0.0, 0.0, 0.0) if spread == 1 else (0.0, 0.6, 0.2, 0.0, 0.2)
    field = family.clamp(np.maximum(field_between(shape, rng, low, high, sigma, shares=share), np.float32(_LEAST)))
    return round_blur(field, family), isinstance(family, Gaussian)


def random_points(shape: tuple[int, int], rng: np.random.Generator, largest: float) -> tuple[Plane, Blur]:
    """Draw points and a lens.

    Parameters
    ----------
    shape : (int, int)
        Y and X, pixels.
    rng : numpy.random.Generator
        Where they come from.
    largest : float
        Upper end of sigma, pixels.

    Returns
    -------
    light : ndarray of float32, shape (Y, X)
        0 between the points, 1 at the brightest place.
    blur : Blur
        With its truth: the width of a point's image.

    Examples
    --------
    >>> light, blur = random_points((64, 64), np.random.default_rng(0), 30.0)
    >>> float(light.max()), blur.sigma.shape
    (1.0, (64, 64))
    """
    blur, plain = _random_blur(shape, rng, largest)
    places, brightness = _scattered(shape, rng)
    # Of Gaussians the width at the pixels is what a fit gives; what a lens does is named without the pixel.
    integrated = not plain or bool(rng.random() < 0.25)
    fine = 2 if float(blur.sigma.min()) < _UNDERSAMPLED else 1
    light = blur.render(point_spectrum(places, brightness, shape, fine, integrated=integrated), shape, fine)
    return np.asarray(np.maximum(light, 0) / max(float(light.max()), 1e-12), dtype=np.float32), blur


def standing_out(light: Plane, sigma: Plane) -> Plane:
    """How far the light of points rises above what lies around them.

    Parameters
    ----------
    light : ndarray of float32, shape (Y, X)
        Of points, without ground.
    sigma : ndarray of float32, shape (Y, X)
        Its blur, pixels.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        0 or more: above the mean of a square 12 sigma wide; isolated points lose nothing by that, a crowd that has
        become even loses all.
    """
    coarse = light[::2, ::2]
    around = ndimage.uniform_filter(coarse, round(max(16.0, 6.0 * float(np.median(sigma[::8, ::8])))), mode="wrap")
    around = np.repeat(np.repeat(around, 2, axis=0), 2, axis=1)[: light.shape[0], : light.shape[1]]
    return np.asarray(np.maximum(light - around, 0))
