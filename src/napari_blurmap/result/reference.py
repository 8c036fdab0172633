"""What counts as sharp, and how probable it is that a place does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..ground.arguments import number, one_of
from ..ground.status import Array


@dataclass(frozen=True)
class Reference:
    """What counts as sharp: the zero against which a verdict is given.

    Parameters
    ----------
    sigma : float
        Blur of the reference, pixels.
    name : str
        How users know it, such as ``"optics limit"``.
    kind : {"optics", "typed", "sharp region"}
        A perfectly focused picture can be no sharper than the optics limit,
        and hardly sharper than a region called sharp, so both get a
        tolerance; a limit typed in is taken at its word.

    Raises
    ------
    BlurMapError
        If sigma is not a positive number or the kind is unknown.

    Examples
    --------
    >>> Reference(0.8, "optics limit", "optics").threshold
    1.0
    """

    sigma: float
    name: str
    kind: Literal["optics", "typed", "sharp region"]

    def __post_init__(self) -> None:
        """Refuse a limit that is none."""
        what = "a sigma in pixels above 0: that of what you call sharp"
        object.__setattr__(self, "sigma", number("The reference blur", self.sigma, what, above=0))
        object.__setattr__(self, "name", str(self.name))
        one_of("kind", self.kind, ("optics", "typed", "sharp region"))

    @property
    def threshold(self) -> float:
        """Largest sigma that still counts as sharp, pixels.

        The reference plus 25 % or 0.1 px, whichever is more: about the least
        that can be told apart. A typed limit has no tolerance.
        """
        return self.sigma if self.kind == "typed" else max(1.25 * self.sigma, self.sigma + 0.1)


def probability_below(limit: float, sigma: Array, uncertainty: Array) -> Array:
    """Probability that sigma lies below a limit, each a normal distribution with its uncertainty as width."""
    from scipy.special import ndtr  # slow to import

    return ndtr((np.float32(limit) - sigma) / np.maximum(uncertainty, np.float32(1e-6)))
