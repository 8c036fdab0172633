"""Crosses of both axes: where they lie, which way they point, where there are none, and how densely they stand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import dask.array as da
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Layer, Vectors

from napari_blurmap import BlurMap, add_to_viewer
from napari_blurmap.ground.optics import FWHM_PER_SIGMA
from napari_blurmap.plugin.estimate.cursor import value_text
from napari_blurmap.plugin.layers.axes import axes_layer
from napari_blurmap.plugin.layers.layers import result_layers
from napari_blurmap.plugin.reader import read_result


def shaped(shape: tuple[int, ...] = (96, 128), angle: float = 30.0, e: float = 0.8, **given: Any) -> BlurMap:
    one, n, turn = np.ones(shape), len(shape), np.radians(2 * angle)
    fields: dict[str, Any] = {"axes": "tzyx"[-n:], "scale": (1.0,) * n, "units": ("pixel",) * n}
    return BlurMap(
        2 * one,
        0.1 * one,
        0 * one,
        ellipticity_1=e * np.cos(turn) * one,
        ellipticity_2=e * np.sin(turn) * one,
        ellipticity_error=0.03 * one,
        **(fields | {"provenance": {"model": "default"}} | given),
    )


def crosses(m: BlurMap, source: Layer | None = None) -> Vectors:
    layer = axes_layer(m, source, "axes")
    assert layer is not None
    return layer


def middles(layer: Vectors) -> np.ndarray:
    return layer.data[:, 0] + layer.data[:, 1] / 2


def test_both_axes_cross_at_their_place_as_long_as_they_are() -> None:
    layer = crosses(shaped())
    major, minor = layer.data[: len(layer.data) // 2], layer.data[len(layer.data) // 2 :]
    assert len(major) == (96 // 8) * (128 // 8)
    np.testing.assert_allclose(np.degrees(np.arctan2(major[:, 1, 0], major[:, 1, 1])) % 180, 30)
    np.testing.assert_allclose(np.sum(major[:, 1] * minor[:, 1], axis=-1), 0, atol=1e-5)
    lengths = np.linalg.norm(layer.data[:, 1], axis=-1)
    np.testing.assert_allclose(lengths[0] / lengths[-1], np.sqrt(1.8 / 0.2), rtol=0.01)
    places = middles(layer)
    np.testing.assert_allclose(places[: len(major)], places[len(major) :])
    assert sorted({*places[:, 0]}) == list(range(4, 96, 8))
    ends = layer.data[:, 0], layer.data.sum(axis=1)
    assert min(end.min() for end in ends) >= -0.5  # not even a line's end lies beside the picture
    fwhm = layer.features["FWHM (px)"].to_numpy()
    assert fwhm[[0, -1]] == pytest.approx(FWHM_PER_SIGMA * 2 * np.sqrt([1.8, 0.2]), rel=0.01)
    assert layer.features["angle (degrees)"].to_numpy()[[0, -1]] == pytest.approx([30, 120])


def test_none_where_it_is_round_or_was_not_measured() -> None:
    m = shaped()
    m.status[:48] = 1
    m.uncertainty[:, 64:] = 5.0
    m.ellipticity_1[:, :32] = m.ellipticity_2[:, :32] = 0.05
    places = middles(crosses(m))
    assert len(places)
    assert places[:, 0].min() > 48
    assert (places[:, 1].min(), places[:, 1].max()) == (36, 60)
    assert not np.isnan(m.angle[places[:, 0].astype(int), places[:, 1].astype(int)]).any()


@pytest.mark.parametrize(("e", "visible"), [(0.8, True), (0.0, False), (0.1, False)])
def test_hidden_where_the_blur_as_a_whole_is_round(e: float, visible: bool) -> None:
    assert crosses(shaped(e=e)).visible == visible


def test_maps_without_shape_and_lazy_ones_have_no_axes() -> None:
    m = shaped()
    bare = BlurMap(m.sigma, m.uncertainty, m.status, axes="yx", scale=(1, 1), units=["px"] * 2, provenance={})
    lazy = replace(m, **{name: da.from_array(values) for name, values in m.numbers.items()})
    for one in (bare, lazy):
        assert axes_layer(one, None, "axes") is None
        assert len(result_layers(one)) == 3


@pytest.mark.parametrize(
    "place",
    [
        {"scale": (-0.5, 2.0), "translate": (10.0, -3.0), "units": "um"},
        {"rotate": 30.0, "shear": [0.2], "scale": (3.0, 3.0), "units": "nm"},
        {"affine": np.array([[1.0, 0.3, 5.0], [-0.2, 2.0, 1.0], [0, 0, 1]])},
    ],
)
def test_the_crosses_lie_on_their_picture(place: dict[str, Any]) -> None:
    source = Image(np.zeros((96, 128)), **place)
    layer = crosses(shaped(), source)
    for middle in middles(layer)[::17]:
        np.testing.assert_allclose(layer.data_to_world(middle), source.data_to_world(middle))
    assert layer.units == source.units
    assert layer.axis_labels == source.axis_labels
    viewer = ViewerModel()
    viewer.add_layer(source)
    before = np.array(viewer.layers.extent.world)
    viewer.add_layer(layer)
    np.testing.assert_allclose(viewer.layers.extent.world, before)


def test_stacks_and_axes_in_another_order() -> None:
    """Of a picture (x, colour, z, y) the map is (z, y, x): the crosses stand at every colour."""
    m = shaped((3, 64, 96))
    m.status[1] = 1
    source = Image(np.zeros((96, 2, 3, 64)), axis_labels=("x", "c", "z", "y"))
    layer = crosses(m, source)
    places = middles(layer)
    assert {*places[:, 1]} == {0, 1}
    assert {*places[:, 2]} == {0, 2}
    assert (places[:, 0].max(), places[:, 3].max()) == (92, 60)
    first = layer.data[0, 1]
    assert np.degrees(np.arctan2(first[3], first[0])) % 180 == pytest.approx(30)
    assert first[1] == first[2] == 0


def test_the_grid_follows_the_zoom() -> None:
    layer = crosses(shaped((512, 512), scale=(0.5, 0.5), units=("um", "um")))
    assert len(layer.data) == 2 * 32**2
    for zoom, edge in ((0.25, 256), (1, 64), (2, 32), (8, 8), (100, 8), (1, 64)):  # canvas pixels a micrometre
        layer.scale_factor = 1 / zoom
        spacing = np.diff(np.unique(middles(layer)[:, 0]).round(3))
        assert set(spacing) == {edge}, zoom
        assert len(layer.features) == len(layer.data)
        assert np.linalg.norm(layer.data[:, 1], axis=-1).max() < edge
    deep = crosses(shaped((50, 64, 64)))
    deep.scale_factor = 0.01
    assert len(deep.data) <= 2 * 20_000


def test_with_the_other_layers_and_again_from_a_file(tmp_path: Any) -> None:
    viewer = ViewerModel()
    source = viewer.add_image(np.zeros((96, 128)), name="cells", scale=(0.5, 0.5), units="um")
    m = shaped(scale=(0.5, 0.5), units=("um", "um"))
    shown = add_to_viewer(viewer, m, source)[3]
    assert shown.name == "cells blur axes (default)"
    assert viewer.layers.selection.active.name == "cells sigma (default)"
    assert shown.metadata["blurmap"].sigma is not None
    view = shown.metadata["blurmap_view"]
    m.save(tmp_path / "a.sigma.ome.tif", colormap=view)
    again = read_result(tmp_path / "a.blurmap.json")[3]
    assert again.name == shown.name
    np.testing.assert_allclose(again.data, shown.data, rtol=1e-5)
    np.testing.assert_allclose(again.data_to_world((3, 4)), shown.data_to_world((3, 4)))


def test_axes_under_the_pointer() -> None:
    assert value_text(shaped(), (3, 4)).splitlines()[-1].startswith("axes FWHM 6.3")
    assert value_text(shaped(), (3, 4)).endswith("px, at 30 +- 1 degrees")
    assert value_text(shaped(e=0.0), (3, 4)).splitlines()[-1] == "round within the errors"
    m = shaped()
    m.status[:] = 1
    assert value_text(m, (3, 4)) == "cannot tell: empty"


def test_a_round_blur_moves_nothing_and_single_places_appear_when_one_zooms_in() -> None:
    m = shaped((512, 512), e=0.0)
    m.ellipticity_1[194:199, 194:199] = 0.8  # between the crosses of the first grid
    viewer = ViewerModel()
    source = viewer.add_image(np.zeros((512, 512)))
    before = np.array(viewer.layers.extent.world)
    layer = add_to_viewer(viewer, m, source)[3]
    assert layer.data.shape == (0, 2, 2)
    np.testing.assert_array_equal(viewer.layers.extent.world, before)
    layer.scale_factor = 0.1
    assert len(layer.data) == len(layer.features) == 2
    np.testing.assert_array_equal(middles(layer), 196.0)
