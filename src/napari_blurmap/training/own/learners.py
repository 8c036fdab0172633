"""The two kinds of networks as something that learns from a user's pictures and can be judged on others of them."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch
from torch.utils.data import Subset

from ...errors import BlurMapError
from ...models.dense import DenseNetwork
from ...models.devices import choose_device
from ...models.patch import PatchNetwork
from ...models.sizes import DenseConfig
from ...picture.plane import read_plane
from ..dense import TrainConfig, Training
from ..evaluation import Read, class_probabilities, read_crops
from ..patch import PatchTrainConfig, PatchTraining, mean_and_spread
from ..patch_data import PATCH, PatchDataConfig, Texture
from ..patches import make_patches
from .crops import CropConfig, TuneCrops
from .held_out import split_pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...models.model import Model
    from .pieces import Piece

Weights: TypeAlias = dict[str, torch.Tensor]

#: Largest sigma that a new dense network can learn, and that 32 pixels can show, px.
DENSE_LIMIT, PATCH_LIMIT = 20.0, 8.0
#: Crops, and patches, to watch it on, and others for the report.
_WATCHING, _REPORTING = 16, 32
_WATCHING_PATCHES, _REPORTING_PATCHES = 400, 2000
#: Patches that a patch network learns from at most.
_PATCHES = 60_000
#: Noise of the noisiest of them, over that of the pictures, which the blur has smoothed away.
_NOISE = 1.5


class DenseLearner:
    """A dense network in training; made by `prepare_dense`.

    Attributes
    ----------
    training : Training
        What runs.
    grid : list of float
        Values of sigma, px.
    sizes : dict
        Of its network.
    decode : str
        How its distributions become numbers.
    pictures, held_out : int
        Pictures, or parts of a single one, that it learns from and that it is judged on.
    """

    def __init__(self, training: Training, held_out: TuneCrops, start: Model | None, pictures: int) -> None:
        self.training, self.pictures, self.held_out = training, pictures, len(held_out.pictures)
        crops = [held_out[i] for i in range(_WATCHING + _REPORTING)]
        self.watching, self.reporting = crops[:_WATCHING], crops[_WATCHING:]
        self.grid: list[float] = training.grid.tolist() if start is None else start.info.sigma_grid
        self.decode = "quantiles" if start is None else start.info.decode
        self.sizes = asdict(training.sizes)

    def read(self, weights: Weights, *, report: bool) -> Read:
        """What it reads on held-out pictures: on those to watch it on, or on others for the report."""
        network = self.training.network_of(weights).fused().to(self.training.config.device)
        return read_crops(network, self.training.grid, self.reporting if report else self.watching, self.decode)


def prepare_dense(
    pieces: list[Piece], crops: CropConfig, recipe: TrainConfig, start: Model | None, wanted: str
) -> Iterator[str | Learner]:
    """Blur all pieces, saying how far it is; the last thing yielded is the learner."""
    parts = split_pieces(pieces, crops.seed)
    # What is held out is of the range asked for, all of the user's pictures, and of other random numbers.
    data = TuneCrops(crops), TuneCrops(replace(crops, seed=crops.seed + 10**6, rehearsal=0.0, mixed=0.0))
    done = 0
    for part, into in zip(parts, data, strict=True):
        for piece in part:
            yield f"blurring part {done + 1} of {len(pieces)}"
            into.add(piece)
            done += 1
    yield "preparing"
    sizes = None if start is not None else _sizes(recipe)
    network = DenseNetwork(sizes) if start is None else start.network
    device = choose_device(wanted, network.fused())
    recipe = replace(recipe, device=str(device))
    learning = data[0]
    training = Training(
        recipe,
        sizes=sizes,
        start=start,
        crops=lambda first, count: Subset(learning, range(first, first + count)),
    )
    yield DenseLearner(training, data[1], start, len(learning.pictures))


def _sizes(recipe: TrainConfig) -> DenseConfig:
    """A new network small enough to learn something in the time there is."""
    minutes = recipe.minutes if recipe.steps is None else recipe.steps / 240
    # Not 12: in bfloat16, oneDNN's dilated convolutions of 24 channels have given NaN as gradients.
    narrow = 16 if minutes < 45 else 32
    return DenseConfig(narrow=narrow, wide=2 * narrow, fused=3 * narrow)


class PatchLearner:
    """A patch network in training, with what `DenseLearner` has; made by `prepare_patch`."""

    def __init__(self, training: PatchTraining) -> None:
        self.training = training
        self.grid = list(training.data.config.sigmas)
        self.sizes = asdict(training.layers)
        data = training.data
        self.decode = "mean"
        self.pictures, self.held_out = (len(np.unique(part.sources)) for part in (data.train, data.test))

    def read(self, weights: Weights, *, report: bool) -> Read:
        """As `DenseLearner` does."""
        data, network = self.training.data, self.training.network_of(weights)
        part, most = (data.test, _REPORTING_PATCHES) if report else (data.validation, _WATCHING_PATCHES)
        shares, labels = class_probabilities(network.to(self.training.config.device), part, most)
        grid = torch.tensor(self.grid, dtype=torch.float32)
        mean, spread = mean_and_spread(shares, grid)
        seen, crop, shape = torch.ones_like(mean), torch.arange(len(mean)), torch.empty(len(mean), 0)
        return Read(mean, spread, seen, grid[labels], crop, shape)


Learner: TypeAlias = DenseLearner | PatchLearner


def prepare_patch(
    pieces: list[Piece], sigmas: tuple[float, ...], recipe: PatchTrainConfig, start: Model | None, wanted: str
) -> Iterator[str | Learner]:
    """Cut all pieces into blurred patches; the last thing yielded is the learner."""
    yield f"blurring {len(pieces)} parts by {len(sigmas)} amounts"
    textures = _textures(pieces)
    areas = sum((g.shape[0] // PATCH) * (g.shape[1] // PATCH) for t in textures for g, _ in t.planes)
    keep = min(1.0, _PATCHES / max(1, areas * len(sigmas)))
    noise = _NOISE * float(np.median([_noise(piece) for piece in {p.picture: p for p in pieces}.values()]))
    config = PatchDataConfig(sigmas, validation=0.2, test=0.2, keep=keep, noise=noise, seed=recipe.seed)
    data = make_patches(textures, config)
    yield "preparing"
    network = PatchNetwork() if start is None else start.network
    device = choose_device(wanted, network.fused())
    yield PatchLearner(PatchTraining(data, replace(recipe, device=str(device)), start=start))


def _textures(pieces: list[Piece]) -> list[Texture]:
    """Pictures as textures; the quarters of their pieces where there are too few to deal out."""
    pictures: dict[int, list[Piece]] = {}
    for piece in pieces:
        pictures.setdefault(piece.picture, []).append(piece)
    groups = list(pictures.values())
    if len(groups) < 3:
        quarters: dict[Any, list[Piece]] = {}
        for piece in pieces:
            for k, quarter in enumerate(_quarters(piece)):  # of all planes the same one
                quarters.setdefault((piece.picture, piece.sample.region, k), []).append(quarter)
        groups = list(quarters.values())
    planes = ((group[0].name, [(read_plane(p.sample.original).grey(), p.usable) for p in group]) for group in groups)
    return [Texture(name, tuple(of)) for name, of in planes]


def _noise(piece: Piece) -> float:
    """Standard deviation of its noise at its median, in grey levels of a texture."""
    sample = piece.sample
    if sample.noise is None:
        return 0.0
    levels, own = (grey[piece.usable] for grey in (read_plane(sample.original).grey(), sample.grey))
    scale = float(np.std(levels)) / (float(np.std(own)) or 1.0)
    return float(scale * np.sqrt(sample.noise.variance(np.median(own))))


def _quarters(piece: Piece) -> Iterator[Piece]:
    halves = [(slice(n // 2), slice(n // 2, n)) for n in piece.usable.shape]
    for y in halves[0]:
        for x in halves[1]:
            yield piece[y, x]


def check_range(low: float, high: float, architecture: str, start: Model | None) -> None:
    """Refuse a range of sigma that a network cannot learn."""
    limit = PATCH_LIMIT if architecture == "patch" else DENSE_LIMIT
    if architecture != "patch" and start is not None:  # not what it reads in the coarse copy
        limit = replace(start.info, coarse_copy=1).sigma_range[1]
    if not (0 <= low < high and np.isfinite(high)):
        raise BlurMapError(
            f"sigma_range is ({low:g}, {high:g}); expected the smallest and then the largest blur to learn, in "
            "pixels, not below 0."
        )
    if high > limit:
        which = f"a {architecture} network" if start is None else f"the model {start.info.name}"
        raise BlurMapError(
            f"sigma_range ends at {high:g} px, but {which} learns {limit:.3g} px at most. Choose a smaller end, or "
            "shrink the pictures."
        )
