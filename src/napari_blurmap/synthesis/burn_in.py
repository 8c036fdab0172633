"""What programs draw into pictures: scale bars, labels, black padding. Never evidence of sharpness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]


def burn_in(picture: Plane, rng: np.random.Generator) -> tuple[Plane, NDArray[np.bool_]]:
    """Draw a scale bar with its label, or padding, over a picture.

    Parameters
    ----------
    picture : ndarray of float32, shape (Y, X)
        Grey levels over full scale.
    rng : numpy.random.Generator
        What is drawn, and where.

    Returns
    -------
    picture : ndarray of float32, shape (Y, X)
        A copy with it.
    drawn : ndarray of bool, shape (Y, X)
        Where it is, with the pixels next to it.

    Examples
    --------
    >>> burn_in(np.zeros((64, 64), np.float32), np.random.default_rng(0))[1].any()
    np.True_
    """
    height, width = picture.shape
    mask = Image.new("1", (width, height), 0)
    draw = ImageDraw.Draw(mask)
    value = float(rng.choice([0.0, 1.0])) if rng.random() < 0.8 else float(rng.random())
    kind = rng.random()
    if kind < 0.35:
        x, y = int(rng.uniform(0, 0.7) * width), int(rng.uniform(0, 0.9) * height)
        length, thick = int(rng.uniform(0.1, 0.4) * width), int(rng.integers(2, 12))
        draw.rectangle([x, y, x + length, y + thick], fill=1)
        if rng.random() < 0.7:
            height_of_type = int(rng.integers(10, 26))
            font = ImageFont.load_default(size=height_of_type)
            label = ("{} µm", "{} nm", "{} s", "x{}", "z = {}", "00:{}")[int(rng.integers(6))].format(
                rng.integers(1, 200)
            )
            draw.text((x, y - 1.3 * height_of_type), label, fill=1, font=font)
    elif kind < 0.7:  # one or two sides are padded
        side = int(rng.integers(4))
        depth = int(rng.uniform(0.05, 0.4) * min(height, width))
        for edge in {side, (side + int(rng.integers(2))) % 4}:
            box = [(0, 0, width, depth), (0, height - depth, width, height), (0, 0, depth, height)]
            box.append((width - depth, 0, width, height))
            draw.rectangle(box[edge], fill=1)
        value = 0.0 if rng.random() < 0.8 else value
    else:  # a round field of view, or a shape cut out
        r = rng.uniform(0.25, 0.7) * min(height, width)
        x, y = rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.8) * height
        inside = rng.random() < 0.4
        draw.rectangle([0, 0, width, height], fill=int(not inside))
        draw.ellipse([x - r, y - r, x + r, y + r], fill=int(inside))
    drawn = np.asarray(mask, dtype=bool)
    return np.where(drawn, np.float32(value), picture), ndimage.binary_dilation(drawn, iterations=2)
