"""Training pictures: sharp scenes, blurred by known fields, seen by imperfect cameras.

Scenes are periodic, so a blur is a product of Fourier transforms and exact up
to the border: fast enough that the network, not the data, is the bottleneck.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage

from .burn_in import burn_in
from .exposure import expose, loguniform
from .fields import sigma_ramp, sigma_sine
from .kernels import Family, Gaussian, Pupil, random_disc, random_family
from .specimens import spots
from .textures import power_law

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]

#: Neighbouring blurs of the stack from which a varying blur is interpolated differ by this factor.
_STEP = 1.3
#: Share of a pixel's light from which a layer counts as seen there.
_SEEN = 0.25
#: Share of crops that are sharp textures seen by a good camera, and share of them that are blurred by
#: Gaussians, the rest by discs: the plain case must be exact, and there the two kernels can be told apart.
_PLAIN, _PLAIN_GAUSSIAN = 0.4, 0.8
#: Share of fields that run from sharp to blurred within the crop, so that the network learns to follow them.
_STEEP = 0.25
#: Sensitivity over noise from which a layer can be told from the one behind it.
_TOLD = 0.5


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
        How much the light would change with the blur, over the noise: see
        `sensitivity_over_noise`.
    """

    picture: Plane
    valid: Plane
    sigma: Plane
    structure: Plane


def augment(scene: Plane, rng: np.random.Generator) -> Plane:
    """Shift, turn, mirror, invert and bend the greys of a sharp periodic scene."""
    scene = np.roll(scene, tuple(int(rng.integers(n)) for n in scene.shape), (0, 1))
    scene = np.rot90(scene, int(rng.integers(4)))
    if rng.random() < 0.5:
        scene = scene[:, ::-1]
    if rng.random() < 0.3:
        scene = 1.0 - scene
    if rng.random() < 0.5:
        scene = np.clip(scene, 0, 1) ** np.float32(loguniform(rng, 0.4, 2.5))
    if rng.random() < 0.25:  # fine grain over everything, as film, paper and cytoplasm have it
        grain = power_law(scene.shape, rng, exponent=float(rng.uniform(0.6, 1.3))) - 0.5
        scene = scene + np.float32(loguniform(rng, 0.01, 0.3)) * grain
    return np.ascontiguousarray(scene, dtype=np.float32)


def _random_sigma(rng: np.random.Generator, largest: float) -> float:
    return loguniform(rng, 0.2, 5.0) if rng.random() < 0.75 else loguniform(rng, 3.0, largest)


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
    middle = _random_sigma(rng, largest)
    spread = loguniform(rng, 1.05, 3.5)
    low, high = middle / spread, min(middle * spread, largest)
    if rng.random() < _STEEP:
        low, high = loguniform(rng, 0.1, 0.5), float(rng.uniform(2.0, 4.5))
        return field_between(shape, rng, low, high, middle, shares=(0.0, 0.3, 0.4, 0.15, 0.15))
    return field_between(shape, rng, low, high, middle)


def field_between(
    shape: tuple[int, int],
    rng: np.random.Generator,
    low: float,
    high: float,
    middle: float,
    shares: tuple[float, ...] = (0.28, 0.27, 0.15, 0.15, 0.15),
) -> Plane:
    """Draw how sigma runs from ``low`` to ``high``, in any direction.

    Parameters
    ----------
    shape : (int, int)
        Y and X, pixels.
    rng : numpy.random.Generator
        Where the field comes from.
    low, high : float
        Ends of sigma, pixels.
    middle : float
        Sigma of a constant field, pixels.
    shares : tuple of 5 float
        Of constant fields, ramps, sines, patches with hard borders, and smooth hills.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        Sigma in pixels.
    """
    angle = float(rng.uniform(0, 360))
    kind = rng.choice(["constant", "ramp", "sine", "patches", "hills"], p=shares)
    if kind == "constant":
        return np.full(shape, middle, dtype=np.float32)
    if kind == "ramp":
        return sigma_ramp(shape, low, high, angle=angle)
    if kind == "sine":
        return sigma_sine(shape, low, high, loguniform(rng, 0.4, 2.5) * shape[1], angle=angle)
    hills = power_law(shape, rng, exponent=2.5)
    if kind == "patches":
        hills = np.where(hills > np.quantile(hills, rng.uniform(0.2, 0.8)), np.float32(1), np.float32(0))
    return np.asarray(low + (high - low) * hills, dtype=np.float32)


