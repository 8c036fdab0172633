"""Families of blur kernels by their transfer functions: Gaussian, disc, and a microscope's defocused pupil.

A family is one lens at all its distances from focus. Each member goes by its
equivalent sigma (`napari_blurmap.ground.optics.equivalent_sigma`'s rule), so that one
field of sigma can be rendered through any of them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy.special import j0

from ..ground.optics import disc_mtf, gaussian_kernel, gaussian_mtf

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float = NDArray[np.float64]

#: Candidates of the equivalent sigma, in periods of the highest frequency looked at.
_CANDIDATES = np.exp(np.linspace(np.log(0.005), np.log(80.0), 700))
_RELATIVE = np.linspace(0.0, 1.0, 150)
#: Defocus in wavelengths at the pupil's edge, fine near focus.
_WAVES = 8.0 * np.linspace(0.0, 1.0, 40) ** 2
#: Radial frequencies of a pupil's transfer function, over its cut-off.
_CUTS = np.linspace(0.0, 1.0, 129)


class Family(Protocol):
    """What a picture is blurred with."""

    def clamp(self, field: NDArray[np.float32]) -> NDArray[np.float32]:
        """The nearest sigma that the family has, pixels."""
        ...

    def transfer(self, shape: tuple[int, int], sigma: float) -> NDArray[np.float32]:
        """Transfer function of one sigma on the grid of ``rfft2``; real, it may be negative."""
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
    return np.asarray(_CANDIDATES[misfit.argmin(axis=1)])


@lru_cache(maxsize=1)
def _gaussians() -> tuple[Float, Float]:
    """MTFs of Gaussians (candidate, frequency), and the sums of their squares."""
    gaussians = gaussian_mtf(_CANDIDATES[:, None] * _RELATIVE[None, :], 1.0)
    return gaussians, (gaussians**2).sum(axis=1)


def _radial(shape: tuple[int, int]) -> Float:
    return np.asarray(np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None, :]))


class Gaussian:
    """scipy's sampled Gaussian, cut at 4 sigma."""

    def clamp(self, field: NDArray[np.float32]) -> NDArray[np.float32]:
        """Every sigma exists."""
        return field

    def transfer(self, shape: tuple[int, int], sigma: float) -> NDArray[np.float32]:
        """Of the sampled kernel, exactly."""
        kernel = gaussian_kernel(sigma)
        kernel = kernel[kernel.size // 2 :]
        k = np.arange(1, kernel.size)
        axes = (np.abs(np.fft.fftfreq(shape[0])), np.fft.rfftfreq(shape[1]))
        along = [kernel[0] + 2.0 * np.cos(2 * np.pi * np.outer(f, k)) @ kernel[1:] for f in axes]
        return np.asarray(np.outer(*along), dtype=np.float32)


class Disc:
    """Discs: a photographic lens out of focus.

    Parameters
    ----------
    softness : float, default=0.0
        Sigma of the Gaussian that softens the edge, over the radius: real
        apertures are no perfect circles, and real lenses have aberrations.
    """

    def __init__(self, softness: float = 0.0) -> None:
        self.softness = softness

    def clamp(self, field: NDArray[np.float32]) -> NDArray[np.float32]:
        """Every sigma exists."""
        return field

    def transfer(self, shape: tuple[int, int], sigma: float) -> NDArray[np.float32]:
        """Signed: it reverses contrast."""
        radius = float(np.interp(sigma, *_disc_table(self.softness)))
        return np.asarray(_soft_disc(_radial(shape), radius, self.softness), dtype=np.float32)


class Pupil:
    """A circular pupil with defocus and spherical aberration, incoherent light.

    Parameters
    ----------
    cutoff : float
        ``2 NA / wavelength``, cycles per pixel.
    spherical : int, default=0
        Index into `SPHERICAL`: fourth-power aberration in wavelengths.
    """

    #: Spherical aberration at the pupil's edge, wavelengths; the sign is that against the defocus.
    SPHERICAL = (0.0, 0.4, -0.4, 0.9, -0.9)

    def __init__(self, cutoff: float, spherical: int = 0) -> None:
        self.cutoff = cutoff
        self._profiles = _pupil_profiles()[spherical]
        seen = np.array([np.interp(_RELATIVE * min(0.5, cutoff), _CUTS * cutoff, p) for p in self._profiles])
        sigmas = nearest_sigmas(seen) / min(0.5, cutoff)
        # Aberration and defocus may cancel: the family starts at its sharpest member.
        first = int(sigmas.argmin())
        self._sigmas = np.maximum.accumulate(sigmas[first:]) + 1e-6 * np.arange(sigmas.size - first)
        self._profiles = self._profiles[first:]

    def clamp(self, field: NDArray[np.float32]) -> NDArray[np.float32]:
        """No lens is sharper than its optics limit."""
        return np.clip(field, self._sigmas[0], self._sigmas[-1]).astype(np.float32)

    def transfer(self, shape: tuple[int, int], sigma: float) -> NDArray[np.float32]:
        """Of the member with that sigma, interpolated between neighbours in defocus."""
        place = float(np.interp(sigma, self._sigmas, np.arange(self._sigmas.size)))
        low = min(int(place), self._sigmas.size - 2)
        profile = (1 - place + low) * self._profiles[low] + (place - low) * self._profiles[low + 1]
        return np.asarray(np.interp(_radial(shape), _CUTS * self.cutoff, profile, right=0.0), dtype=np.float32)


def _soft_disc(frequency: Float, radius: float, softness: float) -> Float:
    return disc_mtf(frequency, radius) * gaussian_mtf(frequency, softness * radius)


@lru_cache(maxsize=8)
def _disc_table(softness: float) -> tuple[Float, Float]:
    """Equivalent sigmas of discs, and their radii, pixels."""
    radii = np.exp(np.linspace(np.log(0.05), np.log(70), 300))
    return 2.0 * nearest_sigmas(_soft_disc(0.5 * radii[:, None] * _RELATIVE[None, :], 1.0, softness)), radii


@lru_cache(maxsize=1)
def _pupil_profiles() -> Float:
    """Transfer functions (aberration, defocus, frequency) of pupils, by two Hankel transforms.

    Goodman, Introduction to Fourier Optics, sections 5.2 and 6.4: the
    amplitude is the transform of the pupil, the transfer function that of the
    intensity.
    """
    rho = (np.arange(200) + 0.5) / 200
    # Radius in units of 1 / cut-off; the intensity is limited to frequency 1 and falls as radius**-3.
    radius = (np.arange(900) + 0.5) * 0.1
    # The pupil's edge is half the cut-off.
    amplitude = j0(np.pi * np.outer(radius, rho)) * rho
    back = j0(2 * np.pi * np.outer(_CUTS, radius)) * radius
    profiles = []
    for spherical in Pupil.SPHERICAL:
        wave = _WAVES[None, :] * rho[:, None] ** 2 + spherical * rho[:, None] ** 4
        intensity = np.abs(amplitude @ np.exp(2j * np.pi * wave)) ** 2
        transfer = back @ intensity
        profiles.append((transfer / transfer[0]).T)
    return np.asarray(profiles)


def random_family(rng: np.random.Generator) -> Family:
    """Draw a family: mostly Gaussians, some discs, some microscopes."""
    kind = rng.random()
    if kind < 0.62:
        return Gaussian()
    if kind < 0.8:
        return random_disc(rng)
    # Mostly with aberration: the rings of its far side are easily taken for a sharp specimen.
    spherical = int(rng.integers(1, len(Pupil.SPHERICAL))) if rng.random() < 0.65 else 0
    return Pupil(float(np.exp(rng.uniform(np.log(0.15), np.log(1.5)))), spherical)


def random_disc(rng: np.random.Generator) -> Disc:
    """Draw how soft the edge of a lens's discs is."""
    return Disc((0.0, 0.1, 0.2, 0.3)[int(rng.integers(4))])
