"""Families of round blur kernels by their transfer functions: Gaussian, disc, and a microscope's defocused pupil.

A family is one lens at all its distances from focus. Each member goes by its
equivalent sigma (`napari_blurmap.ground.optics.equivalent_sigma`'s rule), so that one
field of sigma can be rendered through any of them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy import fft
from scipy.special import j0, jv

from ..ground.optics import disc_mtf, gaussian_kernel, gaussian_mtf

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float = NDArray[np.float64]

#: Candidates of the equivalent sigma, in periods of the highest frequency looked at.
_CANDIDATES = np.exp(np.linspace(np.log(0.005), np.log(80.0), 700))
#: Frequencies at which transfer functions are named, over the highest of them.
RELATIVE = np.linspace(0.0, 1.0, 150)
#: Defocus in wavelengths at the pupil's edge, fine near focus.
_WAVES = 8.0 * np.linspace(0.0, 1.0, 40) ** 2
#: Radial frequencies of a pupil's transfer function, over its cut-off.
_CUTS = np.linspace(0.0, 1.0, 129)
#: Entries of a table of radial frequencies in one cycle per sample.
_ENTRIES = 2048
#: Inner radius of an obstructed pupil, over the outer one.
_OBSTRUCTED = 0.35


class Family(Protocol):
    """What a picture is blurred with."""

    #: Highest frequency that its naming looks at, cycles per pixel.
    top: float

    def clamp(self, field: NDArray[np.float32]) -> NDArray[np.float32]:
        """The nearest sigma that the family has, pixels."""
        ...

    def profile(self, frequency: Float, sigma: float) -> Float:
        """Transfer function of one sigma at radial frequencies, cycles per pixel; real, it may be negative."""
        ...

    def transfer(self, shape: tuple[int, int], sigma: float, fine: int = 1) -> NDArray[np.float32]:
        """The same on the grid of ``rfft2`` of ``fine`` samples an edge of each of the pixels of ``shape``."""
        ...


def nearest_sigmas(transfers: Float) -> Float:
    """Equivalent sigma of many transfer functions at once.

    Parameters
    ----------
    transfers : ndarray, shape (N, 150)
        At 150 frequencies, uniform from 0 to the largest one.

    Returns
    -------
    ndarray, shape (N,)
        Sigma of the Gaussian whose MTF lies nearest (least squares), times the
        largest frequency.
    """
    gaussians, squares = _gaussians()
    # Not `@`: its threads take the processor from the training.
    misfit = squares - 2.0 * np.einsum("if,cf->ic", np.abs(transfers), gaussians)
    best = np.clip(misfit.argmin(axis=1), 1, len(_CANDIDATES) - 2)
    before, at, after = (misfit[np.arange(len(best)), best + i] for i in (-1, 0, 1))
    # The lowest point of the parabola through the three.
    shift = np.clip(0.5 * (before - after) / np.maximum(before - 2 * at + after, 1e-12), -1, 1)
    return np.asarray(_CANDIDATES[best] * (_CANDIDATES[1] / _CANDIDATES[0]) ** shift)


@lru_cache(maxsize=1)
def _gaussians() -> tuple[Float, Float]:
    """MTFs of Gaussians (candidate, frequency), and the sums of their squares."""
    gaussians = gaussian_mtf(_CANDIDATES[:, None] * RELATIVE[None, :], 1.0)
    return gaussians, (gaussians**2).sum(axis=1)


@lru_cache(maxsize=8)
def frequencies(shape: tuple[int, int], fine: int = 1) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Frequencies of ``rfft2``, cycles per pixel, of ``fine`` samples an edge of a pixel: y (N, 1) and x (1, M)."""
    y, x = fft.fftfreq(shape[0] * fine, 1 / fine)[:, None], fft.rfftfreq(shape[1] * fine, 1 / fine)[None, :]
    return y.astype(np.float32), x.astype(np.float32)


@lru_cache(maxsize=8)
def _radial(shape: tuple[int, int], fine: int) -> tuple[Float, NDArray[np.int32], NDArray[np.float32]]:
    """A table of radial frequencies, and where in it each of ``rfft2`` lies: the entry below, and the way beyond it."""
    place = np.hypot(*frequencies(shape, fine)) * (_ENTRIES / fine)
    low = place.astype(np.int32)
    table = np.arange(int(place.max()) + 2, dtype=np.float64) * (fine / _ENTRIES)
    return table, low, np.asarray(place - low, dtype=np.float32)


def _spread_out(family: Family, shape: tuple[int, int], sigma: float, fine: int) -> NDArray[np.float32]:
    """A transfer function on the grid of ``rfft2``, read from a table of it."""
    table, low, beyond = _radial(shape, fine)
    profile = family.profile(table, sigma).astype(np.float32)
    return np.asarray(profile.take(low) + beyond * np.diff(profile).take(low))


