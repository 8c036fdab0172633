"""Kernels and transfer functions against independent numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from scipy.signal import fftconvolve

from napari_blurmap.ground.optics import (
    FWHM_PER_SIGMA,
    airy_mtf,
    disc_mtf,
    equivalent_sigma,
    fwhm_to_sigma,
    gaussian_kernel,
    gaussian_mtf,
    kernel_radius,
)


@pytest.mark.parametrize("sigma", [0.3, 0.5, 1.0, 1.37, 2.9, 7.0])
def test_kernel_is_scipys(sigma):
    impulse = np.zeros(101)
    impulse[50] = 1.0
    expected = ndimage.gaussian_filter1d(impulse, sigma)
    kernel = gaussian_kernel(sigma)
    radius = kernel.size // 2
    np.testing.assert_allclose(kernel, expected[50 - radius : 51 + radius], atol=1e-15)
    assert kernel_radius(sigma) == radius


def test_kernel_matlab():
    # fspecial('gaussian', [1 3], 0.5) and imgaussfilt's width 2*ceil(2*sigma)+1, from MATLAB's documentation
    np.testing.assert_allclose(gaussian_kernel(0.5, "matlab"), [0.1065, 0.7870, 0.1065], atol=5e-5)
    assert [gaussian_kernel(s, "matlab").size for s in (0.3, 0.6, 1.0, 1.1, 3.0)] == [3, 5, 5, 7, 13]


def test_fwhm_where_the_gaussian_is_half():
    half = FWHM_PER_SIGMA / 2
    assert np.exp(-0.5 * half**2) == pytest.approx(0.5)
    assert fwhm_to_sigma(FWHM_PER_SIGMA * 1.7) == pytest.approx(1.7)


def test_disc_mtf_is_the_transform_of_a_disc():
    radius = 12.3
    fine = 8  # sub-pixels, so that the raster's own edge does not matter
    yy, xx = np.meshgrid(*(2 * [(np.arange(128 * fine) + 0.5) / fine - 64]), indexing="ij")
    disc = (np.hypot(yy, xx) <= radius).reshape(128, fine, 128, fine).mean(axis=(1, 3))
    spectrum = np.abs(np.fft.fft(np.fft.fft(disc, axis=0)[0])) / disc.sum()
    frequency = np.arange(20) / 128
    pixel = np.sinc(frequency)
    np.testing.assert_allclose(np.abs(disc_mtf(frequency, radius)) * pixel, spectrum[:20], atol=2e-3)


def test_airy_mtf_is_the_autocorrelation_of_the_pupil():
    n = 512
    y, x = np.mgrid[:n, :n] - n // 2
    pupil = (np.hypot(y, x) <= 100).astype(float)
    overlap = fftconvolve(pupil, pupil[::-1, ::-1], mode="same")
    along = overlap[n // 2 - 1, n // 2 - 1 :][:200] / overlap.max()
    np.testing.assert_allclose(airy_mtf(np.arange(200) / 200, 1.0), along, atol=0.01)


@pytest.mark.parametrize("sigma", [0.2, 0.7, 3.0, 15.0])
def test_equivalent_sigma_of_a_gaussian_is_its_own(sigma):
    f = np.linspace(0, 0.5, 300)
    assert equivalent_sigma(f, gaussian_mtf(f, sigma)) == pytest.approx(sigma, rel=1e-3)


@pytest.mark.parametrize(("radius", "sigma"), [(0.5, 0.25), (6.0, 3.275)])
def test_equivalent_sigma_of_a_disc(radius, sigma):
    # A small disc: its second moment, r / 2. A large one: the end of the conversion table published
    # with BENet (Karaali, Harte and Jung, TIP 2022).
    f = np.linspace(0, 0.5, 400)
    assert equivalent_sigma(f, disc_mtf(f, radius)) == pytest.approx(sigma, rel=0.03)
