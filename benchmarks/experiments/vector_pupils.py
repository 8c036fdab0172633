"""Whether the training world needs vectorial pupils, averaged over the light's band, for high apertures.

Half of the world's pupils are vectorial ones of sine 0.9 and 0.97, averaged over three wavelengths. At equal sigma, how
far does the |MTF| of a vectorial pupil, written down again here, lie from them, and from scalar ones? Given as the
change of sigma, in per cent, by which a Gaussian's |MTF| would change as much (root mean square over the frequencies
by which sigma is named). Expected of the scalar ones, before the vectorial ones were in the world: little, for the
rule that names sigma takes the difference out. It is 3 to 14 %.

``python -m benchmarks.experiments.vector_pupils``
"""

from __future__ import annotations

import numpy as np
from scipy.special import j0, jv

from napari_blurmap.ground.optics import equivalent_sigma, gaussian_mtf
from napari_blurmap.synthesis.kernels import Gaussian, Pupil

from ..report import table

#: Lenses: NA, refractive index; cut-off of the coarser and the finer pixels, cycles per pixel.
LENSES, CUTOFFS = ((0.95, 1.0), (1.2, 1.333), (1.4, 1.515)), (0.35, 0.8)
#: Half of the light's band over its wavelength: three wavelengths.
BAND = 0.04
#: Sigma over that in focus at which pupils are compared.
TIMES = (1.0, 1.25, 1.6, 2.5, 4.0)
#: Places in the pupil, and in the image in units of 1 / cut-off; frequencies over the cut-off.
RHO, RADIUS, CUTS = (np.arange(160) + 0.5) / 160, (np.arange(600) + 0.5) * 0.1, np.linspace(0, 1, 129)
BESSEL = [jv(order, np.pi * np.outer(RADIUS, RHO)) for order in (0, 1, 2)]
BACK = j0(2 * np.pi * np.outer(CUTS, RADIUS)) * RADIUS


def vectorial(frequency: np.ndarray, cutoff: float, sine: float, waves: float) -> np.ndarray:
    """Transfer function of a defocused vectorial pupil for an isotropic emitter, averaged over the band.

    Richards and Wolf's integrals; ``waves`` is the defocus at the pupil's edge, wavelengths.
    """
    cosine = np.sqrt(1 - (sine * RHO) ** 2)
    depth = waves / (1 - np.sqrt(1 - sine**2))
    mean = 0.0
    for colour in 1 + BAND * np.array([-1, 0, 1]):
        wave = np.exp(-2j * np.pi * depth / colour * (1 - cosine)) * RHO / np.sqrt(cosine)
        straight, along, crossed = (
            bessel @ (wave * part) for bessel, part in zip(BESSEL, (1 + cosine, sine * RHO, 1 - cosine), strict=True)
        )
        intensity = (np.abs(straight) ** 2 + np.abs(crossed) ** 2) / 2 + np.abs(along) ** 2
        mtf = np.interp(frequency * colour / cutoff, CUTS, BACK @ intensity, right=0.0)
        mean = mean + mtf / mtf[0]
    return mean / 3


def away(frequency: np.ndarray, one: np.ndarray, other: np.ndarray, sigma: float) -> float:
    """Root mean square difference of two |MTF|, over that which 1 % of sigma makes of a Gaussian's."""
    step = gaussian_mtf(frequency, 1.005 * sigma) - gaussian_mtf(frequency, 0.995 * sigma)
    return float(np.sqrt(np.mean((np.abs(one) - np.abs(other)) ** 2) / np.mean(step**2)))


def main() -> None:
    """Print the table."""
    rows = []
    for aperture, index in LENSES:
        for cutoff in CUTOFFS:
            families = {
                "scalar": Pupil(cutoff),
                "band": Pupil(cutoff, band=0.03),
                "vectorial": Pupil(cutoff, band=0.03, sine=0.9 if aperture / index < 0.91 else 0.97),
                "Gaussian": Gaussian(),
            }
            frequency = np.linspace(0, min(0.5, cutoff), 150)
            waves = 6.0 * np.linspace(0, 1, 30) ** 2
            members = [vectorial(frequency, cutoff, aperture / index, w) for w in waves]
            sigmas = np.array([equivalent_sigma(frequency, m) for m in members])
            for times in TIMES:
                nearest = int(np.abs(sigmas - times * sigmas[0]).argmin())
                sigma = float(sigmas[nearest])
                off = [
                    away(frequency, members[nearest], family.profile(frequency, sigma), sigma)
                    for family in families.values()
                ]
                rows.append(
                    [f"{aperture:g} / {index:g}", f"{cutoff:g}", f"{waves[nearest]:.2f}", f"{sigma:.2f}"]
                    + [f"{o:.1f}" for o in off]
                )
    print(table(["NA / index", "cut-off", "waves", "sigma px", "scalar", "band", "vectorial", "Gaussian"], rows))


if __name__ == "__main__":
    main()
