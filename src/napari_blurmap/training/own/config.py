"""Settings of a training on the user's pictures, and how far one has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...errors import BlurMapError
from ...ground.arguments import entries, number, one_of, whole, whole_seed

#: Classes of a patch network, and of a confusion matrix, where their number is not said.
_CLASSES = 10


@dataclass(frozen=True)
class TuneConfig:
    """How a model is trained on the user's pictures; see `train_model`."""

    architecture: Literal["dense", "patch"] = "dense"
    sigma_range: tuple[float, float] = (0.3, 3.0)
    n_classes: int | None = None
    minutes: float = 10.0
    steps: int | None = None
    device: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("architecture", self.architecture, ("dense", "patch"))
        what = "two numbers: the smallest and the largest blur, pixels"
        ends = tuple(number("sigma_range", end, what) for end in entries("sigma_range", self.sigma_range, what))
        if len(ends) != 2:
            raise BlurMapError(f"sigma_range is {ends}; expected {what}.")
        object.__setattr__(self, "sigma_range", ends)
        # numpy's numbers as Python's: JSON and checkpoints know no others.
        for name in ("n_classes", "steps"):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, whole(name, value))
        object.__setattr__(self, "seed", whole_seed(self.seed))
        object.__setattr__(self, "minutes", number("minutes", self.minutes, "a number above 0", above=0))
        if self.n_classes is not None and (self.architecture == "dense" or self.n_classes < 2):
            raise BlurMapError(
                f"n_classes is {self.n_classes}; expected 2 or more, and only with architecture='patch': a dense model "
                "has no classes."
            )
        if self.steps is not None and self.steps < 1:
            raise BlurMapError(f"steps is {self.steps}; expected a number above 0.")

    @property
    def sigmas(self) -> tuple[float, ...]:
        """Classes: as many as asked for, evenly over the range, px; 0.3 to 3 in ten are the thesis's."""
        return tuple(float(f"{s:.6g}") for s in np.linspace(*self.sigma_range, self.n_classes or _CLASSES))


@dataclass(frozen=True)
class TuneStep:
    """Where a training stands.

    Parameters
    ----------
    step : int
        Steps done; 0 while it prepares.
    fraction : float
        Of the budget.
    message : str
        What it is doing, for the user.
    loss : float or None
        Of this step.
    error : float or None
        RMSE on held-out pictures, px, when last judged.
    start_error : float or None
        The same before the first step; None where it starts from random weights.
    seconds_left : float or None
        Of the training.
    """

    step: int
    fraction: float
    message: str
    loss: float | None = None
    error: float | None = None
    start_error: float | None = None
    seconds_left: float | None = None
