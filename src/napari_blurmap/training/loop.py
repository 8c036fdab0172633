"""The loop of every training: batches to losses to weights, within a budget, stoppable and resumable."""

from __future__ import annotations

import logging
import platform
import time
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, field
from math import cos, pi
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ..errors import BlurMapError
from ..ground.arguments import whole_seed
from ..models.torch_settings import in_own_settings
from .checkpoints import read_checkpoint, saving, taking_up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from torch import Tensor, nn

_log = logging.getLogger(__name__)

#: Longest gradient, and seconds between two checkpoints.
_LONGEST, _SAVING = 1.0, 120.0


@dataclass(frozen=True)
class Recipe:
    """What every training is told.

    Parameters
    ----------
    minutes : float, default=10.0
        Time budget; ignored where ``steps`` is given.
    steps : int, optional
        Number of steps, for a result that does not depend on the machine's speed.
    batch : int
        Items a step.
    rate : float
        Largest learning rate.
    seed : int, default=0
        Of the data and of the weights.
    device : str, default="cpu"
        Where the network is trained.

    Raises
    ------
    BlurMapError
        For values that train nothing.
    """

    minutes: float = 10.0
    steps: int | None = None
    batch: int = 12
    rate: float = 1e-3
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        whole_seed(self.seed)
        if not self.minutes > 0 or (self.steps is not None and self.steps < 1) or self.batch < 1 or not self.rate > 0:
            raise BlurMapError(
                f"minutes is {self.minutes:g}, steps {self.steps}, batch {self.batch}, rate {self.rate:g}; expected "
                "numbers above 0."
            )


@dataclass(frozen=True)
class TrainStep:
    """Where a training stands.

    Parameters
    ----------
    step : int
        Steps done.
    fraction : float
        Of the budget.
    loss : float
        Of this step.
    seconds, seconds_left : float
        Of training until now, and until the budget is used up.
    figures : dict of str to float
        What else the training says of this step.
    """

    step: int
    fraction: float
    loss: float
    seconds: float
    seconds_left: float
    figures: dict[str, float] = field(default_factory=dict)


class Optimizer(Protocol):
    """What the loop needs of one."""

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """Settings, the rate among them."""

    def zero_grad(self) -> None:
        """Forget all gradients."""

    def step(self) -> Any:
        """Change all weights by their gradients."""

    def state_dict(self) -> dict[str, Any]:
        """What is needed to go on from here."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a `state_dict`."""


R = TypeVar("R", bound=Recipe)
N = TypeVar("N", bound="nn.Module")


