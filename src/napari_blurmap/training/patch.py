"""Training of the thesis's network on patches, a step at a time."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from math import cos, pi
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Adagrad

from ..errors import BlurMapError
from ..ground.numbers import whole_seed
from ..models.calibration import calibrated
from ..models.devices import has_bfloat16
from ..models.model import Model, ModelInfo
from ..models.patch import PatchConfig, PatchNetwork, started_from
from ..result.scores import score
from ..synthesis.scenes import random_scene
from .checkpoints import keep, read_checkpoint, taking_up
from .evaluation import class_probabilities
from .initial import draw_weights
from .optimizer import MuonAdamW
from .patch_data import SIGMAS_10, SIGMAS_30, PatchData, PatchDataConfig, Texture, make_patches

_LIMITS = (
    "the network of a thesis, for comparison: it knows a little white noise, no empty ground and nothing beyond its "
    "classes, and 32 pixels see no object edges. One picture cannot tell a soft specimen from blur, nor defocus from "
    "motion."
)
#: Patches of the validation set that a model's uncertainty is calibrated on.
_CALIBRATION = 6000
#: Scenes of the bundled models and their edge, pixels.
_SCENES, _EDGE = 700, 256
#: Grey levels: deviation that their areas need, and of the noise at most: without any, that of a camera looks sharp.
_BLANK, _NOISE = 2.5, 3.0


@dataclass(frozen=True)
class PatchTrainConfig:
    """How a patch network is trained.

    Parameters
    ----------
    minutes : float, default=10.0
        Time budget; ignored where ``steps`` is given.
    steps : int, optional
        Number of steps: with one seed, machine and number of threads the weights are equal.
    batch : int, default=100
        Patches a step.
    optimiser : {"muon", "adagrad"}, default="muon"
        Muon for the convolutions and AdamW for the rest, with a rate that
        rises shortly and falls as a cosine; or Adagrad at a constant rate, as
        in the thesis. AdamW for all, at 3e-4 and 1e-3, stayed at chance on
        few textures.
    rate : float, default=1e-3
        Largest learning rate.
    vary : bool, default=True
        Flip and turn the patches and change their contrast and brightness at random.
    seed : int, default=0
        Of the weights and of the order of the patches.
    device : str, default="cpu"
        Where the network is trained.

    Raises
    ------
    BlurMapError
        For values that train nothing.
    """

    minutes: float = 10.0
    steps: int | None = None
    batch: int = 100
    optimiser: Literal["muon", "adagrad"] = "muon"
    rate: float = 1e-3
    vary: bool = True
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        whole_seed(self.seed)
        if not self.minutes > 0 or (self.steps is not None and self.steps < 1) or self.batch < 1 or not self.rate > 0:
            raise BlurMapError(
                f"minutes is {self.minutes:g}, steps {self.steps}, batch {self.batch}, rate {self.rate:g}; expected "
                "numbers above 0."
            )
        if self.optimiser not in ("muon", "adagrad"):
            raise BlurMapError(f"optimiser is {self.optimiser!r}; expected 'muon' or 'adagrad'.")


def thesis_config(minutes: float = 10.0, steps: int | None = None, **others: int | str) -> PatchTrainConfig:
    """The thesis's recipe: Adagrad at 0.001 and 50 patches a step, each seen as it is.

    Examples
    --------
    >>> thesis_config().batch
    50
    """
    recipe = PatchTrainConfig(minutes, steps, batch=50, optimiser="adagrad", rate=1e-3, vary=False)
    return replace(recipe, **others)  # type: ignore[arg-type]


@dataclass(frozen=True)
class PatchStep:
    """Where a training stands: after how many steps, how much of the budget, this step's loss and accuracy."""

    step: int
    fraction: float
    loss: float
    accuracy: float
    seconds: float


