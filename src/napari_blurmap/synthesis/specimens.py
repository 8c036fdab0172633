"""Sharp microscope-like scenes: nuclei, filaments, spots, tissue, and a page of text.

The same conventions as in `napari_blurmap.synthesis.textures`: float32 (Y, X)
in 0 to 1, integrated over the pixels, periodic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from .textures import FINE, Leaf, bin_down, paint, power_law, random_leaf

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Scene = NDArray[np.float32]


def _canvas(shape: tuple[int, int]) -> tuple[Image.Image, ImageDraw.ImageDraw, tuple[int, int]]:
    size = (shape[0] * FINE, shape[1] * FINE)
    image = Image.new("F", (size[1], size[0]), 0.0)
    return image, ImageDraw.Draw(image), size


def nuclei(shape: tuple[int, int], rng: np.random.Generator, *, radius: float | None = None) -> Scene:
    """Stained nuclei on black: few bright ellipses with chromatin inside, flat, or round (30 %) and fading outwards.

    Parameters
    ----------
    shape : (int, int)
        Y and X, pixels.
    rng : numpy.random.Generator
        Where everything random comes from.
    radius : float, optional
        Typical radius, pixels; drawn between 4 and 30 where it is not given.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        Brightness, 0 outside the nuclei.

    Examples
    --------
    >>> float((nuclei((96, 96), np.random.default_rng(1), radius=8) == 0).mean()) > 0.2
    True
    """
    image, draw, size = _canvas(shape)
    typical = radius if radius is not None else float(np.exp(rng.uniform(np.log(4), np.log(30))))
    count = int(max(2, rng.uniform(0.05, 0.5) * shape[0] * shape[1] / (np.pi * typical**2)))
    for _ in range(count):
        leaf = random_leaf(rng, FINE * typical * rng.uniform(0.7, 1.3), "ellipse")
        paint(draw, leaf, rng.uniform(0, size[1]), rng.uniform(0, size[0]), rng.uniform(0.3, 1.0), size)
    inside = np.asarray(image)
    round_ones = rng.random() < 0.3
    if round_ones:  # wide-field light is that of the whole thickness: a sphere fades towards its outline
        rounded = FINE * typical * rng.uniform(0.3, 1.0)
        inside = inside * np.sqrt(np.minimum(ndimage.distance_transform_edt(inside) / rounded, 1)).astype(np.float32)
    # Round ones show their focus by the chromatin only.
    chromatin = power_law(size, rng, exponent=float(rng.uniform(0.8, 1.4 if round_ones else 1.8)))
    depth = rng.uniform(0.4 if round_ones else 0.1, 0.9)
    return bin_down(inside * (1.0 - depth * chromatin))


def filaments(shape: tuple[int, int], rng: np.random.Generator, *, width: float | None = None) -> Scene:
    """Microtubules, actin, neurites: thin winding lines on a dark ground.

    Parameters
    ----------
    shape : (int, int)
        Y and X, pixels.
    rng : numpy.random.Generator
        Where everything random comes from.
    width : float, optional
        Pixels; drawn between 0.34 and 1.5 where it is not given.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        Brightness; crossing filaments add up.

    Examples
    --------
    >>> filaments((64, 64), np.random.default_rng(0)).shape
    (64, 64)
    """
    size = (shape[0] * FINE, shape[1] * FINE)
    thick = FINE * (width if width is not None else float(np.exp(rng.uniform(np.log(0.34), np.log(1.5)))))
    total = np.zeros(size, dtype=np.float32)
    step = 5.0 * FINE
    for _ in range(3):  # three sheets that add up, so that crossings are brighter
        image, draw, _ = _canvas(shape)
        for _ in range(int(rng.integers(3, 14))):
            turn = np.cumsum(rng.normal(0, rng.uniform(0.02, 0.3), int(rng.integers(10, 60)))) + rng.uniform(0, 6.3)
            path = np.cumsum(step * np.stack([np.cos(turn), np.sin(turn)], axis=1), axis=0)
            x, y = rng.uniform(0, size[1]), rng.uniform(0, size[0])
            paint(draw, Leaf(path, max(1.0, thick)), x, y, rng.uniform(0.2, 1.0), size)
        total += np.asarray(image)
    return bin_down(total / max(float(total.max()), 1e-6))


def spots(shape: tuple[int, int], rng: np.random.Generator, *, density: float | None = None) -> Scene:
    """Vesicles, beads, FISH dots, dust: bright points of sub-pixel to a few pixels.

    Parameters
    ----------
    shape : (int, int)
        Y and X, pixels.
    rng : numpy.random.Generator
        Where everything random comes from.
    density : float, optional
        Spots a pixel; drawn between 0.0003 and 0.02 where it is not given.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        Brightness on a ground of 0.

    Examples
    --------
    >>> float(np.median(spots((64, 64), np.random.default_rng(0), density=0.001)))
    0.0
    """
    image, draw, size = _canvas(shape)
    often = density if density is not None else float(np.exp(rng.uniform(np.log(3e-4), np.log(0.02))))
    largest = FINE * rng.uniform(0.34, 4.0)
    for _ in range(max(3, int(often * shape[0] * shape[1]))):
        leaf = random_leaf(rng, max(0.6, largest * rng.uniform(0.2, 1.0)), "ellipse")
        paint(draw, leaf, rng.uniform(0, size[1]), rng.uniform(0, size[0]), rng.uniform(0.1, 1.0) ** 2, size)
    return bin_down(np.asarray(image))


def tissue(shape: tuple[int, int], rng: np.random.Generator) -> Scene:
    """A stained section in bright field: dark nuclei on a fibrous, pale ground with holes.

    Parameters
    ----------
    shape : (int, int)
        Y and X, pixels.
    rng : numpy.random.Generator
        Where everything random comes from.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        Brightness; 1 is the empty glass.

    Examples
    --------
    >>> tissue((64, 64), np.random.default_rng(0)).min() >= 0
    np.True_
    """
    fibres = power_law(
        shape,
        rng,
        exponent=float(rng.uniform(0.8, 1.5)),
        elongation=float(rng.uniform(1, 6)),
        angle=float(rng.uniform(0, 180)),
    )
    glass = power_law(shape, rng, exponent=1.8, style="threshold")
    dark = nuclei(shape, rng, radius=float(rng.uniform(3, 12)))
    stained = np.clip(0.35 * fibres + 0.8 * dark, 0, 1)
    return np.asarray(1.0 - stained * (1.0 - glass * (rng.random() < 0.6)), dtype=np.float32)


_WORDS = [
    *("the", "blur", "of", "a", "picture", "is", "the", "width", "of", "kernel", "that", "made", "it", "sigma", "in"),
    *("pixels", "and", "every", "place", "has", "its", "own", "where", "nothing", "printed", "can", "be", "measured"),
    *("Focus", "0.37", "NA", "1.40", "um", "488", "nm", "Figure", "Table", "(a)", "[12]", "=", "+", "%"),
]


def text_page(shape: tuple[int, int], rng: np.random.Generator, *, font_size: float | None = None) -> Scene:
    """Printed text: black words on white paper, or the reverse, with empty margins.

    Parameters
    ----------
    shape : (int, int)
        Y and X, pixels.
    rng : numpy.random.Generator
        Where the words come from.
    font_size : float, optional
        Height of a line's type, pixels; drawn between 8 and 40 where it is not given.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        0 is ink, 1 is paper.

    Examples
    --------
    >>> float(text_page((96, 96), np.random.default_rng(0), font_size=12).max())
    1.0
    """
    size = (shape[0] * FINE, shape[1] * FINE)
    points = font_size if font_size is not None else float(np.exp(rng.uniform(np.log(8), np.log(40))))
    font = ImageFont.load_default(size=points * FINE)
    image = Image.new("L", (size[1], size[0]), 255)
    draw = ImageDraw.Draw(image)
    margin = int(rng.uniform(0.02, 0.15) * size[1])
    y = int(rng.uniform(0.02, 0.15) * size[0])
    while y < size[0] - points * FINE * 1.3:
        if rng.random() < 0.1:  # between paragraphs
            y += int(points * FINE * 1.5)
            continue
        x = float(margin)
        while x < size[1] - margin:
            word = _WORDS[int(rng.integers(len(_WORDS)))]
            length = draw.textlength(word, font=font)
            if x + length > size[1] - margin:
                break
            draw.text((x, y), word, fill=0, font=font)
            x += length + 0.35 * points * FINE
        y += int(points * FINE * rng.uniform(1.25, 1.5))
    return bin_down(np.asarray(image, dtype=np.float32) / 255.0)
