"""The endless data set of the default model: crop number i depends on the seed and i alone."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional as F
from torch.utils.data import Dataset

from ..models.sizes import STRIDE
from ..picture.camera_noise import estimate_noise
from ..picture.plane import told_deviation
from ..synthesis.crops import make_crop
from ..synthesis.exposure import loguniform
from ..synthesis.scenes import random_scene

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor

    from ..synthesis.crops import Crop

#: Crops made of one scene on average, and how many of the newest scenes they are drawn from:
#: painting a scene costs as much as several crops.
_REUSE, _POOL = 16, 2500
#: Share of the crops whose scene is a sum of two: another texture, and as sharp.
_SUMS = 0.15
#: Share of the crops whose noise is not told, share of those where it is told wrongly, and by how much (logarithm).
_UNTOLD, _WRONG, _BY = 0.2, 0.6, 0.3
#: Share of the crops that are told what is measured in them, as a user's picture is: where fine detail hides the noise
#: that is off in its own way.
_MEASURED = 0.5


class SyntheticCrops(Dataset["tuple[Tensor, Tensor]"]):
    """Map-style data set of synthetic training pictures.

    Parameters
    ----------
    size : int
        Edge of a crop, pixels.
    count : int
        Its length; crops are made when asked for.
    seed : int
        Two data sets of different seeds share no scene.
    largest : float
        Upper end of sigma, pixels.
    first : int, default=0
        Number of the first crop, to go on where a training stopped.
    shards, batch : int, default=1 and 12
        Batches take turns in so many shards, each with scenes of its own: if
        processes that make batches in turn are as many, or their number
        divides that of the shards, none paints scenes that another has painted.

    Examples
    --------
    >>> inputs, truth = SyntheticCrops(64, count=10, seed=1, largest=20.0)[0]
    >>> inputs.shape, truth.shape
    (torch.Size([5, 64, 64]), torch.Size([4, 64, 64]))
    """

    def __init__(
        self, size: int, *, count: int, seed: int, largest: float, first: int = 0, shards: int = 1, batch: int = 12
    ) -> None:
        self.size, self.count, self.seed, self.largest, self.first = size, count, seed, largest, first
        self.shards, self.batch = shards, batch

    @cached_property
    def _scene(self) -> Callable[[int, int], NDArray[np.float16]]:
        return lru_cache(maxsize=_POOL)(self._paint)

    def __getstate__(self) -> dict[str, Any]:
        """What a process that makes crops is told; it paints its own scenes."""
        return {name: value for name, value in self.__dict__.items() if name != "_scene"}

    def __len__(self) -> int:
        return self.count

    def _paint(self, shard: int, number: int) -> NDArray[np.float16]:
        shape = (self.size, self.size)  # half precision below is finer than any camera here
        return random_scene(shape, np.random.default_rng((self.seed, 0, shard, number))).astype(np.float16)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Crop ``index``: what `network_inputs` takes, and (sigma, structure, anisotropy), (4, Y, X)."""
        if not 0 <= index < self.count:
            raise IndexError(index)
        index += self.first
        rng = np.random.default_rng((self.seed, 1, index))
        turn, place = divmod(index, self.batch)
        turn, shard = divmod(turn, self.shards)
        newest, later = divmod(turn * self.batch + place, _REUSE)
        known = max(0, newest - _POOL // self.shards)
        scene = self._scene(shard, int(rng.integers(known, newest + 1)) if later else newest).astype(np.float32)
        if rng.random() < _SUMS:
            other = self._scene(shard, int(rng.integers(known, newest + 1))).astype(np.float32)
            weight = np.float32(rng.uniform(0.2, 0.8))
            scene = weight * scene + (1 - weight) * (other if rng.random() < 0.5 else 1 - other)
        beside = self._scene(shard, int(rng.integers(known, newest + 1))).astype(np.float32)
        crop = make_crop(scene, rng, beside=beside, largest=self.largest)
        told, coarse = (
            _measured(crop) if rng.random() < _MEASURED else (told_noise(rng) * crop.noise, crop.coarse_noise)
        )
        averaged = [np.full_like(crop.picture, factor) for factor in coarse]
        inputs = np.stack([crop.picture, crop.valid, told, *averaged], dtype=np.float32)
        return torch.from_numpy(inputs), torch.from_numpy(np.stack([crop.sigma, crop.structure, *crop.anisotropy]))


def _measured(crop: Crop) -> tuple[NDArray[np.floating], tuple[float, float]]:
    """The noise as it is measured in a crop, and its `Crop.coarse_noise`; zeros where it cannot be."""
    noise = estimate_noise(crop.picture, usable=crop.valid > 0)
    if noise is None:
        return np.zeros(crop.picture.shape), (1.0, 1.0)
    return told_deviation(noise, crop.picture), noise.coarse


def told_noise(rng: np.random.Generator) -> float:
    """Draw what a network is told of the noise, over what it is: 0 for nothing, 1 for the truth, or about that."""
    kind = rng.random()
    return 0.0 if kind < _UNTOLD else loguniform(rng, np.exp(-_BY), np.exp(_BY)) if kind < _UNTOLD + _WRONG else 1.0


def network_inputs(inputs: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Picture, validity, noise and what means leave of it, from the planes of crops.

    Parameters
    ----------
    inputs : Tensor, shape (B, 5, Y, X)
        Picture; validity; standard deviation of the noise, 0 where it is not
        told; and that after means of 2 x 2 and 4 x 4 pixels over what would be left of white noise.

    Returns
    -------
    tuple of Tensor
        As `DenseNetwork.prepare` takes them.
    """
    picture, valid, noise, twice, four = inputs.float()[:, :, None].unbind(dim=1)
    left = [torch.ones_like(twice[:, 0, 0, 0]), 0.5 * twice.amax((1, 2, 3)), 0.25 * four.amax((1, 2, 3))]
    return picture, valid, F.avg_pool2d(noise, STRIDE), torch.stack(left, dim=1)
