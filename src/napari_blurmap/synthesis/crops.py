"""Training pictures: sharp scenes, blurred by known fields, seen by imperfect cameras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import fft, ndimage

from .burn_in import burn_in
from .exposure import expose, loguniform
from .kernels import Gaussian, Pupil, random_disc, random_family
from .lamp import random_lamp
from .levels import blur_periodic, round_blur
from .motion import random_shaped_blur
from .points import random_points, standing_out
from .random_fields import random_field, random_sigma
from .spectral import hills, spectral_noise
from .structure import mistakable, over_noise, sensitivity_over_noise
from .surroundings import surround

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .levels import Blur

    Plane = NDArray[np.float32]

#: Share of a pixel's light from which a layer counts as seen there.
_SEEN = 0.25
#: Shares of the kinds of crops: one texture with one blur (the plain case must be exact), points, and fields with
#: nothing in them; the rest is everything else.
_PLAIN, _POINTS, _BARE = 0.38, 0.16, 0.07
#: Of the plain ones, those blurred by Gaussians and not by discs, which can be told apart there; and by a good camera.
_PLAIN_GAUSSIAN, _QUIET = 0.8, 0.7
#: Share of blurs that are not round.
_SHAPED = 0.22
#: Sensitivity over noise from which a layer can be told from the one behind it.
_TOLD = 0.75
#: Share of the crops that have something beside them; of the plain ones, share that may have it.
_SURROUNDED, _PLAIN_FRAMED = 0.3, 0.35


@dataclass(frozen=True)
class Crop:
    """One training picture.

    Parameters
    ----------
    picture : ndarray of float32, shape (Y, X)
        Grey levels over full scale.
    valid : ndarray of float32, shape (Y, X)
        0 where the picture holds no data, or is overexposed.
    sigma : ndarray of float32, shape (Y, X)
        The truth, pixels: root mean square of the two principal sigmas.
    structure : ndarray of float32, shape (Y, X)
        How much the light would change with the blur, over the noise: see
        `sensitivity_over_noise`.
    anisotropy : ndarray of float32, shape (2, Y, X)
        See `Blur`; zeros where the blur is round.
    noise : ndarray of float32, shape (Y, X)
        Standard deviation of the camera's noise, in units of the picture.
    coarse_noise : (float, float)
        See `coarse_strength`.
    """

    picture: Plane
    valid: Plane
    sigma: Plane
    structure: Plane
    anisotropy: Plane
    noise: Plane
    coarse_noise: tuple[float, float]


class _Light(NamedTuple):
    """What reaches the camera, 0 to 1.

    ``detail`` is the part of it whose blur is asked for, ``behind`` another that hides it, with its own sigma;
    ``rising`` is what of isolated points is above their ground. ``electrons`` at full scale, where they matter.
    """

    whole: Plane
    detail: Plane
    sigma: Plane
    anisotropy: Plane
    behind_sigma: float | None = None
    rising: Plane | None = None
    electrons: float | None = None


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
        grain = spectral_noise(scene.shape, rng, float(rng.uniform(0.0, 1.3)))
        scene = scene + np.float32(loguniform(rng, 0.002, 0.06)) * grain
    return np.ascontiguousarray(scene, dtype=np.float32)


def _blur_of(scene: Plane, rng: np.random.Generator, largest: float) -> Blur:
    if rng.random() < _SHAPED:
        return random_shaped_blur(scene.shape, rng, largest)
    family = random_family(rng)
    field = random_field(scene.shape, rng, largest)
    if isinstance(family, Pupil):  # far from focus its rings must not look sharp; near it, it is nearly a Gaussian
        field = np.minimum(field * np.float32(loguniform(rng, 1.0, 6.0)), np.float32(largest))
    return round_blur(family.clamp(field), family)


def _with_dust(scene: Plane, rng: np.random.Generator) -> Plane:
    """Debris far brighter than the specimen, each within a pixel."""
    count = int(np.ceil(loguniform(rng, 5e-5, 1e-3) * scene.size))
    where = rng.integers(scene.size, size=count)
    scene.reshape(-1)[where] += np.float32(rng.uniform(1, 6)) * rng.random(count, dtype=np.float32)
    return scene


def _one_layer(scene: Plane, rng: np.random.Generator, largest: float) -> _Light:
    blur = _blur_of(scene, rng, largest)
    sharp = augment(scene, rng)
    if rng.random() < 0.06:
        sharp = _with_dust(sharp, rng)
    light = blur.render(fft.rfft2(sharp), scene.shape)
    return _Light(light, light, blur.sigma, blur.anisotropy)


def _hidden_layer(scene: Plane, rng: np.random.Generator, largest: float) -> _Light:
    """An object before a ground, both out of focus by their own amounts; the sharpest seen is the truth."""
    family = random_family(rng)
    near, far = (family.clamp(np.full(scene.shape, random_sigma(rng, largest), np.float32)) for _ in range(2))
    place = hills(scene.shape, rng, exponent=float(rng.uniform(2.0, 3.0)))
    mask = np.clip((place - np.float32(rng.uniform(0.35, 0.7))) / 0.02 + 0.5, 0, 1).astype(np.float32)
    grey = np.float32(rng.uniform(0, 1))
    before = blur_periodic(mask * (grey + (1 - grey) * augment(scene, rng)), near, family)
    cover = np.clip(blur_periodic(mask, near, family), 0, 1)
    light = before + (1 - cover) * blur_periodic(augment(scene, rng), far, family)
    sharper, other = (cover, 1 - cover) if near[0, 0] < far[0, 0] else (1 - cover, cover)
    seen = (sharper >= _SEEN) | (other < _SEEN)
    sigma = np.where(seen, np.minimum(near, far), np.maximum(near, far))
    return _Light(light, light, sigma, np.zeros((2, *scene.shape), np.float32))


def _hazy(scene: Plane, rng: np.random.Generator, largest: float) -> _Light:
    """A specimen thicker than the depth of field: light from far out of focus is added."""
    front = _one_layer(scene, rng, largest)
    sigma = min(largest, float(front.sigma.max()) * loguniform(rng, 2.0, 8.0) + 1.0)
    behind = blur_periodic(augment(scene, rng), np.full(scene.shape, sigma, np.float32))
    return front._replace(whole=front.whole + np.float32(loguniform(rng, 0.2, 4.0)) * behind, behind_sigma=sigma)


def _empty_parts(light: Plane, rng: np.random.Generator) -> tuple[Plane, Plane]:
    """Take the detail away from a part of the field: (what stays there, the detail)."""
    spectrum = fft.rfft2(light)
    spectrum[2:-1, :] = 0  # lamps and thick haze have no finer light than this
    spectrum[:, 2:] = 0
    ground = fft.irfft2(spectrum, s=light.shape)
    mask = np.clip((hills(light.shape, rng, exponent=3.0) - np.float32(rng.uniform(0.2, 0.9))) / 0.15, 0, 1)
    return ground, (light - ground) * mask


def _on_ground(light: _Light, rng: np.random.Generator, contrast: float) -> _Light:
    """Lay a scene on a ground, within full scale, under a lamp that may be uneven."""
    if rng.random() < 0.3 and light.behind_sigma is None:
        ground, detail = _empty_parts(light.whole, rng)
        light = light._replace(whole=ground + detail, detail=detail)
    least, most = float(light.whole.min()), float(light.whole.max())
    scale = np.float32(contrast / max(most - min(least, 0.0), 1.0))
    black = np.float32(0.0 if rng.random() < 0.3 else rng.uniform(0, 1 - contrast))
    whole, detail = black + scale * light.whole, scale * light.detail
    if rng.random() < 0.3:
        lamp = random_lamp(whole.shape, rng)
        whole, detail = whole * lamp, detail * lamp
    return light._replace(whole=whole, detail=detail)


def _plain(scene: Plane, rng: np.random.Generator, largest: float) -> _Light:
    if rng.random() < _SHAPED:
        blur = random_shaped_blur(scene.shape, rng, largest)
    else:
        family = Gaussian() if rng.random() < _PLAIN_GAUSSIAN else random_disc(rng)
        blur = round_blur(random_field(scene.shape, rng, largest), family)
    contrast = np.float32(rng.uniform(0.3, 0.95) if rng.random() < 0.75 else loguniform(rng, 0.06, 0.6))
    light = contrast * blur.render(fft.rfft2(augment(scene, rng)), scene.shape)
    light += np.float32(rng.uniform(0, 0.98 - contrast))
    return _Light(light, light, blur.sigma, blur.anisotropy)


def _points(shape: tuple[int, int], rng: np.random.Generator, largest: float) -> _Light:
    """Points on a ground, so many photons each; sometimes dark ones."""
    light, blur = random_points(shape, rng, largest)
    peak = loguniform(rng, 60, 1e5)
    ground = loguniform(rng, 0.5, 300) if rng.random() < 0.6 else peak * loguniform(rng, 0.01, 3)
    full = (peak + ground) * loguniform(rng, 1.02, 10.0 if peak > 500 else 2.0)
    rising = standing_out(light, blur.sigma)
    scale, base = np.float32(peak / full), np.float32(ground / full)
    if rng.random() < 0.12:
        depth = np.float32(rng.uniform(0.1, 1))
        scale, base = -scale * depth, scale + base
    lamp = random_lamp(shape, rng) if rng.random() < 0.2 else np.ones(shape, np.float32)
    whole, detail = (base + scale * light) * lamp, scale * light * lamp
    return _Light(whole, detail, blur.sigma, blur.anisotropy, rising=abs(scale) * rising, electrons=full)


def _bare(shape: tuple[int, int], rng: np.random.Generator, largest: float) -> _Light:
    """A field with nothing in it but light."""
    whole = np.float32(loguniform(rng, 0.02, 0.9)) * np.ones(shape, np.float32)
    if rng.random() < 0.8:
        whole = whole * random_lamp(shape, rng)
    sigma = np.full(shape, random_sigma(rng, largest), np.float32)
    nothing = np.zeros((2, *shape), np.float32)
    return _Light(whole, nothing[0], sigma, nothing, electrons=loguniform(rng, 100, 1e5))


def _labels(light: _Light, noise: Plane, coarse: tuple[float, float]) -> tuple[Plane, Plane, Plane]:
    """Sigma, anisotropy and structure under a noise."""
    sigma, anisotropy = light.sigma, light.anisotropy
    hiding = mistakable(noise, coarse, sigma)
    structure = sensitivity_over_noise(light.detail, hiding, sigma)
    if light.rising is not None:
        structure = np.maximum(structure, over_noise(light.rising, hiding, sigma))
    if light.behind_sigma is not None:
        told = structure > _TOLD
        sigma = np.where(told, sigma, np.float32(light.behind_sigma))
        anisotropy = anisotropy * told
        structure = np.maximum(structure, sensitivity_over_noise(light.whole, mistakable(noise, coarse, sigma), sigma))
    return sigma, anisotropy, structure


def make_crop(scene: Plane, rng: np.random.Generator, *, beside: Plane | None = None, largest: float = 30.0) -> Crop:
    """Turn a sharp scene into one training picture.

    Parameters
    ----------
    scene : ndarray of float32, shape (Y, X)
        Sharp, periodic.
    rng : numpy.random.Generator
        Where everything random comes from: the same state gives the same crop.
    beside : ndarray of float32, shape (Y, X), optional
        Another sharp scene, for another picture in the same frame; ``scene`` where it is not given.
    largest : float, default=30.0
        Upper end of sigma, pixels.

    Returns
    -------
    Crop
        With its truth.
    """
    kind = float(rng.random())
    if kind < _PLAIN:
        light = _plain(scene, rng, largest)
    elif kind < _PLAIN + _POINTS:
        light = _points(scene.shape, rng, largest)
    elif kind < _PLAIN + _POINTS + _BARE:
        light = _bare(scene.shape, rng, largest)
    else:
        layers = (_one_layer, _hidden_layer, _hazy)[int(rng.choice(3, p=[0.7, 0.2, 0.1]))]
        contrast = loguniform(rng, 0.02, 1.0) if rng.random() < 0.6 else float(rng.uniform(0.6, 1.0))
        light = _on_ground(layers(scene, rng, largest), rng, contrast)
    taken = expose(light.whole, rng, quiet=kind < _QUIET * _PLAIN, electrons=light.electrons)
    sigma, anisotropy, structure = _labels(light, taken.noise, taken.coarse)
    valid = (~taken.plateau).astype(np.float32)
    crop = Crop(taken.picture, valid, sigma, structure * valid, anisotropy, taken.noise, taken.coarse)
    if kind < _PLAIN and rng.random() >= _PLAIN_FRAMED:
        return crop
    captions = 0.4 if light.rising is None and not light.detail.any() else 0.1
    return _framed(crop, scene if beside is None else beside, rng, captions=captions)


def _framed(crop: Crop, beside: Plane, rng: np.random.Generator, *, captions: float) -> Crop:
    """Something beside the picture, or drawn into it, or missing."""
    picture, valid, sigma, noise = crop.picture, crop.valid.copy(), crop.sigma, crop.noise
    structure, anisotropy = crop.structure, crop.anisotropy
    if rng.random() < 0.05:
        y, x = (int(rng.integers(n)) for n in beside.shape)
        valid[y : y + int(rng.integers(8, 120)), x : x + int(rng.integers(8, 120))] = 0
    if rng.random() < _SURROUNDED:
        picture, outside, known, other = surround(picture, beside, rng)
        valid = np.where(outside, np.float32(0 if known else 1), valid)
        anisotropy = anisotropy * ~outside
        near = ndimage.binary_dilation(outside, iterations=2)
        if other is not None:  # both sides are pictures, the seam is none
            near &= ndimage.binary_dilation(~outside, iterations=2)
            sigma = np.where(outside, np.float32(other.sigma), sigma)
            noise = np.where(outside, np.float32(other.noise), noise)
            theirs = sensitivity_over_noise(other.light, mistakable(noise, (1.0, 1.0), sigma), sigma)
            structure = np.where(outside, theirs, structure)
        structure = np.where(near, np.float32(0), structure)
    if rng.random() < captions:
        picture, drawn = burn_in(picture, rng)
        structure = np.where(drawn, np.float32(0), structure)
    return Crop(picture, valid, sigma, structure * valid, anisotropy, noise, crop.coarse_noise)
