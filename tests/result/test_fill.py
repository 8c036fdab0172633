"""Filling: against a direct solution of the same equations, and what a fill must never do."""

from __future__ import annotations

import time

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.linalg import spsolve

from napari_blurmap.picture.stack import as_stack
from napari_blurmap.result.fill import _doubled, _halved, fill_from_judged, fill_planes

RANDOM = np.random.default_rng(0)


def solved_directly(sigma, uncertainty, judged):
    """The plain diffusion of the module's docstring, its matrix put together pixel by pixel."""
    rows, columns = sigma.shape
    relative = np.median(uncertainty[judged]) / uncertainty
    weight = np.where(judged, 0.01 * np.clip(relative**2, 0.01, 100), 0)
    matrix = sparse.lil_matrix((sigma.size, sigma.size))
    for row in range(rows):
        for column in range(columns):
            i = row * columns + column
            matrix[i, i] += weight[row, column]
            for other in ([i + 1] if column + 1 < columns else []) + ([i + columns] if row + 1 < rows else []):
                for a, b in ((i, other), (other, i)):
                    matrix[a, a] += 1
                    matrix[a, b] -= 1
    right = weight * np.where(judged, sigma, 0)
    return np.where(judged, sigma, spsolve(matrix.tocsr(), right.ravel()).reshape(sigma.shape))


def scattered(shape, share, seed=0):
    random = np.random.default_rng(seed)
    sigma = random.uniform(0.5, 5, shape).astype(np.float32)
    return sigma, random.uniform(0.02, 1, shape).astype(np.float32), random.random(shape) < share


@pytest.mark.parametrize("shape", [(40, 40), (23, 57)])
@pytest.mark.parametrize("share", [0.02, 0.5])
def test_without_a_picture_it_solves_its_equations(shape, share):
    sigma, uncertainty, judged = scattered(shape, share)
    expected = solved_directly(sigma, uncertainty, judged)
    found = fill_from_judged(sigma, uncertainty, judged)
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_the_levels_of_the_pyramid_fit_onto_each_other():
    ramp = np.add.outer(np.arange(20.0), 3 * np.arange(31.0)).astype(np.float32)
    back = _doubled(_halved(ramp, mean=True), ramp.shape)
    np.testing.assert_allclose(back[2:-2, 2:-3], ramp[2:-2, 2:-3], atol=1e-4)
    assert _halved(ramp).sum() == pytest.approx(ramp.sum())


@given(st.integers(1, 40), st.integers(1, 40), st.floats(0.01, 1), st.booleans(), st.integers(0, 99))
def test_stays_within_the_judged_values_and_keeps_them(rows, columns, share, with_picture, seed):
    sigma, uncertainty, judged = scattered((rows, columns), share, seed)
    judged.flat[seed % judged.size] = True
    sigma[~judged] = np.nan
    image = np.random.default_rng(seed).random((rows, columns)) if with_picture else None
    found = fill_from_judged(sigma, uncertainty, judged, image)
    np.testing.assert_array_equal(found[judged], sigma[judged])
    assert found.min() >= sigma[judged].min()
    assert found.max() <= sigma[judged].max()


@pytest.mark.parametrize("with_picture", [False, True])
def test_a_constant_stays_constant_over_wide_gaps(with_picture):
    judged = np.zeros((300, 200), bool)
    judged[5, 5] = True
    sigma = np.where(judged, 1.7, np.nan)
    image = RANDOM.random(judged.shape) if with_picture else None
    assert np.all(fill_from_judged(sigma, np.ones(judged.shape), judged, image) == np.float32(1.7))


def two_objects():
    """Left and right half of different grey and blur, judged only in the outer columns."""
    image = np.zeros((96, 128))
    image[:, 64:] = 100
    truth = np.where(image > 50, 4.0, 1.0)
    judged = np.zeros(image.shape, bool)
    judged[:, :8] = judged[:, -8:] = True
    return image, truth, judged


@pytest.mark.parametrize("noise", [0, 5, 15])
@pytest.mark.parametrize("factor", [1, 1e-3, 600])
def test_objects_keep_their_own_blur(noise, factor):
    image, truth, judged = two_objects()
    noisy = (image + noise * np.random.default_rng(1).standard_normal(image.shape)) * factor
    found = fill_from_judged(truth, np.full(truth.shape, 0.1), judged, noisy)
    assert np.abs(found - truth).mean() < 0.1
    assert np.abs(found - truth)[:, :60].max() < 0.3
    # without the picture nothing says where one ends
    assert np.abs(fill_from_judged(truth, np.full(truth.shape, 0.1), judged) - truth).mean() > 0.4