def blur_periodic(scene: Plane, field: Plane, family: Family | None = None) -> Plane:
    """Blur a periodic scene by a field, interpolating between exact blurs.

    Fast (one transform a level) where `apply_blur` is exact; the two agree to
    5e-4 of the contrast (root mean square), a test pins it.

    Parameters
    ----------
    scene, field : ndarray of float32, shape (Y, X)
        Sharp scene, and sigma in pixels.
    family : Family, optional
        Kernels to blur with; Gaussians by default.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        The blurred scene.
    """
    family = family or Gaussian()
    low, high = max(float(field.min()), 0.05), max(float(field.max()), 0.05)
    spectrum = np.fft.rfft2(scene)
    if high / low < 1.0001:
        return np.fft.irfft2(spectrum * family.transfer(scene.shape, low), s=scene.shape).astype(np.float32)
    count = max(4, int(np.ceil(np.log(high / low) / np.log(_STEP))) + 1)
    sigmas = np.exp(np.linspace(np.log(low), np.log(high), count))
    stack = np.stack([np.fft.irfft2(spectrum * family.transfer(scene.shape, s), s=scene.shape) for s in sigmas])
    return between_levels(stack, sigmas, field)


def between_levels(stack: NDArray[np.floating], sigmas: NDArray[np.floating], field: Plane) -> Plane:
    """Interpolate between pictures blurred by neighbouring sigmas.

    Parameters
    ----------
    stack : ndarray, shape (N, Y, X)
        The same picture at N sigmas, four or more.
    sigmas : ndarray, shape (N,)
        Rising by equal factors, pixels.
    field : ndarray of float32, shape (Y, X)
        Sigma wanted, pixels; below and above the levels it is extrapolated.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        The picture blurred by the field.
    """
    place = np.log(np.maximum(field, 0.05) / sigmas[0]) / np.log(sigmas[1] / sigmas[0])
    first = np.clip(place.astype(int) - 1, 0, len(sigmas) - 4)
    t = (place - first).astype(np.float32)
    rows, columns = np.ogrid[: field.shape[0], : field.shape[1]]
    # Lagrange's cubic through the four nearest levels.
    weights = (
        -(t - 1) * (t - 2) * (t - 3) / 6,
        t * (t - 2) * (t - 3) / 2,
        -t * (t - 1) * (t - 3) / 2,
        t * (t - 1) * (t - 2) / 6,
    )
    out = sum(w * stack[first + i, rows, columns] for i, w in enumerate(weights))
    return np.asarray(out, dtype=np.float32)


class _Light(NamedTuple):
    """A blurred scene, its sigma, and the part of it that has this sigma (what lies behind is in ``haze``)."""

    light: Plane
    sigma: Plane
    behind: Plane | None = None
    behind_sigma: float = 0.0


def _one_layer(scene: Plane, rng: np.random.Generator, largest: float) -> _Light:
    family = random_family(rng)
    field = random_field(scene.shape, rng, largest)
    if isinstance(family, Pupil):  # far from focus its rings must not look sharp; near it, it is nearly a Gaussian
        field = np.minimum(field * np.float32(loguniform(rng, 1.0, 6.0)), np.float32(largest))
    field = family.clamp(field)
    sharp = augment(scene, rng)
    if rng.random() < 0.06:  # debris far brighter than the specimen
        sharp = sharp + np.float32(rng.uniform(1, 4)) * spots(scene.shape, rng, density=loguniform(rng, 5e-5, 1e-3))
    return _Light(blur_periodic(sharp, field, family), field)


def _hidden_layer(scene: Plane, rng: np.random.Generator, largest: float) -> _Light:
    """An object before a ground, both out of focus by their own amounts; the sharpest seen is the truth."""
    family = random_family(rng)
    near, far = (family.clamp(np.full(scene.shape, _random_sigma(rng, largest), np.float32)) for _ in range(2))
    hills = power_law(scene.shape, rng, exponent=float(rng.uniform(2.0, 3.0)))
    mask = np.clip((hills - np.quantile(hills, rng.uniform(0.3, 0.8))) / 0.01 + 0.5, 0, 1).astype(np.float32)
    grey = np.float32(rng.uniform(0, 1))
    before = blur_periodic(mask * (grey + (1 - grey) * augment(scene, rng)), near, family)
    cover = np.clip(blur_periodic(mask, near, family), 0, 1)
    light = before + (1 - cover) * blur_periodic(augment(scene, rng), far, family)
    sharper, other = (cover, 1 - cover) if near[0, 0] < far[0, 0] else (1 - cover, cover)
    seen = (sharper >= _SEEN) | (other < _SEEN)
    return _Light(light, np.where(seen, np.minimum(near, far), np.maximum(near, far)))


