"""What lies over and beside pictures in training: patterns, noise, lamps, surroundings, plateaus."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage, stats

from napari_blurmap.synthesis import crops, exposure, patterns
from napari_blurmap.synthesis.crops import make_crop
from napari_blurmap.synthesis.exposure import expose
from napari_blurmap.synthesis.lamp import random_lamp
from napari_blurmap.synthesis.levels import blur_periodic
from napari_blurmap.synthesis.patterns import coarse_strength, grain, random_pattern
from napari_blurmap.synthesis.spectral import spectral_noise
from napari_blurmap.synthesis.structure import over_noise, sensitivity_over_noise
from napari_blurmap.synthesis.surroundings import surround

SHAPE = (128, 128)
WHITE = np.random.default_rng(0).standard_normal(SHAPE, dtype=np.float32)


def only(monkeypatch, **shares):
    """Let all crops be of one kind."""
    for name in ("PLAIN", "POINTS", "BARE"):
        monkeypatch.setattr(crops, f"_{name}", shares.get(name, 0.0))


@pytest.mark.parametrize(("block", "expected"), [(1, (1, 1)), (2, (2, 2)), (4, (2, 4))])
def test_coarse_noise_is_known_for_blocks(block, expected):
    noise = np.kron(WHITE[: 128 // block, : 128 // block], np.ones((block, block), np.float32))
    assert coarse_strength(noise) == pytest.approx(expected, rel=0.07)


def test_coarse_noise_follows_from_the_correlation():
    """The variance of a mean is the mean of all covariances in it."""
    smooth = ndimage.gaussian_filter(spectral_noise((512, 512), np.random.default_rng(1), 0.0), 1.2, mode="wrap")
    spectrum = np.abs(np.fft.fft2(smooth)) ** 2
    covariance = np.fft.ifft2(spectrum / spectrum.sum()).real
    covariance /= covariance[0, 0]
    for found, n in zip(coarse_strength(smooth), (2, 4), strict=True):
        lag = np.subtract.outer(np.arange(n), np.arange(n)).ravel()
        assert found == pytest.approx(np.sqrt(covariance[np.ix_(lag, lag)].sum()) / n, rel=0.03)


def test_grain_has_unit_variance_and_many_kinds():
    noises = [grain((64, 64), np.random.default_rng(seed)) for seed in range(120)]
    assert [n.std() for n in noises] == pytest.approx(np.ones(120), abs=0.05)
    coarse = np.array([coarse_strength(n) for n in noises])
    assert (coarse[:, 0] > 1.2).sum() > 15
    assert coarse[:, 1].max() > 2.5


def test_patterns_are_of_several_kinds():
    """On a flat field: shifted lines show nothing, the others the frequency of two pixels, or a ripple."""
    names = {(64, 0): "rows", (0, 64): "columns"}
    kinds = set()
    for seed in range(60):
        flat = random_pattern(np.ones(SHAPE, np.float32), np.random.default_rng(seed))
        peak = np.unravel_index(np.abs(np.fft.rfft2(flat - flat.mean())).argmax(), (128, 65))
        kinds.add("none" if np.ptp(flat) < 1e-5 else names.get(tuple(map(int, peak)), "other"))
    assert kinds == {"none", "rows", "columns", "other"}


def test_shifted_lines_are_scipys_shift():
    soft = blur_periodic(WHITE, np.full(SHAPE, 2.0, np.float32))
    found = patterns._shifted_lines(soft, 1.3)
    np.testing.assert_array_equal(found[::2], soft[::2])
    expected = ndimage.shift(soft, (0, 1.3), order=5, mode="grid-wrap")
    np.testing.assert_allclose(found[1::2], expected[1::2], atol=1e-3 * np.ptp(soft))


def test_few_photons_are_skewed_as_poissons_law(monkeypatch):
    monkeypatch.setattr(exposure, "random_pattern", lambda light, rng: light)
    found = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        picture, noise, coarse, _ = expose(np.full(SHAPE, 0.2, np.float32), rng, electrons=200.0)
        if coarse[1] < 1.05 and picture.min() > 0 and noise[0, 0] == pytest.approx(np.sqrt(0.2 / 200), rel=0.05):
            found.append(stats.skew(picture, axis=None))
    assert len(found) > 5
    assert np.median(found) == pytest.approx(stats.poisson(40).stats(moments="s"), abs=0.05)


def test_lamps_are_smooth_or_one_step():
    for seed in range(60):
        lamp = random_lamp((96, 64), np.random.default_rng(seed))
        assert 0.15 < lamp.min() <= lamp.max() == 1
        bend = np.abs(np.diff(lamp, 2, axis=0)).max() + np.abs(np.diff(lamp, 2, axis=1)).max()
        step = max(np.abs(np.diff(lamp, axis=a)).max() for a in (0, 1))
        assert bend < 0.01 or (np.unique(lamp).size == 2 and step > 0.005)


@pytest.mark.parametrize("sigma", [2.0, 20.0])
def test_structure_counts_the_light_of_a_window(sigma):
    """The oracle is the sum of squares over a Gaussian of the window's variance, divided by its peak."""
    signal = spectral_noise((256, 256), np.random.default_rng(0), 0.0)
    noise, field = np.full(signal.shape, 0.5, np.float32), np.full(signal.shape, sigma, np.float32)
    width = max(5.0, sigma)
    spread = np.sqrt((width**2 - 1) / 6)
    expected = np.sqrt(ndimage.gaussian_filter((signal / 0.5) ** 2, spread)) * width * 0.3
    found = over_noise(signal, noise, field)
    middle = slice(64, -64)
    assert found[middle, middle] == pytest.approx(expected[middle, middle], rel=0.15)


