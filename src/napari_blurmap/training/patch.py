"""Training of the thesis's network on patches, a step at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from math import inf
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Adagrad

from ..errors import BlurMapError
from ..models.calibration import calibrated
from ..models.devices import has_bfloat16
from ..models.info import ModelInfo
from ..models.model import Model
from ..models.patch import PatchNetwork, started_from
from ..models.patch_sizes import PatchConfig
from ..models.torch_settings import own_settings
from ..result.scores import score
from .evaluation import class_probabilities
from .initial import draw_weights
from .loop import Recipe, TrainingLoop
from .optimizer import MuonAdamW
from .patch_data import PatchData

_LIMITS = (
    "the network of a thesis, for comparison: it knows a little white noise, no empty ground and nothing beyond its "
    "classes, and 32 pixels see no object edges. One picture cannot tell a soft specimen from blur, nor defocus from "
    "motion."
)
#: Patches of the validation set that a model's uncertainty is calibrated on.
_CALIBRATION = 6000


@dataclass(frozen=True)
class PatchTrainConfig(Recipe):
    """How a patch network is trained: a `Recipe`, and more.

    Parameters
    ----------
    optimiser : {"muon", "adagrad"}, default="muon"
        Muon for the convolutions and AdamW for the rest, with a rate that
        rises shortly and falls as a cosine; or Adagrad at a constant rate, as
        in the thesis. AdamW for all, at 3e-4 and 1e-3, stayed at chance on
        few textures.
    vary : bool, default=True
        Flip and turn the patches and change their contrast and brightness at random.
    """

    batch: int = 100
    optimiser: Literal["muon", "adagrad"] = "muon"
    vary: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.optimiser not in ("muon", "adagrad"):
            raise BlurMapError(f"optimiser is {self.optimiser!r}; expected 'muon' or 'adagrad'.")


class PatchTraining(TrainingLoop[PatchTrainConfig, PatchNetwork]):
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
    >>> from napari_blurmap.training.patch_data import PatchDataConfig
    >>> from napari_blurmap.training.bundled_patch import synthetic_textures
    >>> from napari_blurmap.training.patches import make_patches
    >>> data = make_patches(synthetic_textures(3), PatchDataConfig(sigmas=(0.5, 2.0)))
    >>> training = PatchTraining(data, PatchTrainConfig(steps=1, batch=4))
    >>> [step.step for step in training.run()]
    [1]
    >>> training.model("mine").info.sigma_grid
    [0.5, 2.0]
    """

    @own_settings(gradients=True)
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
        self.data, config = data, config or PatchTrainConfig()
        self.trained_on = trained_on or f"patches of {len(data.report.used)} textures."
        network = _first_network(data, layers, start, config.seed)
        self.layers = network.config
        self._half = has_bfloat16(torch.device(config.device))
        network.to(config.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        if config.optimiser == "muon":
            muon = MuonAdamW(network, network.linear, config.rate)
            super().__init__(config, network, muon, checkpoint, averaged=False, rise=100)
        else:  # as published: a constant rate, and gradients as they are
            adagrad = Adagrad(network.parameters(), lr=config.rate)
            super().__init__(config, network, adagrad, checkpoint, averaged=False, longest=inf)

    def batches(self) -> Iterator[tuple[Tensor, ...]]:
        """Patches and their classes; every epoch deals all of them out once."""
        c = self.config
        patches, labels = (torch.from_numpy(a).to(c.device) for a in (self.data.train.patches, self.data.train.labels))
        while True:
            epoch, number = divmod(self.step, -(-len(labels) // c.batch))
            order = torch.from_numpy(np.random.default_rng((c.seed, epoch)).permutation(len(labels)))
            chosen = order[number * c.batch : (number + 1) * c.batch].to(c.device)
            inputs = patches[chosen, None].float()
            # Seeded a step at a time, so that a resumed training draws what it would have drawn.
            draw = torch.Generator().manual_seed(self._step_seed)
            yield _varied(inputs, draw) if c.vary else inputs, labels[chosen]

    @property
    def _step_seed(self) -> int:
        return 1_000_003 * self.config.seed + self.step

    def loss(self, batch: tuple[Tensor, ...]) -> tuple[Tensor, dict[str, Tensor]]:
        """Cross-entropy, and the share of the patches whose class is found."""
        patches, labels = batch
        self.network.train()
        kind = patches.device.type
        with (
            torch.random.fork_rng([patches.device] if kind == "cuda" else [], enabled=self.layers.dropout > 0),
            torch.autocast(kind, dtype=torch.bfloat16, enabled=self._half),
        ):
            if self.layers.dropout:
                torch.manual_seed(self._step_seed)
            output = self.network(patches.contiguous(memory_format=torch.channels_last)).float()
        found = (output.argmax(dim=1) == labels).float().mean()
        return F.nll_loss(output, labels), {"accuracy": found}

    @own_settings(gradients=True)
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
        network = self.network_of(self.weights())
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
        info = calibrated(info, *mean_and_spread(weights, grid), grid[labels])
        weights, labels = class_probabilities(network, self.data.test, _CALIBRATION)
        split = f"test by {self.data.config.split}"
        figures = {
            f"{split}, RMSE px": score(weights @ grid, grid[labels]).rmse,
            f"{split}, accuracy": float((weights.argmax(dim=1) == labels).float().mean()),
        }
        return Model(replace(info, training=self.record(figures) | {"data": asdict(self.data.config)}), network)


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
    columns, rows, turn = (torch.rand(3, generator=draw, dtype=torch.float32) < 0.5).tolist()
    patches = patches.flip([axis for axis, wanted in ((3, columns), (2, rows)) if wanted])
    patches = patches.transpose(2, 3) if turn else patches
    share = torch.rand(2, len(patches), 1, 1, 1, generator=draw, dtype=torch.float32).to(patches.device)
    contrast, brightness = 2 * share - 1
    varied: Tensor = 127.5 + torch.exp(0.7 * contrast - 0.5) * (patches - 127.5) + 40 * brightness
    return varied


def mean_and_spread(weights: Tensor, grid: Tensor) -> tuple[Tensor, Tensor]:
    """Of probabilities (N, classes) of the values of a grid (classes,): (N,) each."""
    mean = weights @ grid
    return mean, (weights * (grid - mean[:, None]) ** 2).sum(dim=1).sqrt()
