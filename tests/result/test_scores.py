"""Scores against scipy, tiles against counting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

import napari_blurmap as nb
from napari_blurmap.models.tiling import tiles


def test_scores_against_the_definitions():
    rng = np.random.default_rng(2)
    truth = rng.uniform(0.3, 3, (30, 40))
    predicted = np.round(truth + rng.normal(0.1, 0.2, truth.shape), 1)
    predicted[:5] = np.nan
    found = nb.score(predicted, truth)
    error = (predicted - truth)[5:].ravel()
    assert found.mse == pytest.approx(np.var(error) + np.mean(error) ** 2)
    assert found.rmse == pytest.approx(np.sqrt(found.mse))
    assert found.mae == pytest.approx(np.abs(error).mean())
    assert found.bias == pytest.approx(error.mean())
    assert found.n == 25 * 40
    assert found.coverage == pytest.approx(25 / 30)
    assert found.rank_correlation == pytest.approx(spearmanr(predicted[5:].ravel(), truth[5:].ravel()).statistic)


def test_scores_of_nothing():
    found = nb.score([np.nan, 1.0], [1.0, np.nan])
    assert found.n == 0
    assert np.isnan(found.rmse)
    assert np.isnan(nb.score([1.0, 1.0], [1.0, 2.0]).rank_correlation)
    with pytest.raises(nb.BlurMapError, match="shape"):
        nb.score([1.0], [1.0, 2.0])


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 20), st.integers(0, 15))
def test_tiles_cover_a_plane_once(height, width, edge, halo):
    count = np.zeros((height, width), int)
    places = np.arange(height * width).reshape(height, width)
    for tile in tiles((height, width), edge, halo):
        count[tile.inner] += 1
        assert np.array_equal(places[tile.outer][tile.kept()], places[tile.inner])
        for i, o, n in zip(tile.inner, tile.outer, (height, width), strict=True):
            assert i.start - o.start == min(halo, i.start)
            assert o.stop - i.stop == min(halo, n - i.stop)
    assert (count == 1).all()


def test_what_is_masked_is_not_scored():
    found = nb.score(np.ma.masked_array([1.0, 2, 50], [0, 0, 1]), [1.0, 2, 3])
    assert (found.rmse, found.n, found.coverage) == (0, 2, pytest.approx(2 / 3))
