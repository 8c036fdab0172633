"""Result layers: they lie on their picture, keep their colours, say why they cannot tell, and change nothing else."""

from __future__ import annotations

from itertools import product
from typing import Any

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer
from napari.utils.colormaps import ensure_colormap

from napari_blurmap import BlurMap, BlurMapError, add_to_viewer
from napari_blurmap.ground.status import Status
from napari_blurmap.picture.plane import read_plane
from napari_blurmap.picture.stack import SMALLEST, as_stack
from napari_blurmap.plugin.layers.classes import class_layer
from napari_blurmap.plugin.layers.colormaps import REASONS, blur_colormap, class_colours
from napari_blurmap.plugin.layers.layers import result_layers
from napari_blurmap.plugin.layers.picture import LayerPicture


def make_map(shape: tuple[int, ...] = (6, 8), **given: Any) -> BlurMap:
    rng = np.random.default_rng(0)
    sigma = rng.uniform(0.3, 8.0, shape)
    n = len(shape)
    fields: dict[str, Any] = {
        "axes": ("t", "z", "y", "x")[-n:],
        "scale": (1.0,) * n,
        "units": ("pixel",) * n,
        "provenance": {"model": "default"},
    }
    status = rng.integers(0, 6, shape)
    return BlurMap(sigma, 0.1 * sigma, status, **(fields | given))


def corners(layer: Layer, axes: list[int]) -> np.ndarray:
    """World coordinates of the corners of the first and last pixels, for some axes of a layer."""
    ends = [(-0.5, n - 0.5) if i in axes else (0.0,) for i, n in enumerate(layer.data.shape[: layer.ndim])]
    return np.array([layer.data_to_world(corner) for corner in product(*ends)])[:, axes]


def assert_on(layer: Layer, source: Layer) -> None:
    """The layer lies exactly on the last axes of its source."""
    axes = list(range(source.ndim - layer.ndim, source.ndim))
    wanted = corners(source, axes)
    size = np.abs(wanted - wanted.mean(axis=0)).max()
    np.testing.assert_allclose(corners(layer, list(range(layer.ndim))), wanted, rtol=1e-9, atol=1e-9 * size)
    assert layer.units == source.units[-layer.ndim :]
    assert layer.axis_labels == source.axis_labels[-layer.ndim :]


def state(layer: Layer) -> dict[str, str]:
    data, attributes, kind = layer.as_layer_data_tuple()
    return {"data": f"{id(data)} {np.asarray(data).tobytes()!r}", "kind": kind} | {
        name: repr(value) for name, value in attributes.items()
    }


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False).map(lambda v: round(v, 6))


@st.composite
def sources(draw: st.DrawFn, side: int = 2) -> Layer:
    """An image anywhere in space: any number of axes, flipped, turned, sheared, in any unit."""
    n = draw(st.integers(2, 4))
    shape = tuple(draw(st.integers(2, 4)) for _ in range(n - 2)) + tuple(
        draw(st.integers(side, side + 3)) for _ in "yx"
    )
    pixel = draw(st.sampled_from([1e-7, 0.325, 1.0, 250.0]))
    scale = [pixel * draw(numbers(0.2, 5.0)) * draw(st.sampled_from([1, -1])) for _ in range(n)]
    given: dict[str, Any] = {"scale": scale, "translate": [1e3 * pixel * draw(numbers(-1, 1)) for _ in range(n)]}
    if draw(st.booleans()):
        given["rotate"] = draw(numbers(-180, 180)) if n == 2 else np.linalg.qr(_matrix(draw, n))[0]
    if draw(st.booleans()):
        shear = np.triu(np.reshape([draw(numbers(-1, 1)) for _ in range(n * n)], (n, n)), 1) + np.eye(n)
        given["shear"] = draw(st.sampled_from([shear, shear.T]))
    if draw(st.booleans()):
        affine = np.eye(n + 1)
        affine[:n, :n] = _matrix(draw, n)
        affine[:n, n] = [draw(numbers(-100, 100)) for _ in range(n)]
        given["affine"] = affine
    unit = draw(st.sampled_from(["um", "nm", "pixel", "meter"]))
    lead = [draw(st.sampled_from(["second", unit])) for _ in range(n - 2)]
    labels = draw(st.sampled_from([("t", "z", "y", "x"), ("-4", "-3", "-2", "-1"), ("Time", "depth", "Y", "X")]))
    return Image(np.zeros(shape, np.uint8), units=[*lead, unit, unit], axis_labels=labels[-n:], **given)


def _matrix(draw: st.DrawFn, n: int) -> np.ndarray:
    """A matrix that is well away from singular."""
    return np.eye(n) * 2 + np.reshape([draw(numbers(-0.3, 0.3)) for _ in range(n * n)], (n, n))


