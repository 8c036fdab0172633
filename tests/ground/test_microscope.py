"""What a microscope can show at best, against Fourier transforms of pupils and published widths."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import fftconvolve
from scipy.special import j1

from napari_blurmap.errors import BlurMapError
from napari_blurmap.ground.microscope import MODES, optics_limit, vector_mtf
from napari_blurmap.ground.optics import airy_mtf, equivalent_sigma

LENSES = [(0.95, 1.0), (1.2, 1.333), (1.4, 1.515)]


def dipole_mtf(frequency, sine, half=64):
    """Richards and Wolf's field, component by component: a dipole along x, y and z, its image by Fourier transforms."""
    size = 8 * half
    y, x = np.mgrid[-size // 2 : size // 2, -size // 2 : size // 2] / half
    inside = np.hypot(x, y) <= 1
    theta = np.arcsin(sine * np.minimum(np.hypot(x, y), 1))
    phi = np.arctan2(y, x)
    # Directions of the ray's two polarisations before the lens; behind it the first points along the radius.
    before = [
        (np.cos(theta) * np.cos(phi), np.cos(theta) * np.sin(phi), -np.sin(theta)),
        (-np.sin(phi), np.cos(phi), np.zeros_like(phi)),
    ]
    behind = [(np.cos(phi), np.sin(phi)), (-np.sin(phi), np.cos(phi))]
    image = 0.0
    for dipole in range(3):
        for axis in range(2):
            field = sum(b[dipole] * a[axis] for b, a in zip(before, behind, strict=True))
            image = image + np.abs(np.fft.fft2(inside * field / np.sqrt(np.cos(theta)))) ** 2
    transfer = np.abs(np.fft.ifft2(image)[0])
    return np.interp(frequency, np.arange(2 * half + 1) / (2 * half), transfer[: 2 * half + 1] / transfer[0])


@pytest.mark.parametrize(("aperture", "index"), LENSES)
def test_the_vectorial_pupil_is_that_of_a_turning_dipole(aperture, index):
    frequency = np.linspace(0, 1, 100)
    np.testing.assert_allclose(
        vector_mtf(frequency, aperture / index), dipole_mtf(frequency, aperture / index), atol=0.015
    )


def test_a_vectorial_pupil_of_a_small_aperture_is_the_airy_pattern():
    frequency = np.linspace(0, 1.2, 50)
    np.testing.assert_allclose(vector_mtf(frequency, 0.02), airy_mtf(frequency, 1.0), atol=2e-4)


def test_at_small_apertures_it_is_the_airy_disc():
    frequency = np.linspace(0, 0.2, 300)
    scalar = equivalent_sigma(frequency, airy_mtf(frequency, 0.2))
    for aperture in (0.1, 0.4, 0.6):
        assert optics_limit(aperture, 10 * aperture, 1.0) == pytest.approx(scalar, rel=1e-3)
    # Well sampled, the Gaussian that fits an Airy disc has sigma = 0.21 wavelength / NA
    # (Zhang, Zerubia and Olivo-Marin, Applied Optics 46, 2007) by the peak; by |MTF| it is a little wider.
    assert optics_limit(0.5, 0.5, 0.05) * 0.05 == pytest.approx(0.22 * 0.5 / 0.5, rel=0.08)


@pytest.mark.parametrize(("aperture", "index", "wider"), [(0.95, 1.0, 1.25), (1.2, 1.333, 1.20), (1.4, 1.515, 1.23)])
def test_at_large_apertures_light_is_a_vector(aperture, index, wider):
    # The ratios of the vectorial to the scalar image by psfmodels 0.3.3, within 4 um of the point.
    frequency = np.linspace(0, 0.2, 300)
    scalar = equivalent_sigma(frequency, airy_mtf(frequency, 0.2))
    assert optics_limit(aperture, 10 * aperture, 1.0, index) / scalar == pytest.approx(wider, abs=0.02)


@pytest.mark.parametrize("mode", MODES)
def test_a_larger_aperture_is_never_blurrier(mode):
    sigmas = [optics_limit(na, 520.0, 40.0, 1.33, mode=mode) for na in np.arange(0.2, 1.25, 0.05)]
    assert np.all(np.diff(sigmas) < 0)


def spot(radius, wavelength, aperture):
    v = np.maximum(2 * np.pi * aperture / wavelength * radius, 1e-6)
    return (2 * j1(v) / v) ** 2


@pytest.mark.parametrize(
    ("mode", "pinhole"), [("confocal", 0.3), ("confocal", 1.0), ("confocal", 2.5), ("spinning disk", 1.1)]
)
def test_pinholes_against_sums_over_the_plane(mode, pinhole):
    aperture, emission, excitation, step = 0.4, 520.0, 488.0, 25.0
    y, x = np.mgrid[-320:321, -320:321] * step
    radius = np.hypot(y, x)
    hole = (radius <= pinhole * 0.61 * emission / aperture).astype(float)
    lit, seen = spot(radius, excitation, aperture), spot(radius, emission, aperture)
    if mode == "confocal":
        image = lit * fftconvolve(seen, hole, mode="same")
    else:
        image = seen * fftconvolve(fftconvolve(lit, hole, mode="same"), hole, mode="same")
    spectrum = np.abs(np.fft.rfft(image.sum(axis=0)))
    cutoff = 2 * aperture * (1 / emission + 1 / excitation)
    frequency = np.linspace(0, cutoff, 200)
    mtf = np.interp(frequency, np.fft.rfftfreq(641, step), spectrum / spectrum[0])
    found = optics_limit(aperture, emission, 100.0, mode=mode, excitation_wavelength=excitation, pinhole=pinhole)
    assert found == pytest.approx(equivalent_sigma(frequency * 100, mtf), rel=0.02)


def test_an_open_pinhole_leaves_the_light_alone():
    light = {"excitation_wavelength": 488.0, "pinhole": 10.0}
    found = optics_limit(0.3, 520.0, 100.0, mode="confocal", **light)
    assert found == pytest.approx(optics_limit(0.3, 488.0, 100.0), rel=0.04)
    found = optics_limit(0.3, 520.0, 100.0, mode="spinning disk", **light)
    assert found == pytest.approx(optics_limit(0.3, 520.0, 100.0), rel=0.06)


@pytest.mark.parametrize(
    ("aperture", "index", "factor", "power"),
    [(0.3, 1.0, 0.320, 1.0), (0.5, 1.0, 0.320, 1.0), (1.2, 1.333, 0.325, 0.91), (1.4, 1.515, 0.325, 0.91)],
)
def test_two_photons_as_published(aperture, index, factor, power):
    # Zipfel, Williams and Webb, Nature Biotechnology 21, 2003: 1/e radius of the squared intensity, by its peak.
    published = factor * 920.0 / (np.sqrt(2) * aperture**power) / np.sqrt(2)
    light = {"mode": "two-photon", "excitation_wavelength": 920.0}
    assert 40 * optics_limit(aperture, 510.0, 40.0, index, **light) == pytest.approx(published, rel=0.08)


def test_what_is_not_given_is_as_for_egfp():
    disk = optics_limit(0.8, 520.0, 100.0, mode="spinning disk")
    assert disk == optics_limit(0.8, 520.0, 100.0, mode="spinning disk", excitation_wavelength=488.8, pinhole=1.8)
    assert disk < optics_limit(0.8, 520.0, 100.0)
    two = optics_limit(0.8, 510.0, 100.0, mode="two-photon")
    assert two == optics_limit(0.8, 510.0, 100.0, mode="two-photon", excitation_wavelength=918.0)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((1.2, 0.5, 0.1), "refractive"),
        ((0.5, 0.0, 0.1), "wavelength"),
        ((0.5, 0.5, float("nan")), "pixel size"),
        ((0.5, 0.5, 0.1, 0.0), "refractive"),
    ],
)
def test_it_refuses_the_impossible(arguments, word):
    with pytest.raises(BlurMapError, match=word):
        optics_limit(*arguments)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mode": "sted"}, "mode is 'sted'; expected one of 'widefield'"),
        ({"pinhole": 1.0}, "widefield microscope has no pinhole"),
        ({"mode": "two-photon", "pinhole": 1.0}, "two-photon microscope has no pinhole"),
        ({"mode": "confocal", "pinhole": 0}, "above 0 and at most 10"),
        ({"mode": "confocal", "pinhole": 11}, "above 0 and at most 10"),
        ({"excitation_wavelength": 488}, "does not count"),
        ({"mode": "confocal", "excitation_wavelength": 561}, "no longer than the latter"),
        ({"mode": "two-photon", "excitation_wavelength": 488}, "is longer than the latter"),
        ({"mode": "two-photon", "excitation_wavelength": "red"}, "excitation wavelength is 'red'"),
    ],
)
def test_a_mode_has_no_more_than_it_has(given, words):
    with pytest.raises(BlurMapError, match=words):
        optics_limit(0.8, 520, 100, **given)
