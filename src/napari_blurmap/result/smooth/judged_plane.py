"""What every method of smoothing reads of one plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import BlurMapError
from ...ground.status import judged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Plane = NDArray[np.floating[Any]]

#: No pixel counts more than this many times as much as a pixel of median uncertainty, nor less than its inverse.
_WEIGHTS = 100.0


@dataclass(frozen=True, eq=False)
class JudgedPlane:
    """One plane of a map, made so that unjudged places cannot reach the others.

    Parameters
    ----------
    judged : ndarray of bool, shape (Y, X)
        Places to smooth; only they are read.
    planes : ndarray of float64, shape (N, Y, X)
        Sigma, its standard error, and the shape of the blur where it is known,
        each less its median: 0 everywhere on a constant map, which every method
        therefore leaves exactly as it is. 0 where not judged.
    median_error : float
        What was taken from the standard error.
    weight : ndarray of float64, shape (Y, X)
        1/uncertainty^2 relative to its median, within a factor of 100; 0 where
        not judged.
    picture : ndarray of float32, shape (Y, X), or None
        Brightness, in any unit.
    probabilities : ndarray of float32, shape (K, h, w), or None
        Of every value of ``sigma_grid``, on the network's grid.
    sigma_grid : ndarray, shape (K,), or None
        Sigma, pixels.
    reading : {"mean", "median", "quantiles", "argmax"}
        How the model read the probabilities as one sigma.
    """

    judged: NDArray[np.bool_]
    planes: Plane
    median_error: float
    weight: Plane
    picture: Plane | None = None
    probabilities: Plane | None = None
    sigma_grid: Plane | None = None
    reading: str = "mean"

    @property
    def sigma(self) -> Plane:
        """Blur less its median, pixels."""
        return np.asarray(self.planes[0])

    @property
    def uncertainty(self) -> Plane:
        """Standard error, pixels; that of the median where not judged."""
        return np.asarray(self.planes[1] + self.median_error)

    def needed(self, name: str) -> Plane:
        """The picture or the probabilities, which `smooth_sigma` has asked for."""
        found: Plane | None = getattr(self, name)
        if found is None:
            raise BlurMapError(f"This way of smoothing needs {name}, which is missing.")
        return found


def judged_plane_of(numbers: Sequence[Plane], status: NDArray[np.uint8], **guides: Any) -> JudgedPlane | None:
    """Prepare one plane; None where nothing was judged.

    Parameters
    ----------
    numbers : sequence of ndarray, shape (Y, X)
        Sigma and its standard error, pixels, and the shape of the blur where it is known.
    status : ndarray of uint8, shape (Y, X)
        `napari_blurmap.Status`.
    **guides
        picture, probabilities, sigma_grid and reading, as `JudgedPlane` has them.

    Returns
    -------
    JudgedPlane or None
    """
    given = np.asarray(numbers, np.float64)
    known = np.asarray(judged(numbers[0], numbers[1], status) & np.isfinite(given).all(axis=0))
    if not known.any():
        return None
    middle = np.median(given[:, known], axis=1)
    planes = np.where(known, given - middle[:, None, None], 0.0)
    typical = float(middle[1])
    return JudgedPlane(known, planes, typical, inverse_variance(planes[1] + typical, known), **guides)


def inverse_variance(error: Plane, known: NDArray[np.bool_]) -> Plane:
    """1/error^2 relative to that of the median, within a factor of 100; 0 where not judged."""
    typical = float(np.median(error[known]))
    if typical <= 0:  # a map without errors, such as a known truth, counts every place alike
        return np.where(known, 1.0, 0.0)
    relative = np.square(typical / np.maximum(error, typical / _WEIGHTS))
    return np.where(known, np.clip(relative, 1 / _WEIGHTS, _WEIGHTS), 0.0)