@settings(max_examples=15)
@given(sources())
@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing")
def test_results_lie_on_their_picture_and_change_nothing(source: Layer) -> None:
    viewer = ViewerModel()
    viewer.add_layer(source)
    before = state(source)
    added = add_to_viewer(viewer, make_map(source.data.shape), source)
    for layer in [*added, class_layer(make_map(source.data.shape), 10, source)]:
        assert_on(layer, source)
    assert state(source) == before
    # None is what makes napari say "Inconsistent units" and forget all units.
    assert viewer.layers.extent.units is not None


@settings(max_examples=30)
@given(sources(side=SMALLEST), st.booleans(), st.booleans())
@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing")
def test_what_is_estimated_lies_on_its_picture(source: Layer, in_panel: bool, other_size: bool) -> None:
    """Wherever the layer lies, flipped or not: a map has sizes above 0, and its corners are the picture's."""
    picture = LayerPicture.of(source) if in_panel else source
    stack = as_stack(picture, **({"pixel_size": (3.0, 5.0), "unit": "um"} if other_size else {}))
    known = {name: getattr(stack, name) for name in ("axes", "scale", "units", "translate", "affine")}
    m = make_map(stack.shape, **known)
    wanted = corners(source, list(range(source.ndim)))
    if other_size:  # the same place in a stretched world
        wanted[:, -2:] *= (3.0, 5.0) / np.abs(source.scale[-2:])
    size = np.abs(wanted - wanted.mean(axis=0)).max()
    for layer in result_layers(m):
        found = corners(layer, list(range(layer.ndim)))
        np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-9 * max(size, np.abs(wanted).max()))
        assert [str(unit) for unit in layer.units] == list(stack.units)
    for layer in result_layers(m, source):
        assert_on(layer, source)


@settings(max_examples=15)
@given(sources())
@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing")
def test_the_map_remembers_where_its_picture_lay(source: Layer) -> None:
    units = [str(unit) for unit in source.units]
    m = make_map(source.data.shape, scale=np.abs(source.scale), units=units)
    remembered = result_layers(m, source)[0].metadata["blurmap"]
    assert remembered.scale == m.scale
    for layer in result_layers(remembered):
        np.testing.assert_allclose(
            corners(layer, list(range(layer.ndim))), corners(source, list(range(source.ndim))), rtol=1e-7, atol=1e-9
        )
        assert layer.units == source.units


def test_names_order_and_what_is_shown() -> None:
    layers = result_layers(make_map(), Image(np.zeros((6, 8)), name="cells"))
    assert [layer.name for layer in layers] == [
        "cells sigma (default)",
        "cells uncertainty (default)",
        "cells cannot tell",
    ]
    assert [type(layer) for layer in layers] == [Image, Image, Labels]
    assert [layer.visible for layer in layers] == [True, False, True]
    assert layers[0].colorbar.visible
    assert all(0 < layer.opacity < 1 for layer in layers)
    assert [layer.metadata["blurmap"].sigma.shape for layer in layers] == [(6, 8)] * 3


def test_results_hold_the_masked_sigma() -> None:
    m = make_map()
    sigma, uncertainty, _ = result_layers(m)
    np.testing.assert_array_equal(sigma.data, m.masked().sigma)
    np.testing.assert_array_equal(uncertainty.data, m.uncertainty)
    assert np.isnan(sigma.data[m.status > 0]).all()
    assert sigma.metadata["blurmap"] is m


def test_a_partial_result_says_so_and_files_give_names() -> None:
    about = {"model": "mine", "partial": True, "source": {"path": "/data/a/cells.ome.tif", "sha256": "0"}}
    assert result_layers(make_map(provenance=about))[0].name == "cells sigma (mine, partial)"
    assert result_layers(make_map(provenance={}))[0].name == "picture sigma (unknown model)"


def test_nothing_is_overwritten() -> None:
    viewer = ViewerModel()
    source = viewer.add_image(np.zeros((6, 8)), name="cells")
    first = add_to_viewer(viewer, make_map(), "cells")
    kept = [layer.data.copy() for layer in first]
    second = add_to_viewer(viewer, make_map(provenance={"model": "default", "again": True}), source)
    assert [layer.name for layer in second] == [f"{layer.name} [1]" for layer in first]
    assert list(viewer.layers) == [source, *first, *second]
    assert viewer.layers.selection.active is second[0]
    for layer, data in zip(first, kept, strict=True):
        np.testing.assert_array_equal(layer.data, data)


