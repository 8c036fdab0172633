"""Random fields by their spectrum: noise whose amplitude falls as a power of the frequency, and smooth hills."""

from __future__ import annotations

from functools import lru_cache
from math import cos, radians, sin
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]

#: Highest harmonic of hills along each axis.
_HARMONICS = 24


def spectral_noise(
    shape: tuple[int, int], rng: np.random.Generator, exponent: float, elongation: float = 1.0, angle: float = 0.0
) -> Plane:
    """Gaussian noise whose amplitude falls as frequency**-exponent: mean 0, standard deviation 1.

    Parameters
    ----------
    shape : (int, int)
        Y and X, pixels.
    rng : numpy.random.Generator
        Where the noise comes from.
    exponent : float
        0 is white.
    elongation : float, default=1.0
        Length of its grain over its width.
    angle : float, default=0.0
        Direction of the grain, degrees from +x towards +y.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        Periodic.

    Examples
    --------
    >>> round(float(spectral_noise((64, 48), np.random.default_rng(0), 1.0).std()), 3)
    1.0
    """
    fy, fx = fft.fftfreq(shape[0])[:, None].astype(np.float32), fft.rfftfreq(shape[1])[None, :].astype(np.float32)
    c, s, ratio = cos(radians(angle)), sin(radians(angle)), elongation**0.5
    f = np.hypot((c * fx + s * fy) * ratio, (c * fy - s * fx) / ratio)
    f[0, 0] = np.inf
    noise = fft.irfft2(fft.rfft2(rng.standard_normal(shape, dtype=np.float32)) * f ** np.float32(-exponent), s=shape)
    return np.asarray(noise / (noise.std() + 1e-12), dtype=np.float32)


@lru_cache(maxsize=16)
def _falling(harmonics: tuple[int, int], exponent: float) -> Plane:
    f = np.hypot(
        fft.fftfreq(2 * harmonics[0] + 1)[:, None] * (2 * harmonics[0] + 1), np.arange(harmonics[1] + 1)[None, :]
    )
    f[0, 0] = np.inf
    return np.asarray(f**-exponent, dtype=np.float32)


def hills(shape: tuple[int, int], rng: np.random.Generator, *, exponent: float = 2.5) -> Plane:
    """Smooth periodic hills: noise whose amplitude falls as frequency**-exponent, of its lowest harmonics only.

    Parameters
    ----------
    shape : (int, int)
        Y and X, pixels.
    rng : numpy.random.Generator
        Where they come from.
    exponent : float, default=2.5
        2 or more; rounded to halves.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        From 0 to 1.

    Examples
    --------
    >>> h = hills((64, 48), np.random.default_rng(0))
    >>> float(h.min()), float(h.max())
    (0.0, 1.0)
    """
    most = tuple(min(_HARMONICS, (n - 1) // 2) for n in shape)
    falling = _falling(most, round(2 * exponent) / 2)
    parts = rng.standard_normal((2, *falling.shape), dtype=np.float32) * falling
    spectrum = np.zeros((shape[0], shape[1] // 2 + 1), dtype=np.complex64)
    low = parts[0] + 1j * parts[1]
    spectrum[: most[0] + 1, : most[1] + 1] = low[: most[0] + 1]
    spectrum[-most[0] :, : most[1] + 1] = low[most[0] + 1 :]
    out = fft.irfft2(spectrum, s=shape)
    least, highest = out.min(), out.max()
    return np.asarray((out - least) / max(highest - least, np.float32(1e-12)), dtype=np.float32)
