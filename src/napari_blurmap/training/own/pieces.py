"""Parts of the user's pictures that a training takes its crops from, and where in them there is something to learn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...errors import BlurMapError
from ...picture.noise import detail_over_noise
from ...picture.sample import CheckSample, take_sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...picture.sample import Region
    from ...picture.stack import Stack

#: Edge of the largest and of the smallest piece that is trained on, pixels.
LARGEST, SMALLEST = 1024, 64
#: Detail over noise, in a window of so many pixels, from which a place is trained on.
_DETAIL, _WINDOW = 1.0, 8.0


@dataclass(frozen=True, eq=False)
class Piece:
    """A part of a plane of a picture.

    Parameters
    ----------
    name : str
        Of the picture.
    picture : int
        Its number.
    sample : CheckSample
        Grey levels, their noise and their limits.
    usable : ndarray of bool, shape (Y, X)
        Inside the region, neither invalid nor saturated.
    textured : ndarray of bool, shape (Y, X)
        Usable, and with detail above the noise.
    blur : float, default=0.0
        What it is blurrier than most of the pictures, px: counted as added.
    """

    name: str
    picture: int
    sample: CheckSample
    usable: NDArray[np.bool_]
    textured: NDArray[np.bool_]
    blur: float = 0.0

    def __getitem__(self, where: tuple[slice, slice]) -> Piece:
        s = self.sample
        parts = {name: getattr(s, name)[where] for name in ("original", "grey", "valid", "saturated")}
        return replace(self, sample=replace(s, **parts), usable=self.usable[where], textured=self.textured[where])


def cut_pieces(
    name: str, number: int, stack: Stack, mask: NDArray[np.bool_] | None, budget: int, draw: np.random.Generator
) -> list[Piece]:
    """Cut a picture, or what its mask marks of it, into pieces.

    Parameters
    ----------
    name, number : str, int
        Of the picture.
    stack : Stack
        Its planes.
    mask : ndarray of bool, shape (Y, X) or of all planes, or None
        Where it is to be trained on.
    budget : int
        Pixels to be taken at most, about: of more, so many pieces at random.
    draw : Generator
        What chooses them.

    Returns
    -------
    list of Piece
        Those with any valid pixel.
    """
    edge = min(LARGEST, max(2 * SMALLEST, int(budget**0.5)))
    cuts = []
    for n in stack.shape[-2:]:
        ends = np.linspace(0, n, -(-n // edge) + 1).astype(int)
        cuts.append(list(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)))
    parts: list[tuple[tuple[int, ...], Region]]
    parts = [(index, (*y, *x)) for index in stack.indices() for y in cuts[0] for x in cuts[1]]
    if mask is not None:
        parts = [part for part in parts if _marked(mask, *part).any()]
    (y, x) = (cut[0][1] for cut in cuts)
    chosen = np.sort(draw.permutation(len(parts))[: max(1, round(budget / (y * x)))])
    pieces = (_piece(name, number, stack, *parts[int(i)], mask) for i in chosen)
    return [piece for piece in pieces if piece is not None]


def _marked(mask: NDArray[np.bool_], index: tuple[int, ...], region: Region) -> NDArray[np.bool_]:
    y0, y1, x0, x1 = region
    return np.asarray((mask if mask.ndim == 2 else mask[index])[y0:y1, x0:x1])


def _piece(
    name: str, number: int, stack: Stack, index: tuple[int, ...], region: Region, mask: NDArray[np.bool_] | None
) -> Piece | None:
    try:
        sample = take_sample(stack, plane=index, region=region)
    except BlurMapError:  # nothing valid in it
        return None
    usable = sample.valid & ~sample.saturated
    if mask is not None:
        usable &= _marked(mask, index, region)
    variance = np.zeros(sample.grey.shape) if sample.noise is None else sample.noise.variance(sample.grey)
    # Where there is no noise, rounding is; and what no float can hold.
    least = sample.digits.step**2 / 12 + (1e-5 * np.abs(sample.grey).max()) ** 2 + 1e-300
    noise = np.sqrt(variance + least)
    # In units of the noise, else float32 would not do.
    steps = (sample.grey - np.median(sample.grey)) / np.median(noise)
    detail = detail_over_noise(steps.astype(np.float32), (noise / np.median(noise)).astype(np.float32), _WINDOW)
    return Piece(name, number, sample, usable, usable & (detail**2 - 1 > _DETAIL**2))