class PatchTraining:
    """A training of a patch network that can be stopped, saved and resumed.

    Parameters
    ----------
    data : PatchData
        Patches with their classes.
    config : PatchTrainConfig, optional
        What to do.
    layers : PatchConfig, optional
        Of the network, the thesis's by default; its classes, mean and deviation come from the data.
    start : Model, optional
        A patch model whose weights to start from; other classes get a new last layer.
    checkpoint : Path, optional
        Where to save every two minutes, and to resume from where it exists.
    trained_on : str, optional
        For the model's card.

    Raises
    ------
    BlurMapError
        If ``start`` is no patch model or has other layers.

    Examples
    --------
    >>> from napari_blurmap.training.patch_data import read_textures
    >>> draw = np.random.default_rng(0)
    >>> pictures = [draw.integers(0, 256, (64, 64)).astype(np.uint8) for _ in range(3)]
    >>> data = make_patches(read_textures(pictures, {}), PatchDataConfig(sigmas=(0.5, 2.0)))
    >>> training = PatchTraining(data, PatchTrainConfig(steps=1, batch=4))
    >>> [step.step for step in training.run()]
    [1]
    >>> training.model("mine").info.sigma_grid
    [0.5, 2.0]
    """

    def __init__(
        self,
        data: PatchData,
        config: PatchTrainConfig | None = None,
        *,
        layers: PatchConfig | None = None,
        start: Model | None = None,
        checkpoint: Path | None = None,
        trained_on: str = "",
    ) -> None:
        self.data, self.config, self.checkpoint = data, config or PatchTrainConfig(), checkpoint
        self.trained_on = trained_on or f"patches of {len(data.report.used)} textures."
        network = _first_network(data, layers, start, self.config.seed)
        self.layers = network.config
        self._half = has_bfloat16(torch.device(self.config.device))
        self.network = network.to(self.config.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        rate = self.config.rate
        self.optimizer: MuonAdamW | Adagrad = (
            MuonAdamW(self.network, self.network.linear, rate)
            if self.config.optimiser == "muon"
            else Adagrad(self.network.parameters(), lr=rate)
        )
        self.step, self.seconds = 0, 0.0
        if checkpoint is not None and checkpoint.exists():
            state = read_checkpoint(checkpoint, self.config.device)
            with taking_up(checkpoint):
                self.resume(state)

    def run(self) -> Iterator[PatchStep]:
        """Train, yielding after every step; the caller may stop at any of them."""
        c = self.config
        patches, labels = (torch.from_numpy(a).to(c.device) for a in (self.data.train.patches, self.data.train.labels))
        started, saved = time.perf_counter() - self.seconds, time.perf_counter()
        try:
            while (fraction := self._fraction()) < 1:
                chosen = self._chosen(len(labels)).to(c.device)
                loss, accuracy = self._update(patches[chosen], labels[chosen], fraction)
                self.seconds = time.perf_counter() - started
                if time.perf_counter() - saved > 120:
                    keep(self.checkpoint, self.state())
                    saved = time.perf_counter()
                yield PatchStep(self.step, min(1.0, self._fraction()), loss, accuracy, self.seconds)
        finally:  # also where the caller stops
            keep(self.checkpoint, self.state())

    def _fraction(self) -> float:
        c = self.config
        return self.step / c.steps if c.steps is not None else self.seconds / (60 * c.minutes)

    def _chosen(self, count: int) -> Tensor:
        """Numbers of the patches of this step; every epoch deals all of them out once."""
        batches = -(-count // self.config.batch)
        epoch, number = divmod(self.step, batches)
        order = torch.from_numpy(np.random.default_rng((self.config.seed, epoch)).permutation(count))
        return order[number * self.config.batch : (number + 1) * self.config.batch]

    def _update(self, patches: Tensor, labels: Tensor, fraction: float) -> tuple[float, float]:
        c = self.config
        if c.optimiser == "muon":
            warm = min(1.0, (self.step + 1) / 100)
            for group in self.optimizer.param_groups:
                group["lr"] = c.rate * warm * (0.5 + 0.5 * cos(pi * fraction)) + 1e-6
        inputs = patches[:, None].float()
        # Seeded a step at a time, so that a resumed training draws what it would have drawn.
        seed = 1_000_003 * c.seed + self.step
        inputs = _varied(inputs, torch.Generator().manual_seed(seed)) if c.vary else inputs
        if self.layers.dropout:
            torch.manual_seed(seed)
        self.network.train()
        with torch.autocast(inputs.device.type, dtype=torch.bfloat16, enabled=self._half):
            output = self.network(inputs.contiguous(memory_format=torch.channels_last))
        loss = F.nll_loss(output.float(), labels)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if c.optimiser == "muon":
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        return float(loss.detach()), float((output.argmax(dim=1) == labels).float().mean())

    def state(self) -> dict[str, Any]:
        """All that is needed to go on from here."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a `state`."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]

    def model(self, name: str, *, reference: str = "absolute") -> Model:
        """The model as it stands, calibrated on the validation set and judged on the test set.

        Parameters
        ----------
        name : str
            What it will be called.
        reference : {"absolute", "added"}
            Zero of its sigma; "added" for a user's own pictures.

        Returns
        -------
        Model
            On the CPU.
        """
        network = PatchNetwork(self.layers)
        network.load_state_dict(self.network.state_dict())
        network.eval()
        info = ModelInfo(
            name=name,
            architecture="patch",
            sizes=asdict(self.layers),
            sigma_grid=list(self.data.config.sigmas),
            reference=reference,
            trained_on=self.trained_on,
            limits=_LIMITS,
        )
        grid = torch.tensor(info.sigma_grid, dtype=torch.float32)
        weights, labels = class_probabilities(network, self.data.validation, _CALIBRATION)
        info = calibrated(info, *_mean_and_spread(weights, grid), grid[labels])
        weights, labels = class_probabilities(network, self.data.test, _CALIBRATION)
        split = f"test by {self.data.config.split}"
        figures = {
            f"{split}, RMSE px": score(weights @ grid, grid[labels]).rmse,
            f"{split}, accuracy": float((weights.argmax(dim=1) == labels).float().mean()),
        }
        training = {
            "config": asdict(self.config),
            "data": asdict(self.data.config),
            "steps": self.step,
            "seconds": round(self.seconds),
            "torch": torch.__version__,
            "machine": f"{platform.machine()}, {torch.get_num_threads()} threads, {self.config.device}",
            "figures": figures,
        }
        return Model(replace(info, training=training), network)


def _first_network(data: PatchData, layers: PatchConfig | None, start: Model | None, seed: int) -> PatchNetwork:
    classes = len(data.config.sigmas)
    if start is None:
        network = PatchNetwork(
            replace(layers or PatchConfig(), classes=classes, mean=data.mean, deviation=max(data.deviation, 1.0))
        )
        draw_weights(network, seed)
        return network
    if not isinstance(start.network, PatchNetwork):
        raise BlurMapError(
            f"A patch network cannot start from the {start.info.architecture} model {start.info.name!r}. Start from a "
            "patch model such as 'patch30', or from scratch."
        )
    network = started_from(start.network, replace(layers or start.network.config, classes=classes))
    if classes != start.network.config.classes:
        draw_weights(network.linear[-1], seed)
    return network


def _varied(patches: Tensor, draw: torch.Generator) -> Tensor:
    """Patches (N, 1, 32, 32) flipped and turned alike, each with another contrast and brightness."""
    columns, rows, turn = (torch.rand(3, generator=draw) < 0.5).tolist()
    patches = patches.flip([axis for axis, wanted in ((3, columns), (2, rows)) if wanted])
    patches = patches.transpose(2, 3) if turn else patches
    contrast, brightness = (2 * torch.rand(2, len(patches), 1, 1, 1, generator=draw) - 1).to(patches.device)
    varied: Tensor = 127.5 + torch.exp(0.7 * contrast - 0.5) * (patches - 127.5) + 40 * brightness
    return varied


def _mean_and_spread(weights: Tensor, grid: Tensor) -> tuple[Tensor, Tensor]:
    mean = weights @ grid
    return mean, (weights * (grid - mean[:, None]) ** 2).sum(dim=1).sqrt()


def synthetic_textures(count: int = _SCENES, seed: int = 0) -> Iterator[Texture]:
    """The project's own textures: random sharp scenes of every kind.

    Parameters
    ----------
    count : int
        How many.
    seed : int
        The same seed gives the same scenes.

    Yields
    ------
    Texture
        256 x 256 pixels.
    """
    for number in range(count):
        scene = random_scene((_EDGE, _EDGE), np.random.default_rng((seed, 3, number)))
        yield Texture(f"scene {number}", ((255 * scene, np.ones(scene.shape, dtype=bool)),))


def train_bundled_patch(
    classes: int = 30,
    config: PatchTrainConfig | None = None,
    *,
    scenes: int = _SCENES,
    start: Model | None = None,
    checkpoint: Path | None = None,
) -> PatchTraining:
    """The training that makes ``patch30`` or ``patch10``, ready to run.

    Parameters
    ----------
    classes : {30, 10}, default=30
        Which of them.
    config : PatchTrainConfig, optional
        Budget, seed and device.
    scenes : int, default=700
        Synthetic textures to make patches of; takes a minute.
    start : Model, optional
        ``patch10`` starts from ``patch30``.
    checkpoint : Path, optional
        Saved every two minutes; resumed where it exists.

    Returns
    -------
    PatchTraining
        To be ``run()``; then ``model("patch30").save(path, half=True)``.

    Raises
    ------
    BlurMapError
        For another number of classes.
    """
    if classes not in (10, 30):
        raise BlurMapError(f"There is no bundled patch model of {classes} classes; expected 10 or 30.")
    config = config or PatchTrainConfig()
    sigmas = SIGMAS_30 if classes == 30 else SIGMAS_10
    data = PatchDataConfig(sigmas, blank=_BLANK, noise=_NOISE, validation=0.05, test=0.05, seed=config.seed)
    return PatchTraining(
        make_patches(synthetic_textures(scenes, config.seed), data),
        config,
        start=start,
        checkpoint=checkpoint,
        trained_on=f"patches of {scenes} synthetic scenes only, blurred by one sigma each, half of them noisy.",
    )
