"""Everything between the light on the sensor and the numbers in the file, for training pictures.

`napari_blurmap.synthesis.camera` is one linear camera with given figures; here
the figures are drawn, and what cameras and programs do beside is added.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]


class Exposure(NamedTuple):
    """A picture over full scale, and the standard deviation of its noise; both (Y, X)."""

    picture: Plane
    noise: Plane


def loguniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def expose(light: Plane, rng: np.random.Generator, *, quiet: bool = False) -> Exposure:
    """Draw a camera and take a picture.

    Parameters
    ----------
    light : ndarray of float32, shape (Y, X)
        Blurred scene; 1 is full scale.
    rng : numpy.random.Generator
        Where camera and noise come from.
    quiet : bool, default=False
        A good camera in good light: little photon and read noise, and nothing else.

    Returns
    -------
    Exposure
        After photon noise (with the excess noise of an EMCCD), read noise
        (white, or correlated as after demosaicing, denoising and resampling),
        row and fixed-pattern noise, hot and dead pixels, clipping at both
        ends, 8 to 16 bit, gamma, subtracted background and JPEG.
    """
    depth = int(rng.choice([8, 12, 16], p=[0.55, 0.2, 0.25]))
    if quiet:
        noise = _noise_level(light, rng, electrons=(5e3, 2e5), read=(2e-4, 3e-3))
        return _digitised(light + noise * rng.standard_normal(light.shape, dtype=np.float32), noise, depth)
    noise = _noise_level(light, rng)
    picture = light + noise * _grain(light.shape, rng)
    if rng.random() < 0.08:
        strength = loguniform(rng, 5e-4, 0.01)
        rows = rng.standard_normal((light.shape[0], 1), dtype=np.float32)
        picture = picture + np.float32(strength) * (rows if rng.random() < 0.5 else rows.T)
        noise = np.hypot(noise, np.float32(strength))
    if rng.random() < 0.15:
        picture = _bad_pixels(picture, rng)
    if rng.random() < 0.1:  # overexposed
        gain = np.float32(rng.uniform(1.2, 4))
        picture, noise = picture * gain, noise * gain
    if rng.random() < 0.08:  # background subtracted, negative values cut
        picture = picture - np.float32(np.quantile(picture, rng.uniform(0.1, 0.6)))
    if rng.random() < 0.1:
        picture, noise = _gamma(picture, noise, loguniform(rng, 0.45, 2.2))
    taken = _digitised(picture, noise, depth)
    if depth == 8 and rng.random() < 0.2:
        return taken._replace(picture=_jpeg(taken.picture, int(rng.integers(40, 97))))
    return taken


def _digitised(picture: Plane, noise: Plane, depth: int) -> Exposure:
    steps = 2**depth - 1
    picture = np.clip(np.rint(picture * steps), 0, steps) / steps
    return Exposure(picture.astype(np.float32), np.sqrt(noise**2 + 1 / (12 * steps**2)).astype(np.float32))


def _noise_level(
    light: Plane,
    rng: np.random.Generator,
    electrons: tuple[float, float] = (50, 2e5),
    read: tuple[float, float] = (2e-4, 0.02),
) -> Plane:
    """Standard deviation of photon and read noise; both ranges are at full scale."""
    if rng.random() < 0.2:
        return np.full(light.shape, 1e-6, dtype=np.float32)
    well, floor = loguniform(rng, *electrons), loguniform(rng, *read)
    # The multiplication of an EMCCD doubles the variance of the photon noise (Hynecek and Nishiwaki, 2003).
    excess = 2.0 if well < 2000 and rng.random() < 0.3 else 1.0
    return np.asarray(np.sqrt(np.float32(excess / well) * np.maximum(light, 0) + np.float32(floor**2)), np.float32)


def _grain(shape: tuple[int, ...], rng: np.random.Generator) -> Plane:
    """Noise of unit variance: white, smoothed, enlarged, or as a Bayer pattern leaves it."""
    white = rng.standard_normal(shape, dtype=np.float32)
    kind = rng.random()
    if kind < 0.7:
        return white
    if kind < 0.9:
        width = float(rng.uniform(0.3, 1.2))
        white = ndimage.gaussian_filter(white, (width, width if rng.random() < 0.7 else 0.0), mode="wrap")
    elif kind < 0.95:  # enlarged twice, between neighbours a mean
        coarse = np.repeat(np.repeat(white[::2, ::2], 2, axis=0), 2, axis=1)[: shape[0], : shape[1]]
        white = ndimage.uniform_filter(coarse, 2, mode="wrap")
    else:  # measured at every second pixel, elsewhere the mean of the four neighbours
        around = ndimage.convolve(white, np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32) / 4, mode="wrap")
        board = (np.arange(shape[0])[:, None] + np.arange(shape[1])[None, :]) % 2
        white = np.where(board == 0, white, around)
    return np.asarray(white / white.std(), dtype=np.float32)


def _bad_pixels(picture: Plane, rng: np.random.Generator) -> Plane:
    """Hot and dead pixels."""
    bad = rng.random(picture.shape, dtype=np.float32) < loguniform(rng, 1e-4, 3e-3)
    values = rng.random(picture.shape, dtype=np.float32) ** 0.5 if rng.random() < 0.7 else np.float32(0)
    return np.where(bad, values, picture)


def _gamma(picture: Plane, noise: Plane, power: float) -> Exposure:
    base = np.maximum(picture, 0)
    slope = power * np.maximum(base, 1e-3) ** np.float32(power - 1)
    return Exposure(base ** np.float32(power), np.asarray(noise * slope, np.float32))


def _jpeg(picture: NDArray[np.floating], quality: int) -> Plane:
    buffer = io.BytesIO()
    Image.fromarray((picture * 255).astype(np.uint8)).save(buffer, "JPEG", quality=quality)
    return np.asarray(np.asarray(Image.open(buffer), dtype=np.float32) / 255, dtype=np.float32)
