"""The noise of a user's own picture, put back where blurring has smoothed it away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft, ndimage

from ..ground.blur import apply_blur

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from .camera_noise import CameraNoise

    Float = NDArray[np.float64]


@dataclass(frozen=True)
class Digits:
    """What numbers a picture can hold.

    Parameters
    ----------
    low, high : float
        Where it is clipped; infinite where it is not.
    step : float
        Between neighbouring grey levels; 0 for floats.
    """

    low: float
    high: float
    step: float


def blur_again(
    picture: ArrayLike, sigma: float, noise: CameraNoise | None, digits: Digits, rng: np.random.Generator
) -> Float:
    """Blur a noisy picture as if the blur had come before the camera.

    The blur smooths the picture's noise along with its detail, by its transfer
    function T. Noise with the spectrum ``1 - T**2`` times that of the
    picture's is added: both together are as before, with the variance that
    the camera has at the new grey level. Then it is rounded and clipped.

    Parameters
    ----------
    picture : array_like, shape (Y, X)
        Finite grey levels.
    sigma : float
        Of the added Gaussian, pixels.
    noise : CameraNoise or None
        Of the picture; None adds nothing.
    digits : Digits
        Of the picture.
    rng : numpy.random.Generator
        Where the noise comes from.

    Returns
    -------
    ndarray of float64, shape (Y, X)
        On the picture's own grid of grey levels.

    Examples
    --------
    >>> from napari_blurmap.picture.camera_noise import estimate_noise
    >>> rng = np.random.default_rng(0)
    >>> flat = rng.normal(50.0, 3.0, (128, 128))
    >>> again = blur_again(flat, 2.0, estimate_noise(flat), Digits(0.0, 255.0, 1.0), rng)
    >>> bool(abs(again.std() - 3.0) < 0.1)  # blurring alone leaves 0.4
    True
    """
    light = np.asarray(apply_blur(np.asarray(picture, dtype=np.float64), sigma))
    if noise is not None:
        # Rounding brings its own twelfth of a step; what is clipped shows no noise.
        variance = np.maximum(noise.variance(light) - digits.step**2 / 12.0, 0.0)
        variance[(light <= digits.low) | (light >= digits.high)] = 0.0
        light = light + np.sqrt(variance) * _missing_noise(light.shape, sigma, noise.width, rng)
    if digits.step:
        light = np.rint(light / digits.step) * digits.step
    return np.clip(light, digits.low, digits.high)


def _missing_noise(shape: tuple[int, ...], sigma: float, width: float, rng: np.random.Generator) -> Float:
    """What noise of variance 1, white or smoothed by a Gaussian, loses in a blur, as new noise."""
    point = np.zeros(shape)
    point[0, 0] = 1.0
    transfer, own = (np.abs(fft.rfft2(apply_blur(point, s, mode="wrap"))) for s in (sigma, width))
    # By Parseval's theorem, of a real spectrum of which half is kept.
    twice = np.full(own.shape[1], 2.0)
    twice[[0, -1]] = 1.0, 2.0 - (shape[1] % 2 == 0)
    own /= np.sqrt(np.sum(twice * own**2) / np.prod(shape))
    lost = own * np.sqrt(np.maximum(1.0 - transfer**2, 0.0))
    return np.asarray(fft.irfft2(fft.rfft2(rng.standard_normal(shape)) * lost, s=shape))


def detail_over_noise(light: NDArray[np.float32], noise: NDArray[np.float32], window: float) -> NDArray[np.float32]:
    """Detail of a window against the noise: gradients of the light are no detail.

    Parameters
    ----------
    light, noise : ndarray of float32, shape (Y, X)
        Picture without noise, and the standard deviation of its noise.
    window : float
        Width, pixels.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        Standard deviation of the detail over that of the noise.
    """

    def smooth(x: NDArray[np.float32]) -> NDArray[np.float32]:
        # Two passes of a box: nearly a Gaussian, at a cost that does not grow with the window.
        width = max(3, round(window * 2))
        for _ in range(2):
            x = ndimage.uniform_filter(x, width, mode="nearest")
        return x

    detail = light - smooth(light)
    return np.sqrt(np.maximum(smooth(detail * detail), 0) / np.maximum(smooth(noise * noise), 1e-12))


def detail_window(sigma: NDArray[np.float32]) -> float:
    """Width of the window in which detail is looked for, pixels."""
    return max(5.0, 0.6 * min(float(np.median(sigma)), 20.0))
