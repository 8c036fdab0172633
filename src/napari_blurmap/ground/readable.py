"""What counts as read well enough, in checks and in reports of trainings."""

from __future__ import annotations

import numpy as np

from .status import Array

#: An error up to this many pixels, or this part of the true sigma, whichever is more, counts as small.
LIMIT_PIXELS, LIMIT_RELATIVE = 0.15, 0.15
#: Share of the sample that has to stay judged.
LEAST_JUDGED = 0.5
#: More than this of a picture's own blur, pixels, counts as the model's error: else it would be measured by itself.
LARGEST_OWN = 0.7


def true_sigma(added: Array, own: Array, largest: float = LARGEST_OWN) -> Array:
    """Blur to be found in a picture that was blurred again, pixels.

    Parameters
    ----------
    added : float or array
        Sigma of the blur added.
    own : float or array
        Sigma that the picture had before, as the model reads it.
    largest : float, default=0.7
        How much of that counts; 0 for a model that counts from the picture's own sharpness.

    Returns
    -------
    float or array
        ``sqrt(added**2 + own**2)``: the variances of blurs add up.

    Examples
    --------
    >>> float(true_sigma(2.4, 5.0))
    2.5
    """
    return np.hypot(added, np.minimum(own, largest))
