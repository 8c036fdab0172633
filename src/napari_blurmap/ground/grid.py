"""The grid of sigma over which a network gives a distribution, and what both ways of reading it have to agree on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Below this the grid is nearly linear, above it logarithmic, pixels.
KNEE = 0.35
#: Steps of the grid on either side of the median that count as about it; those twice as far do not.
ABOUT = 2.0
#: Shares of the probability between which the middle 68 % of a distribution lies.
MIDDLE = (0.16, 0.84)


def sigma_grid(bins: int, largest: float) -> NDArray[np.float64]:
    """Values of sigma, pixels: from 0, nearly linear below the knee, logarithmic above.

    The last one stands for "blurrier than I can see".

    Examples
    --------
    >>> sigma_grid(4, 24.0).round(2).tolist()
    [0.0, 1.09, 5.57, 24.0]
    """
    u = np.linspace(np.log(KNEE), np.log(largest + KNEE), bins)
    return np.asarray(np.maximum(np.exp(u) - KNEE, 0.0))