def _of_kernel(kernel: Float, n: int) -> NDArray[np.float32]:
    """Transfer function of a symmetric kernel on n periodic pixels, at the frequencies of ``rfft``."""
    radius = kernel.size // 2
    wrapped = np.bincount(np.arange(-radius, radius + 1) % n, kernel, n)
    return np.asarray(fft.rfft(wrapped).real, dtype=np.float32)


class Gaussian:
    """scipy's sampled Gaussian, cut at 4 sigma; between the pixels the continuous one."""

    top = 0.5

    def clamp(self, field: NDArray[np.float32]) -> NDArray[np.float32]:
        """Every sigma exists."""
        return field

    def profile(self, frequency: Float, sigma: float) -> Float:
        """Of the continuous Gaussian, by which it is named."""
        return gaussian_mtf(frequency, sigma)

    def transfer(self, shape: tuple[int, int], sigma: float, fine: int = 1) -> NDArray[np.float32]:
        """Of the sampled kernel, exactly."""
        y, x = frequencies(shape, fine)
        if fine > 1:
            along_y, along_x = (gaussian_mtf(f.astype(np.float64), sigma) for f in (y, x))
            return np.asarray(along_y * along_x, dtype=np.float32)
        kernel = gaussian_kernel(sigma)
        half, row = (_of_kernel(kernel, n) for n in shape)
        return np.asarray(half[np.rint(np.abs(y) * shape[0]).astype(int)] * row)


class Disc:
    """Discs: a photographic lens out of focus.

    Parameters
    ----------
    softness : float, default=0.0
        Sigma of the Gaussian that softens the edge, over the radius: apertures are no circles, lenses have aberrations.
    """

    top = 0.5

    def __init__(self, softness: float = 0.0) -> None:
        self.softness = softness

    def clamp(self, field: NDArray[np.float32]) -> NDArray[np.float32]:
        """Every sigma exists."""
        return field

    def profile(self, frequency: Float, sigma: float) -> Float:
        """Signed: it reverses contrast."""
        return _soft_disc(frequency, float(np.interp(sigma, *_disc_table(self.softness))), self.softness)

    def transfer(self, shape: tuple[int, int], sigma: float, fine: int = 1) -> NDArray[np.float32]:
        """Signed as well."""
        return _spread_out(self, shape, sigma, fine)


class Pupil:
    """A circular pupil with defocus and spherical aberration, incoherent light.

    Parameters
    ----------
    cutoff : float
        ``2 NA / wavelength``, cycles per pixel.
    spherical : int, default=0
        Index into `SPHERICAL`: fourth-power aberration in wavelengths.
    obstructed : bool, default=False
        Without the inner 0.35 of its radius, as mirror telescopes and phase rings have it: rings instead of discs.
    band : float, default=0.0
        Half of the light's bandwidth over its wavelength, averaged over.
    sine : float, default=0.0
        Of the largest angle of its light, NA over the refractive index, where the field counts as a vector; 0 for
        scalar theory.
    """

    #: Spherical aberration at the pupil's edge, wavelengths; the sign is that against the defocus.
    SPHERICAL = (0.0, 0.4, -0.4, 0.9, -0.9)

    def __init__(
        self,
        cutoff: float,
        spherical: int = 0,
        *,
        obstructed: bool = False,
        band: float = 0.0,
        sine: float = 0.0,
    ) -> None:
        self.cutoff, self.top = cutoff, min(0.5, cutoff)
        known = _pupil_profiles(_OBSTRUCTED if obstructed else 0.0, sine)[spherical]
        self._profiles = (
            np.mean([_of_colour(known, 1 + shift) for shift in (-band, 0, band)], axis=0) if band else known
        )
        seen = np.array([np.interp(RELATIVE * self.top, _CUTS * cutoff, p, right=0.0) for p in self._profiles])
        sigmas = nearest_sigmas(seen) / self.top
        # Aberration and defocus may cancel: the family starts at its sharpest member.
        first = int(sigmas.argmin())
        self._sigmas = np.maximum.accumulate(sigmas[first:]) + 1e-6 * np.arange(sigmas.size - first)
        self._profiles = self._profiles[first:]

    def clamp(self, field: NDArray[np.float32]) -> NDArray[np.float32]:
        """No lens is sharper than its optics limit."""
        return np.clip(field, self._sigmas[0], self._sigmas[-1]).astype(np.float32)

    def profile(self, frequency: Float, sigma: float) -> Float:
        """Of the member with that sigma, interpolated between neighbours in defocus."""
        place = float(np.interp(sigma, self._sigmas, np.arange(self._sigmas.size)))
        low = min(int(place), self._sigmas.size - 2)
        profile = (1 - place + low) * self._profiles[low] + (place - low) * self._profiles[low + 1]
        return np.asarray(np.interp(frequency, _CUTS * self.cutoff, profile, right=0.0))

    def transfer(self, shape: tuple[int, int], sigma: float, fine: int = 1) -> NDArray[np.float32]:
        """The same."""
        return _spread_out(self, shape, sigma, fine)


