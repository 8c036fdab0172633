"""Kernels, cameras and burned-in drawings of the training pictures, against closed formulas and other libraries."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_blurmap.ground.microscope import optics_limit, pupil_mtf
from napari_blurmap.ground.optics import airy_mtf, equivalent_sigma
from napari_blurmap.picture.camera_noise import estimate_noise
from napari_blurmap.picture.plane import told_deviation
from napari_blurmap.synthesis import crops, kernels
from napari_blurmap.synthesis.burn_in import burn_in
from napari_blurmap.synthesis.crops import make_crop
from napari_blurmap.synthesis.exposure import expose
from napari_blurmap.synthesis.kernels import Disc, Gaussian, Pupil
from napari_blurmap.synthesis.levels import blur_periodic
from napari_blurmap.synthesis.scenes import random_scene
from napari_blurmap.synthesis.structure import mistakable, sensitivity_over_noise
from napari_blurmap.synthesis.surfaces import lit
from napari_blurmap.training.synthetic_crops import SyntheticCrops

FREQUENCY = np.linspace(0, 0.5, 120)


def along_x(family, sigma):
    """Transfer function along one axis, at ``FREQUENCY``."""
    row = family.transfer((256, 256), sigma)[0]
    return np.interp(FREQUENCY, np.fft.rfftfreq(256), row)


@pytest.mark.parametrize("sigma", [0.3, 0.9, 4.0])
def test_the_gaussian_family_is_scipys_filter(sigma):
    scene = np.random.default_rng(0).random((96, 64)).astype(np.float32)
    blurred = np.fft.irfft2(np.fft.rfft2(scene) * Gaussian().transfer(scene.shape, sigma), s=scene.shape)
    np.testing.assert_allclose(blurred, ndimage.gaussian_filter(scene, sigma, mode="wrap"), atol=1e-5)


@pytest.mark.parametrize(
    "family", [Disc(), Disc(0.3), Pupil(0.4), Pupil(1.3), Pupil(1.3, 1), Pupil(0.8, 4), Pupil(0.8, sine=0.97)]
)
@pytest.mark.parametrize("wanted", [1.5, 3.0, 8.0])
def test_a_family_member_has_the_sigma_it_is_called_by(family, wanted):
    sigma = float(family.clamp(np.full((1, 1), wanted, np.float32))[0, 0])
    top = min(0.5, getattr(family, "cutoff", 0.5))
    seen = along_x(family, sigma)[top * 0.999 >= FREQUENCY]
    assert equivalent_sigma(FREQUENCY[: seen.size], seen) == pytest.approx(sigma, rel=0.06)


def test_microscopes_are_one_in_five_and_most_of_them_aberrated(monkeypatch):
    monkeypatch.setattr(kernels, "_known_pupil", lambda *drawn: drawn)
    rng = np.random.default_rng(0)
    families = [kernels.random_family(rng) for _ in range(2000)]
    drawn = [family for family in families if isinstance(family, tuple)]
    assert len(drawn) / 2000 == pytest.approx(0.2, abs=0.03)
    assert sum(isinstance(f, Disc) for f in families) / 2000 == pytest.approx(0.18, abs=0.03)
    cutoffs, spherical, obstructed, _, _ = (np.array(values) for values in zip(*drawn, strict=True))
    assert np.mean(spherical > 0) == pytest.approx(2 / 3, abs=0.06)
    assert np.mean(obstructed) == pytest.approx(0.12, abs=0.05)
    assert set(spherical) == set(range(len(Pupil.SPHERICAL)))
    assert (cutoffs.min(), cutoffs.max()) == pytest.approx((0.1, 2.0))


def test_a_pupil_in_focus_is_the_airy_pattern_and_its_sharpest():
    family = Pupil(0.45)
    sharpest = float(family.clamp(np.zeros((1, 1), np.float32))[0, 0])
    np.testing.assert_allclose(along_x(family, sharpest), airy_mtf(FREQUENCY, 0.45), atol=0.01)
    assert sharpest == pytest.approx(optics_limit(0.45, 2.0, 1.0), rel=0.02)


@pytest.mark.parametrize(("spherical", "defocus"), [(0, 15), (1, 20), (4, 25)])
def test_pupils_against_the_fourier_transform_of_the_pupil(spherical, defocus):
    half = 96
    y, x = np.mgrid[-512:512, -512:512] / half
    wave = kernels._WAVES[defocus] * (x**2 + y**2) + Pupil.SPHERICAL[spherical] * (x**2 + y**2) ** 2
    field = (np.hypot(x, y) <= 1) * np.exp(2j * np.pi * wave)
    transfer = np.fft.ifft2(np.abs(np.fft.fft2(field)) ** 2)[0].real
    expected = np.interp(kernels._CUTS, np.arange(2 * half + 1) / (2 * half), transfer[: 2 * half + 1] / transfer[0])
    np.testing.assert_allclose(kernels._pupil_profiles()[spherical, defocus], expected, atol=0.02)


@pytest.mark.parametrize("sine", [0.9, 0.97])
def test_a_vectorial_pupil_in_focus_is_that_of_the_optics_limit(sine):
    """`pupil_mtf` is the overlap of the pupil with itself in three dimensions, without any Hankel transform."""
    expected = pupil_mtf(kernels._CUTS, sine)
    np.testing.assert_allclose(kernels._pupil_profiles(sine=sine)[0, 0], expected, atol=0.02)


def test_a_small_aperture_needs_no_vectors():
    scalar, vector = kernels._pupil_profiles(), kernels._pupil_profiles(sine=0.05)
    np.testing.assert_allclose(vector[[0, 3], ::10], scalar[[0, 3], ::10], atol=2e-3)


def test_half_of_the_crops_are_told_the_noise_that_is_measured_in_them():
    crops_of, measured, off = SyntheticCrops(96, count=60, seed=5, largest=30.0), 0, []
    for inputs, _ in crops_of:
        picture, valid, told = (plane.numpy() for plane in inputs[:3])
        noise = estimate_noise(picture, usable=valid > 0)
        if noise is not None and np.allclose(told, told_deviation(noise, picture), rtol=1e-3):
            measured += 1
        elif told.any():
            off.append(float(np.median(told)))
    assert measured / 60 == pytest.approx(0.5, abs=0.15)
    assert len(off) > 15  # the others are told their own, or about that


@pytest.mark.parametrize("family", [Disc(), Disc(0.2), Pupil(1.3)])
def test_defocus_keeps_the_sum_and_reverses_contrast(family):
    grating = np.tile(0.5 + 0.5 * np.cos(2 * np.pi * np.arange(128) / 8), (128, 1)).astype(np.float32)
    blurred = blur_periodic(grating, np.full(grating.shape, 3.0, np.float32), family)
    assert blurred.mean() == pytest.approx(grating.mean(), abs=1e-5)
    assert np.corrcoef(blurred.ravel(), grating.ravel())[0, 1] < -0.9


def test_noise_is_as_large_as_stated():
    """Robust deviation of flat fields over the stated one; bad pixels, JPEG and gamma disturb single pictures."""
    ratios = []
    for seed in range(60):
        picture, noise, _, _ = expose(np.full((64, 64), 0.4, np.float32), np.random.default_rng(seed))
        deviation = 1.4826 * np.median(np.abs(picture - np.median(picture)))
        if noise.mean() > 0.002:  # else the grey levels are coarser than the noise
            ratios.append(deviation / noise.mean())
    assert len(ratios) > 25
    assert np.median(ratios) == pytest.approx(1.0, abs=0.05)


def test_pictures_stay_within_full_scale():
    light = np.linspace(-0.2, 1.5, 64 * 64, dtype=np.float32).reshape(64, 64)
    for seed in range(40):
        picture, noise, _, _ = expose(light, np.random.default_rng(seed))
        assert 0 <= picture.min() <= picture.max() <= 1
        assert (noise > 0).all()


def test_burned_in_drawings_are_marked():
    picture = np.random.default_rng(0).random((96, 96)).astype(np.float32)
    for seed in range(30):
        drawn, mask = burn_in(picture, np.random.default_rng(seed))
        assert mask.any()
        assert not mask.all()
        changed = drawn != picture
        assert mask[changed].all()
        assert np.unique(drawn[changed]).size == 1


def test_overlays_and_empty_ground_are_labelled_without_structure():
    """Where every kind of crop has structure, the light there varies by more than its noise."""
    scene = random_scene((128, 128), 3, kind="dead leaves")
    shares = []
    for seed in range(40):
        crop = make_crop(scene, np.random.default_rng(seed))
        assert np.isfinite(crop.sigma).all()
        assert crop.sigma.min() >= 0.04
        shares.append((crop.structure > 0.7).mean())
    assert min(shares) < 0.2 < 0.8 < max(shares)


def test_haze_is_named_by_the_sharpest_layer():
    """Where the specimen shows above the noise its own sigma is the truth, elsewhere that of the haze."""
    from napari_blurmap.synthesis.crops import _hazy, _labels

    scene = random_scene((128, 128), 3, kind="dead leaves")
    layer = _hazy(scene, np.random.default_rng(4), 30.0)
    assert layer.behind_sigma > 2 * layer.sigma.max() or layer.behind_sigma == 30.0
    assert (layer.whole - layer.detail).std() > 0
    sigma, _, structure = _labels(layer, np.full(scene.shape, 0.05, np.float32), (1.0, 1.0))
    assert set(np.unique(sigma)) <= {*np.unique(layer.sigma), np.float32(layer.behind_sigma)}
    hiding = mistakable(np.float32(0.05), (1.0, 1.0), layer.sigma)
    assert (structure >= sensitivity_over_noise(layer.detail, hiding, layer.sigma) - 1e-6).all()


def test_an_object_before_a_ground_shows_both_sigmas():
    from napari_blurmap.synthesis.crops import _hidden_layer

    scene = random_scene((128, 128), 3, kind="dead leaves")
    for seed in range(5):
        sigmas = np.unique(_hidden_layer(scene, np.random.default_rng(seed), 30.0).sigma)
        assert 1 <= sigmas.size <= 2


def test_the_sharper_sigma_lies_where_the_light_is_finer():
    """Of an object before a ground, whichever of them is the sharper one: there the light bends more."""
    from napari_blurmap.synthesis.crops import _hidden_layer

    scene, right = random_scene((128, 128), 3, kind="dead leaves"), []
    for seed in range(40):
        light, *_ = layer = _hidden_layer(scene, np.random.default_rng(seed), 30.0)
        sharp = layer.sigma == layer.sigma.min()
        if 0.1 < sharp.mean() < 0.9 and layer.sigma.max() > 3 * layer.sigma.min():
            bends = ndimage.laplace(light) ** 2
            right.append(bends[sharp].mean() > bends[~sharp].mean())
    assert len(right) > 12
    assert np.mean(right) > 0.9


def test_what_is_drawn_into_a_crop_is_no_structure(monkeypatch):
    """Nor are the pixels next to it, however sharp they are."""
    marked = []

    def draw(picture, rng):
        drawn, mask = burn_in(picture, rng)
        marked.append(mask)
        return drawn, mask

    monkeypatch.setattr(crops, "burn_in", draw)
    scene = random_scene((128, 128), 3, kind="dead leaves")
    for seed in range(60):
        before = len(marked)
        crop = make_crop(scene, np.random.default_rng(seed))
        for mask in marked[before:]:
            assert (crop.structure[mask] == 0).all()
    assert len(marked) > 2


@pytest.mark.parametrize("sigma", [1.0, 2.5])
def test_sensitivity_is_the_derivative_by_the_logarithm_of_sigma(sigma):
    """The oracle is the difference of two of scipy's blurs."""
    scene = random_scene((128, 128), 3, kind="dead leaves")
    noise = np.full(scene.shape, 0.02, np.float32)
    blurred, more, less = (ndimage.gaussian_filter(scene, sigma * f, mode="wrap") for f in (1, 1.02, 0.98))
    found = sensitivity_over_noise(blurred, noise, np.full(scene.shape, sigma, np.float32))
    expected = 1.5 * np.sqrt(ndimage.gaussian_filter(((more - less) / 0.04) ** 2, 2.0)) / 0.02
    middle = slice(16, -16)
    assert np.corrcoef(found[middle, middle].ravel(), expected[middle, middle].ravel())[0, 1] > 0.95
    assert found.mean() == pytest.approx(expected.mean(), rel=0.15)


def test_even_light_and_its_gradient_have_no_sensitivity():
    y, x = np.mgrid[:64, :64].astype(np.float32)
    noise, sigma = np.full(x.shape, 1e-3, np.float32), np.full(x.shape, 2.0, np.float32)
    ratio = sensitivity_over_noise(0.2 + 0.004 * x + 0.002 * y, noise, sigma)
    assert ratio[12:-12, 12:-12].max() < 0.05


def test_light_on_a_slope_follows_lamberts_law():
    height = np.tile(np.abs(np.arange(64) - 32).astype(np.float32), (32, 1))  # a valley of two slopes of 45 degrees
    bright = lit(height, azimuth=0.0, elevation=45.0)
    assert bright[:, 10] == pytest.approx(np.ones(32), abs=1e-6)  # faces the light
    assert bright[:, 50] == pytest.approx(np.zeros(32), abs=1e-6)  # grazed
    assert lit(np.zeros((4, 4), np.float32), azimuth=77.0, elevation=30.0) == pytest.approx(np.full((4, 4), 0.5))
