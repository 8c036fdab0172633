"""How near the error comes to the smallest possible one, on Gaussian textures whose statistics are known.

``python -m benchmarks.bound [--repeats 12] [--write]``
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

import napari_blurmap as nb

from .report import arguments, publish, table

EDGE = 64
#: Standard deviation of the texture and of the noise, grey levels of 8 bit.
LEVELS = ((40.0, 0.0), (20.0, 2.0), (10.0, 5.0))
EXPONENTS, SIGMAS = (0.7, 1.0, 1.3), (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
#: Below this the bound says more about rounding than about blur, pixels.
SMALLEST = 0.03


def _frequency(edge: int) -> np.ndarray:
    f = np.hypot(np.fft.fftfreq(edge)[:, None], np.fft.fftfreq(edge)[None, :])
    f[0, 0] = np.inf
    return f


def _gaussian(edge: int, sigma: float) -> np.ndarray:
    """Transfer function of scipy's sampled Gaussian."""
    impulse = np.zeros((edge, edge))
    impulse[0, 0] = 1
    return np.abs(np.fft.fft2(ndimage.gaussian_filter(impulse, sigma, mode="wrap")))


def bound(deviation: float, noise: float, exponent: float, sigma: float) -> float:
    """Cramer-Rao bound of sigma with amplitude and exponent unknown, pixels.

    Whittle's likelihood of a stationary Gaussian field: the information is half the sum over all frequencies of the
    products of the logarithmic derivatives of the spectrum (Whittle 1953; Dahlhaus and Kuensch, Biometrika 74, 1987).
    """
    f = _frequency(EDGE)
    shape = np.where(np.isfinite(f), f, 1.0) ** (-2 * exponent) * np.isfinite(f)
    signal = deviation**2 * EDGE**2 * shape / shape.sum()

    def spectrum(log_amplitude: float, slope: float, blur: float) -> np.ndarray:
        tilt = np.where(np.isfinite(f), f, 1.0) ** (-2 * (slope - exponent))
        return np.exp(log_amplitude) * signal * tilt * _gaussian(EDGE, blur) ** 2 + noise**2 + 1 / 12

    at = np.array([0.0, exponent, sigma])
    derivatives = []
    for i, step in enumerate((1e-4, 1e-4, 1e-3)):
        shift = step * np.eye(3)[i]
        change = np.log(spectrum(*(at + shift))) - np.log(spectrum(*(at - shift)))
        derivatives.append((change / (2 * step))[np.isfinite(f)])
    d = np.array(derivatives)
    return float(np.sqrt(np.linalg.inv(0.5 * d @ d.T)[2, 2]))


def texture(rng: np.random.Generator, deviation: float, noise: float, exponent: float, sigma: float) -> np.ndarray:
    """A cut of 64 x 64 out of a larger texture, so that it is not periodic; uint8."""
    edge = 4 * EDGE
    f = _frequency(edge)
    wide = np.fft.ifft2(np.fft.fft2(rng.standard_normal((edge, edge))) * f**-exponent).real
    blurred = ndimage.gaussian_filter(wide * deviation / wide.std(), sigma, mode="wrap")[:EDGE, :EDGE]
    return np.clip(np.rint(128 + blurred + noise * rng.standard_normal(blurred.shape)), 0, 255).astype(np.uint8)


def main() -> None:
    """Print a row for every kind of texture, and the geometric mean."""
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=12, help="textures of every kind")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    rows, ratios, all_errors = [], [], []
    for deviation, noise in LEVELS:
        for exponent in EXPONENTS:
            for sigma in SIGMAS:
                pictures = [texture(rng, deviation, noise, exponent, sigma) for _ in range(options.repeats)]
                errors = np.array([float(np.nanmedian(nb.estimate_blur(p).sigma)) - sigma for p in pictures])
                smallest, rmse = bound(deviation, noise, exponent, sigma), float(np.sqrt((errors**2).mean()))
                all_errors.append(errors)
                if smallest >= SMALLEST:
                    ratios.append(rmse / smallest)
                kind = [f"{deviation:.0f} / {noise:.0f}", f"{exponent}", f"{sigma}"]
                figures = [f"{smallest:.3f}", f"{rmse:.3f}", f"{errors.mean():+.3f}", f"{rmse / smallest:.1f}"]
                rows.append([*kind, *figures])
    mean = float(np.exp(np.mean(np.log(ratios))))
    text = (
        f"{options.repeats} power-law Gaussian textures of 64 x 64 pixels of every kind, 8 bit. The bound is that of "
        "sigma with unknown amplitude and exponent over the same area; ours is the median of the map.\n\n"
        f"Geometric mean of RMSE over bound, where the bound is {SMALLEST} px or more: **{mean:.2f}** "
        f"({len(ratios)} of {len(rows)} kinds); bias over all {np.concatenate(all_errors).mean():+.3f} px.\n\n"
        + table(["deviation / noise", "exponent", "sigma px", "bound px", "RMSE px", "bias px", "ratio"], rows)
    )
    publish("The smallest possible error", "python -m benchmarks.bound", text, options.write)


if __name__ == "__main__":
    main()