def test_colour_and_pyramids() -> None:
    rgb = Image(np.zeros((6, 8, 3), np.uint8), rgb=True, scale=(2, 3), units="um", axis_labels=("y", "x"))
    for layer in result_layers(make_map(provenance={"parameters": {"channel_axis": -1}}), rgb):
        assert_on(layer, rgb)
    levels = Image([np.zeros((6, 8)), np.zeros((3, 4))], multiscale=True, scale=(2, 3), units="um")
    for layer in result_layers(make_map(), levels):
        assert_on(layer, levels)
        assert not layer.multiscale


@pytest.mark.parametrize("colour", [0, 1, -1])
def test_a_colour_axis_is_dropped_where_it_can_be(colour: int) -> None:
    shape = [4, 6, 8]
    shape.insert(colour % 4, 3)
    source = Image(np.zeros(shape), scale=(2, 3, 4, 5), translate=(1, 2, 3, 4), units="um", rgb=False)
    m = make_map((4, 6, 8), provenance={"model": "default", "parameters": {"channel_axis": colour}})
    sigma = result_layers(m, source)[0]
    assert_on(sigma, source)
    plain = np.asarray(sigma.data) if sigma.ndim == 3 else np.take(sigma.data, 1, axis=colour)
    np.testing.assert_array_equal(plain, m.masked().sigma)
    assert sigma.ndim == (3 if colour == 0 else 4)


def test_axes_in_another_order_are_put_back() -> None:
    source = Image(np.zeros((6, 8, 4)), axis_labels=("Y", "X", "Z"), scale=(1, 2, 3), units="um")
    m = make_map((4, 6, 8))
    for layer in result_layers(m, source):
        assert_on(layer, source)
    np.testing.assert_array_equal(result_layers(m, source)[0].data, m.masked().sigma.transpose(1, 2, 0))


def test_one_plane_of_a_stack() -> None:
    source = Image(np.zeros((4, 6, 8)), scale=(9, 2, 3), units="um", axis_labels=("z", "y", "x"))
    for layer in result_layers(make_map((6, 8)), source):
        assert_on(layer, source)
        assert layer.ndim == 2


def test_without_its_picture_a_map_lies_where_it_remembers() -> None:
    affine = [[0.0, -1.0, 5.0], [1.0, 0.0, 6.0], [0.0, 0.0, 1.0]]
    m = make_map(scale=(0.5, 0.25), units=("um", "um"), translate=(3.0, 4.0), affine=affine)
    for layer in result_layers(m):
        np.testing.assert_allclose(layer.data_to_world((2, 2)), (5 - 4.5, 6 + 4.0))
        assert [str(unit) for unit in layer.units] == ["micrometer"] * 2
        assert layer.axis_labels == ("y", "x")


def test_another_pixel_size_than_the_layers_is_kept() -> None:
    source = Image(np.zeros((6, 8)), scale=(2, 2))
    m = make_map(scale=(0.5, 0.5), units=("um", "um"))
    sigma = result_layers(m, source)[0]
    assert_on(sigma, source)
    assert sigma.metadata["blurmap"] is m


def test_wrong_sources_are_refused() -> None:
    with pytest.raises(BlurMapError, match=r"6 x 8 pixels, the layer 'other' 6 x 9.*another picture"):
        result_layers(make_map(), Image(np.zeros((6, 9)), name="other"))
    viewer = ViewerModel()
    viewer.add_image(np.zeros((6, 8)), name="cells")
    with pytest.raises(BlurMapError, match=r"no layer 'cell'.*'cells'"):
        add_to_viewer(viewer, make_map(), "cell")
    assert len(viewer.layers) == 1


@pytest.mark.parametrize("limit", [0, -1.0, float("nan"), float("inf")])
def test_a_limit_is_a_sigma(limit: float) -> None:
    with pytest.raises(BlurMapError, match="limit"):
        result_layers(make_map(), limit=limit)


def test_colours_are_logarithmic_and_fixed() -> None:
    sigma = result_layers(make_map(), limit=0.5)[0]
    low, high = sigma.contrast_limits
    assert (low, high) == (0.5, 8.0)
    assert sigma.contrast_limits_range == [0.5, 8.0]
    steps = np.linspace(0, 0.999, 20)
    shown = sigma.colormap.map((low * 16.0**steps - low) / (high - low))
    # The table is linear between 129 colours.
    np.testing.assert_allclose(shown, ensure_colormap("viridis").map(steps), atol=0.005)
    lightness = shown[:, :3] @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(lightness) > 0).all()
    assert result_layers(make_map())[0].contrast_limits[0] == pytest.approx(0.42466, abs=1e-5)


def test_results_are_never_autoscaled() -> None:
    viewer = ViewerModel()
    sigma = add_to_viewer(viewer, make_map((3, 6, 8)))[0]
    limits = list(sigma.contrast_limits)
    viewer.dims.set_point(0, 2)
    sigma.refresh()
    assert not sigma.auto_contrast
    assert list(sigma.contrast_limits) == limits == sigma.contrast_limits_range


