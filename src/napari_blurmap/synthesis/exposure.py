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

from .patterns import bad_pixels, coarse_strength, grain, random_pattern

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]


class Exposure(NamedTuple):
    """A picture, and what is known about its noise.

    Parameters
    ----------
    picture : ndarray of float32, shape (Y, X)
        Grey levels over full scale.
    noise : ndarray of float32, shape (Y, X)
        Standard deviation of its noise.
    coarse : (float, float)
        See `coarse_strength`.
    plateau : ndarray of bool, shape (Y, X)
        Where 3 x 3 and more pixels are overexposed.
    """

    picture: Plane
    noise: Plane
    coarse: tuple[float, float]
    plateau: NDArray[np.bool_]


def loguniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def expose(light: Plane, rng: np.random.Generator, *, quiet: bool = False, electrons: float | None = None) -> Exposure:
    """Draw a camera and take a picture.

    Parameters
    ----------
    light : ndarray of float32, shape (Y, X)
        Blurred scene; 1 is full scale.
    rng : numpy.random.Generator
        Where camera and noise come from.
    quiet : bool, default=False
        A good camera in good light: little photon and read noise, and nothing else.
    electrons : float, optional
        Photo-electrons at full scale; drawn where it is not given.

    Returns
    -------
    Exposure
        After photon noise (with the excess noise of an EMCCD), read noise
        (white, or correlated as after demosaicing, denoising and resampling),
        row and fixed-pattern noise, hot, dead and replaced pixels, clipping at
        both ends, 8 to 16 bit, gamma, subtracted background and JPEG.
    """
    depth = int(rng.choice([8, 12, 16], p=[0.55, 0.2, 0.25] if electrons is None else [0.2, 0.3, 0.5]))
    if quiet:
        noise = _noise_level(light, rng, electrons=(5e3, 2e5), read=(2e-4, 3e-3))
        white = rng.standard_normal(light.shape, dtype=np.float32)
        return _digitised(light + noise * white, noise, (1.0, 1.0), depth)
    if rng.random() < 0.12:
        light = random_pattern(light, rng)
    noise = (
        _noise_level(light, rng) if electrons is None else _photon_noise(light, electrons, loguniform(rng, 0.3, 8.0))
    )
    realised = grain(light.shape, rng)
    if electrons is not None:  # few photons: Poisson's law is skewed
        skewness = np.maximum(light, 0) * np.float32(electrons) / np.maximum(noise * np.float32(electrons), 0.5) ** 3
        realised = realised + skewness / 6 * (realised**2 - 1)
    if rng.random() < 0.08:
        strength = loguniform(rng, 5e-4, 0.01)
        rows = rng.standard_normal((light.shape[0], 1), dtype=np.float32)
        rows = np.float32(strength) * (rows if rng.random() < 0.5 else rows.T)
        realised = noise * realised + rows
        noise = np.hypot(noise, np.float32(strength))
        realised = realised / noise
    coarse, picture = coarse_strength(realised), light + noise * realised
    if rng.random() < 0.15:
        picture = bad_pixels(picture, rng)
    if rng.random() < 0.2:  # overexposed
        brightest = float(np.quantile(picture[::4, ::4], 1 - loguniform(rng, 0.002, 0.4)))
        gain = np.float32(1 / max(brightest, 0.02))
        picture, noise = picture * gain, noise * gain
    top = 1.0
    if rng.random() < 0.08:  # background subtracted, negative values cut; after it full scale is less
        ground = np.float32(np.quantile(picture[::4, ::4], rng.uniform(0.1, 0.6)))
        top = 1.0 - min(float(ground), 0.5)
        picture = picture - (1 - np.float32(top))
    if rng.random() < 0.1:
        power = loguniform(rng, 0.45, 2.2)
        top = top**power
        picture, noise = _gamma(picture, noise, power)
    taken = _digitised(picture, noise, coarse, depth, top)
    return _jpeg(taken, light, rng) if depth == 8 and rng.random() < 0.2 else taken


def _digitised(picture: Plane, noise: Plane, coarse: tuple[float, float], depth: int, top: float = 1.0) -> Exposure:
    steps = 2**depth - 1
    over = picture >= top
    plateau = over if not over.any() else ndimage.binary_opening(over, np.ones((3, 3), bool))
    picture = np.rint(np.clip(picture, 0, top) * steps) / steps
    noise = np.sqrt(noise**2 + np.float32(1 / (12 * steps**2)))
    return Exposure(picture.astype(np.float32), noise.astype(np.float32), coarse, plateau)


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
    return _photon_noise(light, well / excess, floor * well / excess)


def _photon_noise(light: Plane, electrons: float, read: float) -> Plane:
    """Of Poisson's law and of reading, both in electrons at full scale."""
    variance = np.float32(1 / electrons) * np.maximum(light, 0) + np.float32((read / electrons) ** 2)
    return np.asarray(np.sqrt(variance), np.float32)


def _gamma(picture: Plane, noise: Plane, power: float) -> tuple[Plane, Plane]:
    base = np.maximum(picture, 0)
    slope = power * np.maximum(base, 1e-3) ** np.float32(power - 1)
    return base ** np.float32(power), np.asarray(noise * slope, np.float32)


def _jpeg(taken: Exposure, light: Plane, rng: np.random.Generator) -> Exposure:
    """Compressed: of the noise only what is left of it counts."""
    buffer = io.BytesIO()
    Image.fromarray((taken.picture * 255).astype(np.uint8)).save(buffer, "JPEG", quality=int(rng.integers(40, 97)))
    picture = np.asarray(Image.open(buffer), dtype=np.float32) / np.float32(255)
    # Where the picture is even, or nearly: what the compression does to a structure is no noise.
    before, after = (_second_difference(p) for p in (taken.picture, picture))
    left = np.float32(np.clip(np.median(after) / max(float(np.median(before)), 1e-6), 0.05, 1.0))
    return taken._replace(picture=picture, noise=np.maximum(taken.noise * left, np.float32(0.29 / 255)))


def _second_difference(picture: Plane) -> Plane:
    return np.asarray(np.abs(picture[:, 2:] - 2 * picture[:, 1:-1] + picture[:, :-2]))
