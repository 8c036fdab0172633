"""Training: pictures to batches to a Model, a step at a time."""

from __future__ import annotations

import platform
import time
from dataclasses import asdict, dataclass
from math import cos, pi
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from .errors import BlurMapError
from .models.decode import decode, sigma_grid, soft_target
from .models.dense import STRIDE, DenseConfig, DenseNetwork
from .models.model import Model, ModelInfo, calibrated
from .models.registry import load_model
from .synthesis.datasets import SyntheticCrops

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Weight in the loss of a place without structure, relative to one with it.
_EMPTY_WEIGHT = 0.2
#: Weight of the ranked probability score beside the cross-entropy.
_RANKED = 0.3
#: Detail over noise from which a place counts as having something to measure.
_STRUCTURE = 0.7
#: Every eighth step sees its crops cut to 64 pixels, and every eighth to 128: in small pictures all is near the border.
_CUTS = {3: 64, 7: 128}
_LIMITS = (
    "one picture cannot tell a soft specimen from blur, nor defocus from motion; transparent specimens "
    "(phase contrast, DIC, unstained bright field) show crisp fringes out of focus."
)


@dataclass(frozen=True)
class TrainConfig:
    """How the default model is trained.

    Parameters
    ----------
    minutes : float, default=75.0
        Time budget; ignored where ``steps`` is given.
    steps : int, optional
        Number of steps, for a result that does not depend on the machine's speed.
    batch, size : int
        Crops a step, and their edge in pixels.
    rate : float, default=2e-3
        Largest learning rate (AdamW, cosine after a short rise).
    largest : float, default=24.0
        Last value of the grid of sigma, pixels; training goes a quarter beyond.
    seed : int, default=0
        Of the data and of the weights.
    workers : int, default=1
        Processes that make the data; the data do not depend on their number.
    device : str, default="cpu"
        Where the network is trained.
    init : str, optional
        Name or path of a model of the same sizes to start from, instead of random weights.
    """

    minutes: float = 75.0
    steps: int | None = None
    batch: int = 12
    size: int = 256
    rate: float = 2e-3
    largest: float = 24.0
    seed: int = 0
    workers: int = 1
    device: str = "cpu"
    init: str | None = None

    def __post_init__(self) -> None:
        if self.size % DenseConfig().total_stride:
            raise BlurMapError(f"size is {self.size}; expected a multiple of {DenseConfig().total_stride} pixels.")


@dataclass(frozen=True)
class TrainStep:
    """Where a training stands."""

    step: int
    fraction: float
    loss: float
    seconds: float


