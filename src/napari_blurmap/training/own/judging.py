"""Judging a training on held-out pictures while it goes on, and keeping the last weights that are not ruined."""

from __future__ import annotations

import time
from math import inf, isfinite, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import BlurMapError
from .card import in_range
from .report import added_to

if TYPE_CHECKING:
    from .card import About
    from .learners import Learner, Weights

#: Places that judging needs.
_PLACES = 10
#: Later weights replace earlier ones unless their error on held-out pictures is so many times the smallest one: of
#: few pictures that is mostly their own blur, and says little of weights (docs/experiments.md).
_RUINED = 2.0
#: Judging takes at most about this part of the time.
_SHARE = 0.08


class Judge:
    """What judges the weights of a learner.

    Parameters
    ----------
    learner : Learner
        Network and pictures.
    about : About
        What the training came from.

    Attributes
    ----------
    error, start_error : float, float or None
        RMSE on held-out pictures when last judged, and of the model that the training started from, px.
    kept : dict of str to Tensor
        The last weights that were not ruined.
    step : int
        Steps done when last judged.
    cost : float
        How long that took, s.
    """

    def __init__(self, learner: Learner, about: About) -> None:
        self.learner, self._about = learner, about
        self.error = nan
        self.start_error: float | None = None
        self.kept: Weights = {}
        self.step, self.cost = -1, 0.0
        self._best = inf

    def is_due(self, since: float) -> bool:
        """Whether to judge after so many seconds."""
        steps = self._about.config.steps
        if steps is not None:  # the time must not matter, so that the weights are equal
            return self.learner.training.step % max(1, steps // 20) == 0
        return since > max(2.0, self.cost / _SHARE)

    def judge(self) -> None:
        """Judge what there is, and keep it unless it has been ruined.

        Raises
        ------
        BlurMapError
            If too little is held out for it.
        """
        learner, about, begun = self.learner, self._about, time.perf_counter()
        weights = learner.training.weights()
        read = in_range(learner.read(weights, report=False), about.config)
        if len(read.sigma) < _PLACES:
            low, high = about.config.sigma_range
            raise BlurMapError(
                f"Of what is held out for judging, {len(read.sigma)} places can be used for blurs of {low:g} to "
                f"{high:g} px; expected {_PLACES} or more. A place must lie three sigma from borders and from what is "
                "masked. Use larger pictures, mark more of them, or choose a smaller range."
            )
        error = float((read.sigma - read.truth).square().mean().sqrt())
        self.error = error if isfinite(error) else inf
        step = learner.training.step
        if step == 0 and about.start is not None and about.start.info.sigma_grid == learner.grid:
            theirs = added_to(about.taken_off, read.sigma)
            self.start_error = float(np.sqrt(np.mean((theirs - read.truth.numpy()) ** 2)))
        self._best = min(self._best, self.error)
        if self.error <= _RUINED * self._best or not self.kept:
            self.kept = weights
        self.step, self.cost = step, time.perf_counter() - begun

    def state(self) -> dict[str, Any]:
        """All that is needed to go on from here."""
        return {"best": self._best, "kept": self.kept, "start_error": self.start_error}

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a `state`."""
        self._best, self.kept, self.start_error = state["best"], state["kept"], state["start_error"]