class TrainingLoop(ABC, Generic[R, N]):
    """A training that can be stopped, saved and resumed; what is learned, and from what, a subclass says.

    Parameters
    ----------
    config : Recipe
        What to do.
    network : torch.nn.Module
        In the device where it is trained.
    optimizer : Optimizer
        Of its weights.
    checkpoint : Path, optional
        Where to save every two minutes, and to resume from where it exists.
    averaged : bool, default=True
        Whether the model gets averages of the weights over the last steps rather than the last ones.
    rise : int, optional
        Steps in which the rate rises, to fall as a cosine and end near 0; constant where not given.
    longest : float, default=1.0
        Longer gradients are shortened to this.

    Attributes
    ----------
    step : int
        Steps done.
    seconds : float
        Of training.
    """

    def __init__(
        self,
        config: R,
        network: N,
        optimizer: Optimizer,
        checkpoint: Path | None = None,
        *,
        averaged: bool = True,
        rise: int | None = None,
        longest: float = _LONGEST,
    ) -> None:
        self.config, self.network, self.optimizer, self.checkpoint = config, network, optimizer, checkpoint
        self.average = AveragedModel(network, multi_avg_fn=_follow, use_buffers=True) if averaged else None
        self._rise, self._longest = rise, longest
        self.step, self.seconds = 0, 0.0
        if checkpoint is not None and checkpoint.exists():
            state = read_checkpoint(checkpoint, config.device)
            with taking_up(checkpoint):
                self.resume(state)

    @abstractmethod
    def batches(self) -> Iterator[tuple[Tensor, ...]]:
        """What the coming steps learn from, in the device of the network; the first is that of step ``self.step``."""

    @abstractmethod
    def loss(self, batch: tuple[Tensor, ...]) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the network on one batch, and figures that are worth telling."""

    @property
    def fraction(self) -> float:
        """How much of the budget is used."""
        c = self.config
        return self.step / c.steps if c.steps is not None else self.seconds / (60 * c.minutes)

    @in_own_settings
    def run(self) -> Iterator[TrainStep]:
        """Train, yielding after every step; the caller may stop at any of them."""
        started, batches = time.perf_counter() - self.seconds, self.batches()
        with saving(self.checkpoint, self.state, _SAVING) as save_if_due:  # also where the caller stops
            while (fraction := self.fraction) < 1 and (batch := next(batches, None)) is not None:
                loss, figures = self._learn(batch, fraction)
                self.seconds = time.perf_counter() - started
                save_if_due()
                c, done = self.config, min(1.0, self.fraction)
                left = self.seconds / self.step * (c.steps - self.step) if c.steps else 60 * c.minutes - self.seconds
                yield TrainStep(self.step, done, loss, self.seconds, max(0.0, left), figures)

    def _learn(self, batch: tuple[Tensor, ...], fraction: float) -> tuple[float, dict[str, float]]:
        if self._rise is not None:
            risen = min(1.0, (self.step + 1) / self._rise)
            for group in self.optimizer.param_groups:
                group["lr"] = self.config.rate * risen * (0.5 + 0.5 * cos(pi * fraction)) + 1e-6
        statistics = [buffer.clone() for buffer in self.network.buffers()]
        loss, figures = self.loss(batch)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), self._longest)
        if torch.isfinite(norm) and torch.isfinite(loss):
            self.optimizer.step()
        else:  # one bad step would be the end of all weights, and of what batch norms remember
            _log.warning("step %d is left out: its loss or its gradients are not finite", self.step + 1)
            for buffer, before in zip(self.network.buffers(), statistics, strict=True):
                buffer.copy_(before)
        if self.average is not None:
            self.average.update_parameters(self.network)
        self.step += 1
        return loss.item(), {name: value.item() for name, value in figures.items()}

    @property
    def learned(self) -> N:
        """The network whose weights a model would get now."""
        return self.network if self.average is None else cast("N", self.average.module)

    def weights(self) -> dict[str, Tensor]:
        """A copy of those weights, on the CPU."""
        return {name: value.detach().cpu().clone() for name, value in self.learned.state_dict().items()}

    def network_of(self, weights: dict[str, Tensor]) -> N:
        """A network like this one with other weights, on the CPU, ready for estimating."""
        network = type(self.network)(self.network.config)
        network.load_state_dict(weights)
        return network.eval()

    def state(self) -> dict[str, Any]:
        """All that is needed to go on from here."""
        average = {} if self.average is None else {"average": self.average.state_dict()}
        return {
            "network": self.network.state_dict(),
            **average,
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a `state`."""
        self.network.load_state_dict(state["network"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]

    def record(self, figures: dict[str, float]) -> dict[str, Any]:
        """What a model's card tells of how it was trained."""
        return {
            "config": asdict(self.config),
            "steps": self.step,
            "seconds": round(self.seconds),
            "torch": torch.__version__,
            "machine": f"{platform.machine()}, {torch.get_num_threads()} threads, {self.config.device}",
            "figures": figures,
        }


def _follow(averages: Any, weights: Any, count: Any) -> None:
    """Average over the last thousand steps, or the last tenth of the first ones."""
    decay = min(0.999, (1 + int(count)) / (10 + int(count)))
    get_ema_multi_avg_fn(decay)(averages, weights, count)  # type: ignore[no-untyped-call]
