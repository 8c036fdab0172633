"""Why a place was measured or not, and the one rule that says which places are judged."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, TypeAlias

import numpy as np

#: A numpy or a dask array; what is computed from a lazy one stays lazy.
Array: TypeAlias = Any

#: A place is judged where its standard error is at most this part of max(sigma, 0.5 px).
MAX_RELATIVE = 0.3

#: Below this sigma (px) a width means little, so relative errors are taken against it.
SMALLEST_WIDTH = 0.5

#: A place is empty where the probability that it has structure is below this: at even odds the faint halos of bright
#: nuclei count as specimen far into the black ground.
LEAST_STRUCTURE = 0.75


#: Every map with a number for each pixel, in the order in which they are kept in files.
NUMBERS = ("sigma", "uncertainty", "ellipticity_1", "ellipticity_2", "ellipticity_error")
#: Those of them that a model may not give.
OPTIONAL = ("ellipticity_1", "ellipticity_2", "ellipticity_error")


class Status(IntEnum):
    """What the map says about one pixel besides its sigma.

    Examples
    --------
    >>> Status.TOO_NOISY.label, int(Status.TOO_NOISY)
    ('too noisy', 2)
    """

    MEASURED = 0
    EMPTY = 1
    TOO_NOISY = 2
    SATURATED = 3
    BEYOND_RANGE = 4
    INVALID = 5

    @property
    def label(self) -> str:
        """The words shown to users, such as ``"too noisy"``."""
        return self.name.lower().replace("_", " ")


def judged(sigma: Array, uncertainty: Array, status: Array, max_relative: float = MAX_RELATIVE) -> Array:
    """Where sigma was measured well enough to be shown and counted.

    Parameters
    ----------
    sigma, uncertainty : array, shape (..., Y, X)
        Blur and its standard error, pixels; numpy or dask.
    status : array of uint8, shape (..., Y, X)
        `Status` of each pixel.
    max_relative : float, default=0.3
        Largest standard error over ``max(sigma, 0.5)``.

    Returns
    -------
    array of bool, shape (..., Y, X)
        False wherever sigma or uncertainty is NaN.

    Examples
    --------
    >>> import numpy as np
    >>> judged(np.array([2.0, 2.0, np.nan]), np.array([0.5, 0.7, 0.1]), np.zeros(3, np.uint8))
    array([ True, False, False])
    """
    allowed = max_relative * np.maximum(sigma, SMALLEST_WIDTH)
    return (status == Status.MEASURED) & (uncertainty <= allowed) & (sigma < np.inf)
