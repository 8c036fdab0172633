"""Samples: quick, offline, the same every time, with a truth that can be scored and compared by eye."""

from __future__ import annotations

import socket
import time
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
import yaml
from napari.components import ViewerModel
from scipy import ndimage

from napari_blurmap import BlurMap, BlurMapError
from napari_blurmap.plugin import sample_data
from napari_blurmap.plugin.layers.layers import result_layers
from napari_blurmap.synthesis.depth import SEEN, DepthLayer, depth_scene, slice_depth

MANIFEST = files("napari_blurmap") / "napari.yaml"
SAMPLES = [item["key"] for item in yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))["contributions"]["sample_data"]]


@cache
def made(key: str) -> tuple[list[Any], float]:
    """What a sample holds, and the seconds that took."""
    start = time.process_time()
    return getattr(sample_data, key)(), time.process_time() - start


@pytest.fixture
def viewer(npe2pm: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A viewer with this plugin and no network."""

    def refuse(*_: object) -> None:
        raise AssertionError("went to the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with npe2pm.tmp_plugin(manifest=str(MANIFEST)):
        yield ViewerModel()


def test_every_kind_of_sample_is_there() -> None:
    patterns = {f"{kind}_{axis}" for kind in ("ramp", "sine", "text") for axis in "xy"}
    scenes = {f"{scene}_{part}" for scene in ("defocused", "motorcycle") for part in ("background", "foreground")}
    assert set(SAMPLES) == patterns | scenes


@pytest.mark.parametrize("key", ["ramp_x", "sine_x", "text_x", "defocused_background", "motorcycle_background"])
def test_each_kind_is_the_same_every_time(key: str) -> None:
    for first, again in zip(made(key)[0], getattr(sample_data, key)(), strict=True):
        np.testing.assert_array_equal(first[0], again[0])


@pytest.mark.parametrize("key", SAMPLES)
def test_a_sample_comes_with_its_truth(viewer: ViewerModel, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    layers, seconds = made(key)
    assert seconds < 1.0
    monkeypatch.setattr(sample_data, key, lambda: layers)  # not made again
    picture, truth = viewer.open_sample("napari-blurmap", key)
    assert picture.name == layers[0][1]["name"]

    assert picture.data.dtype == np.uint8
    assert picture.data.std() > 20
    assert (picture.data == 255).mean() < 0.001
    assert truth.name.startswith("truth sigma")
    assert not truth.visible
    assert truth.data.shape == picture.data.shape
    assert truth.scale.tolist() == picture.scale.tolist() != [1.0, 1.0]
    assert truth.units == picture.units
    assert str(truth.units[0]) in ("micrometer", "millimeter")
    assert truth.axis_labels == picture.axis_labels == ("y", "x")
    assert viewer.layers.extent.units is not None
    assert "blurmap" not in picture.metadata

    m = truth.metadata["blurmap"]
    assert isinstance(m, BlurMap)
    np.testing.assert_array_equal(m.sigma, truth.data)
    assert truth.metadata["blurmap_truth_of"] == picture.name
    like = result_layers(m)[0]
    assert like.colormap.same_colors(truth.colormap)
    assert like.contrast_limits == truth.contrast_limits
    assert like.contrast_limits_range == truth.contrast_limits_range
    assert (like.opacity, like.blending) == (truth.opacity, truth.blending)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("ramp_x", lambda n: 0.3 + 2.7 * n / 511),
        ("sine_x", lambda n: 1.55 + 1.45 * np.sin(0.02 * (n + 1))),
        ("text_x", lambda n: 1.55 + 1.45 * np.sin(0.02 * (n + 1))),
    ],
)
def test_the_truth_is_what_it_says(key: str, expected: Any) -> None:
    line = expected(np.arange(512))
    along_x, along_y = (made(key[:-1] + axis)[0][1][0] for axis in "xy")
    np.testing.assert_allclose(along_x, np.broadcast_to(line, (512, 512)), atol=1e-5)
    np.testing.assert_allclose(along_y, along_x.T)


@pytest.mark.parametrize("key", ["ramp_x", "ramp_y", "defocused_background", "defocused_foreground"])
def test_the_picture_is_blurred_where_the_truth_says(key: str) -> None:
    (picture, *_), (sigma, *_) = made(key)[0]
    detail = np.abs(ndimage.gaussian_laplace(picture.astype(float), 1.0))
    sharp, blurred = detail[sigma <= np.quantile(sigma, 0.2)].mean(), detail[sigma >= np.quantile(sigma, 0.8)].mean()
    assert sharp > 2 * blurred


def test_scenes_differ_in_focus_only() -> None:
    (near, *_), (near_truth, *_) = made("defocused_background")[0]
    (far, *_), (far_truth, *_) = made("defocused_foreground")[0]
    for truth in (near_truth, far_truth):
        np.testing.assert_allclose(np.unique(truth), [0.3, 1.5, 3.0], rtol=1e-6)
    assert near_truth[0, 0] == pytest.approx(3.0)
    assert far_truth[0, 0] == pytest.approx(0.3)
    smooth = [ndimage.gaussian_filter(p.astype(float), 8) for p in (near, far)]
    assert np.corrcoef(smooth[0].ravel(), smooth[1].ravel())[0, 1] > 0.95


def test_a_missing_motorcycle_is_not_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    import skimage.data

    monkeypatch.setattr(skimage.data, "__file__", "/nowhere/__init__.py")
    with pytest.raises(BlurMapError, match=r"without its motorcycle.*samples with objects"):
        sample_data.motorcycle_background()


def half_covered(sigma_far: float, sigma_near: float) -> tuple[np.ndarray, np.ndarray]:
    """A bright layer over the left half of a dark one."""
    shape = (48, 64)
    near = (np.indices(shape)[1] < 32).astype(np.float32)
    dark, bright = np.full(shape, 0.2, np.float32), np.full(shape, 0.8, np.float32)
    return depth_scene([DepthLayer(dark, np.ones(shape, np.float32), sigma_far), DepthLayer(bright, near, sigma_near)])


def test_a_sharp_edge_takes_no_light_from_a_blurred_ground() -> None:
    picture, sigma = half_covered(5.0, 0.0)
    np.testing.assert_allclose(picture[:, :32], 0.8, atol=1e-6)
    np.testing.assert_allclose(picture[:, 32:], 0.2, atol=1e-6)
    np.testing.assert_array_equal(sigma[0], [0.0] * 32 + [5.0] * 32)


def test_a_blurred_edge_becomes_transparent() -> None:
    picture, sigma = half_covered(0.4, 4.0)
    cover = ndimage.gaussian_filter(np.where(np.indices((48, 64))[1] < 32, 1.0, 0.0), 4.0)
    np.testing.assert_allclose(picture, 0.2 + 0.6 * cover, atol=1e-5)
    # The sharp ground is seen where it gives a quarter of the light or more.
    np.testing.assert_array_equal(sigma == np.float32(0.4), 1 - cover >= SEEN)


def test_layers_of_the_same_blur_are_one_blurred_picture() -> None:
    rng = np.random.default_rng(0)
    picture = rng.random((60, 60)).astype(np.float32)
    slanted = np.broadcast_to(np.linspace(0, 1, 60, dtype=np.float32), (60, 60))
    seen, sigma = depth_scene(slice_depth(picture, slanted, lambda _: 1.2, count=4))
    # A slanted surface at one blur: no seams where it is cut.
    np.testing.assert_allclose(seen, ndimage.gaussian_filter(picture, 1.2), atol=1e-5)
    np.testing.assert_allclose(sigma, 1.2, rtol=1e-6)


def test_hidden_places_do_not_shine_through() -> None:
    picture = np.full((40, 60), 0.2, np.float32)
    picture[:, 20:40] = 1.0
    nearness = np.where(np.indices((40, 60))[1] // 20 == 1, 1.0, 0.0).astype(np.float32)
    # Three steps away and sharp, before a ground out of focus: its brightness stays its own.
    seen, sigma = depth_scene(slice_depth(picture, nearness, lambda near: 0.0 if near > 0.5 else 4.0, count=4))
    np.testing.assert_allclose(seen[:, :20], 0.2, atol=1e-5)
    np.testing.assert_allclose(seen[:, 20:40], 1.0, atol=1e-5)
    assert set(np.unique(sigma)) == {0.0, 4.0}


def test_bad_scenes_are_refused() -> None:
    with pytest.raises(BlurMapError, match="covers the whole picture"):
        depth_scene([])
    with pytest.raises(BlurMapError, match="covers the whole picture"):
        depth_scene([DepthLayer(np.zeros((40, 40)), np.zeros((40, 40)), 1.0)])
