"""Smoothing, filling and the random field over lines of motion keep the shape of the blur."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from scipy import ndimage

from napari_blurmap import BlurMap, BlurMapError, smooth_sigma
from napari_blurmap.result.motion import candidate_lines
from napari_blurmap.result.smooth.mrf import motion_field
from napari_blurmap.result.smooth.smooth import METHODS

SHAPE = ("ellipticity_1", "ellipticity_2", "ellipticity_error")
LINEAR = [name for name in METHODS if name != "mrf"]


def a_map(first=0.5, second=-0.3, error=0.05, status=0, size=(64, 80)):
    one = np.ones(size)
    shape = dict(zip(SHAPE, (first * one, second * one, error * one), strict=True))
    grid, cells = np.arange(0.5, 6.0), np.full((6, size[0] // 4, size[1] // 4), 1 / 6)
    return BlurMap(
        2 * one,
        0.1 * one,
        status * one,
        axes="yx",
        scale=(1, 1),
        units=["px"] * 2,
        provenance={},
        **shape,
        probabilities=cells,
        sigma_grid=grid,
    )


def noise(seed, size=(64, 80)):
    return 0.1 * np.random.default_rng(seed).standard_normal(size)


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_shape_stays_exactly(method):
    m = a_map()
    smooth = smooth_sigma(m, method, image=np.zeros((64, 80)))
    for name in SHAPE:
        np.testing.assert_array_equal(getattr(smooth, name), getattr(m, name))


@pytest.mark.parametrize("method", LINEAR)
def test_noise_of_the_shape_goes_as_that_of_sigma(method):
    m = a_map(0.5 + noise(0), -0.3 + noise(1), error=0.1)
    m.status[:8] = 1
    smooth = smooth_sigma(m, method, image=np.zeros((64, 80)))
    for name in SHAPE[:2]:
        before, after = getattr(m, name), getattr(smooth, name)
        np.testing.assert_array_equal(after[:8], before[:8])
        assert after[8:].std() < 0.5 * before[8:].std()
        assert after[8:].mean() == pytest.approx(before[8:].mean(), abs=0.01)
    assert (smooth.ellipticity_error[8:] >= 0.0999).all()


def test_the_mean_of_the_shape_is_that_of_scipy():
    m = a_map(noise(0), noise(1))
    expected = ndimage.uniform_filter(m.ellipticity_1.astype(float), 7)[7:-7, 7:-7]
    np.testing.assert_allclose(smooth_sigma(m, "mean", strength=7).ellipticity_1[7:-7, 7:-7], expected, atol=1e-6)


def test_what_moves_far_is_as_uncertain():
    m = a_map(np.where(np.arange(80) < 40, 0.8, -0.8), 0.0)
    smooth = smooth_sigma(m, "mean", strength=21)
    assert smooth.ellipticity_error[:, 40].min() > 0.7
    assert smooth.ellipticity_error[:, 10].max() == pytest.approx(0.05)


def test_the_random_field_over_sigma_leaves_the_shape():
    m = a_map(noise(0), noise(1))
    np.testing.assert_array_equal(smooth_sigma(m, "mrf").ellipticity_1, m.ellipticity_1)


def test_lazy_gives_the_same():
    m = a_map(noise(0), noise(1))
    arrays = {name: da.from_array(values) for name, values in (*m.numbers.items(), ("status", m.status))}
    lazy = smooth_sigma(BlurMap(**arrays, axes="yx", scale=(1, 1), units=["px"] * 2, provenance={}), "mean")
    assert isinstance(lazy.ellipticity_2, da.Array)
    np.testing.assert_array_equal(lazy.ellipticity_2.compute(), smooth_sigma(m, "mean").ellipticity_2)


def test_filled_places_have_the_shape_around_them_and_no_angle_of_their_own():
    m = a_map()
    m.status[20:40] = 1
    m.ellipticity_1[20:40] = -0.9
    filled = m.filled()
    np.testing.assert_allclose(filled.ellipticity_1, 0.5, atol=1e-3)
    np.testing.assert_allclose(filled.sigma_major[20:40], m.sigma_major[0, 0], rtol=1e-2)
    np.testing.assert_array_equal(filled.sigma_minor[:20], m.sigma_minor[:20])
    for guess in (filled.ellipticity_error, filled.uncertainty_major, filled.angle):
        assert np.isnan(guess[20:40]).all()
        assert np.isfinite(guess[40:]).all()


def lines(truth, seed=0, sure=4.0):
    """Probabilities of candidates that speak for the true one, with a wrong one in front at every fifth place."""
    rng, count = np.random.default_rng(seed), len(candidate_lines())
    logs = rng.normal(0, 0.3, (count, *truth.shape))
    shown = np.where(rng.random(truth.shape) < 0.2, rng.integers(0, count, truth.shape), truth)
    np.put_along_axis(logs, truth[None], sure - 1, axis=0)
    np.put_along_axis(logs, shown[None], sure, axis=0)
    p = np.exp(logs)
    return (p / p.sum(axis=0)).astype(np.float32)


def test_the_field_over_lines_mends_single_places_and_keeps_borders():
    truth = np.where(np.arange(40) < 20, 14, 50) * np.ones((30, 1), int)
    before = lines(truth)
    after = motion_field(before, candidate_lines(), 1.0)
    np.testing.assert_allclose(after.sum(axis=0), 1, rtol=1e-5)
    wrong = [(p.argmax(axis=0) != truth).mean() for p in (before, after)]
    assert wrong[0] > 0.15
    assert wrong[1] < 0.02


def test_the_field_over_lines_adds_nothing_where_neighbours_agree_and_is_blind_where_there_is_none():
    p = np.repeat(np.repeat(lines(np.full((1, 1), 9)), 6, axis=1), 8, axis=2)
    np.testing.assert_allclose(motion_field(p, candidate_lines(), 1.0), p, rtol=1e-4)
    holes = lines(np.full((12, 12), 9))
    holes[:, 4:8] = np.nan
    after = motion_field(holes, candidate_lines(), 1.0)
    assert np.isnan(after[:, 4:8]).all()
    alone = motion_field(holes[:, :4], candidate_lines(), 1.0)
    np.testing.assert_allclose(after[:, :4], alone, rtol=1e-5)


def test_motion_takes_the_field():
    first = 0.9 + 0 * noise(0)
    first[32:36, 40:44] = -0.1  # hardly told, and the other way
    m = a_map(first, 0.0, error=0.04)
    m.uncertainty[:] = 0.3
    m.status[:4] = 1
    plain, smooth = (m.masked().motion([(5, 0), (5, 90)], strength=strength) for strength in (0, 1))
    assert plain.candidates[plain.nearest[8, 10]].angle == 90
    assert smooth.candidates[smooth.nearest[8, 10]].angle == 0
    assert (smooth.nearest[0] == -1).all()
    np.testing.assert_array_equal(smooth.length, plain.length)
    for wrong in (-0.1, 1.5, "much", np.nan):
        with pytest.raises(BlurMapError, match="strength"):
            m.motion(strength=wrong)