def test_a_lamp_is_no_structure_and_fine_grain_is(monkeypatch):
    only(monkeypatch, BARE=1.0)
    monkeypatch.setattr(crops, "surround", lambda picture, *_: (picture, np.zeros(picture.shape, bool), False, None))
    for seed in range(20):
        assert make_crop(WHITE, np.random.default_rng(seed)).structure.max() == 0
    grainy = blur_periodic(np.float32(0.5) + np.float32(0.15) * WHITE, np.full(SHAPE, 0.5, np.float32))
    found = sensitivity_over_noise(grainy, np.full(SHAPE, 0.01, np.float32), np.full(SHAPE, 0.5, np.float32))
    assert found.min() > 0.7


def test_surroundings_leave_the_picture_and_its_truth(monkeypatch):
    kinds = set()
    for seed in range(60):
        picture, outside, known, other = surround(WHITE, WHITE, np.random.default_rng(seed))
        np.testing.assert_array_equal(picture[~outside], WHITE[~outside])
        if not outside.any():
            continue
        kinds.add((known, other is not None))
        narrow = ndimage.distance_transform_edt(outside).max() < 8
        kinds.add("gap" if narrow else "field")
    assert kinds == {(True, False), (False, False), (False, True), "gap", "field"}


def test_plateaus_are_no_data_and_their_rims_keep_their_truth(monkeypatch):
    """Crops of bright discs: where 3 x 3 pixels are at full scale nothing is asked, beside them all is."""
    only(monkeypatch, POINTS=1.0)
    over = 0
    for seed in range(80):
        crop = make_crop(WHITE[:96, :96], np.random.default_rng(seed))
        top = crop.picture == crop.picture.max()
        block = ndimage.binary_opening(top, np.ones((3, 3)))
        if 20 < block.sum() < top.size / 4 and crop.valid.mean() < 1:
            over += 1
            assert (crop.structure[crop.valid == 0] == 0).all()
    assert over > 2


def test_a_crop_says_its_noise(monkeypatch):
    """Empty crops show it: differences of neighbours over the stated deviation, where it is white."""
    only(monkeypatch, BARE=1.0)
    ratios = []
    for seed in range(60):
        crop = make_crop(WHITE, np.random.default_rng(seed))
        if crop.coarse_noise[0] == pytest.approx(1, abs=0.05) and crop.valid.all():
            z = np.diff(crop.picture[:, ::3], axis=0) / (crop.noise[1:, ::3] * np.sqrt(2))
            ratios.append(1.4826 * np.median(np.abs(z)))
    assert len(ratios) > 20
    assert np.median(ratios) == pytest.approx(1, abs=0.1)


def test_some_of_the_crops_are_not_round():
    """More, and what lies along one direction in nature passes for motion."""
    scene, rng = WHITE[:32, :32], np.random.default_rng(0)
    shaped = [np.hypot(*make_crop(scene, rng).anisotropy).max() > 0.02 for _ in range(300)]
    assert np.mean(shaped) == pytest.approx(0.16, abs=0.05)
