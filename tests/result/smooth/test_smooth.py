"""Smoothing: what it must never do, what it is for, and other people's figures."""

from __future__ import annotations

from dataclasses import replace

import dask.array as da
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, sparse
from scipy.sparse.linalg import spsolve

from napari_blurmap import BlurMap, BlurMapError, Cancelled, smooth_sigma
from napari_blurmap.ground.grid import sigma_grid
from napari_blurmap.models.decode import decode
from napari_blurmap.result.smooth.edge import _scatter, _ties
from napari_blurmap.result.smooth.judged_plane import judged_plane_of
from napari_blurmap.result.smooth.mrf import _to_pixels
from napari_blurmap.result.smooth.readings import READINGS, read, spread_about
from napari_blurmap.result.smooth.smooth import METHODS

ALL = pytest.mark.parametrize("method", METHODS)
GRID = sigma_grid(24, 24.0)
STRIDE = 4


def likely(sigma, spread):
    """Probabilities whose mean is about sigma, on a grid of every fourth pixel."""
    cells = sigma[..., STRIDE // 2 :: STRIDE, STRIDE // 2 :: STRIDE]
    p = np.exp(-0.5 * ((np.log(GRID + 0.35)[:, None, None] - np.log(cells + 0.35)[..., None, :, :]) / spread) ** 2)
    return (p / p.sum(axis=-3, keepdims=True)).astype(np.float32)


def as_map(sigma, uncertainty=0.1, status=0, *, probabilities=None, **about):
    sigma = np.asarray(sigma, float)
    lead = ("t", "z")[: sigma.ndim - 2]
    return BlurMap(
        sigma,
        np.broadcast_to(uncertainty, sigma.shape),
        np.broadcast_to(status, sigma.shape),
        axes=(*lead, "y", "x"),
        scale=(1,) * sigma.ndim,
        units=("pixel",) * sigma.ndim,
        provenance=about,
        probabilities=probabilities,
        sigma_grid=None if probabilities is None else GRID,
    )


def noisy(truth, noise=0.25, seed=0):
    """A map whose cells err independently, as its probabilities do, and the picture below it."""
    random = np.random.default_rng(seed)
    coarse = truth[STRIDE // 2 :: STRIDE, STRIDE // 2 :: STRIDE]
    cells = np.maximum(coarse + noise * random.standard_normal(coarse.shape), 0.1)
    p = likely(np.kron(cells, np.ones((STRIDE, STRIDE))), 0.15)
    mean = np.tensordot(GRID, p, axes=(0, 0))
    sigma = _to_pixels(mean, STRIDE, truth.shape)
    return as_map(sigma, noise, probabilities=p)


def rmse(a, b, where=...):
    return float(np.sqrt(np.mean((a - b)[where] ** 2)))


def scattered(shape=(48, 64), seed=0):
    """Anything goes: values, errors, holes of NaN, statuses."""
    random = np.random.default_rng(seed)
    sigma = random.uniform(0.5, 4, shape)
    status = np.where(random.random(shape) < 0.2, random.integers(1, 6, shape), 0)
    sigma[status == 5] = np.nan
    uncertainty = np.where(np.isnan(sigma), np.nan, random.uniform(0.02, 0.6, shape))
    small = (*shape[:-2], -(-shape[-2] // STRIDE), -(-shape[-1] // STRIDE))
    p = np.moveaxis(random.dirichlet(np.full(len(GRID), 0.3), small), -1, -3).astype(np.float32)
    return as_map(sigma, uncertainty, status, probabilities=p), random.random(shape)


@ALL
@given(st.integers(32, 50), st.integers(32, 50), st.floats(0.2, 8), st.integers(0, 99))
@settings(max_examples=15)
def test_a_constant_map_stays_exactly_as_it_is(method, rows, columns, level, seed):
    random = np.random.default_rng(seed)
    status = (random.random((rows, columns)) < 0.2).astype(np.uint8)
    flat = np.full((rows, columns), level)
    cells = likely(flat, 0.2)[:, :1, :1]
    p = np.broadcast_to(cells, (len(GRID), -(-rows // STRIDE), -(-columns // STRIDE)))
    m = as_map(flat, 0.1, status, probabilities=p)
    found = smooth_sigma(m, method, image=random.random((rows, columns)))
    np.testing.assert_array_equal(found.sigma, m.sigma)
    np.testing.assert_allclose(found.uncertainty, m.uncertainty, rtol=1e-6)


@ALL
@pytest.mark.parametrize("axis", [-2, -1])
def test_a_mirror_changes_nothing(method, axis):
    m, image = scattered()
    flipped = replace(
        m, **{k: np.flip(getattr(m, k), axis) for k in ("sigma", "uncertainty", "status", "probabilities")}
    )
    one = smooth_sigma(m, method, image=image)
    other = smooth_sigma(flipped, method, image=np.flip(image, axis))
    for name in ("sigma", "uncertainty"):
        np.testing.assert_allclose(np.flip(getattr(other, name), axis), getattr(one, name), rtol=1e-3, atol=1e-3)


@ALL
def test_what_was_not_judged_stays_and_is_not_read(method):
    m, image = scattered()
    judged = np.isfinite(m.masked().sigma)
    found = smooth_sigma(m, method, image=image)
    np.testing.assert_array_equal(found.status, m.status)
    for name in ("sigma", "uncertainty"):
        np.testing.assert_array_equal(getattr(found, name)[~judged], getattr(m, name)[~judged])
        assert np.isfinite(getattr(found, name)[judged]).all()
        assert (getattr(found, name) != getattr(m, name))[judged].mean() > 0.5
    assert not np.isfinite(found.masked().sigma[~judged]).any()
    # Other values where nothing was judged, and other probabilities in cells without a judged pixel.
    cells = ndimage.maximum_filter(judged, STRIDE, origin=-STRIDE // 2)[::STRIDE, ::STRIDE]
    changed = replace(
        m,
        sigma=np.where(judged, m.sigma, 99),
        uncertainty=np.where(judged, m.uncertainty, 99),
        probabilities=np.where(cells, m.probabilities, np.nan),
    )
    again = smooth_sigma(changed, method, image=image)
    np.testing.assert_array_equal(again.sigma[judged], found.sigma[judged])
    np.testing.assert_array_equal(again.uncertainty[judged], found.uncertainty[judged])


@ALL
def test_a_map_without_a_judged_place_stays(method):
    m, image = scattered()
    nothing = replace(m, status=np.full(m.status.shape, 2))
    np.testing.assert_array_equal(smooth_sigma(nothing, method, image=image).sigma, m.sigma)


def ramp(shape=(96, 128)):
    return np.broadcast_to(np.linspace(0.8, 3, shape[1]), shape)


def sine(shape=(96, 128)):
    return np.broadcast_to(2 + np.sin(np.arange(shape[1]) / 16), shape)


@ALL
@pytest.mark.parametrize("truth", [ramp(), sine()])
def test_noise_on_a_ramp_and_a_sine_becomes_less(method, truth):
    m = noisy(truth)
    image = np.random.default_rng(1).random(truth.shape)
    found = smooth_sigma(m, method, image=image)
    assert rmse(found.sigma, truth) < 0.9 * rmse(m.sigma, truth)


def step():
    """Two objects of different brightness and blur, textured."""
    bright = np.arange(128) >= 60
    truth = np.broadcast_to(np.where(bright, 3.0, 1.0), (96, 128))
    image = 10 * bright + np.random.default_rng(2).random(truth.shape)
    return truth, image, np.abs(np.broadcast_to(np.arange(128), truth.shape) - 59.5) < 8


@pytest.mark.parametrize("method", ["edge", "mrf"])
def test_the_outline_of_an_object_survives(method):
    truth, image, near = step()
    m = noisy(truth)
    found = smooth_sigma(m, method, image=image)
    average = smooth_sigma(m, "mean")
    assert rmse(found.sigma, truth, near) < 0.7 * rmse(average.sigma, truth, near)
    assert rmse(found.sigma, truth) < rmse(m.sigma, truth)


def test_the_picture_says_where_the_outline_is():
    truth, image, near = step()
    m = noisy(truth)
    even = smooth_sigma(m, "edge", image=np.zeros(truth.shape))
    found = smooth_sigma(m, "edge", image=image)
    assert rmse(found.sigma, truth, near) < 0.8 * rmse(even.sigma, truth, near)


def test_texture_does_not_stop_the_smoothing_where_the_blur_is_the_same():
    truth = np.full((96, 128), 2.0)
    m = noisy(truth, noise=0.1)
    stripes = np.broadcast_to(100.0 * (np.arange(128) // 6 % 2), truth.shape)
    left = [rmse(smooth_sigma(m, "edge", image=image).sigma, truth) for image in (np.zeros(truth.shape), stripes)]
    assert left[1] < 1.15 * left[0]


def test_the_surroundings_choose_between_two_possible_sigmas():
    truth = np.full((64, 64), 1.0)
    p = likely(truth, 0.1)
    other = likely(np.full((64, 64), 4.0), 0.1)
    p[:, 8, 8] = 0.5 * p[:, 8, 8] + 0.5 * other[:, 8, 8]
    sigma = _to_pixels(np.tensordot(GRID, p, axes=(0, 0)), STRIDE, truth.shape)
    m = as_map(sigma, 0.1 * sigma, probabilities=p)
    found = smooth_sigma(m, "mrf", strength=1.0)
    assert m.sigma[34, 34] > 2.0
    assert found.sigma[34, 34] == pytest.approx(m.sigma[0, 0], abs=0.2)


def test_the_mean_is_that_of_scipy_where_all_count_alike():
    sigma = np.random.default_rng(0).uniform(0.5, 4, (40, 50))
    ones = np.ones((7, 7))
    expected = ndimage.convolve(sigma, ones, mode="constant") / ndimage.convolve(
        np.ones_like(sigma), ones, mode="constant"
    )
    found = smooth_sigma(as_map(sigma, 0.1), "mean", strength=7)
    np.testing.assert_allclose(found.sigma, expected, rtol=1e-6)


def test_the_edge_equations_are_solved():
    truth, image, _ = step()
    m = noisy(truth[:40, 40:80])
    measured = judged_plane_of((m.sigma, m.uncertainty), m.status, picture=image[:40, 40:80])
    scatter = _scatter(measured)
    error = measured.uncertainty
    change = np.minimum(scatter / error / 0.5, 5)
    picture = ndimage.gaussian_filter(measured.picture.astype(np.float32), 0.8, truncate=2)
    doubtful = error**2 + 4 * scatter**2
    weight = np.where(measured.judged, np.clip(np.median(doubtful[measured.judged]) / doubtful, 0.01, 100), 0) / 4**2
    number = np.arange(weight.size).reshape(weight.shape)
    pairs = [
        (number[:-1], number[1:], _ties(picture, change, 0)),
        (number[:, :-1], number[:, 1:], _ties(picture, change, 1)),
    ]
    matrix = sparse.diags(weight.ravel()).tolil()
    for first, second, tie in pairs:
        for a, b, c in zip(first.ravel(), second.ravel(), tie.ravel(), strict=True):
            matrix[a, a] += c
            matrix[b, b] += c
            matrix[a, b] -= c
            matrix[b, a] -= c
    expected = spsolve(matrix.tocsc(), (weight * measured.sigma).ravel()).reshape(weight.shape)
    found = smooth_sigma(m, "edge", image=image[:40, 40:80], strength=4)
    known = measured.judged
    np.testing.assert_allclose(found.sigma[known], (expected + np.median(m.sigma[known]))[known], atol=2e-3)


@ALL
def test_a_place_with_a_large_error_counts_less(method):
    truth = np.full((64, 64), 2.0)
    sigma = truth.copy()
    sigma[32:36, 32:36] = 3.0
    left = []
    for error in (0.1, 0.5):
        uncertainty = np.where(sigma > 2, error, 0.1)
        spread = np.where(sigma > 2, error, 0.1)[2::STRIDE, 2::STRIDE]
        m = as_map(sigma, uncertainty, probabilities=likely(sigma, spread))
        found = smooth_sigma(m, method, image=np.zeros(truth.shape))
        left.append((found.sigma - m.sigma + sigma)[33:35, 33:35].mean() - 2)
    assert left[1] < 0.8 * left[0]


@ALL
def test_the_uncertainty_does_not_shrink_with_the_number_of_places(method):
    m = noisy(ramp(), noise=0.02)
    found = smooth_sigma(m, method, image=np.zeros(m.sigma.shape))
    assert np.median(found.uncertainty / m.uncertainty) == pytest.approx(1, abs=0.15)


def test_the_uncertainty_says_what_the_mean_does_to_a_step():
    truth, _, near = step()
    m = as_map(truth, 0.05)
    found = smooth_sigma(m, "mean", strength=15)
    off = np.abs(found.sigma - truth)[near]
    assert off.max() > 0.5
    assert (off <= 2 * found.uncertainty[near]).all()


@ALL
def test_planes_are_smoothed_each_by_itself(method):
    m, image = scattered((2, 2, 32, 40))
    found = smooth_sigma(m, method, image=image)
    plane = as_map(m.sigma[1, 0], m.uncertainty[1, 0], m.status[1, 0], probabilities=m.probabilities[1, 0])
    np.testing.assert_array_equal(found.sigma[1, 0], smooth_sigma(plane, method, image=image[1, 0]).sigma)


@ALL
def test_lazy_stays_lazy_and_gives_the_same(method):
    m, image = scattered((2, 32, 40))
    computed = []

    def look(block):
        computed.append(block.size)
        return block

    names = ("sigma", "uncertainty", "status", "probabilities")
    arrays = {n: da.from_array(getattr(m, n), chunks=8).map_blocks(look, dtype=getattr(m, n).dtype) for n in names}
    computed.clear()
    found = smooth_sigma(replace(m, **arrays), method, image=image)
    assert not sum(computed)
    expected = smooth_sigma(m, method, image=image)
    for name in ("sigma", "uncertainty"):
        lazy = getattr(found, name)
        assert lazy.dtype == np.float32
        np.testing.assert_allclose(lazy[1].compute(), getattr(expected, name)[1], atol=1e-5)


def test_colour_counts_by_its_luminance():
    m, grey = scattered()
    colour = np.zeros((*grey.shape, 3))
    colour[..., 1] = grey / 0.587
    expected = smooth_sigma(m, "edge", image=grey).sigma
    np.testing.assert_allclose(smooth_sigma(m, "edge", image=colour).sigma, expected, atol=2e-4)
    first = replace(m, provenance={"parameters": {"channel_axis": 0}})
    moved = smooth_sigma(first, "edge", image=np.moveaxis(colour, -1, 0))
    np.testing.assert_allclose(moved.sigma, expected, atol=2e-4)


def test_the_record_of_what_was_done():
    m, image = scattered()
    once = smooth_sigma(replace(m, provenance={"model": "m"}), "edge", image=image)
    twice = smooth_sigma(once, "mean", strength=5)
    assert twice.provenance == {
        "model": "m",
        "smoothed": [
            {"method": "edge", "strength": METHODS["edge"].strength, "guided_by_picture": True},
            {"method": "mean", "strength": 5.0, "guided_by_picture": False},
        ],
    }
    assert once.probabilities is None
    assert once.sigma_grid is None


@pytest.mark.parametrize(
    ("method", "keywords", "complaint"),
    [
        ("median", {}, "method is 'median'; expected one of 'mean'"),
        ("edge", {}, "pass image="),
        ("edge", {"image": np.zeros((40, 40))}, "shape"),
        ("mrf", {"image": np.zeros((40, 40))}, "shape"),
        ("mean", {"strength": 0}, "above 0"),
        ("mean", {"strength": float("nan")}, "above 0"),
        ("mean", {"strength": "big"}, "edge of the window"),
        ("mean", {"strength": True}, "edge of the window"),
        ("gradient", {"strength": 1e9}, "up to 1000"),
        ("mrf", {"strength": 1.5}, "up to 1"),
    ],
)
def test_what_cannot_be_done_is_said(method, keywords, complaint):
    with pytest.raises(BlurMapError, match=complaint):
        smooth_sigma(scattered()[0], method, **keywords)


def test_missing_and_foreign_probabilities_are_said():
    m, _ = scattered()
    with pytest.raises(BlurMapError, match="keep_probabilities=True"):
        smooth_sigma(replace(m, probabilities=None, sigma_grid=None), "mrf")
    with pytest.raises(BlurMapError, match="do not fit"):
        smooth_sigma(replace(m, probabilities=m.probabilities[:, :7]), "mrf")


@pytest.mark.parametrize("shape", [(48, 64), (45, 62)])
def test_cells_come_back_to_pixels_as_in_an_estimate(shape):
    cells = np.random.default_rng(0).random((-(-shape[0] // 4), -(-shape[1] // 4)))
    fine = torch.nn.functional.interpolate(
        torch.from_numpy(cells)[None, None], scale_factor=4.0, mode="bilinear", align_corners=False
    )[0, 0, : shape[0], : shape[1]]
    np.testing.assert_allclose(_to_pixels(cells, 4, shape), fine.numpy(), atol=1e-6)


@pytest.mark.parametrize("kind", READINGS)
def test_readings_are_those_of_the_models(kind):
    m, _ = scattered()
    logs = np.concatenate([np.log(np.maximum(m.probabilities, 1e-9)), np.zeros_like(m.probabilities[:1])])[None]
    decoded = decode(torch.from_numpy(logs), torch.from_numpy(GRID.astype(np.float32)), kind)
    found = read(m.probabilities, GRID, kind)
    np.testing.assert_allclose(found, decoded.sigma[0].numpy(), atol=1e-3)
    np.testing.assert_allclose(spread_about(found, m.probabilities, GRID, kind), decoded.spread[0].numpy(), atol=5e-3)


def test_probabilities_of_every_pixel_are_taken_together():
    truth = ramp((48, 64))
    m = noisy(truth)
    fine = replace(m, probabilities=np.kron(m.probabilities, np.ones((1, STRIDE, STRIDE), np.float32)))
    np.testing.assert_allclose(smooth_sigma(fine, "mrf").sigma, smooth_sigma(m, "mrf").sigma, atol=1e-4)


def test_progress_and_cancelling_between_planes():
    m, _ = scattered((3, 32, 40))
    told = []
    with pytest.raises(Cancelled) as stopped:
        smooth_sigma(m, progress=lambda *step: told.append(step), cancel=lambda: len(told) == 2)
    partial = stopped.value.partial
    assert partial.provenance["partial"] is True
    np.testing.assert_array_equal(partial.sigma[:2], smooth_sigma(m).sigma[:2])
    np.testing.assert_array_equal(partial.sigma[2], m.sigma[2])
    assert told == [(1, 3, "plane 1 of 3"), (2, 3, "plane 2 of 3")]