class Training:
    """A training of the default model that can be stopped, saved and resumed.

    Parameters
    ----------
    config : TrainConfig
        What to do.
    checkpoint : Path, optional
        Where to save every few minutes, and to resume from where it exists.
    sizes : DenseConfig, optional
        Of the network.
    """

    def __init__(
        self, config: TrainConfig, checkpoint: Path | None = None, *, sizes: DenseConfig | None = None
    ) -> None:
        self.config, self.checkpoint = config, checkpoint
        torch.manual_seed(config.seed)
        self.sizes = sizes or DenseConfig()
        self.network = DenseNetwork(self.sizes)
        if config.init is not None:
            self.network.load_state_dict(load_model(config.init).network.state_dict())
        self.network.channels_last().to(config.device)
        follow = get_ema_multi_avg_fn(0.999)  # type: ignore[no-untyped-call]
        self.average = AveragedModel(self.network, multi_avg_fn=follow, use_buffers=True)
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=config.rate, weight_decay=0.02)
        self.grid = torch.tensor(sigma_grid(self.sizes.bins, config.largest), dtype=torch.float32)
        self.step, self.seconds = 0, 0.0
        if checkpoint is not None and checkpoint.exists():
            # weights_only: tensors and plain containers, no code is run
            state = torch.load(checkpoint, weights_only=True, map_location=config.device)
            self.network.load_state_dict(state["network"])
            self.average.load_state_dict(state["average"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.seconds = state["step"], state["seconds"]

    def run(self) -> Iterator[TrainStep]:
        """Train, yielding after every step; the caller may stop at any of them."""
        c = self.config
        data = SyntheticCrops(
            c.size,
            count=(c.steps - self.step if c.steps is not None else 10**6) * c.batch,
            seed=c.seed,
            largest=1.25 * c.largest,
            first=self.step * c.batch,
        )
        loader = DataLoader(data, batch_size=c.batch, num_workers=c.workers, prefetch_factor=2 if c.workers else None)
        self.network.train()
        grid = self.grid.to(c.device)
        started, saved = time.perf_counter() - self.seconds, time.perf_counter()
        try:
            for inputs, truth in loader:
                fraction = self.step / c.steps if c.steps is not None else self.seconds / (60 * c.minutes)
                if fraction >= 1:
                    break
                edge = _CUTS.get(self.step % 8, c.size)
                if c.size % edge == 0:
                    inputs, truth = cut(inputs, edge), cut(truth, edge)
                loss = self._update(inputs.to(c.device), truth.to(c.device), grid, fraction)
                self.seconds = time.perf_counter() - started
                if time.perf_counter() - saved > 120:
                    self.save()
                    saved = time.perf_counter()
                yield TrainStep(self.step, fraction, loss, self.seconds)
        finally:  # also where the caller stops
            self.save()

    def _update(self, inputs: Tensor, truth: Tensor, grid: Tensor, fraction: float) -> float:
        warm = min(1.0, (self.step + 1) / min(200, (self.config.steps or 2000) // 10 + 1))
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.rate * warm * (0.5 + 0.5 * cos(pi * fraction)) + 1e-6
        loss = self._loss(inputs, truth, grid)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.average.update_parameters(self.network)
        self.step += 1
        return float(loss.detach())

    def _loss(self, inputs: Tensor, truth: Tensor, grid: Tensor) -> Tensor:
        with torch.autocast(inputs.device.type, dtype=torch.bfloat16):
            picture, valid = inputs[:, :1], inputs[:, 1:]
            levels = self.network.prepare(picture.float(), valid.float())
            output = self.network.fuse(
                [self.network.trunk(level.contiguous(memory_format=torch.channels_last)) for level in levels]
            )
        output = output.float()
        sigma, structure = F.avg_pool2d(truth, STRIDE).unbind(dim=1)
        present = (structure > _STRUCTURE).float()
        weight = F.avg_pool2d(valid, STRIDE)[:, 0] * (_EMPTY_WEIGHT + (1 - _EMPTY_WEIGHT) * present)
        target = soft_target(sigma, grid)
        logs = output[:, :-1].log_softmax(dim=1)
        cross = -(target * logs).sum(dim=1)
        # The cross-entropy does not know that neighbouring values are nearly right; the ranked probability
        # score does (Gneiting and Raftery, JASA 102, 2007). Both are proper: they do not pull the spread.
        ranked = (logs.exp() - target).cumsum(dim=1).square().sum(dim=1)
        seen = F.binary_cross_entropy_with_logits(output[:, -1], present, reduction="none")
        return ((cross + _RANKED * ranked) * weight).sum() / weight.sum() + 0.3 * seen.mean()

    def save(self) -> None:
        """Write the checkpoint, where there is to be one, beside under a temporary name first."""
        if self.checkpoint is None:
            return
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }
        temporary = self.checkpoint.with_suffix(".part")
        torch.save(state, temporary)
        temporary.replace(self.checkpoint)

    def model(self, name: str = "default", *, validation: int = 96) -> Model:
        """The model as it stands: averaged weights, calibrated and judged on held-out crops.

        Parameters
        ----------
        name : str, default="default"
            What it will be called.
        validation : int, default=96
            Crops of seeds never trained on.

        Returns
        -------
        Model
            On the CPU.
        """
        network = DenseNetwork(self.sizes)
        network.load_state_dict(self.average.module.state_dict())
        info = ModelInfo(
            name=name,
            architecture="dense",
            sizes=asdict(self.sizes),
            sigma_grid=[float(s) for s in self.grid],
            trained_on="synthetic pictures only: dead leaves, noise textures, lattices, microscope-like scenes, text.",
            limits=_LIMITS,
        )
        c = self.config
        held_out = SyntheticCrops(c.size, count=validation, seed=c.seed + 10**6, largest=1.25 * c.largest)
        sigma, spread, truth = _held_out(network.fused(), self.grid, held_out)
        info = calibrated(info, sigma, spread, truth)
        small = truth < 4
        relative = (sigma - truth).abs() / (truth + 0.35)
        figures = {
            "held-out RMSE px, sigma below 4": float((sigma - truth)[small].square().mean().sqrt()),
            "held-out median error relative to sigma + 0.35": float(relative.median()),
        }
        training = {
            "config": asdict(self.config),
            "steps": self.step,
            "seconds": round(self.seconds),
            "torch": torch.__version__,
            "machine": f"{platform.machine()}, {torch.get_num_threads()} threads, {self.config.device}",
            "figures": figures,
        }
        return Model(ModelInfo(**{**asdict(info), "training": training}), network.eval())


def cut(batch: Tensor, edge: int) -> Tensor:
    """Cut crops into smaller ones.

    Parameters
    ----------
    batch : Tensor, shape (B, C, Y, X)
        Y and X are multiples of ``edge``.
    edge : int
        Pixels.

    Returns
    -------
    Tensor, shape (N, C, edge, edge)
        All pieces.

    Examples
    --------
    >>> cut(torch.zeros(2, 1, 8, 8), 4).shape
    torch.Size([8, 1, 4, 4])
    """
    pieces = batch.unfold(2, edge, edge).unfold(3, edge, edge)
    return pieces.permute(0, 2, 3, 1, 4, 5).reshape(-1, batch.shape[1], edge, edge)


def _held_out(network: DenseNetwork, grid: Tensor, data: SyntheticCrops) -> tuple[Tensor, Tensor, Tensor]:
    """Estimate, spread and truth at the places of held-out crops that have structure."""
    parts: list[tuple[Tensor, Tensor, Tensor]] = []
    for inputs, truth in (data[i] for i in range(len(data))):
        with torch.inference_mode():
            out = decode(network(inputs[None, :1], inputs[None, 1:]), grid)
        sigma, structure = F.avg_pool2d(truth[None], STRIDE)[0]
        judged = (out.structure[0] > 0.5) & (structure > _STRUCTURE) & (sigma < 0.9 * grid[-1])
        parts.append((out.sigma[0][judged], out.spread[0][judged], sigma[judged]))
    sigma, spread, truth = (torch.cat(p) for p in zip(*parts, strict=True))
    return sigma, spread, truth
