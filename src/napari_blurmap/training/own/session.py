"""A training on the user's pictures, a step at a time: it can be watched, stopped, and resumed."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import BlurMapError
from ...ground.arguments import as_path
from ...ground.readable import LARGEST_OWN
from ...models.devices import find_device
from ...models.model import Model
from ...models.registry import load_model
from ...models.torch_settings import in_own_settings, own_settings
from ..checkpoints import read_checkpoint, saving, taking_up
from ..dense import TrainConfig
from ..patch import PatchTrainConfig
from .card import About, card, finished_model, in_range
from .config import TuneConfig, TuneStep
from .crops import CropConfig
from .learners import Learner, Weights, check_range, prepare_dense, prepare_patch
from .own_blur import BLURRIER, counted, zero_of
from .pictures import Finding, Piece, list_sources, read_pictures
from .report import TuneReport, less

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from os import PathLike

    from ..loop import TrainStep

#: Largest learning rate from a trained dense model, and from random weights.
_RATE, _RATE_NEW = 1e-3, 3e-3
#: Share of synthetic crops: so that empty ground, noise and all of the range are not forgotten.
_REHEARSAL = 0.25
#: Share of the other crops that are sums: from few pictures a network learns these by heart.
_MIXED = 0.4
#: Crops a step, and their edge in pixels for a sigma up to the limit, px, and for larger ones.
_BATCH, _EDGE, _LARGE, _LARGE_EDGE = 8, 192, 4.0, 256
#: Places that judging needs.
_PLACES = 10
#: Later weights replace earlier ones unless their error on held-out pictures is so many times the smallest one: of
#: few pictures that is mostly their own blur, and says little of weights (docs/experiments.md).
_RUINED = 2.0
#: Judging takes at most about this part of the time; a checkpoint is written so often, s.
_JUDGING, _SAVING = 0.08, 30.0


class Tuning:
    """A training on the user's pictures: `napari_blurmap.train_model`, a step at a time.

    Parameters
    ----------
    images, init, masks, checkpoint
        As in `train_model`.
    config : TuneConfig, optional
        The rest.

    Attributes
    ----------
    findings : list of Finding
        What is wrong with the pictures; complete once they are read.
    step : int
        Steps done.
    report : TuneReport or None
        Of the last `model`.

    Raises
    ------
    BlurMapError
        If settings do not fit together, or there is nothing to train on.

    Examples
    --------
    >>> from napari_blurmap.synthesis.scenes import random_scene
    >>> sharp = [random_scene((128, 128), np.random.default_rng(i), kind="dead leaves") for i in (1, 2)]
    >>> tuning = Tuning(sharp, TuneConfig(steps=1), init=None)
    >>> [at.step for at in tuning.run() if at.step]
    [1]
    >>> tuning.model("mine").info.reference
    'added'
    """

    def __init__(
        self,
        images: Any,
        config: TuneConfig | None = None,
        *,
        init: str | PathLike[str] | Model | None = "default",
        masks: Sequence[Any] | None = None,
        checkpoint: str | PathLike[str] | None = None,
    ) -> None:
        self.config = config or TuneConfig()
        find_device(self.config.device)
        self.checkpoint = None if checkpoint is None else as_path("checkpoint", checkpoint)
        self.start = _start(init, self.config)
        check_range(*self.config.sigma_range, self.config.architecture, self.start)
        self.sources = list_sources(images, masks)
        self.findings: list[Finding] = []
        self.learner: Learner | None = None
        self.zero: float | None = None
        self.start_error: float | None = None
        self.error = float("nan")
        self.report: TuneReport | None = None
        self._identity: dict[str, Any] = {}
        self._best = float("inf")
        self._kept: Weights = {}
        # Step at which was judged last, and how long that took, s.
        self._judged, self._cost = -1, 0.0

    @property
    def step(self) -> int:
        """Steps done."""
        return 0 if self.learner is None else self.learner.training.step

    @in_own_settings
    def run(self) -> Iterator[TuneStep]:
        """Read, prepare and train, yielding between; the caller may stop at any time.

        Yields
        ------
        TuneStep
            Until the budget is used up.
        """
        begun = time.perf_counter()
        yield from self._prepare()
        training, config = self._prepared.training, self.config
        self._judge()
        # The last figures take about four times as long as one judging; the first one is slower than others.
        budget = 60 * config.minutes
        left = max(1.0, budget - (time.perf_counter() - begun) - min(4 * self._cost, 0.1 * budget))
        training.config = replace(training.config, minutes=left / 60)
        judged = time.perf_counter()
        with saving(self.checkpoint, self._state, _SAVING) as save_if_due:  # also where the caller stops
            for at in training.run():
                if self._is_due(time.perf_counter() - judged):
                    self._judge()
                    judged = time.perf_counter()
                save_if_due()
                yield self._at(at)

    def _prepare(self) -> Iterator[TuneStep]:
        """Read the pictures, make the data, take up the checkpoint."""
        c = self.config
        pieces: list[Piece] = []
        yield TuneStep(0, 0.0, f"reading pictures, 0 of {len(self.sources)}")
        for finding, parts in read_pictures(self.sources, device=c.device, seed=c.seed):
            self.findings.append(finding)
            pieces += parts
            if len(self.findings) < len(self.sources):
                yield TuneStep(0, 0.0, f"reading pictures, {len(self.findings)} of {len(self.sources)}")
        lines = [line for finding in self.findings for line in finding.lines()]
        if not pieces:
            reasons = "\n".join(lines)
            raise BlurMapError(f"None of the pictures can be trained on. Use sharp pictures with detail.\n{reasons}")
        self.zero = zero_of(self.findings)
        if c.architecture == "dense":  # a class cannot be another one's by a little
            self.findings, pieces = counted(self.findings, pieces, c.sigma_range[1])
        self._identity = self._identify(pieces)
        for made in self._make(pieces):
            if isinstance(made, str):
                yield TuneStep(0, 0.0, made)
            else:
                self.learner = made
        if self.checkpoint is not None and self.checkpoint.exists():
            self._resume(self.checkpoint)

    def _make(self, pieces: list[Piece]) -> Iterator[str | Learner]:
        """Data and network."""
        c, start = self.config, self.start
        if c.architecture == "patch":
            recipe = PatchTrainConfig(minutes=c.minutes, steps=c.steps, seed=c.seed)
            yield from prepare_patch(pieces, c.sigmas, recipe, start, c.device)
            return
        low, high = c.sigma_range
        widest = max(n for piece in pieces for n in piece.usable.shape)
        size = min(_EDGE if high <= _LARGE else _LARGE_EDGE, -(-widest // 32) * 32)
        rate, warm = (_RATE_NEW, 100) if start is None else (_RATE, 30)
        # A small batch would spoil the statistics of a trained network.
        frozen = TrainConfig.frozen_from if start is None else 0.0
        dense = TrainConfig(
            c.minutes, c.steps, _BATCH, rate, c.seed, size=size, warm=warm, workers=0, frozen_from=frozen
        )
        largest = dense.largest if start is None else start.info.sigma_grid[-1]
        zero = min(self.zero or 0.0, LARGEST_OWN)
        crops = CropConfig(low, high, size, c.seed, _REHEARSAL, _MIXED, zero, 1.25 * largest)
        yield from prepare_dense(pieces, crops, dense, start, c.device)

    @property
    def _prepared(self) -> Learner:
        if self.learner is None:
            raise BlurMapError("Nothing is prepared yet, so there is no model. Let the training run on for a while.")
        return self.learner

    def _at(self, at: TrainStep) -> TuneStep:
        left = at.seconds_left
        before = "" if self.start_error is None else f", {self.start_error:.3f} px before"
        message = f"step {at.step}: error on held-out pictures {self.error:.3f} px{before}; {left:.0f} s left"
        return TuneStep(at.step, at.fraction, message, at.loss, self.error, self.start_error, left)

    def _is_due(self, since: float) -> bool:
        """Whether to judge; with a number of steps the time must not matter, so that the weights are equal."""
        if self.config.steps is not None:
            return self.step % max(1, self.config.steps // 20) == 0
        return since > max(2.0, self._cost / _JUDGING)

    def _judge(self) -> None:
        """Judge what there is on held-out pictures, and keep it unless it has been ruined."""
        learner, begun = self._prepared, time.perf_counter()
        weights = learner.weights()
        read = in_range(learner.read(weights, report=False), self.config)
        if len(read.sigma) < _PLACES:
            low, high = self.config.sigma_range
            raise BlurMapError(
                f"Of what is held out for judging, {len(read.sigma)} places can be used for blurs of {low:g} to "
                f"{high:g} px; expected {_PLACES} or more. A place must lie three sigma from borders and from what is "
                "masked. Use larger pictures, mark more of them, or choose a smaller range."
            )
        error = float((read.sigma - read.truth).square().mean().sqrt())
        self.error = error if np.isfinite(error) else float("inf")
        if self.step == 0 and self.start is not None and self.start.info.sigma_grid == learner.grid:
            theirs = less(read.sigma, self._about.taken_off)
            self.start_error = float(np.sqrt(np.mean((theirs - read.truth.numpy()) ** 2)))
        self._best = min(self._best, self.error)
        if self.error <= _RUINED * self._best or not self._kept:
            self._kept = weights
        self._judged, self._cost = self.step, time.perf_counter() - begun

    @own_settings(gradients=True)
    def preview(self, name: str = "in training") -> Model:
        """The model as it stands, made at once, with the calibration of the one that it started from.

        Parameters
        ----------
        name : str
            What it will be called.

        Returns
        -------
        Model
            On the CPU.

        Raises
        ------
        BlurMapError
            If nothing is prepared yet.
        """
        learner = self._prepared
        calibration = {} if self.start is None else self.start.info.calibration
        info = replace(card(name, learner, self._about), calibration=calibration)
        return Model(info, learner.network(learner.weights()))

    @own_settings(gradients=True)
    def model(self, name: str = "tuned") -> Model:
        """The model as it was judged last without being ruined, calibrated and judged on other held-out crops.

        Parameters
        ----------
        name : str, default="tuned"
            What it will be called.

        Returns
        -------
        Model
            On the CPU. The figures of `report` are in ``info.training["report"]``.

        Raises
        ------
        BlurMapError
            If nothing is prepared yet.
        """
        learner = self._prepared
        if self._judged != self.step:
            self._judge()
        made, self.report = finished_model(name, learner, self._kept, self._about)
        return made

    @property
    def _about(self) -> About:
        return About(self.config, self.start, self.zero, tuple(self.findings), self._identity)

    def _identify(self, pieces: list[Piece]) -> dict[str, Any]:
        """What a checkpoint must agree in with the training that goes on from it."""
        digest = hashlib.sha256()
        for piece in pieces:
            for array in (piece.sample.grey, piece.usable):
                digest.update(f"{array.shape}".encode() + array.tobytes())
        c = self.config
        return {
            "pictures": digest.hexdigest(),
            "architecture": c.architecture,
            "sigma_range": list(c.sigma_range),
            "n_classes": c.n_classes,
            "seed": c.seed,
            "init": None if self.start is None else self.start.hash,
            "recipe": [_RATE, _RATE_NEW, _REHEARSAL, _MIXED, _BATCH, _EDGE, _LARGE_EDGE, BLURRIER],
        }

    def _state(self) -> dict[str, Any]:
        return {
            "identity": self._identity,
            "training": self._prepared.state(),
            "best": self._best,
            "kept": self._kept,
            "start_error": self.start_error,
        }

    def _resume(self, path: Path) -> None:
        state = read_checkpoint(path)
        theirs = state.get("identity")
        if not isinstance(theirs, dict):
            raise BlurMapError(f"{path} is the checkpoint of another kind of training. Name another file.")
        other = [name for name, value in self._identity.items() if theirs.get(name) != value]
        if other:
            raise BlurMapError(
                f"The checkpoint {path} belongs to another training: {' and '.join(other)} differ. Give what that "
                "training was given (the recipe is that of a version), or delete the checkpoint, or "
                "name another, to start anew."
            )
        with taking_up(path):
            self._prepared.resume(state["training"])
            self._best, self._kept = state["best"], state["kept"]
            self.start_error = state["start_error"]


def _start(init: str | PathLike[str] | Model | None, config: TuneConfig) -> Model | None:
    """The model to start from."""
    if init is None:
        return None
    if isinstance(init, str) and init == "default" and config.architecture == "patch":
        init = "patch10" if len(config.sigmas) <= 10 else "patch30"
    model = load_model(init)
    if model.info.architecture != config.architecture:
        raise BlurMapError(
            f"The model {model.info.name} is a {model.info.architecture} model, but architecture is "
            f"{config.architecture!r}. Start from a model of the same kind, or pass init=None to start anew."
        )
    return model