def _hazy(scene: Plane, rng: np.random.Generator, largest: float) -> _Light:
    """A specimen thicker than the depth of field: light from far out of focus is added."""
    front = _one_layer(scene, rng, largest)
    sigma = min(largest, float(front.sigma.max()) * loguniform(rng, 2.0, 8.0) + 1.0)
    behind = blur_periodic(augment(scene, rng), np.full(scene.shape, sigma, np.float32))
    return front._replace(behind=np.float32(loguniform(rng, 0.2, 4.0)) * behind, behind_sigma=sigma)


def _empty_parts(light: Plane, rng: np.random.Generator) -> Plane:
    """Take the detail away from a part of the field, sometimes from all of it."""
    mask = power_law(light.shape, rng, exponent=3.0)
    edge = np.quantile(mask, min(1.0, rng.uniform(0.1, 1.1)))
    ground = ndimage.gaussian_filter(light, 15.0, mode="wrap")
    return np.asarray(ground + (light - ground) * np.clip((mask - edge) / 0.15, 0, 1), dtype=np.float32)


def sensitivity_over_noise(light: Plane, noise: Plane, sigma: Plane) -> Plane:
    """How much the light would change with the blur, against the noise: a place without it cannot tell its sigma.

    Gaussian blur obeys the heat equation: the derivative of the light by the
    logarithm of sigma is ``sigma**2`` times its Laplacian (Koenderink,
    Biological Cybernetics 50, 1984). Even light and its gradients have none.

    Parameters
    ----------
    light, noise, sigma : ndarray of float32, shape (Y, X)
        Picture without noise, the standard deviation of its noise, and its
        blur in pixels.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        Ratio of the two root mean squares in a window of 9 pixels, or of twice
        the typical sigma where that is more.
    """
    change = np.maximum(sigma, np.float32(0.5)) ** 2 * ndimage.laplace(light, mode="nearest")
    width = round(max(5.0, min(float(np.median(sigma)), 20.0)))

    def mean(x: Plane) -> Plane:
        # Two passes of a box: nearly a Gaussian, but it ends.
        for _ in range(2):
            x = ndimage.uniform_filter(x, width, mode="nearest")
        return np.maximum(x, 0)

    return np.sqrt(mean(change * change) / np.maximum(mean(noise * noise), np.float32(1e-12)))


def _plain_crop(scene: Plane, rng: np.random.Generator, largest: float) -> Crop:
    sigma = random_field(scene.shape, rng, largest)
    contrast = float(rng.uniform(0.3, 1.0))
    family = Gaussian() if rng.random() < _PLAIN_GAUSSIAN else random_disc(rng)
    light = np.float32(contrast) * blur_periodic(augment(scene, rng), sigma, family) + np.float32(
        rng.uniform(0, 1 - contrast)
    )
    picture, noise = expose(light, rng, quiet=True)
    return Crop(picture, np.ones_like(picture), sigma, sensitivity_over_noise(light, noise, sigma))


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
    if rng.random() < _PLAIN:
        return _plain_crop(scene, rng, largest)
    layers = (_one_layer, _hidden_layer, _hazy)[int(rng.choice(3, p=[0.7, 0.2, 0.1]))]
    light, sigma, behind, behind_sigma = layers(scene, rng, largest)
    if rng.random() < 0.3:
        light = _empty_parts(light, rng)
    contrast = loguniform(rng, 0.02, 1.0) if rng.random() < 0.6 else 1.0
    black = 0.0 if rng.random() < 0.3 else float(rng.uniform(0, 1 - contrast))
    scale = contrast / (1.0 if behind is None else 1.0 + float(behind.max()))
    front = np.float32(scale) * light
    whole = (black + front if behind is None else black + front + scale * behind).astype(np.float32)
    picture, noise = expose(whole, rng)
    if behind is not None:
        told = sensitivity_over_noise(front, noise, sigma) > _TOLD
        sigma = np.where(told, sigma, np.float32(behind_sigma))
    structure = sensitivity_over_noise(whole, noise, sigma)
    valid = np.ones_like(picture)
    if rng.random() < 0.1:
        y, x = (int(rng.integers(n)) for n in scene.shape)
        valid[y : y + int(rng.integers(8, 120)), x : x + int(rng.integers(8, 120))] = 0
    if rng.random() < 0.1:
        picture, drawn = burn_in(picture, rng)
        structure = np.where(drawn, np.float32(0), structure)
    return Crop(picture, valid, sigma, structure)
