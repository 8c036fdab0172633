"""Training pictures: sharp scenes, blurred by known fields, seen by imperfect cameras.

Scenes are periodic, so a blur is a product of Fourier transforms and exact up
to the border: fast enough that the network, not the data, is the bottleneck.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from scipy import ndimage

from ..optics import disc_mtf, equivalent_sigma, gaussian_kernel
from .fields import sigma_ramp, sigma_sine
from .textures import power_law

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]

#: Neighbouring blurs of the stack from which a varying blur is interpolated differ by this factor.
_STEP = 1.3


@dataclass(frozen=True)
class Crop:
    """One training picture.

    Parameters
    ----------
    picture : ndarray of float32, shape (Y, X)
        Grey levels over full scale.
    valid : ndarray of float32, shape (Y, X)
        0 where the picture holds no data.
    sigma : ndarray of float32, shape (Y, X)
        The truth, pixels.
    structure : ndarray of float32, shape (Y, X)
        Standard deviation of the noise-free detail over that of the noise,
        both in a window about as wide as the blur.
    """

    picture: Plane
    valid: Plane
    sigma: Plane
    structure: Plane


def _loguniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def augment(scene: Plane, rng: np.random.Generator) -> Plane:
    """Shift, turn, mirror, invert and bend the greys of a sharp periodic scene."""
    scene = np.roll(scene, tuple(int(rng.integers(n)) for n in scene.shape), (0, 1))
    scene = np.rot90(scene, int(rng.integers(4)))
    if rng.random() < 0.5:
        scene = scene[:, ::-1]
    if rng.random() < 0.3:
        scene = 1.0 - scene
    if rng.random() < 0.5:
        scene = np.clip(scene, 0, 1) ** np.float32(_loguniform(rng, 0.4, 2.5))
    if rng.random() < 0.25:  # fine grain over everything, as film, paper and cytoplasm have it
        grain = power_law(scene.shape, rng, exponent=float(rng.uniform(0.6, 1.3))) - 0.5
        scene = scene + np.float32(_loguniform(rng, 0.01, 0.3)) * grain
    return np.ascontiguousarray(scene, dtype=np.float32)


def random_field(shape: tuple[int, int], rng: np.random.Generator, largest: float) -> Plane:
    """Draw a sigma field: constant, ramp, sine, patches with hard borders, or smooth hills.

    Parameters
    ----------
    shape : (int, int)
        Y and X, pixels.
    rng : numpy.random.Generator
        Where the field comes from.
    largest : float
        Upper end of sigma, pixels.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        Sigma in pixels.
    """
    middle = _loguniform(rng, 0.2, 5.0) if rng.random() < 0.75 else _loguniform(rng, 3.0, largest)
    spread = _loguniform(rng, 1.05, 3.5)
    low, high = middle / spread, min(middle * spread, largest)
    if rng.random() < 0.15:
        low, high = 0.3, 3.0
    angle = float(rng.uniform(0, 360))
    kind = rng.choice(["constant", "ramp", "sine", "patches", "hills"], p=[0.28, 0.27, 0.15, 0.15, 0.15])
    if kind == "constant":
        return np.full(shape, middle, dtype=np.float32)
    if kind == "ramp":
        return sigma_ramp(shape, low, high, angle=angle)
    if kind == "sine":
        return sigma_sine(shape, low, high, _loguniform(rng, 0.4, 2.5) * shape[1], angle=angle)
    hills = power_law(shape, rng, exponent=2.5)
    if kind == "patches":
        hills = np.where(hills > np.quantile(hills, rng.uniform(0.2, 0.8)), np.float32(1), np.float32(0))
    return np.asarray(low + (high - low) * hills, dtype=np.float32)


def _disc_table() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    radii = np.exp(np.linspace(np.log(0.05), np.log(70), 200))
    f = np.linspace(0, 0.5, 200)
    return np.array([equivalent_sigma(f, disc_mtf(f, r)) for r in radii]), radii


_DISCS: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []


def _transfer(shape: tuple[int, int], sigma: float, disc: bool) -> NDArray[np.float32]:
    """Transfer function of one blur on the grid of ``rfft2``."""
    fy, fx = np.abs(np.fft.fftfreq(shape[0])), np.fft.rfftfreq(shape[1])
    if disc:
        if not _DISCS:
            _DISCS.append(_disc_table())
        radius = float(np.interp(sigma, *_DISCS[0]))
        return np.asarray(disc_mtf(np.hypot(fy[:, None], fx[None, :]), radius), dtype=np.float32)
    kernel = gaussian_kernel(sigma)
    kernel = kernel[kernel.size // 2 :]
    k = np.arange(1, kernel.size)
    along = [kernel[0] + 2.0 * np.cos(2 * np.pi * np.outer(f, k)) @ kernel[1:] for f in (fy, fx)]
    return np.asarray(np.outer(*along), dtype=np.float32)


def blur_periodic(scene: Plane, field: Plane, *, disc: bool = False) -> Plane:
    """Blur a periodic scene by a field, interpolating between exact blurs.

    Fast (one transform a level) where `apply_blur` is exact; the two agree to
    5e-4 of the contrast (root mean square), a test pins it.

    Parameters
    ----------
    scene, field : ndarray of float32, shape (Y, X)
        Sharp scene, and sigma in pixels.
    disc : bool, default=False
        Uniform discs with that equivalent sigma instead of Gaussians.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        The blurred scene.
    """
    low, high = max(float(field.min()), 0.05), max(float(field.max()), 0.05)
    spectrum = np.fft.rfft2(scene)
    if high / low < 1.0001:
        return np.fft.irfft2(spectrum * _transfer(scene.shape, low, disc), s=scene.shape).astype(np.float32)
    count = max(4, int(np.ceil(np.log(high / low) / np.log(_STEP))) + 1)
    sigmas = np.exp(np.linspace(np.log(low), np.log(high), count))
    stack = np.stack([np.fft.irfft2(spectrum * _transfer(scene.shape, s, disc), s=scene.shape) for s in sigmas])
    place = np.log(np.maximum(field, 0.05) / low) / np.log(sigmas[1] / sigmas[0])
    first = np.clip(place.astype(int) - 1, 0, count - 4)
    t = (place - first).astype(np.float32)
    rows, columns = np.ogrid[: scene.shape[0], : scene.shape[1]]
    # Lagrange's cubic through the four nearest levels.
    weights = (
        -(t - 1) * (t - 2) * (t - 3) / 6,
        t * (t - 2) * (t - 3) / 2,
        -t * (t - 1) * (t - 3) / 2,
        t * (t - 1) * (t - 2) / 6,
    )
    out = sum(w * stack[first + i, rows, columns] for i, w in enumerate(weights))
    return np.asarray(out, dtype=np.float32)


def _expose(light: Plane, rng: np.random.Generator) -> tuple[Plane, Plane]:
    """Noise, depth, clipping and compression; the picture and the standard deviation of its noise."""
    depth = int(rng.choice([8, 12, 16], p=[0.55, 0.2, 0.25]))
    steps = 2**depth - 1
    if rng.random() < 0.2:
        noise = np.full(light.shape, 1e-6, dtype=np.float32)
    else:
        shot = np.maximum(light, 0) / np.float32(_loguniform(rng, 50, 2e5))
        noise = np.sqrt(shot + np.float32(_loguniform(rng, 2e-4, 0.02)) ** 2)
    white = rng.standard_normal(light.shape, dtype=np.float32)
    if rng.random() < 0.3:  # demosaicing, denoising, resampling
        kind = (float(rng.uniform(0.3, 1.2)), 0.0) if rng.random() < 0.3 else (float(rng.uniform(0.3, 1.2)),) * 2
        white = ndimage.gaussian_filter(white, kind, mode="wrap")
        white /= white.std()
    picture = light + noise * white
    if rng.random() < 0.15:
        hot = rng.random(light.shape, dtype=np.float32) < _loguniform(rng, 1e-4, 3e-3)
        picture = np.where(hot, rng.uniform(0, 1, light.shape) ** 0.5, picture)
    if rng.random() < 0.1:
        picture = picture * np.float32(rng.uniform(1.2, 4))
    picture = np.clip(np.rint(picture * steps), 0, steps) / steps
    noise = np.sqrt(noise**2 + 1 / (12 * steps**2))
    if depth == 8 and rng.random() < 0.2:
        buffer = io.BytesIO()
        Image.fromarray((picture * 255).astype(np.uint8)).save(buffer, "JPEG", quality=int(rng.integers(40, 97)))
        picture = np.asarray(Image.open(buffer), dtype=np.float32) / 255
    return picture.astype(np.float32), noise.astype(np.float32)


def _structure(light: Plane, noise: Plane, window: float) -> Plane:
    """Detail of a window against the noise: gradients of the light are no detail."""

    def smooth(x: Plane) -> Plane:
        # Two passes of a box: nearly a Gaussian, at a cost that does not grow with the window.
        width = max(3, round(window * 2))
        for _ in range(2):
            x = ndimage.uniform_filter(x, width, mode="nearest")
        return x

    detail = light - smooth(light)
    return np.sqrt(np.maximum(smooth(detail * detail), 0) / np.maximum(smooth(noise * noise), 1e-12))


def make_crop(scene: Plane, rng: np.random.Generator, *, largest: float = 30.0) -> Crop:
    """Turn a sharp scene into one training picture.

    Parameters
    ----------
    scene : ndarray of float32, shape (Y, X)
        Sharp, periodic.
    rng : numpy.random.Generator
        Where everything random comes from: the same state gives the same crop.
    largest : float, default=30.0
        Upper end of sigma, pixels.

    Returns
    -------
    Crop
        With its truth.
    """
    field = random_field(scene.shape, rng, largest)
    light = blur_periodic(augment(scene, rng), field, disc=bool(rng.random() < 0.2))
    if rng.random() < 0.3:  # parts of the field are empty
        mask = power_law(scene.shape, rng, exponent=3.0)
        edge = np.quantile(mask, rng.uniform(0.1, 0.8))
        ground = ndimage.gaussian_filter(light, 15.0, mode="wrap")
        light = ground + (light - ground) * np.clip((mask - edge) / 0.15, 0, 1)
    contrast = _loguniform(rng, 0.02, 1.0) if rng.random() < 0.7 else 1.0
    black = 0.0 if rng.random() < 0.3 else float(rng.uniform(0, 1 - contrast))
    light = (black + contrast * light).astype(np.float32)
    picture, noise = _expose(light, rng)
    middle = float(np.median(field))
    valid = np.ones_like(picture)
    if rng.random() < 0.1:
        y, x = (int(rng.integers(n)) for n in scene.shape)
        valid[y : y + int(rng.integers(8, 120)), x : x + int(rng.integers(8, 120))] = 0
    return Crop(picture, valid, field, _structure(light, noise, max(5.0, 0.6 * min(middle, 20.0))))
