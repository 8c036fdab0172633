"""Training crops of the user's own pictures: blurred by known fields, as noisy as the pictures are."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch.utils.data import Dataset

from ...ground.optics import gaussian_kernel
from ...picture.noise import Digits, detail_over_noise, detail_window
from ...synthesis.exposure import loguniform
from ...synthesis.levels import between_levels
from ...synthesis.random_fields import field_between
from ..synthetic_crops import SyntheticCrops, told_noise
from .levels import Levels, lost_noise

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from .pieces import Piece

    Plane = NDArray[np.float32]

#: Neighbouring levels of blur, between which is interpolated, differ by this factor at most.
_STEP = 1.3
#: How far training goes beyond the range of sigma: an end that is never passed would be guessed too often.
_BEYOND = 1.15
#: Shares of constant fields, ramps, sines, hard borders and hills.
_FIELDS = (0.2, 0.3, 0.25, 0.1, 0.15)
#: Pixels nearer than so many sigma to what is not known are not known either.
_REACH = 3.0


@dataclass(frozen=True)
class CropConfig:
    """What crops are like.

    Parameters
    ----------
    low, high : float
        Sigma added, pixels.
    size : int
        Edge, pixels.
    seed : int
        Of all that is drawn.
    rehearsal : float, default=0.0
        Share of synthetic crops among them.
    mixed : float, default=0.0
        Share of the others that add up two places of the pictures, of one picture or of two: blur is linear, so their
        sum is another texture with the same sigma.
    zero : float, default=0.0
        Own blur of the pictures, pixels: it is taken off the total blur of the synthetic crops, so that in both a
        sigma is what was added to pictures as sharp as the user's.
    largest : float, default=30.0
        Largest total blur of the synthetic crops, pixels.
    """

    low: float
    high: float
    size: int
    seed: int
    rehearsal: float = 0.0
    mixed: float = 0.0
    zero: float = 0.0
    largest: float = 30.0

    @property
    def sigmas(self) -> NDArray[np.float64]:
        """Levels of blur between which is interpolated, pixels."""
        ends = max(0.1, self.low / _BEYOND), self.high * _BEYOND
        return np.geomspace(*ends, max(4, ceil(log(ends[1] / ends[0]) / log(_STEP)) + 1))


class _Part(NamedTuple):
    """A window of a piece and its weight in a crop: the levels, (N, Y, X), and the distances from what is unknown."""

    piece: Levels
    weight: float
    stack: Plane
    distance: Plane


class TuneCrops(Dataset["tuple[Tensor, Tensor]"]):
    """Map-style data set: crop number i depends on the pictures, the configuration and i alone.

    Every piece is blurred once by every level; a crop interpolates between them, so that making one costs little.
    The blur smooths the picture's own noise too; what it lost is added again, by the same interpolation; half of
    the crops get less or none of it, since a measured noise is an upper bound.

    Parameters
    ----------
    config : CropConfig
        What crops are like.

    Examples
    --------
    >>> from napari_blurmap.synthesis.scenes import random_scene
    >>> from napari_blurmap.training.own.pictures import read_pictures
    >>> from napari_blurmap.training.own.sources import list_sources
    >>> sharp = random_scene((128, 128), np.random.default_rng(1), kind="dead leaves")
    >>> [(_, pieces)] = read_pictures(list_sources(sharp))
    >>> crops = TuneCrops(CropConfig(0.3, 3.0, size=64, seed=0))
    >>> crops.add(pieces[0])
    >>> picture, truth = crops[0]
    >>> picture.shape, truth.shape
    (torch.Size([5, 64, 64]), torch.Size([4, 64, 64]))
    """

    def __init__(self, config: CropConfig) -> None:
        self.config, self.sigmas = config, config.sigmas
        self.pictures: dict[int, list[Levels]] = {}
        self.lost = lost_noise(self.sigmas, max(256, 2 * config.size), config.seed)
        # Share of white noise that is left by a blur.
        self.left = [float(np.sum(gaussian_kernel(s) ** 2)) ** 2 for s in self.sigmas]
        # Far from the seeds of the default model's training and of its held-out set.
        self.synthetic = SyntheticCrops(config.size, count=10**9, seed=config.seed + 2 * 10**6, largest=config.largest)

    def add(self, piece: Piece) -> None:
        """Take in a piece of a sharp picture that has something to learn from; it is blurred now."""
        self.pictures.setdefault(piece.picture, []).append(Levels(piece, self.sigmas))

    def __len__(self) -> int:
        return 10**9

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Crop ``index``: what `network_inputs` takes, and (sigma, structure, anisotropy), (4, Y, X)."""
        share = self.config.rehearsal
        number = int(index * share)
        if int((index + 1) * share) > number:
            inputs, truth = self.synthetic[number]
            truth[0] = (truth[0] ** 2 - self.config.zero**2).clamp_min(0).sqrt()
            return inputs, truth
        rng = np.random.default_rng((self.config.seed, 4, index))
        layers = self._crop(self._parts(rng), rng)
        size = self.config.size
        layers = np.pad(layers, [(0, 0), *((0, size - n) for n in layers.shape[1:])])
        layers = np.rot90(layers, int(rng.integers(4)), (1, 2))
        layers = layers[:, :, ::-1] if rng.random() < 0.5 else layers
        both = torch.from_numpy(np.ascontiguousarray(layers, dtype=np.float32))
        return both[:5], both[5:]

    def _piece(self, rng: np.random.Generator) -> Levels:
        """A piece of some picture, each picture as often as any other."""
        of_picture = list(self.pictures.values())[int(rng.integers(len(self.pictures)))]
        return of_picture[int(rng.integers(len(of_picture)))]

    def _around(self, piece: Levels, rng: np.random.Generator) -> _Part:
        """A window of a piece, around some place."""
        centre = piece.centres[int(rng.integers(len(piece.centres)))]
        where = _window(centre, piece.distance.shape, self.config.size, rng)
        return _Part(piece, 1.0, piece.stack[:, *where], piece.distance[where])

    def _parts(self, rng: np.random.Generator) -> list[_Part]:
        """One window, or two of a size to be added up with the contrast of one."""
        first = self._around(self._piece(rng), rng)
        if rng.random() >= self.config.mixed:
            return [first]
        other = self._around(self._piece(rng), rng)
        height, width = first.distance.shape
        if other.distance.shape[0] < height or other.distance.shape[1] < width:
            return [first]
        y, x = rng.choice((1, -1), 2)
        stack, distance = (array[..., ::y, ::x][..., :height, :width] for array in (other.stack, other.distance))
        angle = np.pi * float(rng.uniform(0.05, 0.45))
        sign = 1.0 if rng.random() < 0.5 else -1.0
        return [first._replace(weight=np.cos(angle)), _Part(other.piece, sign * np.sin(angle), stack, distance)]

    def field(self, shape: tuple[int, int], rng: np.random.Generator) -> Plane:
        """Sigma to be added, pixels."""
        low, high = float(self.sigmas[0]), float(self.sigmas[-1])
        # Half of them with many small ones; below 0.3 px all blurs look the same, so not more of those.
        least = max(low, min(0.3, high / 2))
        middle = float(rng.uniform(low, high)) if rng.random() < 0.5 else loguniform(rng, least, high)
        spread = loguniform(rng, 1.05, 3.5)
        if rng.random() < 0.3:
            return field_between(shape, rng, low, high, middle, _FIELDS)
        return field_between(shape, rng, max(low, middle / spread), min(high, middle * spread), middle, _FIELDS)

    def _crop(self, parts: list[_Part], rng: np.random.Generator) -> Plane:
        """The planes of inputs and truth, one after the other, (9, Y, X)."""
        piece = parts[0].piece
        distance = np.minimum.reduce([part.distance for part in parts])
        shape = (distance.shape[0], distance.shape[1])
        field = self.field(shape, rng)
        # In float64: what is in small units, or far from 0, keeps its digits.
        lights = [between_levels(part.stack, self.sigmas, field).astype(np.float64) for part in parts]
        light = np.sum([part.weight * each for part, each in zip(parts, lights, strict=True)], axis=0)
        # Most crops as they are, the others of fainter specimens before the same camera.
        contrast = 1.0 if rng.random() < 0.7 else loguniform(rng, 0.3, 1.0)
        amount = min(1.0, max(0.0, float(rng.uniform(-1, 3))))  # a quarter without, a half with all of it
        # A sum may reach further than the camera does.
        least, most, digits = float(np.min(light)), float(np.max(light)), piece.digits
        contrast = min(contrast, (digits.high - digits.low) / (piece.unit * max(most - least, 1e-9)))
        scale = piece.unit * contrast
        grey = min(max(piece.middle, digits.low - scale * least), digits.high - scale * most) + scale * light
        # As noisy as each part is at its own light, in the units of the first.
        ratios = [(part.weight * piece.unit / part.piece.unit) ** 2 for part in parts]
        each_white = [part.piece.white(contrast * each) for part, each in zip(parts, lights, strict=True)]
        variance = np.sum([ratio * white for ratio, white in zip(ratios, each_white, strict=True)], axis=0)
        anywhere = _window((0, 0), self.lost.shape[1:], self.config.size, rng, everywhere=True)
        lost = between_levels(self.lost[:, *anywhere][:, : shape[0], : shape[1]], self.sigmas, field)
        fresh = (1 - contrast**2) ** 0.5 * rng.standard_normal(shape, dtype=np.float32)
        seen = _digitised(grey + amount * np.sqrt(variance) * (contrast * lost + fresh), digits)
        left = contrast**2 * np.interp(field, self.sigmas, self.left) * variance
        noise = left + amount**2 * np.maximum(variance - left, 0) + digits.step**2 / 12 + (1e-5 * piece.unit) ** 2
        clear = (contrast * light).astype(np.float32), (np.sqrt(noise) / piece.unit).astype(np.float32)
        detail = detail_over_noise(*clear, detail_window(field)) ** 2 - left / noise
        # Power spectra add up by the squares of the weights, and so, where these blurs are small, do their variances.
        more = np.sum([part.weight**2 * part.piece.blur**2 for part in parts])
        flat = np.zeros(shape)
        return np.stack(
            [
                (seen - piece.middle) / piece.unit,
                distance > _REACH * field,
                told_noise(rng) * clear[1],
                *(flat + 1, flat + 1),
                np.sqrt(field**2 + more),
                # Of the size of `sensitivity_over_noise`, which a picture's own noise would swamp.
                0.5 * np.sqrt(np.maximum(detail, 0)),
                *(flat, flat),
            ]
        ).astype(np.float32)


def _window(
    centre: Any, shape: tuple[int, ...], size: int, rng: np.random.Generator, *, everywhere: bool = False
) -> tuple[slice, slice]:
    """A window of a crop's size that has a place in it, or any."""
    starts = []
    for middle, n in zip(centre, shape, strict=True):
        first = int(rng.integers(n - size + 1)) if everywhere else int(middle - rng.integers(size))
        starts.append(min(max(first, 0), max(n - size, 0)))
    return slice(starts[0], starts[0] + size), slice(starts[1], starts[1] + size)


def _digitised(grey: NDArray[Any], digits: Digits) -> NDArray[Any]:
    stepped = np.rint(grey / digits.step) * digits.step if digits.step else grey
    return np.clip(stepped, digits.low, digits.high)
