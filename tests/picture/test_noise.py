"""The noise of a picture: measured against cameras of known noise, and put back after blurring."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_blurmap import apply_blur
from napari_blurmap.picture.camera_noise import CameraNoise, estimate_noise
from napari_blurmap.picture.noise import Digits, blur_again
from napari_blurmap.synthesis.camera import Camera
from napari_blurmap.synthesis.scenes import random_scene

#: What a perfectly focused microscope leaves of a scene.
OPTICS = 0.7
FREE = Digits(-np.inf, np.inf, 0.0)


def camera_sd(camera, grey):
    """EMVA 1288: photon and read noise, and rounding."""
    gain = camera.gain or 0.95 * (2**camera.bits - 1 - camera.offset) / camera.photons
    photons = np.maximum((grey - camera.offset) / gain, 0)
    return np.sqrt(gain**2 * (photons + camera.read_noise**2) + 1 / 12)


@pytest.mark.parametrize("kind", ["dead leaves", "nuclei", "tissue", "filaments"])
@pytest.mark.parametrize(
    "camera",
    [Camera(8, 2000.0, 3.0, offset=10), Camera(12, 5000.0, 10.0, offset=100), Camera(16, 500.0, 5.0, offset=400)],
    ids=str,
)
def test_the_noise_of_a_known_camera_is_found(kind, camera):
    scene = apply_blur(random_scene((384, 384), 3, kind=kind), OPTICS)
    picture = camera.expose(0.8 * scene + 0.05, np.random.default_rng(1))
    greys = np.quantile(picture, [0.1, 0.5, 0.8])
    found = np.sqrt(estimate_noise(picture).variance(greys))
    assert found == pytest.approx(camera_sd(camera, greys), rel=0.25)


def test_photon_noise_rises_with_the_light():
    ramp = np.linspace(0.05, 1, 512) * np.ones((256, 1))
    camera = Camera(16, 3000.0, 0.0)
    noise = estimate_noise(camera.expose(ramp, np.random.default_rng(0)))
    slope = (noise.variances[1] - noise.variances[0]) / (noise.greys[1] - noise.greys[0])
    assert slope == pytest.approx(0.95 * 65535 / 3000, rel=0.1)  # the gain: grey levels an electron


def test_clipped_places_do_not_hide_the_noise():
    rng = np.random.default_rng(0)
    picture = np.clip(rng.normal(200, 10, (256, 256)), 0, 255)
    picture[:160] = 255
    found = estimate_noise(picture, usable=picture < 255)
    assert found.variance(200.0) == pytest.approx(100, rel=0.15)
    assert estimate_noise(picture, usable=np.zeros(picture.shape, bool)) is None


@pytest.mark.parametrize("sigma", [0.6, 1.5, 6.0])
def test_noise_is_white_and_as_strong_as_before(sigma):
    camera = Camera(16, 800.0, 6.0, offset=300)
    flat = camera.expose(np.full((256, 256), 0.5), np.random.default_rng(0))
    again = blur_again(flat, sigma, estimate_noise(flat), FREE, np.random.default_rng(1))
    assert again.std() == pytest.approx(flat.std(), rel=0.06)
    off = again - again.mean()
    for step in ((0, 1), (1, 0), (1, 1), (0, 2), (3, 0)):
        assert abs(np.mean(off * np.roll(off, step, (0, 1)))) < 0.04 * off.var()


@pytest.mark.parametrize("added", [0.8, 2.5])
def test_blurring_again_is_like_blurring_before_the_camera(added):
    """Band by band, the power is that of a picture which was really taken with the larger blur."""
    scene = 0.7 * random_scene((256, 256), 5, kind="dead leaves") + 0.1
    camera = Camera(12, 3000.0, 8.0, offset=50)
    taken = camera.expose(apply_blur(scene, OPTICS), np.random.default_rng(0))
    again = blur_again(taken, added, estimate_noise(taken), Digits(0, 4095, 1), np.random.default_rng(1))
    real = camera.expose(apply_blur(apply_blur(scene, OPTICS), added), np.random.default_rng(2))
    assert again.std() == pytest.approx(real.std(), rel=0.01)
    for low, high in ((0.02, 0.08), (0.08, 0.2), (0.2, 0.35), (0.35, 0.5)):
        assert band_power(again, low, high) == pytest.approx(band_power(real, low, high), rel=0.2)
    blurred_only = np.rint(ndimage.gaussian_filter(taken.astype(float), added))
    assert band_power(blurred_only, 0.35, 0.5) < 0.2 * band_power(real, 0.35, 0.5)


def band_power(picture, low, high):
    window = np.outer(*(np.hanning(n) for n in picture.shape))
    power = np.abs(np.fft.fft2((picture - picture.mean()) * window)) ** 2
    radius = np.hypot(*np.meshgrid(*(np.fft.fftfreq(n) for n in picture.shape), indexing="ij"))
    return power[(radius >= low) & (radius < high)].mean()


def test_without_noise_it_is_scipys_blur():
    picture = np.random.default_rng(0).integers(0, 4096, (64, 80)).astype(float)
    plain = ndimage.gaussian_filter(picture, 1.7, truncate=4)
    again = blur_again(picture, 1.7, None, FREE, np.random.default_rng(0))
    np.testing.assert_allclose(again, plain, atol=1e-9)
    steps = blur_again(picture, 1.7, None, Digits(0, 2000, 16), np.random.default_rng(0))
    np.testing.assert_array_equal(steps, np.clip(np.rint(plain / 16) * 16, 0, 2000))


def test_clipped_light_gets_no_noise():
    picture = np.full((64, 64), 255.0)
    picture[:, :32] = 100
    noise = CameraNoise((0.0, 255.0), (25.0, 25.0))
    again = blur_again(picture, 1.0, noise, Digits(0, 255, 1), np.random.default_rng(0))
    assert (again[:, 40:] == 255).all()
    assert again[:, :24].std() > 4


def test_rounding_is_not_added_twice():
    """A picture whose only noise is that of its coarse steps stays within a twelfth of their square, twice at most."""
    noise = CameraNoise((0.0, 1000.0), (1.2 * 64 / 12,) * 2)
    flat = np.full((256, 256), 400.0)
    again = blur_again(flat, 4.0, noise, Digits(0, 1000, 8.0), np.random.default_rng(0))
    dither = np.sqrt(0.2 * 64 / 12)  # what is left to add before the steps of 8: seldom enough to reach the next one
    assert (again != flat).mean() < 4 * np.exp(-0.5 * (4 / dither) ** 2)


def test_beyond_what_was_measured_photon_noise_goes_on_rising_and_a_gamma_does_not_go_on_falling():
    np.testing.assert_allclose(CameraNoise((100, 200), (4, 6)).variance([50, 150, 400]), [4, 5, 10])
    np.testing.assert_allclose(CameraNoise((100, 200), (6, 4)).variance([50, 150, 400]), [6, 5, 4])
    np.testing.assert_allclose(CameraNoise((100, 100), (6, 6)).variance([50, 150]), [6, 6])