def _of_colour(profiles: Float, wavelength: float) -> Float:
    """Transfer functions (defocus, frequency) of a wavelength, given over that which the tables are for."""
    place = np.minimum(np.sqrt(_WAVES / _WAVES[-1] / wavelength), 1.0) * (_WAVES.size - 1)
    low = np.minimum(place.astype(int), _WAVES.size - 2)
    defocused = profiles[low] + (place - low)[:, None] * (profiles[low + 1] - profiles[low])
    return np.array([np.interp(_CUTS * wavelength, _CUTS, p, right=0.0) for p in defocused])


def _soft_disc(frequency: Float, radius: float, softness: float) -> Float:
    return disc_mtf(frequency, radius) * gaussian_mtf(frequency, softness * radius)


@lru_cache(maxsize=8)
def _disc_table(softness: float) -> tuple[Float, Float]:
    """Equivalent sigmas of discs, and their radii, pixels."""
    radii = np.exp(np.linspace(np.log(0.05), np.log(70), 300))
    return 2.0 * nearest_sigmas(_soft_disc(0.5 * radii[:, None] * RELATIVE[None, :], 1.0, softness)), radii


@lru_cache(maxsize=6)
def _pupil_profiles(obstruction: float = 0.0, sine: float = 0.0) -> Float:
    """Transfer functions (aberration, defocus, frequency) of pupils, by two Hankel transforms.

    Goodman, Introduction to Fourier Optics, sections 5.2 and 6.4: the
    amplitude is the transform of the pupil, the transfer function that of the
    intensity. At high apertures the field is a vector (Richards and Wolf,
    Proc. R. Soc. A 253, 1959), here of an emitter that turns freely.
    """
    rho = obstruction + (1 - obstruction) * (np.arange(200) + 0.5) / 200
    # Radius in units of 1 / cut-off; the intensity is limited to frequency 1 and falls as radius**-3.
    radius = (np.arange(900) + 0.5) * 0.1
    # The pupil's edge is half the cut-off.
    bessel = [jv(order, np.pi * np.outer(radius, rho)) for order in ((0, 1, 2) if sine else (0,))]
    back = j0(2 * np.pi * np.outer(_CUTS, radius)) * radius
    cosine = np.sqrt(1 - (sine * rho) ** 2)
    # Straight, along the axis (twice as strong) and crossed.
    parts = ((1 + cosine) / 2, sine * rho / np.sqrt(2), (1 - cosine) / 2) if sine else (np.ones_like(rho),)
    depth = (1 - cosine) / (1 - np.sqrt(1 - sine**2)) if sine else rho**2
    profiles = []
    for spherical in Pupil.SPHERICAL:
        wave = _WAVES[None, :] * depth[:, None] + spherical * rho[:, None] ** 4
        field = np.exp(2j * np.pi * wave) * (rho / np.sqrt(cosine))[:, None]
        intensity = sum(np.abs((b * part) @ field) ** 2 for b, part in zip(bessel, parts, strict=True))
        transfer = back @ intensity
        profiles.append((transfer / transfer[0]).T)
    return np.asarray(profiles)


def random_family(rng: np.random.Generator) -> Family:
    """Draw a family: mostly Gaussians, some discs, some microscopes."""
    kind = rng.random()
    if kind < 0.62:
        return Gaussian()
    return random_disc(rng) if kind < 0.8 else random_pupil(rng)


@lru_cache(maxsize=512)
def _known_pupil(cutoff: float, spherical: int, obstructed: bool, band: float, sine: float) -> Pupil:
    """Naming all members of a family takes as long as rendering one: not again for every picture."""
    return Pupil(cutoff, spherical, obstructed=obstructed, band=band, sine=sine)


def random_pupil(rng: np.random.Generator) -> Pupil:
    """Draw a microscope, mostly with aberration: the rings of its far side are easily taken for a sharp specimen."""
    cutoff = float(np.exp(rng.integers(25) / 24 * np.log(20.0) + np.log(0.1)))
    spherical = int(rng.integers(1, len(Pupil.SPHERICAL))) if rng.random() < 0.65 else 0
    obstructed = bool(rng.random() < 0.12)
    band, sine = ((0.0, 0.0), (0.03, 0.0), (0.03, 0.9), (0.03, 0.97))[int(rng.integers(4))]
    return _known_pupil(cutoff, spherical, obstructed, band, sine)


def random_disc(rng: np.random.Generator) -> Disc:
    """Draw how soft the edge of a lens's discs is."""
    return Disc((0.0, 0.1, 0.2, 0.3)[int(rng.integers(4))])
