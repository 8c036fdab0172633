"""Training: pictures to batches to a Model, a step at a time."""

from __future__ import annotations

import platform
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from math import cos, pi
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from ..errors import BlurMapError
from ..ground.numbers import whole_seed
from ..models.calibration import calibrated
from ..models.decode import sigma_grid, soft_target
from ..models.dense import STRIDE, DenseConfig, DenseNetwork
from ..models.model import Model, ModelInfo
from ..models.registry import load_model
from .checkpoints import keep, read_checkpoint, taking_up
from .crop_reuse import echoed
from .evaluation import STRUCTURE, read_crops
from .initial import draw_weights
from .optimizer import MuonAdamW
from .synthetic_crops import SyntheticCrops

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from torch.utils.data import Dataset

    #: Crops from the first number on, that many of them: (picture, valid) and (sigma, structure), each (2, Y, X).
    Crops = Callable[[int, int], Dataset[tuple[Tensor, Tensor]]]

#: Weight in the loss of a place without structure, relative to one with it.
_EMPTY_WEIGHT = 0.2
#: Weight of the ranked probability score beside the cross-entropy.
_RANKED = 0.3
#: Three steps of eight see their crops cut to 64 pixels, and one to 128: in small pictures all is near the border.
_CUTS = {1: 64, 4: 64, 6: 64, 7: 128}
#: Of the scenes, so that 2, 3, 4, 6 or 12 processes that make crops share the work.
_LANES = 12
#: Relative standard error of what no held-out crop can tell: real specimens have a softness of their own, and lenses
#: are others than those here. With it about 68 % of scikit-image's pictures lie within one standard error.
_UNKNOWN = 0.03
LIMITS = (
    "one picture cannot tell a soft specimen from blur, nor defocus from motion; transparent specimens "
    "(phase contrast, DIC, unstained bright field) show crisp fringes out of focus."
)


@dataclass(frozen=True)
class TrainConfig:
    """How a dense network is trained.

    Parameters
    ----------
    minutes : float, default=75.0
        Time budget; ignored where ``steps`` is given.
    steps : int, optional
        Number of steps, for a result that does not depend on the machine's speed.
    batch, size : int
        Crops a step, and their edge in pixels.
    rate : float, default=2e-3
        Largest learning rate (Muon and AdamW, cosine after a rise).
    warm : int, default=200
        Steps of that rise, at most.
    largest : float, default=24.0
        Last value of the grid of sigma, pixels; training goes a quarter beyond.
    seed : int, default=0
        Of the data and of the weights.
    workers : int, default=1
        Processes that make the data, or 0 for a thread; the data do not depend on it.
    device : str, default="cpu"
        Where the network is trained.
    init : str, optional
        Name or path of a model to start from, instead of random weights: of
        the same sizes, or with fewer residual blocks.
    half : bool, default=True
        Convolutions in bfloat16; slower on processors that do not have it.
    frozen_from : float, default=0.6
        Share of the budget from which the batch norms keep their average
        statistics, which are those that estimates are made with. Statistics of
        the batch in hand are not: the estimates of a network that has never
        met others are biased.
    echo : int, default=1
        Steps that each crop is used in, on average: more where the network is
        faster than the processes that make the crops.
    """

    minutes: float = 75.0
    steps: int | None = None
    batch: int = 12
    size: int = 256
    rate: float = 2e-3
    warm: int = 200
    largest: float = 24.0
    seed: int = 0
    workers: int = 1
    device: str = "cpu"
    init: str | None = None
    half: bool = True
    frozen_from: float = 0.6
    echo: int = 1

    def __post_init__(self) -> None:
        whole_seed(self.seed)
        if self.size % DenseConfig().total_stride:
            raise BlurMapError(f"size is {self.size}; expected a multiple of {DenseConfig().total_stride} pixels.")
        if self.echo < 1:
            raise BlurMapError(f"echo is {self.echo}; expected 1 (each crop is used once) or more.")


@dataclass(frozen=True)
class TrainStep:
    """Where a training stands."""

    step: int
    fraction: float
    loss: float
    seconds: float


