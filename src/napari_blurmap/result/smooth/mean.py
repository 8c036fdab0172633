"""Moving average over a square window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import uniform_filter

if TYPE_CHECKING:
    from .judged_plane import JudgedPlane, Plane


def moving_average(measured: JudgedPlane, strength: float) -> Plane:
    """Average of the judged places in a window around each.

    Parameters
    ----------
    measured : JudgedPlane
        The plane.
    strength : float
        Edge of the window, pixels, made odd; at the border of the picture
        what lies inside counts, as in MATLAB's ``smooth``.

    Returns
    -------
    ndarray of float64, shape (N, Y, X)
        Weighted averages of the planes of ``measured``.
    """
    window = 2 * int(strength / 2) + 1

    def total(plane: Plane) -> Plane:
        return np.asarray(uniform_filter(plane, window, mode="constant"))

    weight = np.maximum(total(measured.weight), 1e-12)
    return np.stack([total(measured.weight * plane) / weight for plane in measured.planes])
