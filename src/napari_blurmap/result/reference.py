"""What counts as sharp, and how probable it is that a place does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..ground.arguments import number, one_of
from ..ground.status import Array

#: How many times a reference still counts as sharp.
FACTORS = {"optics": 1.5, "typed": 1.0, "sharp region": 1.25}


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
    factor : float, optional
        How many times the reference still counts as sharp, 1 or more. Where it is not
        given: 1.5 of the optics limit, as facilities judge objectives
        (Faklaris et al., J. Cell Biol. 221, e202107093, 2022); 1 of a typed
        limit; 1.25 of a sharp region, about the least that can be told apart.

    Raises
    ------
    BlurMapError
        If sigma is not a positive number, the factor is below 1 or the kind is
        unknown.

    Examples
    --------
    >>> Reference(0.8, "optics limit", "optics", factor=2).threshold
    1.6
    """

    sigma: float
    name: str
    kind: Literal["optics", "typed", "sharp region"]
    factor: float | None = None

    def __post_init__(self) -> None:
        """Refuse a limit that is none."""
        what = "a sigma in pixels above 0: that of what you call sharp"
        object.__setattr__(self, "sigma", number("The reference blur", self.sigma, what, above=0))
        object.__setattr__(self, "name", str(self.name))
        one_of("kind", self.kind, tuple(FACTORS))
        factor = FACTORS[self.kind] if self.factor is None else self.factor
        what = "a number of 1 or more: how many times the reference still counts as sharp"
        object.__setattr__(self, "factor", number("The factor", factor, what, least=1))

    @property
    def threshold(self) -> float:
        """Largest sigma that still counts as sharp, pixels: the reference times the factor."""
        return self.sigma * (self.factor or 1.0)


def as_reference(reference: Any) -> Reference:
    """A reference; a number is a limit in pixels of sigma."""
    return reference if isinstance(reference, Reference) else Reference(reference, "limit", "typed")


def probability_below(limit: float, sigma: Array, uncertainty: Array) -> Array:
    """Probability that sigma lies below a limit, each a normal distribution with its uncertainty as width."""
    from scipy.special import ndtr  # slow to import

    return ndtr((np.float32(limit) - sigma) / np.maximum(uncertainty, np.float32(1e-6)))
