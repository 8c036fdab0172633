"""Blurred regions as GeoJSON: filled again they are the cells that they surround, holes and touching corners too."""

from __future__ import annotations

import json

import dask.array as da
import numpy as np
import pytest
from matplotlib.path import Path
from scipy.ndimage import gaussian_filter, label

from napari_blurmap import BlurMap, BlurMapError, Reference


def blurmap(blurred, status=0, **changes):
    sigma = np.where(blurred, 3.0, 1.0)
    n = sigma.ndim
    about = {"axes": "tczyx"[-n:], "scale": (0.5,) * n, "units": ("um",) * n, "provenance": {}} | changes
    return BlurMap(sigma, 0.05 * sigma, np.broadcast_to(status, sigma.shape), **about)


def ring_area(ring):
    x, y = np.array(ring).T
    return np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2


def filled(collection, shape):
    """Pixels whose centre lies in a polygon and in none of its holes."""
    y, x = np.indices(shape)
    centres = np.stack([x.ravel() + 0.5, y.ravel() + 0.5], axis=1)
    found = np.zeros(shape, int)
    for feature in collection["features"]:
        inside = [Path(ring).contains_points(centres) for ring in feature["geometry"]["coordinates"]]
        found += (inside[0] & ~np.any([np.zeros(len(centres), bool), *inside[1:]], axis=0)).reshape(shape)
    return found


def masks():
    random = np.random.default_rng(0)
    ring = np.zeros((40, 50), bool)
    ring[5:35, 5:45] = True
    ring[10:30, 10:40] = False
    ring[15:25, 15:35] = True
    ring[18:20, 20:30] = False
    corners = np.array([[1, 1, 1, 0], [1, 0, 1, 0], [1, 1, 0, 1], [0, 0, 1, 1]], bool)
    holes = ~np.eye(5, dtype=bool)
    holes[0, 0] = holes[4, 4] = True
    yield from (ring, corners, holes, np.ones((3, 4), bool), np.eye(6, dtype=bool))
    yield random.random((40, 50)) < 0.5
    yield gaussian_filter(random.standard_normal((60, 70)), 3) > 0


@pytest.mark.parametrize("mask", [*masks()])
def test_polygons_filled_again_are_what_they_surround(mask):
    found = blurmap(mask).blurred_regions(2.0, step=1)
    np.testing.assert_array_equal(filled(found, mask.shape), mask)
    assert len(found["features"]) == label(mask)[1]
    for feature in found["features"]:
        shell, *holes = feature["geometry"]["coordinates"]
        for ring in (shell, *holes):
            assert ring[0] == ring[-1]
            assert len({*map(tuple, ring)}) == len(ring) - 1  # it does not meet itself
            steps = np.diff(ring, axis=0)
            assert ((steps != 0).sum(axis=1) == 1).all()
            assert (steps[:-1] * steps[1:] == 0).all()  # no corner on a straight line
        assert ring_area(shell) > 0 > max([-1, *map(ring_area, holes)])
        assert feature["type"] == "Feature"
        assert feature["properties"]["objectType"] == "annotation"
        assert feature["properties"]["classification"]["name"] == "Blurred"
    areas = sum(ring_area(ring) for feature in found["features"] for ring in feature["geometry"]["coordinates"])
    assert areas == mask.sum()
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_cells_at_the_border_end_with_the_picture():
    found = blurmap(np.ones((70, 41), bool)).blurred_regions(2.0, step=16, downsample=4)
    [[ring]] = [feature["geometry"]["coordinates"] for feature in found["features"]]
    assert {*map(tuple, ring)} == {(0, 0), (164, 0), (164, 280), (0, 280)}


def test_a_cell_counts_where_enough_was_judged_and_most_of_that_is_blurred():
    blurred, status = np.zeros((10, 60), bool), np.ones((10, 60))
    for cell, (judged, of_these) in enumerate(((100, 60), (100, 40), (30, 20), (10, 10), (0, 0), (20, 11))):
        for n in range(judged):
            y, x = divmod(n, 10)
            status[y, 10 * cell + x], blurred[y, 10 * cell + x] = 0, n < of_these
    found = blurmap(blurred, status).blurred_regions(2.0, step=10)
    expected = np.repeat([[1, 0, 1, 0, 0, 1]], 10, axis=0).repeat(10, axis=1)
    np.testing.assert_array_equal(filled(found, (10, 60)), expected)


def test_stacks_have_planes_and_lazy_maps_are_read_in_bands(monkeypatch):
    monkeypatch.setattr("napari_blurmap.result.regions._ROWS", 50)  # of which no whole number of cells fills a band
    masks = gaussian_filter(np.random.default_rng(0).standard_normal((2, 3, 130, 90)), (0, 0, 9, 9)) > 0
    m = blurmap(masks)
    arrays = (da.from_array(a, chunks=(1, 1, 50, 50)) for a in (m.sigma, m.uncertainty, m.status))
    lazy = BlurMap(*arrays, axes=m.axes, scale=m.scale, units=m.units, provenance={})
    found = m.blurred_regions(2.0)
    assert lazy.blurred_regions(2.0) == found
    for c, z in np.ndindex(2, 3):
        own = [f for f in found["features"] if f["geometry"]["plane"] == {"c": c, "z": z, "t": 0}]
        monkeypatch.undo()  # in one piece
        alone = m.at(c=c, z=z).blurred_regions(2.0)
        assert [f["geometry"]["coordinates"] for f in own] == [f["geometry"]["coordinates"] for f in alone["features"]]
        assert own


def test_a_plane_is_told_as_qupath_counts_it():
    """From 0 along each axis, and every channel is -1."""
    m = blurmap(np.ones((2, 3, 32, 32), bool), axes="tzyx")
    planes = [f["geometry"]["plane"] for f in m.blurred_regions(2.0)["features"]]
    assert planes == [{"c": -1, "z": z, "t": t} for t in range(2) for z in range(3)]
    assert "plane" not in m.at(t=0, z=0).blurred_regions(2.0)["features"][0]["geometry"]


def test_what_cannot_be_compared_is_said():
    m = blurmap(np.ones((20, 20), bool), provenance={"reference": "added"})
    assert m.blurred_regions(5.0)["features"] == []
    with pytest.raises(BlurMapError, match="compare with a sharp region or a typed limit"):
        m.blurred_regions(Reference(1.0, "optics limit", "optics"))
    for wrong in ({"step": 0}, {"step": 1.5}, {"downsample": 0}):
        with pytest.raises(BlurMapError, match=next(iter(wrong))):
            m.blurred_regions(1.0, **wrong)


def test_shares_of_tissue_leave_glass_out():
    """A quarter tissue, of which half is blurred and judged, a quarter sharp and a quarter too noisy."""
    blurred, status = np.zeros((64, 64), bool), np.ones((64, 64))
    status[:16] = 0
    status[12:16] = 2
    status[16:20] = 3
    blurred[:8] = True
    found = blurmap(blurred, status).summary(2.0)
    assert found["tissue_share"] == 0.25
    assert found["blurred_of_tissue"] == pytest.approx(0.5)
    assert blurmap(blurred, status).summary()["blurred_of_tissue"] is None
    assert blurmap(blurred, 1).summary(2.0)["blurred_of_tissue"] is None
