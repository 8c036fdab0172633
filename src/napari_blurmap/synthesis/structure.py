"""Where there is something to measure: the label beside the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from .patterns import twice_as_coarse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]

#: What is sharper than this sigma, pixels, is as fine as noise.
_FINE = 0.8
#: Edge of the smallest window, pixels: two passes of such a box.
_WINDOW = 5.0
#: Of the ratio in a window of one pixel's width, so that 0.35 stands for what is seen at a glance along an edge or a
#: filament: a root of the sum of squares of 1.75 in each window of it.
_SCALE = 0.3


def change_with_blur(light: Plane, sigma: Plane) -> Plane:
    """Derivative of the light by the logarithm of sigma.

    Gaussian blur obeys the heat equation: it is ``sigma**2`` times the
    Laplacian (Koenderink, Biological Cybernetics 50, 1984). Even light and its
    gradients have none.

    Parameters
    ----------
    light, sigma : ndarray of float32, shape (Y, X)
        Picture without noise, and its blur in pixels.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        In units of the light.
    """
    wide = np.pad(light, 1, mode="edge")
    laplacian = wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:] - 4 * light
    return np.asarray(np.maximum(sigma, np.float32(0.5)) ** 2 * laplacian)


def over_noise(signal: Plane, noise: Plane, sigma: Plane) -> Plane:
    """A signal against the noise, summed over a window: what the eye sees is more than a pixel.

    Parameters
    ----------
    signal, noise, sigma : ndarray of float32, shape (Y, X)
        What there is to see, the standard deviation of the noise in the same
        units, and the blur in pixels.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        Root mean square ratio of the two in a window of about 9 pixels, or of
        twice the typical sigma where that is more, times 0.3 of the window's
        width: a larger one counts as much more as its noise averages out.
    """
    width = max(_WINDOW, min(float(np.median(sigma[::8, ::8])), 20.0))
    ratio = np.square(signal / np.maximum(noise, np.float32(1e-6)))
    if ratio.shape[0] % 2 or ratio.shape[1] % 2:
        ratio = np.pad(ratio, [(0, n % 2) for n in ratio.shape], mode="edge")
    mean = twice_as_coarse(ratio)
    # As wide as two passes of the box, less the mean of two that is taken already.
    mean = ndimage.gaussian_filter(mean, np.sqrt((width**2 - 1) / 6 - 0.25) / 2, mode="nearest", truncate=3.0)
    whole = np.sqrt(np.maximum(mean, 0)) * np.float32(_SCALE * width)
    return np.repeat(np.repeat(whole, 2, axis=0), 2, axis=1)[: signal.shape[0], : signal.shape[1]]


def sensitivity_over_noise(light: Plane, noise: Plane, sigma: Plane) -> Plane:
    """How much the light would change with the blur, against the noise: a place without it cannot tell its sigma.

    Parameters
    ----------
    light, noise, sigma : ndarray of float32, shape (Y, X)
        Picture without noise, the standard deviation of its noise, and its
        blur in pixels.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        See `over_noise`.
    """
    return over_noise(change_with_blur(light, sigma), noise, sigma)


def mistakable(noise: Plane, coarse: tuple[float, float], sigma: Plane) -> Plane:
    """Noise as it hides a specimen of some blur: smooth noise hides soft ones, any noise what is as fine as itself.

    Parameters
    ----------
    noise : ndarray of float32, shape (Y, X)
        Standard deviation.
    coarse : (float, float)
        See `coarse_strength`.
    sigma : ndarray of float32, shape (Y, X)
        The blur, pixels.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        What the noise counts as.

    Examples
    --------
    >>> one = np.ones((1, 1), np.float32)
    >>> [round(float(mistakable(one, (1.5, 2.0), s * one)[0, 0]), 2) for s in (0.2, 0.8, 3.0)]
    [2.5, 1.21, 2.0]
    """
    typical = float(np.median(sigma[::8, ::8]))
    smooth = np.interp(typical, (0.5, 1.2, 3.0), (1.0, max(1.0, coarse[0]), max(1.0, coarse[1])))
    return np.asarray(noise * (np.float32(smooth) / np.clip(sigma / np.float32(_FINE), np.float32(0.4), 1)))