def test_what_cannot_be_told_has_no_colour_of_blur() -> None:
    colours = blur_colormap().map(np.linspace(0, 0.9999, 400))[:, :3]
    beyond = blur_colormap().map(1.0)[0, :3]
    assert np.abs(colours - beyond).max(axis=1).min() > 0.2
    assert blur_colormap().map(np.nan)[0, 3] == 0
    labels = result_layers(make_map())[2]
    for number in REASONS:
        colour = labels.colormap.map(number)
        assert colour[3] == 1
        assert np.abs(colours - colour[:3]).max(axis=1).min() > 0.15, REASONS[number]
    assert labels.colormap.map(0)[3] == 0


def test_cannot_tell_names_every_reason() -> None:
    m = make_map((20, 30))
    unsure = (m.status == 0) & (np.indices(m.status.shape)[1] < 15)
    m = BlurMap(
        m.sigma,
        np.where(unsure, m.sigma, m.uncertainty),
        m.status,
        axes=m.axes,
        scale=m.scale,
        units=m.units,
        provenance={},
    )
    labels = result_layers(m)[2]
    table = labels.features.set_index("index")
    assert dict(table["reason"][1:]) == REASONS
    assert REASONS[Status.TOO_NOISY] == "too noisy"
    np.testing.assert_array_equal(labels.data == 6, unsure & (m.sigma > 0))
    for status in list(Status)[1:]:
        np.testing.assert_array_equal(labels.data == status, m.status == status)
        assert table["share of the picture"][status] == pytest.approx((m.status == status).mean(), abs=1e-4)
    # Judged or a reason, one of the two, at every place.
    np.testing.assert_array_equal(labels.data == 0, np.isfinite(m.masked().sigma))
    assert "too noisy" in labels.get_status(np.argwhere(m.status == Status.TOO_NOISY)[0], world=True)["coordinates"]


@pytest.mark.parametrize(("classes", "width"), [(10, 0.3), (30, 0.1)])
def test_classes(classes: int, width: float) -> None:
    sigma = np.linspace(0.02, 4.0, 600).reshape(20, 30)
    status = np.zeros(sigma.shape)
    status[0, :5] = 1
    m = BlurMap(
        sigma, 0 * sigma, status, axes=("y", "x"), scale=(1, 1), units=("um", "um"), provenance={"model": "default"}
    )
    layer = class_layer(m, classes, name="cells")
    assert layer.name == f"cells blur classes ({classes})"
    table = layer.features.set_index("index")
    assert (layer.data[status == 1] == 0).all()
    assert set(np.unique(layer.data)) == set(range(classes + 2))
    for number in range(1, classes + 2):
        inside = sigma[layer.data == number]
        assert inside.min() >= table["sigma from (px)"][number] - 1e-3
        assert inside.max() <= table["sigma to (px)"][number] + 1e-3
        assert table["share of judged"][number] == pytest.approx(inside.size / (status == 0).sum(), abs=1e-4)
    assert table["class"][3] == f"{3 * width:.1f} px"
    assert table["share of judged"][1:].sum() == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(layer.colormap.map(5), class_colours(np.array([5 * width]))[0], atol=1e-6)


def test_classes_are_ten_or_thirty() -> None:
    with pytest.raises(BlurMapError, match="10 or 30"):
        class_layer(make_map(), 12)


def test_lazy_maps_stay_lazy() -> None:
    computed = set()

    def compute(block: np.ndarray, block_id: tuple[int, ...]) -> np.ndarray:
        computed.add(block_id[0])
        return block

    lazy = [da.zeros((5, 64, 64), chunks=(1, 64, 64)).map_blocks(compute, meta=np.empty(0)) for _ in range(3)]
    m = BlurMap(*lazy, axes=("z", "y", "x"), scale=(1, 1, 1), units=("um",) * 3, provenance={"model": "default"})
    layers = [*result_layers(m), class_layer(m)]
    assert [type(layer.data) for layer in layers] == [da.Array] * 4
    assert layers[2].features["share of the picture"].isna().all()
    assert layers[3].features["share of judged"].isna().all()
    assert len(computed) <= 1  # the plane that is shown


def test_a_mask_of_a_lazy_layer_counts():
    picture = np.random.default_rng(0).integers(0, 200, (64, 80)).astype(np.uint8)
    mask = np.zeros(picture.shape, bool)
    mask[20:40, 10:50] = True
    lazy = da.from_array(np.ma.masked_array(picture, mask), chunks=(32, 40))
    stack = as_stack(LayerPicture.of(Image(lazy, contrast_limits=(0, 200))))
    np.testing.assert_array_equal(read_plane(stack.plane(())).valid, ~mask)
