"""Kernels, modulation transfer functions and the conversions between sigma and FWHM."""

from __future__ import annotations

from math import ceil, log, sqrt
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float = NDArray[np.float64]

#: FWHM of a Gaussian over its sigma, 2*sqrt(2*ln 2).
FWHM_PER_SIGMA = 2.0 * sqrt(2.0 * log(2.0))

Truncate = float | Literal["matlab"]


def kernel_radius(sigma: float, truncate: Truncate = 4.0) -> int:
    """Radius in pixels at which the sampled Gaussian is cut.

    Parameters
    ----------
    sigma : float
        Standard deviation, pixels.
    truncate : float or "matlab", default=4.0
        scipy's cut, ``int(truncate * sigma + 0.5)``, or MATLAB's
        ``imgaussfilt``, kernel width ``2 * ceil(2 * sigma) + 1``.

    Returns
    -------
    int
        Radius in pixels; the kernel has ``2 * radius + 1`` values.

    Examples
    --------
    >>> kernel_radius(1.5), kernel_radius(1.5, "matlab")
    (6, 3)
    """
    if truncate == "matlab":
        return ceil(2.0 * sigma)
    return int(truncate * sigma + 0.5)


def gaussian_kernel(sigma: float, truncate: Truncate = 4.0) -> Float:
    """Sampled, normalised 1-D Gaussian, the same as ``scipy.ndimage`` uses.

    Parameters
    ----------
    sigma : float
        Standard deviation, pixels; 0 gives the identity.
    truncate : float or "matlab", default=4.0
        See `kernel_radius`.

    Returns
    -------
    ndarray, shape (2 * radius + 1,)
        Sums to one.

    Examples
    --------
    >>> gaussian_kernel(0.5, "matlab").round(4).tolist()
    [0.1065, 0.787, 0.1065]
    """
    radius = kernel_radius(sigma, truncate)
    if radius == 0:
        return np.ones(1)
    x = np.arange(-radius, radius + 1)
    kernel = np.exp(-0.5 * (x / sigma) ** 2)
    return np.asarray(kernel / kernel.sum())


def fwhm_to_sigma(fwhm: float) -> float:
    """Sigma of the Gaussian with a given full width at half maximum, in the same unit.

    Examples
    --------
    >>> round(fwhm_to_sigma(2.3548), 4)
    1.0
    """
    return fwhm / FWHM_PER_SIGMA


def gaussian_mtf(frequency: Float, sigma: float) -> Float:
    """MTF of a Gaussian of ``sigma`` pixels at ``frequency`` in cycles per pixel."""
    return np.asarray(np.exp(-2.0 * (np.pi * sigma * np.asarray(frequency)) ** 2))


def disc_mtf(frequency: Float, radius: float) -> Float:
    """Transfer function of a uniform disc (geometric defocus), signed: it reverses contrast.

    Parameters
    ----------
    frequency : ndarray
        Radial frequency, cycles per pixel.
    radius : float
        Radius of the disc, pixels.

    Returns
    -------
    ndarray
        ``2 J1(2 pi f r) / (2 pi f r)``, 1 at zero frequency (Goodman,
        Introduction to Fourier Optics, section 6.4).
    """
    from scipy.special import j1  # slow to import, and a panel that opens needs none of it

    a = 2.0 * np.pi * radius * np.asarray(frequency, dtype=np.float64)
    safe = np.where(a < 1e-6, 1.0, a)
    return np.where(a < 1e-6, 1.0, 2.0 * j1(safe) / safe)


def airy_mtf(frequency: Float, cutoff: float) -> Float:
    """MTF of an aberration-free circular pupil with incoherent light.

    Parameters
    ----------
    frequency : ndarray
        Radial frequency, cycles per pixel.
    cutoff : float
        Cut-off frequency ``2 NA / wavelength``, cycles per pixel.

    Returns
    -------
    ndarray
        Zero at and beyond the cut-off (Goodman, section 6.3).
    """
    q = np.clip(np.asarray(frequency, dtype=np.float64) / cutoff, 0.0, 1.0)
    return np.asarray(2.0 / np.pi * (np.arccos(q) - q * np.sqrt(1.0 - q * q)))


def equivalent_sigma(frequency: Float, mtf: Float) -> float:
    """Sigma of the Gaussian whose MTF lies nearest to a given one.

    Least squares over the given frequencies, which should be uniform from 0
    to min(Nyquist, cut-off) with the pixel's own MTF divided out.

    Parameters
    ----------
    frequency : ndarray, shape (N,)
        Radial frequency, cycles per pixel.
    mtf : ndarray, shape (N,)
        Transfer function there; its modulus is used.

    Returns
    -------
    float
        Sigma in pixels.

    Examples
    --------
    >>> f = np.linspace(0, 0.5, 200)
    >>> round(equivalent_sigma(f, gaussian_mtf(f, 1.3)), 3)
    1.3
    """
    from scipy.optimize import minimize_scalar  # slow to import, and a panel that opens needs none of it

    target = np.abs(mtf)

    def misfit(log_sigma: float) -> float:
        return float(np.sum((gaussian_mtf(frequency, np.exp(log_sigma)) - target) ** 2))

    # The misfit of a ringing MTF has side minima: a coarse scan finds the right basin.
    grid = np.linspace(np.log(0.01), np.log(64.0), 120)
    best = int(np.argmin([misfit(g) for g in grid]))
    bounds = (grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)])
    return float(np.exp(minimize_scalar(misfit, bounds=bounds, method="bounded").x))
