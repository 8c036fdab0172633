"""The noise of a user's own picture: measured, and put back where blurring has smoothed it away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft, ndimage
from scipy.optimize import nnls

from ..ground.blur import apply_blur

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Float = NDArray[np.float64]

#: Sixth difference of unit norm: only the finest detail counts, of which a lens passes hardly anything.
_HIGH_PASS = np.array([1.0, -6.0, 15.0, -20.0, 15.0, -6.0, 1.0]) / np.sqrt(924.0)
#: Edge of a block, pixels, and blocks a grey level; of each level the calmest tenth counts.
_BLOCK, _LEVELS, _CALM = 16, 12, 0.1
#: A block with more clipped pixels than this says nothing: clipping hides noise.
_CLIPPED = 0.02


@dataclass(frozen=True)
class PictureNoise:
    """Variance of a picture's white noise as a straight line over its grey level.

    Parameters
    ----------
    greys : (float, float)
        Darkest and brightest level at which it was measured.
    variances : (float, float)
        Variance there, squared grey levels, rounding included. Photon noise
        rises with the grey level; after a gamma it falls.

    Examples
    --------
    >>> PictureNoise((100.0, 300.0), (4.0, 8.0)).variance([50.0, 200.0, 500.0]).tolist()
    [4.0, 6.0, 12.0]
    """

    greys: tuple[float, float]
    variances: tuple[float, float]

    def variance(self, grey: ArrayLike) -> Float:
        """Variance at some grey levels; it goes on rising above the brightest, as photons do, but not falling."""
        (low, high), (dark, bright) = self.greys, self.variances
        t = (np.asarray(grey, dtype=np.float64) - low) / (high - low if high > low else 1.0)
        return np.asarray(dark + (bright - dark) * np.clip(t, 0.0, np.inf if bright > dark else 1.0))


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


def estimate_noise(picture: ArrayLike, *, usable: ArrayLike | None = None) -> PictureNoise | None:
    """Measure the noise of a picture, as if it were white.

    In blocks of 16 x 16 pixels the energy of the sixth difference along both
    axes is taken, against what white noise gives there. Detail only ever adds
    to it, so the calmest tenth of the blocks of each grey level counts (the
    homogeneous blocks of Amer and Dubois, 2005). Where fine texture as sharp
    as the pixels is everywhere, that is too much; where a camera or a program
    has smoothed the noise, too little.

    Parameters
    ----------
    picture : array_like, shape (Y, X)
        Grey levels.
    usable : array_like of bool, shape (Y, X), optional
        Pixels that are neither invalid nor clipped.

    Returns
    -------
    PictureNoise or None
        None where no block is left.

    Examples
    --------
    >>> noisy = np.random.default_rng(0).normal(50.0, 3.0, (128, 128))
    >>> bool(abs(estimate_noise(noisy).variance(50.0) ** 0.5 - 3.0) < 0.2)
    True
    """
    grey = np.asarray(picture, dtype=np.float64)
    known = np.ones(grey.shape, bool) if usable is None else np.asarray(usable)
    kept = _blocks(known.astype(np.float64)) >= 1 - _CLIPPED
    if not kept.any():
        return None
    levels, energy = _blocks(grey)[kept], _energy(np.where(known, grey, np.median(grey[known])))[kept]
    # What white noise of variance 1 gives in as many blocks is the unit.
    white = np.random.default_rng(0).standard_normal(grey.shape)
    unit = float(np.quantile(_energy(white), _CALM))
    count = int(np.clip(levels.size // 16, 1, _LEVELS))
    groups = np.array_split(np.argsort(levels), count)
    x = np.array([levels[group].mean() for group in groups])
    y = np.array([np.quantile(energy[group], _CALM) for group in groups]) / unit
    return _line(x, y)


def _line(x: Float, y: Float) -> PictureNoise:
    """The line, positive at both ends, with the least squares of relative errors."""
    low, high = float(x[0]), float(x[-1])
    if not high > low:
        return PictureNoise((low, low), (float(y.mean()),) * 2)
    t = (x - low) / (high - low)
    weight = 1.0 / np.maximum(y, 1e-3 * max(float(y.max()), 1e-300))
    ends, _ = nnls(np.stack([1 - t, t], axis=1) * weight[:, None], y * weight)
    return PictureNoise((low, high), (float(ends[0]), float(ends[1])))


def _energy(grey: Float) -> Float:
    rows = ndimage.convolve1d(grey, _HIGH_PASS, axis=0)
    return _blocks(ndimage.convolve1d(rows, _HIGH_PASS, axis=1) ** 2)


def _blocks(values: Float) -> Float:
    """Means of blocks of 16 x 16 pixels; what is left over at the ends is not looked at."""
    height, width = (n // _BLOCK for n in values.shape)
    whole = values[: height * _BLOCK, : width * _BLOCK]
    return np.asarray(whole.reshape(height, _BLOCK, width, _BLOCK).mean(axis=(1, 3)))


def blur_again(
    picture: ArrayLike, sigma: float, noise: PictureNoise | None, digits: Digits, rng: np.random.Generator
) -> Float:
    """Blur a noisy picture as if the blur had come before the camera.

    The blur smooths the picture's noise along with its detail, by its transfer
    function T. Noise with the spectrum ``1 - T**2`` times that of the
    picture's is added: both together are white again, with the variance that
    the camera has at the new grey level. Then it is rounded and clipped.

    Parameters
    ----------
    picture : array_like, shape (Y, X)
        Finite grey levels.
    sigma : float
        Of the added Gaussian, pixels.
    noise : PictureNoise or None
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
        light = light + np.sqrt(variance) * _missing_noise(light.shape, sigma, rng)
    if digits.step:
        light = np.rint(light / digits.step) * digits.step
    return np.clip(light, digits.low, digits.high)


def _missing_noise(shape: tuple[int, ...], sigma: float, rng: np.random.Generator) -> Float:
    """What white noise of variance 1 loses in a blur, as new noise."""
    point = np.zeros(shape)
    point[0, 0] = 1.0
    transfer = np.abs(fft.rfft2(apply_blur(point, sigma, mode="wrap")))
    lost = np.sqrt(np.maximum(1.0 - transfer**2, 0.0))
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