class Training:
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

    def __init__(
        self,
        config: TrainConfig,
        checkpoint: Path | None = None,
        *,
        sizes: DenseConfig | None = None,
        start: Model | None = None,
        crops: Crops | None = None,
    ) -> None:
        self.config, self.checkpoint, self.crops = config, checkpoint, crops or self._synthetic
        self.sizes = sizes or DenseConfig(deep=1, fine=1)
        values = sigma_grid(self.sizes.bins, config.largest).tolist()
        if start is not None:
            self.sizes, values = DenseConfig(**start.info.sizes), start.info.sigma_grid
        elif config.init is not None:
            start = load_model(config.init)
        self.grid = torch.tensor(values, dtype=torch.float32)
        self.network = DenseNetwork(self.sizes)
        draw_weights(self.network, config.seed)
        if start is not None:
            if not isinstance(start.network, DenseNetwork):
                raise BlurMapError(
                    f"{start.info.name} is a {start.info.architecture} model; expected a dense one to start from."
                )
            self.network.start_from(start.network)
        self.network.channels_last().to(config.device)
        self.average = AveragedModel(self.network, multi_avg_fn=_follow, use_buffers=True)
        self.optimizer = MuonAdamW(self.network, self.network.head, config.rate)
        self.step, self.seconds = 0, 0.0
        if checkpoint is not None and checkpoint.exists():
            state = read_checkpoint(checkpoint, config.device)
            with taking_up(checkpoint):
                self.resume(state)

    def _synthetic(self, first: int, count: int) -> SyntheticCrops:
        c = self.config
        return SyntheticCrops(
            c.size, count=count, seed=c.seed, largest=1.25 * c.largest, first=first, lanes=_LANES, batch=c.batch
        )

    @property
    def fraction(self) -> float:
        """How much of the budget is used."""
        c = self.config
        return self.step / c.steps if c.steps is not None else self.seconds / (60 * c.minutes)

    def run(self) -> Iterator[TrainStep]:
        """Train, yielding after every step; the caller may stop at any of them."""
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
        grid = self.grid.to(c.device)
        started, saved = time.perf_counter() - self.seconds, time.perf_counter()
        try:
            coming = loader if c.workers else _ahead(loader)
            for inputs, truth in echoed(coming, c.echo, c.device, seed=c.seed + self.step):
                fraction = self.fraction
                if fraction >= 1:
                    break
                if fraction >= c.frozen_from and self.network.training:
                    self._freeze()
                edge = _CUTS.get(self.step % 8, c.size)
                if c.size % edge == 0:
                    inputs, truth = cut(inputs, edge), cut(truth, edge)
                loss = self._update(inputs, truth, grid, fraction)
                self.seconds = time.perf_counter() - started
                if time.perf_counter() - saved > 120:
                    keep(self.checkpoint, self.state())
                    saved = time.perf_counter()
                yield TrainStep(self.step, min(1.0, self.fraction), loss, self.seconds)
        finally:  # also where the caller stops
            keep(self.checkpoint, self.state())

    def _freeze(self) -> None:
        """Let the batch norms use their average statistics from here on."""
        averages = dict(self.average.module.named_buffers())
        for name, buffer in self.network.named_buffers():
            buffer.copy_(averages[name])
        self.network.eval()

    def _update(self, inputs: Tensor, truth: Tensor, grid: Tensor, fraction: float) -> float:
        c = self.config
        warm = min(1.0, (self.step + 1) / min(c.warm, (c.steps or 2000) // 10 + 1))
        for group in self.optimizer.param_groups:
            group["lr"] = c.rate * warm * (0.5 + 0.5 * cos(pi * fraction)) + 1e-6
        loss = self._loss(inputs, truth, grid)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        if torch.isfinite(norm):  # one bad step would be the end of all weights
            self.optimizer.step()
        self.average.update_parameters(self.network)
        self.step += 1
        return float(loss.detach())

    def _loss(self, inputs: Tensor, truth: Tensor, grid: Tensor) -> Tensor:
        # Whole precision here: a local mean rounded to bfloat16 leaves steps in a faint structure on a high offset.
        levels = self.network.prepare(inputs[:, :1].float(), inputs[:, 1:].float())
        valid = inputs[:, 1:]
        with torch.autocast(inputs.device.type, dtype=torch.bfloat16, enabled=self.config.half):
            output = self.network.fuse(
                [self.network.trunk(level.contiguous(memory_format=torch.channels_last)) for level in levels]
            )
        output = output.float()
        sigma, structure = F.avg_pool2d(truth, STRIDE).unbind(dim=1)
        present = (structure > STRUCTURE).float()
        weight = F.avg_pool2d(valid, STRIDE)[:, 0] * (_EMPTY_WEIGHT + (1 - _EMPTY_WEIGHT) * present)
        target = soft_target(sigma, grid)
        logs = output[:, :-1].log_softmax(dim=1)
        cross = -(target * logs).sum(dim=1)
        # The cross-entropy does not know that neighbouring values are nearly right; the ranked probability
        # score does (Gneiting and Raftery, JASA 102, 2007). Both are proper: they do not pull the spread.
        ranked = (logs.exp() - target).cumsum(dim=1).square().sum(dim=1)
        seen = F.binary_cross_entropy_with_logits(output[:, -1], present, reduction="none")
        return ((cross + _RANKED * ranked) * weight).sum() / weight.sum().clamp_min(1e-6) + 0.3 * seen.mean()

    def state(self) -> dict[str, Any]:
        """All that is needed to go on from here."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a `state`."""
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]

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
        network.load_state_dict(self.average.module.state_dict())
        info = ModelInfo(
            name=name,
            architecture="dense",
            sizes=asdict(self.sizes),
            sigma_grid=[float(s) for s in self.grid],
            decode="median",
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


def _ahead(batches: Iterable[Any]) -> Iterator[Any]:
    """Batches, of which the next is made while one is worked with."""
    iterator = iter(batches)
    with ThreadPoolExecutor(1, "blurmap-crops") as maker:
        coming = maker.submit(next, iterator, None)
        while (batch := coming.result()) is not None:
            coming = maker.submit(next, iterator, None)
            yield batch


def _follow(averages: Any, weights: Any, count: Any) -> None:
    """Average over the last thousand steps, or the last tenth of the first ones."""
    decay = min(0.999, (1 + int(count)) / (10 + int(count)))
    get_ema_multi_avg_fn(decay)(averages, weights, count)  # type: ignore[no-untyped-call]
