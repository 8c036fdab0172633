"""Training: pictures to batches to a Model, a step at a time."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader

from ..errors import BlurMapError
from ..ground.grid import sigma_grid
from ..models.calibration import calibrated, calibrated_shape
from ..models.decode import soft_target
from ..models.dense import DenseNetwork
from ..models.devices import has_bfloat16
from ..models.info import ModelInfo
from ..models.model import Model
from ..models.registry import load_model
from ..models.sizes import STRIDE, DenseConfig
from ..models.torch_settings import own_settings
from .batches import ahead, cut
from .crop_reuse import echoed
from .evaluation import STRUCTURE, read_crops
from .initial import draw_weights
from .loop import Recipe, TrainingLoop
from .losses import apart, mean, shape_loss
from .optimizer import MuonAdamW
from .surrounded import surrounded
from .synthetic_crops import SyntheticCrops, network_inputs
from .teacher import Teacher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch.utils.data import Dataset

    #: Crops from the first number on, that many of them: (picture, valid) and (sigma, structure), each (2, Y, X).
    Crops = Callable[[int, int], Dataset[tuple[Tensor, Tensor]]]

#: Weight in the loss of a place without structure, relative to one with it.
_EMPTY_WEIGHT = 0.2
#: Weights of the shape, and of whether there is structure.
_SHAPE, _PRESENT = 0.15, 0.6
#: Three steps of eight see their crops cut to 64 pixels, and one to 128: in small pictures all is near the border.
_CUTS = {1: 64, 4: 64, 6: 64, 7: 128}
#: Of the scenes, so that 2, 3, 4, 6 or 12 processes that make crops share the work.
_SHARDS = 12
#: Relative standard error of what no held-out crop can tell: real specimens have a softness of their own, and lenses
#: are others than those here. With it about 68 % of scikit-image's pictures lie within one standard error.
_UNKNOWN = 0.03
#: Pixels averaged along each axis in the copy in which far blur is read.
_COARSE_COPY = 4
LIMITS = (
    "one picture cannot tell a soft specimen from blur, nor defocus from motion; transparent specimens "
    "(phase contrast, DIC, unstained bright field) show crisp fringes out of focus."
)


@dataclass(frozen=True)
class TrainConfig(Recipe):
    """How a dense network is trained: a `Recipe`, and more.

    Parameters
    ----------
    size : int
        Edge of a crop in pixels.
    warm : int, default=200
        Steps in which the rate rises, at most.
    largest : float, default=24.0
        Last value of the grid of sigma, pixels; training goes a quarter beyond.
    workers : int, default=1
        Processes that make the data, or 0 for a thread; the data do not depend on it.
    init : str, optional
        Name or path of a model to start from, instead of random weights: of
        the same sizes, or with fewer residual blocks.
    frozen_from : float, default=0.6
        Share of the budget from which the batch norms keep their average
        statistics, which are those that estimates are made with. Statistics of
        the batch in hand are not: the estimates of a network that has never
        met others are biased.
    echo : int, default=1
        Steps that each crop is used in, on average: more where the network is
        faster than the processes that make the crops.
    teacher : str, optional
        Name or path of a model to learn from beside the truth, see `Teacher`.
    alike : float, default=0.0
        Weight of reading the same where something is laid beside what a crop
        shows, see `surrounded`; at 0 the crops stay as they are.
    """

    minutes: float = 90.0
    rate: float = 2e-3
    size: int = 256
    warm: int = 200
    largest: float = 24.0
    workers: int = 1
    init: str | None = None
    frozen_from: float = 0.6
    echo: int = 1
    teacher: str | None = None
    alike: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size % DenseConfig().total_stride:
            raise BlurMapError(f"size is {self.size}; expected a multiple of {DenseConfig().total_stride} pixels.")
        if self.echo < 1:
            raise BlurMapError(f"echo is {self.echo}; expected 1 (each crop is used once) or more.")


class Training(TrainingLoop[TrainConfig, DenseNetwork]):
    """A training of a dense network that can be stopped, saved and resumed; by default of the bundled model.

    Parameters
    ----------
    config : TrainConfig
        What to do.
    checkpoint : Path, optional
        Where to save every few minutes, and to resume from where it exists.
    sizes : DenseConfig, optional
        Of a new network.
    start : Model, optional
        A dense model whose sizes, grid of sigma and weights to start from.
    crops : callable, optional
        ``crops(first, count)``: the data from crop ``first`` on; by default synthetic pictures.
    """

    @own_settings(gradients=True)
    def __init__(
        self,
        config: TrainConfig,
        checkpoint: Path | None = None,
        *,
        sizes: DenseConfig | None = None,
        start: Model | None = None,
        crops: Crops | None = None,
    ) -> None:
        self.crops, self.sizes = (
            crops or self._synthetic,
            sizes or DenseConfig(deep=1, fine=1, rank=0.625, whole=True, noise=8, shape=True),
        )
        values = sigma_grid(self.sizes.bins, config.largest).tolist()
        if start is not None:
            self.sizes, values = DenseConfig(**start.info.sizes), start.info.sigma_grid
        elif config.init is not None:
            start = load_model(config.init)
        self.grid = torch.tensor(values, dtype=torch.float32)
        network = DenseNetwork(self.sizes)
        draw_weights(network, config.seed)
        if start is not None:
            if not isinstance(start.network, DenseNetwork):
                raise BlurMapError(
                    f"{start.info.name} is a {start.info.architecture} model; expected a dense one to start from."
                )
            network.start_from(start.network)
        network.channels_last().to(config.device)
        self._teacher = None if config.teacher is None else Teacher(config.teacher, self.grid.to(config.device))
        # Elsewhere it is emulated, and ten times slower.
        self._half = has_bfloat16(torch.device(config.device))
        optimizer = MuonAdamW(network, network.head, config.rate)
        rise = min(config.warm, (config.steps or 2000) // 10 + 1)
        super().__init__(config, network, optimizer, checkpoint, rise=rise)

    def _synthetic(self, first: int, count: int) -> SyntheticCrops:
        c = self.config
        return SyntheticCrops(
            c.size, count=count, seed=c.seed, largest=1.25 * c.largest, first=first, shards=_SHARDS, batch=c.batch
        )

    def batches(self) -> Iterator[tuple[Tensor, ...]]:
        """Crops, some of them cut into smaller ones."""
        c = self.config
        batches = -(-max(0, c.steps - self.step) // c.echo) if c.steps is not None else 10**6
        loader = DataLoader(
            self.crops(self.step // c.echo * c.batch, batches * c.batch),
            batch_size=c.batch,
            num_workers=c.workers,
            prefetch_factor=2 if c.workers else None,
            generator=torch.Generator(),  # else it draws from the one that all of the process share
            pin_memory=c.device.startswith("cuda"),
        )
        self.network.train()
        coming = loader if c.workers else ahead(loader)
        for batch in echoed(coming, c.echo, c.device, seed=c.seed + self.step):
            if self.fraction >= c.frozen_from and self.network.training:
                self._freeze()
            edge = _CUTS.get(self.step % 8, c.size)
            yield tuple(cut(part, edge) for part in batch) if c.size % edge == 0 else batch

    def _freeze(self) -> None:
        """Let the batch norms use their average statistics from here on."""
        for buffer, average in zip(self.network.buffers(), self.learned.buffers(), strict=True):
            buffer.copy_(average)
        self.network.eval()

    def loss(self, batch: tuple[Tensor, ...]) -> tuple[Tensor, dict[str, Tensor]]:
        """Cross-entropy and ranked probability score of sigma, and cross-entropy of whether there is structure."""
        inputs, truth = batch
        before, framed, shown, far = None, inputs, inputs[:, 1], inputs.new_zeros(())
        if self.config.alike and inputs.shape[-1] == self.config.size:
            with torch.no_grad():
                before = self.learned.eval()(*network_inputs(inputs))
            framed, shown, far = surrounded(inputs, np.random.default_rng((self.config.seed, 2, self.step)))
        # Whole precision here: a local mean rounded to bfloat16 leaves steps in a faint structure on a high offset.
        levels = self.network.prepare(*network_inputs(framed))
        with torch.autocast(inputs.device.type, dtype=torch.bfloat16, enabled=self._half):
            features = [self.network.trunk(level) for level in levels]
            output = self.network.fuse(features, self.network.slants(levels)).float()
        sigma, structure, *anisotropy = F.avg_pool2d(truth, STRIDE).unbind(dim=1)
        present = (structure > STRUCTURE).float()
        valid = F.avg_pool2d(shown[:, None], STRIDE)[:, 0]
        weight = valid * (_EMPTY_WEIGHT + (1 - _EMPTY_WEIGHT) * present)
        grid = self.grid.to(sigma.device)
        bins = grid.numel()
        target = soft_target(sigma, grid)
        logs = output[:, :bins].log_softmax(dim=1)
        if self._teacher is not None:
            shape = torch.stack(anisotropy, dim=1)
            target = self._teacher.beside(target, logs, inputs, valid * present, shape)
        seen = F.binary_cross_entropy_with_logits(output[:, bins], present, reduction="none")
        loss = apart(logs, target)
        if self.sizes.shape:
            loss = loss + _SHAPE * shape_loss(output[:, bins + 1 :], anisotropy) * present
        total = mean(loss, weight) + _PRESENT * mean(seen, valid)
        if before is not None:
            same = apart(logs, before[:, :bins].softmax(dim=1))
            total = total + self.config.alike * mean(same, far * valid * before[:, bins].sigmoid())
        return total, {}

    @own_settings(gradients=True)
    def model(self, name: str = "default", *, validation: int = 1500) -> Model:
        """The model as it stands: averaged weights, calibrated and judged on held-out crops.

        Parameters
        ----------
        name : str, default="default"
            What it will be called.
        validation : int, default=1500
            Crops of seeds never trained on. With 384, standard errors came out a third too large at places.

        Returns
        -------
        Model
            On the CPU.
        """
        network = DenseNetwork(self.sizes)
        network.load_state_dict(self.weights())
        info = ModelInfo(
            name=name,
            architecture="dense",
            sizes=asdict(self.sizes),
            sigma_grid=[float(s) for s in self.grid],
            decode="quantiles",
            coarse_copy=_COARSE_COPY,
            trained_on="synthetic pictures only: dead leaves, noise textures, lattices, cloth, lit surfaces, "
            "microscope-like scenes, text.",
            limits=LIMITS,
        )
        c = self.config
        held_out = SyntheticCrops(c.size, count=validation, seed=c.seed + 10**6, largest=1.25 * c.largest)
        read = read_crops(network.fused(), self.grid, (held_out[i] for i in range(validation)), info.decode)
        # At even odds, so that a young network has some places too.
        read = read.where((read.structure > 0.5) & (read.truth < 0.9 * float(self.grid[-1])))
        sigma, truth = read.sigma, read.truth
        info = calibrated(info, sigma, read.spread, truth, floor=_UNKNOWN)
        if self.sizes.shape:
            info = calibrated_shape(info, read.shape[:, :2], read.shape[:, 2])
        small = truth < 4
        relative = (sigma - truth).abs() / (truth + 0.35)
        figures = {
            "held-out RMSE px, sigma below 4": float((sigma - truth)[small].square().mean().sqrt()),
            "held-out median error relative to sigma + 0.35": float(relative.median()),
        }
        return Model(replace(info, training=self.record(figures)), network.eval())
