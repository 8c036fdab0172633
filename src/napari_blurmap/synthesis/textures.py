"""Sharp procedural textures: dead leaves, power-law noise, lattices.

Every scene of this package is float32 (Y, X) in 0 to 1, integrated over its
pixels (drawn finer and averaged) so that its own sigma is that of a perfectly
sharp picture, and periodic, so that it can be shifted, or blurred by a Fourier
transform, without a border.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import cos, pi, sin
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from .spectral import spectral_noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Scene = NDArray[np.float32]

#: Sub-pixels an edge of which one pixel is averaged.
FINE = 3
#: What a picture is painted of at most; thousands more cost seconds and are hidden anyway.
MOST_LEAVES = 2500

LeafShape = Literal["ellipse", "polygon", "line", "mixed"]
Style = Literal["plain", "ridges", "threshold", "exponential"]


def bin_down(fine: NDArray[np.floating], factor: int = FINE) -> Scene:
    """Average ``factor`` x ``factor`` blocks: what a square pixel integrates.

    Examples
    --------
    >>> bin_down(np.arange(4.0).reshape(2, 2), 2).tolist()
    [[1.5]]
    """
    y, x = fine.shape[0] // factor, fine.shape[1] // factor
    blocks = fine[: y * factor, : x * factor].reshape(y, factor, x, factor)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float32))


def stretch(scene: NDArray[np.floating]) -> Scene:
    """Scale to 0 to 1 between the 0.5th and the 99.5th percentile, clipping beyond.

    Examples
    --------
    >>> float(stretch(np.array([[0.0, 10.0]])).max())
    1.0
    """
    low, high = np.percentile(scene, (0.5, 99.5))
    return np.asarray(np.clip((scene - low) / max(high - low, 1e-9), 0.0, 1.0), dtype=np.float32)


@dataclass(frozen=True)
class Leaf:
    """One closed shape, in fine pixels: an outline, or a stroke of some width."""

    points: NDArray[np.float64]
    width: float = 0.0


def random_leaf(rng: np.random.Generator, radius: float, shape: LeafShape, turn: float | None = None) -> Leaf:
    """Draw an outline around the origin.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the shape comes from.
    radius : float
        Fine pixels.
    shape : {"ellipse", "polygon", "line", "mixed"}
        The kind of outline.
    turn : float, optional
        Direction of a line or of the longer axis, radians; drawn where it is not given.

    Returns
    -------
    Leaf
        ``points`` are (N, 2) x and y.
    """
    if shape == "mixed":
        shape = ("ellipse", "polygon", "line")[int(rng.integers(3))]
    turn = rng.uniform(0, 2 * pi) if turn is None else turn
    if shape == "line":
        half = radius * rng.uniform(1.0, 4.0)
        x, y = half * cos(turn), half * sin(turn)
        return Leaf(np.array([[-x, -y], [x, y]]), max(1.0, 0.3 * radius))
    if shape == "polygon":
        angles = np.sort(rng.uniform(0, 2 * pi, int(rng.integers(3, 8))))
        reach = radius * rng.uniform(0.6, 1.3, angles.size)
        return Leaf(np.array([reach * np.cos(angles), reach * np.sin(angles)]).T)
    flat, long = radius * rng.uniform(0.35, 1.0), radius
    axes = np.array([[long * cos(turn), long * sin(turn)], [-flat * sin(turn), flat * cos(turn)]])
    return Leaf(_circle(int(min(max(radius, 10), 48))).dot(axes))


@lru_cache(maxsize=64)
def _circle(count: int) -> NDArray[np.float64]:
    angles = np.linspace(0, 2 * pi, count, endpoint=False)
    return np.array([np.cos(angles), np.sin(angles)]).T


def paint(draw: ImageDraw.ImageDraw, leaf: Leaf, x: float, y: float, value: float, size: tuple[int, int]) -> None:
    """Paint a leaf on a torus: once for every border that it crosses."""
    height, width = size
    reach = max(float(leaf.points.max()), -float(leaf.points.min())) + leaf.width
    columns = [0] + [s for s in (-width, width) if -reach < x + s < width + reach]
    rows = [0] + [s for s in (-height, height) if -reach < y + s < height + reach]
    for column in columns:
        for row in rows:
            points = np.add(leaf.points, (x + column, y + row)).ravel().tolist()
            if leaf.width:
                draw.line(points, fill=value, width=round(leaf.width))
            else:
                draw.polygon(points, fill=value)


def _leaf_count(low: float, high: float, area: float) -> int:
    mean_area = np.pi * 2.0 * np.log(high / low) / (low**-2 - high**-2)
    return max(3, int(area / mean_area))


def dead_leaves(
    shape: tuple[int, int],
    rng: np.random.Generator,
    *,
    leaf: LeafShape = "mixed",
    radii: tuple[float, float] = (1.0, 60.0),
    cover: float = 4.0,
    textured: float = 0.3,
    along: tuple[float, float] | None = None,
) -> Scene:
    """Dead leaves: opaque shapes that fall on one another, radii by a power law.

    Parameters
    ----------
    shape : (int, int)
        Y and X, pixels.
    rng : numpy.random.Generator
        Where everything random comes from.
    leaf : {"ellipse", "polygon", "line", "mixed"}, default="mixed"
        What falls.
    radii : (float, float), default=(1.0, 60.0)
        Smallest and largest radius, pixels; the density falls as radius**-3.
    cover : float, default=4.0
        Area of all leaves over that of the picture; below 1 much ground stays bare.
    textured : float, default=0.3
        Contrast of the texture inside the leaves, 0 for flat leaves.
    along : (float, float), optional
        Mean and standard deviation of the direction in which they lie, degrees; any where it is not given.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        Brightness from 0 to 1.

    Notes
    -----
    Lee, Mumford and Huang, "Occlusion models for natural images", IJCV 41
    (2001): with this law of the radii the statistics are those of natural
    pictures at every scale.

    Examples
    --------
    >>> dead_leaves((64, 64), np.random.default_rng(0)).shape
    (64, 64)
    """
    size = (shape[0] * FINE, shape[1] * FINE)
    low, high = radii[0] * FINE, min(radii[1], 0.4 * min(shape)) * FINE
    # The mean area of leaves of density r^-3 fixes their number; where the smallest leaves would
    # need more than is quick to paint, the law starts at larger ones and still covers the picture.
    count = _leaf_count(low, high, cover * size[0] * size[1])
    while count > MOST_LEAVES:
        low *= 1.1
        count = _leaf_count(low, high, cover * size[0] * size[1])
    u = rng.uniform(size=count)
    sizes = (low**-2 - u * (low**-2 - high**-2)) ** -0.5
    canvas = Image.new("I", (size[1], size[0]), 0)
    draw = ImageDraw.Draw(canvas)
    for number, radius in enumerate(sizes, start=1):
        x, y = rng.uniform(0, size[1]), rng.uniform(0, size[0])
        turn = None if along is None else float(np.radians(rng.normal(*along)))
        paint(draw, random_leaf(rng, float(radius), leaf, turn), x, y, number, size)
    owner = np.asarray(canvas, dtype=np.int32)
    grey = rng.beta(0.8, 0.8, count + 1).astype(np.float32)
    fine = grey[owner]
    if textured > 0:
        grain = power_law(size, rng, exponent=float(rng.uniform(0.6, 1.4))) - 0.5
        strength = (textured * rng.uniform(0, 1, count + 1) ** 2).astype(np.float32)
        fine = np.clip(fine + strength[owner] * grain, 0.0, 1.0)
    return bin_down(fine)


def power_law(
    shape: tuple[int, int],
    rng: np.random.Generator,
    *,
    exponent: float = 1.0,
    elongation: float = 1.0,
    angle: float = 0.0,
    style: Style = "plain",
) -> Scene:
    """Gaussian noise whose amplitude falls as frequency**-exponent, plain or reshaped.

    Parameters
    ----------
    shape : (int, int)
        Y and X, pixels.
    rng : numpy.random.Generator
        Where the noise comes from.
    exponent : float, default=1.0
        Fall of the amplitude; natural pictures have about 1 (Field, JOSA A 4, 1987).
    elongation, angle : float, default=1.0 and 0.0
        Length of the grain over its width, and its direction, degrees from +x towards +y: wood, straw, muscle.
    style : {"plain", "ridges", "threshold", "exponential"}, default="plain"
        Ridges are veins (1 - abs), threshold gives two levels with hard edges,
        exponential bright islands on dark ground.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        Brightness from 0 to 1.

    Examples
    --------
    >>> power_law((64, 48), np.random.default_rng(0)).dtype
    dtype('float32')
    """
    factor = FINE if style in ("ridges", "threshold") else 1
    size = (shape[0] * factor, shape[1] * factor)
    noise: NDArray[np.floating] = spectral_noise(size, rng, exponent, elongation, angle)
    if style == "ridges":
        noise = bin_down(np.exp(-np.abs(noise) / rng.uniform(0.1, 0.6)))
    elif style == "threshold":
        noise = bin_down((noise > rng.uniform(-1.0, 1.5)).astype(np.float32))
    elif style == "exponential":
        noise = np.exp(rng.uniform(0.7, 1.5) * noise)
    return stretch(noise)


def lattice(shape: tuple[int, int], rng: np.random.Generator, *, period: float | None = None) -> Scene:
    """Gratings, tiles, bricks: a cell repeated over the picture with some disorder.

    Parameters
    ----------
    shape : (int, int)
        Y and X, pixels.
    rng : numpy.random.Generator
        Where the cell and the disorder come from.
    period : float, optional
        Of the cell, pixels, rounded so that it divides the picture; drawn
        between 5 and 48 where it is not given.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        Brightness from 0 to 1.

    Examples
    --------
    >>> lattice((64, 64), np.random.default_rng(0)).max()
    np.float32(1.0)
    """
    size = (shape[0] * FINE, shape[1] * FINE)
    wanted = period if period is not None else float(np.exp(rng.uniform(np.log(5), np.log(48))))
    counts = [max(1, round(n / (wanted * s))) for n, s in zip(shape, (1.0, rng.uniform(0.6, 1.6)), strict=True)]
    warp = [FINE * wanted * rng.uniform(0, 0.25) * (power_law(size, rng, exponent=2.0) - 0.5) for _ in range(2)]
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    v = ((y + warp[0]) / size[0] * counts[0]) % 1.0
    u = (x + warp[1]) / size[1] * counts[1]
    if rng.random() < 0.5:  # running bond, as bricks and twill
        u = u + 0.5 * (np.floor((y + warp[0]) / size[0] * counts[0]) % 2)
    cell = power_law((64, 64), rng, exponent=float(rng.uniform(0.8, 1.6)))
    if rng.random() < 0.6:
        cell = (cell > np.median(cell)).astype(np.float32)
    rows, columns = (v * 64).astype(int) % 64, ((u % 1.0) * 64).astype(int) % 64
    grain = power_law(size, rng, exponent=float(rng.uniform(0.7, 1.3)))
    mix = rng.uniform(0.05, 0.5)
    # The cell's own 64-pixel raster must not show as sharper than the picture's pixels.
    return stretch(bin_down(ndimage.uniform_filter((1 - mix) * cell[rows, columns] + mix * grain, 2, mode="wrap")))
