"""A training on the user's pictures, a step at a time: it can be watched, stopped, and resumed."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import BlurMapError
from ...ground.arguments import as_path
from ...models.devices import find_device
from ...models.model import Model
from ...models.registry import load_model
from ...models.torch_settings import in_own_settings, own_settings
from ..checkpoints import read_checkpoint, saving, taking_up
from .card import About, card, finished_model
from .config import TuneConfig, TuneStep
from .findings import lines_of
from .judging import Judge
from .learners import check_range
from .pictures import read_pictures
from .recipe import RECIPE, prepare
from .report import TuneReport
from .sources import list_sources
from .zero import count_extra_blur, zero_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from os import PathLike

    from ..loop import TrainStep
    from .findings import Finding
    from .pieces import Piece

#: A checkpoint is written so often, s.
_SAVING = 30.0


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
    judge : Judge or None
        Network, its error so far, and the weights kept; None until it is prepared.

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
        self.zero: float | None = None
        self.judge: Judge | None = None
        self.report: TuneReport | None = None
        self._identity: dict[str, Any] = {}

    @property
    def step(self) -> int:
        """Steps done."""
        return 0 if self.judge is None else self.judge.learner.training.step

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
        judge, config = self._prepared, self.config
        training = judge.learner.training
        judge.judge()
        # The last figures take about four times as long as one judging; the first one is slower than others.
        budget = 60 * config.minutes
        left = max(1.0, budget - (time.perf_counter() - begun) - min(4 * judge.cost, 0.1 * budget))
        training.config = replace(training.config, minutes=left / 60)
        judged = time.perf_counter()
        with saving(self.checkpoint, self._state, _SAVING) as save_if_due:  # also where the caller stops
            for at in training.run():
                if judge.is_due(time.perf_counter() - judged):
                    judge.judge()
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
        if not pieces:
            reasons = "\n".join(lines_of(self.findings))
            raise BlurMapError(f"None of the pictures can be trained on. Use sharp pictures with detail.\n{reasons}")
        self.zero = zero_of(self.findings)
        if c.architecture == "dense":  # a class cannot be another one's by a little
            self.findings, pieces = count_extra_blur(self.findings, pieces, c.sigma_range[1])
        self._identity = self._identify(pieces)
        for made in prepare(pieces, c, self.start, self.zero):
            if isinstance(made, str):
                yield TuneStep(0, 0.0, made)
            else:
                self.judge = Judge(made, self._about)
        if self.checkpoint is not None and self.checkpoint.exists():
            self._resume(self.checkpoint)

    @property
    def _prepared(self) -> Judge:
        if self.judge is None:
            raise BlurMapError("Nothing is prepared yet, so there is no model. Let the training run on for a while.")
        return self.judge

    def _at(self, at: TrainStep) -> TuneStep:
        left, error, start = at.seconds_left, self._prepared.error, self._prepared.start_error
        before = "" if start is None else f", {start:.3f} px before"
        message = f"step {at.step}: error on held-out pictures {error:.3f} px{before}; {left:.0f} s left"
        return TuneStep(at.step, at.fraction, message, at.loss, error, start, left)

    @own_settings(gradients=True)
    def preview(self) -> Model:
        """The model as it stands, made at once, with the calibration of the one that it started from.

        Returns
        -------
        Model
            On the CPU.

        Raises
        ------
        BlurMapError
            If nothing is prepared yet.
        """
        learner = self._prepared.learner
        calibration = {} if self.start is None else self.start.info.calibration
        info = replace(card("in training", learner, self._about), calibration=calibration)
        return Model(info, learner.training.network_of(learner.training.weights()))

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
        judge = self._prepared
        if judge.step != self.step:
            judge.judge()
        made, self.report = finished_model(name, judge.learner, judge.kept, self._about)
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
            "recipe": RECIPE,
        }

    def _state(self) -> dict[str, Any]:
        judge = self._prepared
        return {"identity": self._identity, "training": judge.learner.training.state(), **judge.state()}

    def _resume(self, path: Path) -> None:
        state = read_checkpoint(path)
        theirs = state.get("identity")
        if not isinstance(theirs, dict):
            raise BlurMapError(f"{path} is the checkpoint of another kind of training. Name another file.")
        other = [name for name, value in self._identity.items() if theirs.get(name) != value]
        if other:
            raise BlurMapError(
                f"The checkpoint {path} belongs to another training: {' and '.join(other)} differ. To go "
                "on from it give what that training was given, in the same version; to start anew delete it or name "
                "another one."
            )
        with taking_up(path):
            self._prepared.learner.training.resume(state["training"])
            self._prepared.resume(state)


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
