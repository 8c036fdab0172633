"""Sharp scenes of things with a relief: stones, bark and water, lit from the side, cloth and mats.

The same conventions as in `napari_blurmap.synthesis.textures`: float32 (Y, X)
in 0 to 1, integrated over the pixels, periodic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from .textures import FINE, bin_down, dead_leaves, power_law, stretch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Scene = NDArray[np.float32]


def lit(height: Scene, *, azimuth: float, elevation: float) -> Scene:
    """Brightness of a matt surface in parallel light.

    Parameters
    ----------
    height : ndarray of float32, shape (Y, X)
        In pixels of the picture's own grid; periodic.
    azimuth, elevation : float
        Direction of the light, degrees; an elevation of 90 is from straight above.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        Cosine between the normal and the light, 0 where the surface turns
        away from it (Lambert, Photometria, 1760). No shadow is cast.

    Examples
    --------
    >>> lit(np.zeros((8, 8), np.float32), azimuth=0, elevation=30).round(2).max()
    np.float32(0.5)
    """
    slope_y, slope_x = (0.5 * (np.roll(height, -1, axis) - np.roll(height, 1, axis)) for axis in (0, 1))
    around, up = np.radians(azimuth), np.radians(elevation)
    light = np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up)
    cosine = (light[2] - slope_x * light[0] - slope_y * light[1]) / np.sqrt(1 + slope_x**2 + slope_y**2)
    return np.asarray(np.maximum(cosine, 0), dtype=np.float32)


def relief(shape: tuple[int, int], rng: np.random.Generator) -> Scene:
    """A rough surface (rock, bark, skin, water) or a heap of rounded things (stones, grains), lit from the side.

    Parameters
    ----------
    shape : (int, int)
        Y and X, pixels.
    rng : numpy.random.Generator
        Where everything random comes from.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        Brightness from 0 to 1.

    Examples
    --------
    >>> relief((64, 48), np.random.default_rng(0)).shape
    (64, 48)
    """
    size = (shape[0] * FINE, shape[1] * FINE)
    if rng.random() < 0.5:
        long = float(np.exp(rng.uniform(0, 2.5))) if rng.random() < 0.5 else 1.0
        exponent, angle = float(rng.uniform(1.2, 2.3)), float(rng.uniform(0, 180))
        height = power_law(size, rng, exponent=exponent, elongation=long, angle=angle)
        if rng.random() < 0.3:  # ridges
            height = np.abs(2 * height - 1)
    else:
        height = _heap(shape, rng)
    height = height + np.float32(rng.uniform(0, 0.1)) * power_law(size, rng, exponent=float(rng.uniform(1.3, 2.0)))
    steepness = np.exp(rng.uniform(np.log(0.3), np.log(3.0)))
    slopes = np.hypot(*np.gradient(height))
    height = height * np.float32(steepness / max(float(np.quantile(slopes, 0.9)), 1e-6))
    bright = lit(height, azimuth=float(rng.uniform(0, 360)), elevation=float(rng.uniform(15, 80)))
    if rng.random() < 0.5:  # not all of one colour
        bright = bright * (1 - np.float32(rng.uniform(0.1, 0.6)) * power_law(size, rng, exponent=1.2))
    return stretch(bin_down(bright))


def _heap(shape: tuple[int, int], rng: np.random.Generator) -> Scene:
    """Height of rounded things that lie on one another."""
    small = float(np.exp(rng.uniform(np.log(2), np.log(12))))
    flat = dead_leaves(
        (shape[0] * FINE, shape[1] * FINE),
        rng,
        leaf=("ellipse", "ellipse", "polygon", "line")[int(rng.integers(4))],
        radii=(FINE * small, FINE * small * float(rng.uniform(1.5, 6))),
        cover=float(rng.uniform(0.7, 4)),
        textured=0.0,
    )
    inside = np.ones(flat.shape, dtype=bool)
    for axis in (0, 1):
        inside &= np.abs(flat - np.roll(flat, 1, axis)) < 1e-3
    far = ndimage.distance_transform_edt(inside).astype(np.float32)
    rim = np.float32(FINE * small * rng.uniform(0.3, 1.0))
    # A quarter of a circle up from the outline, then level.
    return np.asarray(rim * np.sqrt(1 - np.square(1 - np.minimum(far / rim, 1))), dtype=np.float32)


def weave(shape: tuple[int, int], rng: np.random.Generator, *, period: float | None = None) -> Scene:
    """Cloth, cane, mats: two sets of rounded strands that pass over and under one another.

    Parameters
    ----------
    shape : (int, int)
        Y and X, pixels.
    rng : numpy.random.Generator
        Where the binding and the disorder come from.
    period : float, optional
        Between neighbouring strands, pixels; drawn between 4 and 40 where it is not given.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        Brightness from 0 to 1.

    Examples
    --------
    >>> weave((64, 48), np.random.default_rng(0), period=8).shape
    (64, 48)
    """
    size = (shape[0] * FINE, shape[1] * FINE)
    wanted = period if period is not None else float(np.exp(rng.uniform(np.log(4), np.log(40))))
    # Over one, under the next: plain, twill, basket, or over two. Whole bindings, so that the picture is periodic.
    step, over, run = ((1, 1, 1), (1, 2, 1), (1, 1, 2), (2, 1, 1))[int(rng.integers(4))]
    binding = run * (1 + over)
    ratios = (1.0, rng.uniform(0.5, 2))
    counts = [binding * max(1, round(n / (binding * wanted * s))) for n, s in zip(shape, ratios, strict=True)]
    disorder = FINE * wanted * rng.uniform(0, 0.6)
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    v = (y + disorder * (power_law(size, rng, exponent=2.0) - 0.5)) / size[0] * counts[0]
    u = (x + disorder * (power_law(size, rng, exponent=2.0) - 0.5)) / size[1] * counts[1]
    row, column = np.floor(v).astype(int), np.floor(u).astype(int)
    up = ((column // run + step * (row // run)) % (1 + over)) == 0
    if rng.random() < 0.15:
        up = rng.random((counts[0], counts[1]))[row % counts[0], column % counts[1]] < 0.5
    roundness, sag = rng.uniform(0.3, 1.2), rng.uniform(0.0, 0.8)
    along = [power_law(size, rng, exponent=float(rng.uniform(0.5, 1.2)), elongation=16, angle=a) for a in (0, 90)]
    shades = [1 - np.float32(rng.uniform(0, 0.6)) * rng.random(n, dtype=np.float32) for n in counts]
    streaks = np.float32(rng.uniform(0.1, 0.8))
    strands = []
    for across, lengthwise, number, n, fibre, shade in (
        (v, u, row, counts[0], along[0], shades[0]),
        (u, v, column, counts[1], along[1], shades[1]),
    ):
        middle, length = 2 * (across % 1.0) - 1, 2 * (lengthwise % 1.0) - 1
        profile = np.maximum(1 - middle**2, 0) ** np.float32(0.5 * roundness) * (1 - sag * length**2)
        strands.append(profile * (1 - streaks * fibre) * shade[number % n])
    return stretch(bin_down(np.where(up, strands[1], strands[0])))
