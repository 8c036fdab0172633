"""The model that comes out of a training on the user's pictures: its card, its calibration, its figures."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ...ground.status import LEAST_STRUCTURE
from ...models.calibration import SHAPE_CURVES, calibrated, standard_error
from ...models.info import ModelInfo
from ...models.model import Model
from ..dense import LIMITS
from .findings import lines_of
from .report import TuneReport, make_report

if TYPE_CHECKING:
    from ..evaluation import Read
    from .config import TuneConfig
    from .findings import Finding
    from .learners import Learner, Weights

#: Places that a calibration needs.
_LEAST = 100
_PATCH_LIMITS = "It knows no noise but white one, no empty ground and nothing beyond its classes."


@dataclass(frozen=True)
class About:
    """What a model came from: settings, the model before, the pictures' own blur (px), what was found in them."""

    config: TuneConfig
    start: Model | None
    zero: float | None
    findings: tuple[Finding, ...]
    identity: dict[str, Any]

    @property
    def taken_off(self) -> float | None:
        """Own blur of the pictures that the model before reads too, px; one of the user's has their zero already."""
        return self.zero if self.start is not None and self.start.info.reference == "absolute" else None

    @property
    def noise(self) -> float | None:
        """Standard deviation of the pictures' noise (median), grey levels."""
        noises = [f.noise for f in self.findings if f.noise is not None]
        return float(np.median(noises)) if noises else None


def in_range(read: Read, config: TuneConfig) -> Read:
    """The places whose truth lies in the range that was asked for: training goes a little beyond it."""
    low, high = config.sigma_range
    return read.where((read.truth >= low - 1e-5) & (read.truth <= high + 1e-5))


def card(name: str, learner: Learner, about: About) -> ModelInfo:
    """The card, without calibration and figures."""
    c = about.config
    low, high = c.sigma_range
    noise = "" if about.noise is None else f" (noise of about {about.noise:.2g} grey levels)"
    synthetic = "" if c.architecture == "patch" else "; a quarter of the crops synthetic"
    origin = "From random weights." if about.start is None else f"Started from {about.start.info.name}."
    own = "" if about.zero is None else f", about {about.zero:.2f} px as the bundled model reads it"
    limits = f"{LIMITS} Made for pictures like those it was trained on; its zero is their own blur{own}."
    # Added blur is round, so that held-out pictures say nothing of the shape's error.
    known = {} if about.start is None else about.start.info.calibration
    return ModelInfo(
        name=name,
        architecture=c.architecture,
        sizes=learner.sizes,
        sigma_grid=learner.grid,
        reference="added",
        decode=learner.decode,
        coarse_copy=1 if about.start is None else about.start.info.coarse_copy,
        calibration={name: known[name] for name in SHAPE_CURVES if name in known},
        trained_on=f"{learner.pictures} pictures of the user's{noise}, blurred by {low:g} to {high:g} px{synthetic}. "
        f"{origin}",
        limits=f"{limits} {_PATCH_LIMITS}" if c.architecture == "patch" else limits,
    )


def finished_model(name: str, learner: Learner, weights: Weights, about: About) -> tuple[Model, TuneReport]:
    """The model with these weights, calibrated and judged on held-out pictures, and its report."""
    read = in_range(learner.read(weights, report=True), about.config)
    sees = read.structure >= LEAST_STRUCTURE
    seen = float(sees.float().mean()) if len(sees) else 0.0
    if int(sees.sum()) < _LEAST:
        sees = torch.ones_like(sees)
    read = read.where(sees)
    network, info = learner.training.network_of(weights), card(name, learner, about)
    one, other = (read.where(read.crop % 2 == half) for half in (0, 1))
    within = nan, nan
    if min(len(one.sigma), len(other.sigma)) >= _LEAST:
        info = calibrated(info, one.sigma, one.spread, one.truth)
        off = (other.sigma - other.truth).abs() / standard_error(info.calibration, other.sigma, other.spread)
        within = float((off <= 1).float().mean()), float((off <= 2).float().mean())
    start = about.start
    before = None
    if start is not None and start.info.sigma_grid == learner.grid:
        before = in_range(learner.read(start.network.state_dict(), report=True), about.config).where(sees).sigma
    report = make_report(
        read.sigma,
        read.truth,
        classes=about.config.sigmas,
        start=before,
        zero=about.taken_off,
        own_sigma=about.zero,
        within=within,
        seen=seen,
        pictures=learner.pictures,
        held_out=learner.held_out,
        noise=about.noise,
        warnings=tuple(lines_of(about.findings)),
    )
    figures = report.to_dict()
    training = learner.training.record({f"held-out {name} px": figures[name.lower()] for name in ("RMSE", "bias")}) | {
        "config": asdict(about.config),
        "started_from": None if start is None else {"name": start.info.name, "hash": start.hash},
        "pictures": about.identity,
        "report": figures,
    }
    return Model(replace(info, training=training), network), report
