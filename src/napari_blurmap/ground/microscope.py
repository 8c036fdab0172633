"""What a microscope can show at best: transfer functions in perfect focus, and their sigma."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from ..errors import BlurMapError
from .arguments import number, one_of
from .optics import airy_mtf, disc_mtf, equivalent_sigma

if TYPE_CHECKING:
    from .optics import Float

Mode = Literal["widefield", "confocal", "spinning disk", "two-photon"]
MODES: tuple[Mode, ...] = get_args(Mode)

#: Up to the first aperture light counts as a scalar, from the second on as a vector; between them the two are mixed,
#: so that no lens seems blurrier than one of a smaller aperture.
_SCALAR, _VECTOR = 0.6, 0.7
#: Excitation over emission wavelength where it is not given, as of EGFP: 488 (two-photon: 920) and 510 to 520 nm.
_EXCITATION = {"confocal": 0.94, "spinning disk": 0.94, "two-photon": 1.8}
#: Pinholes in Airy units where they are not given: what users set; 50 um of a Yokogawa disk behind a 60x / 1.4.
_PINHOLE = {"confocal": 1.0, "spinning disk": 1.8}
#: Diameter of the Airy disc, its first dark ring, in wavelengths over the aperture.
_AIRY = 1.22
#: Points of quadratures: over the pupil, along a frequency, along a radius.
_PUPIL, _ALONG, _OUT = 24, 64, 200
#: Outer end of focal spots, in units of 1 / cut-off; the product of two of them falls as radius**-6.
_REACH = 12.0


def optics_limit(
    numerical_aperture: float,
    wavelength: float,
    pixel_size: float,
    refractive_index: float = 1.0,
    *,
    mode: Mode = "widefield",
    excitation_wavelength: float | None = None,
    pinhole: float | None = None,
) -> float:
    """Sigma, in pixels, of a diffraction-limited microscope at perfect focus.

    The Gaussian whose MTF lies nearest to that of the aberration-free
    microscope, least squares from 0 to min(Nyquist, cut-off). Incoherent light
    (fluorescence, or bright field with a fully open condenser).

    Parameters
    ----------
    numerical_aperture : float
        NA of the objective, above 0 and below the refractive index.
    wavelength, pixel_size : float
        Wavelength in vacuum of the light that is detected (emission), and
        pixel size in the specimen, the same unit.
    refractive_index : float, default=1.0
        Of the immersion medium.
    mode : {"widefield", "confocal", "spinning disk", "two-photon"}, default="widefield"
        Kind of microscope: what the camera sees; a point scanned, detected
        through a pinhole; a disk of pinholes, through which the light of both
        ways passes; a point scanned, all of whose light is detected.
    excitation_wavelength : float, optional
        In the same unit; all modes but widefield. Where it is not given, as
        for EGFP: 0.94 of ``wavelength``, for two photons 1.8 times
        ``wavelength``.
    pinhole : float, optional
        Diameter in Airy units (1.22 wavelength / NA in the specimen), at most
        10; confocal and spinning disk. Where it is not given, 1, for a disk
        1.8 (pinholes of 50 um behind a 60x / 1.4).

    Returns
    -------
    float
        Sigma in pixels.

    Raises
    ------
    BlurMapError
        For values that no microscope can have.

    Notes
    -----
    Up to NA 0.6 the pupil is a scalar one (Goodman, Introduction to Fourier
    Optics, section 6.3). From NA 0.7 on it is that of an isotropic emitter seen through
    an aplanatic lens, which by reciprocity is also that of focused, unpolarised
    light (Richards and Wolf, Proc. R. Soc. A 253, 358, 1959): FWHM grows by 10 % at NA 0.95 in air
    or 1.4 in oil, sigma, to which the whole transfer function counts, by 25 %. Between the two they are mixed. Spots
    of excitation and detection multiply (Wilson and Sheppard, Theory and
    Practice of Scanning Optical Microscopy, 1984), those of two photons are squared; behind a disk every pinhole is
    seen where it is (Azuma and Kei, Opt. Express 23, 15003, 2015), so that little is gained over widefield.

    Examples
    --------
    >>> round(optics_limit(0.5, 0.5, 0.65), 2)
    0.41
    >>> lens = {"numerical_aperture": 1.4, "wavelength": 520, "pixel_size": 50, "refractive_index": 1.515}
    >>> [round(optics_limit(**lens, mode=mode), 2) for mode in ("widefield", "confocal")]
    [2.07, 1.53]
    """
    wavelength = number("The wavelength", wavelength, "a length above 0", above=0)
    pixel_size = number("The pixel size", pixel_size, "a length above 0", above=0)
    aperture = number("The numerical aperture", numerical_aperture, "a number above 0")
    index = number("The refractive index", refractive_index, "a number of 1 or more")
    if not 0.0 < aperture < index:
        raise BlurMapError(
            f"A numerical aperture of {aperture!r} is impossible with a refractive index of "
            f"{index!r}; expected 0 < NA < index. For oil give refractive_index=1.515, for water 1.333."
        )
    one_of("mode", mode, MODES)
    excitation, opening = _scanned(mode, wavelength, excitation_wavelength, pinhole)
    return _limit(aperture, index, wavelength / pixel_size, mode, excitation / pixel_size, opening)


def limit_name(mode: Mode) -> str:
    """How people know the optics limit of a kind of microscope.

    Examples
    --------
    >>> limit_name("widefield"), limit_name("confocal")
    ('optics limit', 'confocal optics limit')
    """
    return "optics limit" if mode == "widefield" else f"{mode} optics limit"


def _scanned(mode: Mode, wavelength: float, excitation: float | None, pinhole: float | None) -> tuple[float, float]:
    """Excitation wavelength and pinhole of a mode, given or not."""
    if pinhole is not None and mode not in _PINHOLE:
        raise BlurMapError(f"A {mode} microscope has no pinhole; leave it out, or choose another mode.")
    if excitation is not None and mode == "widefield":
        raise BlurMapError(
            "In a widefield microscope the excitation wavelength does not count; leave it out, or choose another mode."
        )
    opening = _PINHOLE.get(mode, 1.0) if pinhole is None else pinhole
    opening = number("The pinhole", opening, "its diameter in Airy units, above 0 and at most 10", above=0, most=10)
    if excitation is None:
        return wavelength * _EXCITATION.get(mode, 1.0), opening
    excitation = number("The excitation wavelength", excitation, "a length above 0", above=0)
    if (excitation > wavelength) != (mode == "two-photon"):
        longer = "longer" if mode == "two-photon" else "no longer"
        raise BlurMapError(
            f"The excitation wavelength is {excitation:g} and that of the detected light {wavelength:g}; in a {mode} "
            f"microscope the former is {longer} than the latter. Give both in the same unit, excitation and emission."
        )
    return excitation, opening


@lru_cache(maxsize=64)
def _limit(aperture: float, index: float, wavelength: float, mode: Mode, excitation: float, pinhole: float) -> float:
    """Sigma, the lengths being in pixels."""
    seen, lit = 2 * aperture / wavelength, 2 * aperture / excitation
    cutoff = {"widefield": seen, "two-photon": 2 * lit}.get(mode, seen + lit)
    frequency = np.linspace(0.0, min(0.5, cutoff), 200)
    if mode == "widefield":
        return equivalent_sigma(frequency, pupil_mtf(frequency / seen, aperture, index))
    from scipy.special import j0  # slow to import, and a panel that opens needs none of it

    reach = _REACH / min(seen, lit)
    radius, weight = _points(_OUT)
    radius, weight = radius * reach, weight * radius * reach**2
    q, along = _points(_ALONG)
    spot = pupil_mtf(q, aperture, index) * q * along
    lit_through, seen_through = _opened(mode, q, lit / seen, pinhole)
    bright, found = (
        j0(2 * np.pi * edge * np.outer(radius, q)) @ (spot * through)
        for edge, through in ((lit, lit_through), (lit if mode == "two-photon" else seen, seen_through))
    )
    mtf = j0(2 * np.pi * np.outer(frequency, radius)) @ (bright * found * weight)
    return equivalent_sigma(frequency, mtf / mtf[0])


def _opened(mode: Mode, q: Float, lit: float, pinhole: float) -> tuple[Float | float, Float | float]:
    """What pinholes do to the transfer functions of both ways.

    A point detector sums what comes through its pinhole. A camera behind a disk sees every point through all pinholes
    by which the point is lit, each where it is: they widen only the light.
    """
    if mode == "confocal":
        return 1.0, disc_mtf(q, pinhole * _AIRY)
    return (disc_mtf(q * lit, pinhole * _AIRY) ** 2, 1.0) if mode == "spinning disk" else (1.0, 1.0)


def pupil_mtf(frequency: Float, aperture: float, index: float = 1.0) -> Float:
    """MTF of an aberration-free objective for an isotropic emitter in focus.

    Parameters
    ----------
    frequency : ndarray, shape (N,)
        Radial frequency over the cut-off ``2 NA / wavelength``.
    aperture : float
        NA.
    index : float, default=1.0
        Refractive index of the immersion medium.

    Returns
    -------
    ndarray, shape (N,)
        1 at zero frequency, 0 at and beyond the cut-off.
    """
    vector = np.clip((aperture - _SCALAR) / (_VECTOR - _SCALAR), 0.0, 1.0)
    mtf = airy_mtf(frequency, 1.0)
    return mtf if vector == 0 else (1 - vector) * mtf + vector * vector_mtf(frequency, aperture / index)


def vector_mtf(frequency: Float, sine: float) -> Float:
    """MTF of an aplanatic pupil of that sine of the half angle, light being a vector.

    The autocorrelation of the pupil's field, summed over both components in
    the pupil and three directions of the emitter, which leaves a closed form of the two places in
    the pupil; over a quarter of the lens in which the two discs overlap.

    Parameters
    ----------
    frequency : ndarray, shape (N,)
        Radial frequency over the cut-off.
    sine : float
        NA over refractive index, below 1.

    Returns
    -------
    ndarray, shape (N,)
    """
    points, weights = _points(_PUPIL)
    # The first frequency is zero, by which it is normalised.
    q = np.concatenate([[0.0], np.clip(np.asarray(frequency, dtype=np.float64), 0.0, 1.0)])[:, None, None]
    # Squares of the points lie denser at the tip, where the lens's height is a square root.
    x = (1 - q) * (1 - points[:, None] ** 2)
    height = np.sqrt(np.maximum(1 - (x + q) ** 2, 0.0))
    y = height * points
    area = 2 * (1 - q) * points[:, None] * weights[:, None] * height * weights
    one, two = np.hypot(x + q, y), np.hypot(x - q, y)
    turn = ((x + q) * (x - q) + y**2) / np.maximum(one * two, 1e-12)  # cosine of the angle between the two places
    c1, c2 = (np.sqrt(1 - (sine * place) ** 2) for place in (one, two))
    alike = (c1 * c2 + 1) * turn**2 + (c1 + c2) * (1 - turn**2) + sine**2 * one * two * turn
    summed = (alike / np.sqrt(c1 * c2) * area).sum(axis=(1, 2))
    return np.asarray(summed[1:] / summed[0])


@lru_cache(maxsize=4)
def _points(count: int) -> tuple[Float, Float]:
    """Points and weights of Gauss and Legendre's quadrature from 0 to 1."""
    points, weights = np.polynomial.legendre.leggauss(count)
    return (points + 1) / 2, weights / 2
