"""What every method of smoothing reads of one plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import BlurMapError
from ...ground.status import judged

if TYPE_CHECKING:
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
    sigma, error : ndarray of float64, shape (Y, X)
        Blur and its standard error less their medians, pixels: 0 everywhere on
        a constant map, which every method therefore leaves exactly as it is.
        0 where not judged.
    median_error : float
        What was taken from ``error``.
    weight : ndarray of float64, shape (Y, X)
        1/uncertainty^2 relative to its median, within a factor of 100; 0 where
        not judged.
    picture : ndarray of float32, shape (Y, X), or None
        Brightness, in any unit.
    probabilities : ndarray of float32, shape (K, h, w), or None
        Of every value of ``sigma_grid``, on the network's grid.
    sigma_grid : ndarray, shape (K,), or None
        Sigma, pixels.
    reading : {"mean", "median", "argmax"}
        How the model read the probabilities as one sigma.
    """

    judged: NDArray[np.bool_]
    sigma: Plane
    error: Plane
    median_error: float
    weight: Plane
    picture: Plane | None = None
    probabilities: Plane | None = None
    sigma_grid: Plane | None = None
    reading: str = "mean"

    @property
    def uncertainty(self) -> Plane:
        """Standard error, pixels; that of the median where not judged."""
        return self.error + self.median_error

    def needed(self, name: str) -> Plane:
        """The picture or the probabilities, which `smooth_sigma` has asked for."""
        found: Plane | None = getattr(self, name)
        if found is None:
            raise BlurMapError(f"This way of smoothing needs {name}, which is missing.")
        return found


def judged_plane_of(sigma: Plane, uncertainty: Plane, status: NDArray[np.uint8], **guides: Any) -> JudgedPlane | None:
    """Prepare one plane; None where nothing was judged.

    Parameters
    ----------
    sigma, uncertainty : ndarray, shape (Y, X)
        Pixels.
    status : ndarray of uint8, shape (Y, X)
        `napari_blurmap.Status`.
    **guides
        picture, probabilities, sigma_grid and reading, as `JudgedPlane` has them.

    Returns
    -------
    JudgedPlane or None
    """
    known = np.asarray(judged(sigma, uncertainty, status) & np.isfinite(sigma) & np.isfinite(uncertainty))
    if not known.any():
        return None
    middle, typical = float(np.median(sigma[known])), float(np.median(uncertainty[known]))
    error = np.where(known, uncertainty, typical).astype(np.float64)
    weight = inverse_variance(error, known)
    return JudgedPlane(
        known, np.where(known, sigma, middle) - np.float64(middle), error - typical, typical, weight, **guides
    )


def inverse_variance(error: Plane, known: NDArray[np.bool_]) -> Plane:
    """1/error^2 relative to that of the median, within a factor of 100; 0 where not judged."""
    typical = float(np.median(error[known]))
    if typical <= 0:  # a map without errors, such as a known truth, counts every place alike
        return np.where(known, 1.0, 0.0)
    relative = np.square(typical / np.maximum(error, typical / _WEIGHTS))
    return np.where(known, np.clip(relative, 1 / _WEIGHTS, _WEIGHTS), 0.0)
