"""What sensors and programs lay over a picture: columns, mosaics, shifted lines, grain, bad pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import fft, ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]


def random_pattern(light: Plane, rng: np.random.Generator) -> Plane:
    """Lay the pattern of a sensor over the light.

    Parameters
    ----------
    light : ndarray of float32, shape (Y, X)
        Without noise.
    rng : numpy.random.Generator
        Which pattern, and how strong.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        With columns or rows of which every second differs by 0.5 to 8 %, the
        gains of a colour mosaic, every second line shifted as where a scanner
        runs to and fro, or a faint ripple.

    Examples
    --------
    >>> random_pattern(np.ones((4, 4), np.float32), np.random.default_rng(3)).shape
    (4, 4)
    """
    kind = rng.random()
    if kind < 0.4:
        strength = np.exp(rng.uniform(np.log(0.005), np.log(0.08)))
        gains = np.array([1, 1 - strength])[None, :]
        return _tiled(light, gains if rng.random() < 0.7 else gains.T)
    if kind < 0.6:
        return _tiled(
            light, rng.uniform(0.35, 1, 4)[[0, 1, 2, 0] if rng.random() < 0.8 else [0, 1, 2, 3]].reshape(2, 2)
        )
    if kind < 0.8:
        return _shifted_lines(light, float(rng.uniform(0.3, 2.0)))
    y, x = np.ogrid[: light.shape[0], : light.shape[1]]
    angle, period = rng.uniform(0, np.pi), np.exp(rng.uniform(np.log(2.1), np.log(30)))
    wave = np.sin(2 * np.pi / period * (x * np.cos(angle) + y * np.sin(angle))).astype(np.float32)
    strength = np.float32(np.exp(rng.uniform(np.log(1e-3), np.log(0.03))))
    return np.asarray(light * (1 + strength * wave))


def _tiled(light: Plane, gains: NDArray[np.floating]) -> Plane:
    counts = [-(-n // m) for n, m in zip(light.shape, gains.shape, strict=True)]
    return light * np.tile(gains.astype(np.float32), counts)[: light.shape[0], : light.shape[1]]


def _shifted_lines(light: Plane, shift: float) -> Plane:
    """Every second line shifted along x, periodic."""
    out = light.copy()
    phase = np.exp(-2j * np.pi * shift * fft.rfftfreq(light.shape[1])).astype(np.complex64)
    out[1::2] = fft.irfft(fft.rfft(light[1::2]) * phase, light.shape[1])
    return out


def grain(shape: tuple[int, int], rng: np.random.Generator) -> Plane:
    """Noise of unit variance: white, smoothed, enlarged, or as a mosaic or a denoising filter leaves it.

    Parameters
    ----------
    shape : (int, int)
        Y and X, pixels.
    rng : numpy.random.Generator
        Where the noise comes from.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        Of mean about 0.
    """
    kind = rng.random()
    if kind > 0.95:
        return _denoised(shape, rng)
    white = rng.standard_normal(shape, dtype=np.float32)
    if kind < 0.68:
        return white
    if kind < 0.88:
        width = float(rng.uniform(0.3, 1.5))
        white = ndimage.gaussian_filter(white, (width, width if rng.random() < 0.7 else 0.0), mode="wrap", truncate=3.0)
    elif kind < 0.92:  # enlarged twice, between neighbours a mean
        coarse = np.repeat(np.repeat(white[::2, ::2], 2, axis=0), 2, axis=1)[: shape[0], : shape[1]]
        white = ndimage.uniform_filter(coarse, 2, mode="wrap")
    else:  # measured at every second pixel, elsewhere the mean of the four neighbours
        board = (np.arange(shape[0])[:, None] + np.arange(shape[1])[None, :]) % 2
        white = np.where(board == 0, white, _neighbours(white))
    return np.asarray(white / white.std(), dtype=np.float32)


def _denoised(shape: tuple[int, int], rng: np.random.Generator) -> Plane:
    """As a median filter or non-local means leave it, of a quarter of the picture's size and repeated."""
    part = [-(-n // 2) for n in shape]
    noise = rng.standard_normal(part, dtype=np.float32)
    kind = rng.random()
    if kind < 0.35:
        noise = ndimage.median_filter(noise, 3, mode="wrap")
    elif kind < 0.6:
        noise = ndimage.median_filter(noise, 5, mode="wrap")
    else:  # smooth but for places that are like no other
        smooth = ndimage.gaussian_filter(noise, float(rng.uniform(1.0, 2.5)), mode="wrap", truncate=3.0)
        alone = ndimage.gaussian_filter(rng.standard_normal(part, dtype=np.float32), 1.0, mode="wrap", truncate=3.0)
        noise = smooth + np.where(alone > rng.uniform(1.2, 2.5) * alone.std(), np.float32(0.5) * noise, 0)
    noise = np.tile(noise, (2, 2))[: shape[0], : shape[1]]
    return np.asarray(noise / noise.std(), dtype=np.float32)


def _neighbours(picture: Plane) -> Plane:
    """Mean of the four neighbours, periodic."""
    return np.asarray(sum(np.roll(picture, step, axis) for step in (-1, 1) for axis in (0, 1)) / np.float32(4))


def bad_pixels(picture: Plane, rng: np.random.Generator) -> Plane:
    """Hot pixels, dead ones, or ones that the camera has replaced by the mean of their neighbours."""
    kind = rng.random()
    densest = 0.02 if kind < 0.4 else 0.003
    bad = rng.random(picture.shape, dtype=np.float32) < np.exp(rng.uniform(np.log(1e-4), np.log(densest)))
    if kind < 0.4:
        return np.where(bad, _neighbours(picture), picture)
    values = rng.random(picture.shape, dtype=np.float32) ** 0.5 if kind < 0.8 else np.float32(0)
    return np.where(bad, values, picture)


def coarse_strength(noise: Plane) -> tuple[float, float]:
    """How much stronger noise is after means of 2 x 2 and of 4 x 4 pixels than white noise would be.

    Parameters
    ----------
    noise : ndarray of float32, shape (Y, X)
        Of equal strength everywhere.

    Returns
    -------
    (float, float)
        1 for white noise; up to 2 and 4 for smooth noise, below 1 where neighbours are opposed.

    Examples
    --------
    >>> [round(s, 1) for s in coarse_strength(np.random.default_rng(0).standard_normal((512, 512)))]
    [1.0, 1.0]
    """
    own, found = max(float(noise.std()), 1e-12), list[float]()
    for _ in range(2):
        noise = twice_as_coarse(noise[: noise.shape[0] // 2 * 2, : noise.shape[1] // 2 * 2])
        found.append(2.0 ** len(found) * 2.0 * float(noise.std()) / own)
    return found[0], found[1]


def twice_as_coarse(picture: Plane) -> Plane:
    """Means of 2 x 2 pixels, of even shapes; `bin_down` takes any factor, and ten times as long.

    Examples
    --------
    >>> twice_as_coarse(np.arange(4.0, dtype=np.float32).reshape(2, 2)).tolist()
    [[1.5]]
    """
    rows = picture[::2] + picture[1::2]
    return np.asarray((rows[:, ::2] + rows[:, 1::2]) * np.float32(0.25))