def test_the_more_certain_neighbour_counts_more():
    judged = np.zeros((40, 40), bool)
    judged[::2] = True
    sigma = np.where(np.arange(40)[:, None] % 4 == 0, 1.0, 3.0) * np.ones((40, 40))
    uncertainty = np.where(sigma == 1, 0.1, 0.4)
    between = ~judged
    assert fill_from_judged(sigma, np.full(sigma.shape, 0.1), judged)[between].mean() == pytest.approx(2, abs=0.05)
    assert fill_from_judged(sigma, uncertainty, judged)[between].mean() < 1.2
    # weighted means with 1/uncertainty^2
    assert fill_from_judged(sigma, uncertainty, judged)[between].mean() == pytest.approx(1 + 2 / 17, abs=0.02)


def test_nothing_judged_stays_unknown_and_all_judged_unchanged():
    sigma, uncertainty, judged = scattered((30, 30), 0.5)
    assert np.isnan(fill_from_judged(sigma, uncertainty, ~judged & judged)).all()
    np.testing.assert_array_equal(fill_from_judged(sigma, uncertainty, judged | ~judged), sigma)


def test_exact_and_unknown_errors_and_gaps_in_the_picture():
    sigma, uncertainty, judged = scattered((30, 30), 0.5)
    image = RANDOM.random((30, 30))
    image[3:9] = np.nan
    uncertainty[judged] = 0
    found = fill_from_judged(sigma, uncertainty, judged, image)
    assert np.isfinite(found).all()
    uncertainty[:] = np.nan
    assert np.isnan(fill_from_judged(sigma, uncertainty, judged)).all()
    assert np.isfinite(fill_from_judged(sigma, 0.1 * sigma, judged, np.full((30, 30), np.nan))).all()


@pytest.mark.parametrize("colour", [False, True])
def test_stacks_plane_by_plane_and_lazily(colour):
    planes = [scattered((40, 50), 0.3, seed) for seed in range(6)]
    sigma, uncertainty, judged = (np.stack(part).reshape(2, 3, 40, 50) for part in zip(*planes, strict=True))
    grey = RANDOM.random((2, 3, 40, 50)).astype(np.float32)
    image = np.stack([grey, grey, grey, 0 * grey], axis=-1) if colour else grey
    guide = as_stack(image, channel_axis=-1 if colour else None)
    found = fill_planes(sigma, uncertainty, judged, guide)
    np.testing.assert_allclose(found[1, 0], fill_from_judged(*planes[3], grey[1, 0]), rtol=1e-4)
    # chunks that split planes make no difference, and nothing is computed before it is needed
    lazy = fill_planes(da.from_array(sigma, chunks=(2, 1, 20, 17)), uncertainty, judged, guide)
    assert isinstance(lazy, da.Array)
    assert (lazy.shape, lazy.dtype) == (sigma.shape, np.float32)
    np.testing.assert_array_equal(np.asarray(lazy), found)


def test_it_costs_seconds_and_not_minutes():
    """A quarter of a large plane in a third of a second when idle; this fails when a step is lost in Python loops."""
    sigma, uncertainty, judged = scattered((1024, 1024), 0.01)
    start = time.process_time()
    fill_from_judged(sigma, uncertainty, judged, sigma)
    assert time.process_time() - start < 3


def test_hints_count_by_their_uncertainty_and_are_not_kept():
    """Wide unjudged ground that is blurrier: its own uncertain readings tell more than the far judged places."""
    truth = np.where(np.arange(300) < 40, 1.0, 3.0) * np.ones((60, 1))
    judged = np.zeros(truth.shape, bool)
    judged[:, :20] = True
    readings = np.where(judged, truth, truth + 0.6 * np.random.default_rng(0).standard_normal(truth.shape))
    uncertainty = np.where(judged, 0.1, 0.6)
    far = np.s_[:, 200:]
    alone, helped = (fill_from_judged(readings, uncertainty, judged, hints=h) for h in (None, ~judged))
    assert np.abs(alone - truth)[far].mean() == pytest.approx(2.0, abs=0.01)
    assert np.abs(helped - truth)[far].mean() < 0.2
    assert helped[far].std() < 0.2 * readings[far].std()
    np.testing.assert_array_equal(helped[judged], readings[judged].astype(np.float32))
    assert np.isnan(fill_from_judged(readings, uncertainty, judged & False, hints=~judged)).all()
