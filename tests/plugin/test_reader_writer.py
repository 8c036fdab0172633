"""Results go out of napari and come back the same; models open in their panel; bad files end in one clear line."""

from __future__ import annotations

import json
import pickle
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image

from napari_blurmap import BlurMap, BlurMapError
from napari_blurmap.models.registry import find_model
from napari_blurmap.plugin.layers.layers import add_to_viewer, result_layers
from napari_blurmap.plugin.reader import NO_LAYERS, get_reader, read
from napari_blurmap.plugin.writer import write_tiff, write_zarr


@pytest.fixture
def plugin(npe2pm: Any) -> Any:
    """Only this plugin, as its manifest describes it."""
    with npe2pm.tmp_plugin(manifest=str(files("napari_blurmap") / "napari.yaml")) as registered:
        yield registered


def make_map(shape: tuple[int, ...] = (3, 40, 50)) -> BlurMap:
    rng = np.random.default_rng(0)
    sigma = rng.uniform(0.3, 5.0, shape)
    n = len(shape)
    return BlurMap(
        sigma,
        0.1 * sigma,
        rng.integers(0, 6, shape),
        axes=("z", "y", "x")[-n:],
        scale=(2.0, 0.325, 0.325)[-n:],
        units=("micrometer",) * n,
        provenance={"model": "default", "reference": "absolute", "parameters": {"tile": 512}},
    )


def shown(viewer: ViewerModel, m: BlurMap) -> list[Any]:
    """A map on a picture that is turned, away from the origin."""
    turned = [[0.0, -1.0, 5.0], [1.0, 0.0, 6.0], [0.0, 0.0, 1.0]]
    source = viewer.add_image(
        np.zeros(m.sigma.shape),
        name="cells",
        scale=m.scale,
        translate=(1.0, 2.0, 3.0)[-len(m.axes) :],
        affine=turned,
        units=m.units,
        axis_labels=m.axes,
    )
    layers = result_layers(m, source, limit=0.6)
    return [viewer.add_layer(layer) for layer in layers]


@pytest.mark.parametrize("ending", [".sigma.ome.tif", ".sigma.ome.zarr"])
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("shape", [(40, 50), (3, 40, 50)])
def test_a_result_comes_back_as_it_was(plugin: Any, tmp_path: Path, ending: str, which: int, shape: Any) -> None:
    viewer = ViewerModel()
    m = make_map(shape)
    before = shown(viewer, m)
    viewer.layers.selection = {before[which]}
    path = tmp_path / f"cells{ending}"
    assert viewer.layers.save(str(path), selected=True, plugin="napari-blurmap") == [str(path)]

    other = ViewerModel()
    after = other.open(str(tmp_path / "cells.blurmap.json"), plugin="napari-blurmap")
    assert [layer.name for layer in after] == [layer.name for layer in before]
    for old, new in zip(before, after, strict=True):
        assert type(new) is type(old)
        np.testing.assert_array_equal(np.asarray(new.data), np.asarray(old.data))
        np.testing.assert_allclose(new.scale, old.scale)
        for corner in ((0,) * old.ndim, tuple(old.data.shape)):
            np.testing.assert_allclose(new.data_to_world(corner), old.data_to_world(corner))
        assert new.units == old.units
        assert new.axis_labels == old.axis_labels
        assert (new.visible, new.opacity, new.blending) == (old.visible, old.opacity, old.blending)
    assert list(after[0].contrast_limits) == [0.6, 9.6]
    assert after[0].colormap.same_colors(before[0].colormap)
    assert after[0].colorbar.visible
    loaded = after[0].metadata["blurmap"]
    assert loaded.provenance == m.provenance
    np.testing.assert_array_equal(np.asarray(loaded.sigma), m.sigma)
    np.testing.assert_array_equal(np.asarray(loaded.status), m.status)
    assert other.layers.extent.units is not None


def test_napari_asks_nobody_else(plugin: Any, tmp_path: Path) -> None:
    make_map().save(tmp_path / "a.sigma.ome.tif")
    assert len(ViewerModel().open(str(tmp_path / "a.blurmap.json"), plugin=None)) == 3


def test_a_script_result_opens_under_its_file_name(tmp_path: Path) -> None:
    make_map().save(tmp_path / "slide 3.sigma.ome.tif")
    layers = read(str(tmp_path / "slide 3.blurmap.json"))
    assert layers[0].name == "slide 3 sigma (default)"
    assert layers[0].contrast_limits[0] == pytest.approx(0.42466, abs=1e-5)


@pytest.mark.parametrize("view", [{"limit": "x", "name": 3}, {"limit": -1, "name": ""}, {"other": 1}])
def test_a_strange_view_does_no_harm(tmp_path: Path, view: dict[str, Any]) -> None:
    make_map().save(tmp_path / "a.sigma.ome.tif", colormap=view)
    assert read(str(tmp_path / "a.blurmap.json"))[0].name == "a sigma (default)"


def test_several_results_at_once(plugin: Any, tmp_path: Path) -> None:
    for name in "ab":
        make_map().save(tmp_path / f"{name}.sigma.ome.tif")
    paths = [str(tmp_path / f"{name}.blurmap.json") for name in "ab"]
    assert len(ViewerModel().open(paths, plugin="napari-blurmap")) == 6
    assert len(ViewerModel().open(paths, stack=True, plugin="napari-blurmap")) == 6


@pytest.mark.parametrize("name", ["a.json", "a.tif", "a.sigma.ome.tif", "blurmap.json", "a.safetensors", "folder"])
def test_other_files_are_left_to_others(name: str) -> None:
    assert get_reader(name) is None
    assert get_reader(["a.blurmap.json", name]) is None


def test_a_completed_name_is_never_overwritten(tmp_path: Path) -> None:
    layer = result_layers(make_map(), name="cells")[0]
    data, meta, _ = layer.as_layer_data_tuple()
    for typed in ("cells", "cells.tif", "cells.ome.tif", "cells.sigma.ome.tiff"):
        assert write_tiff(str(tmp_path / typed), data, meta) == [str(tmp_path / "cells.sigma.ome.tif")]
        first = (tmp_path / "cells.sigma.ome.tif").read_bytes()
        with pytest.raises(OSError, match="exists already"):
            write_tiff(str(tmp_path / typed), data, meta)
        assert (tmp_path / "cells.sigma.ome.tif").read_bytes() == first
        # napari's dialog has asked about a name that was typed in full
        write_tiff(str(tmp_path / "cells.sigma.ome.tif"), data, meta)
        (tmp_path / "cells.sigma.ome.tif").unlink()
        (tmp_path / "cells.blurmap.json").unlink()
    assert write_zarr(str(tmp_path / "v1.2.zarr"), data, meta) == [str(tmp_path / "v1.2.sigma.ome.zarr")]
    assert BlurMap.load(tmp_path / "v1.2.blurmap.json").sigma.shape == (3, 40, 50)


def test_a_layer_without_a_map_cannot_be_saved_as_one(plugin: Any, tmp_path: Path) -> None:
    viewer = ViewerModel()
    viewer.add_image(np.zeros((40, 50)), name="cells")
    with pytest.raises(OSError, match=r"'cells' holds no blur map.*sigma layer"):
        viewer.layers.save(str(tmp_path / "cells.sigma.ome.tif"), plugin="napari-blurmap")
    assert list(tmp_path.iterdir()) == []


def test_saving_into_nowhere_says_so(plugin: Any, tmp_path: Path) -> None:
    viewer = ViewerModel()
    sigma = add_to_viewer(viewer, make_map())[0]
    viewer.layers.selection = {sigma}
    with pytest.raises(OSError, match="could not be written"):
        viewer.layers.save(str(tmp_path / "no" / "a.sigma.ome.tif"), selected=True, plugin="napari-blurmap")


def _spoil_json(folder: Path) -> None:
    (folder / "a.blurmap.json").write_text("{")


def _foreign_json(folder: Path) -> None:
    (folder / "a.blurmap.json").write_text('{"format": "something else"}')


def _newer_json(folder: Path) -> None:
    header = json.loads((folder / "a.blurmap.json").read_text())
    (folder / "a.blurmap.json").write_text(json.dumps(header | {"schema": 99}))


def _lose_data(folder: Path) -> None:
    (folder / "a.sigma.ome.tif").unlink()


def _truncate_data(folder: Path) -> None:
    data = (folder / "a.sigma.ome.tif").read_bytes()
    (folder / "a.sigma.ome.tif").write_bytes(data[: len(data) // 2])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_spoil_json, "a.blurmap.json.*not valid JSON"),
        (_foreign_json, "a.blurmap.json.*napari-blurmap result"),
        (_newer_json, "a.blurmap.json.*newer.*schema 99"),
        (_lose_data, "a.sigma.ome.tif, which is not beside it"),
        (_truncate_data, "a.sigma.ome.tif"),
    ],
)
def test_bad_results_end_in_one_line(plugin: Any, tmp_path: Path, spoil: Any, message: str) -> None:
    make_map().save(tmp_path / "a.sigma.ome.tif")
    spoil(tmp_path)
    viewer = ViewerModel()
    with pytest.raises(BlurMapError, match=message) as caught:
        viewer.open(str(tmp_path / "a.blurmap.json"), plugin="napari-blurmap")
    assert "\n" not in str(caught.value)
    assert len(viewer.layers) == 0


class Trap:
    """Leaves a file behind if anybody unpickles it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("kind", ["pickle", "truncated", "empty", "missing"])
def test_bad_models_end_in_one_line_and_run_no_code(plugin: Any, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "mine.blurmap.safetensors"
    if kind == "pickle":
        path.write_bytes(pickle.dumps(Trap(tmp_path / "ran")))
    elif kind == "truncated":
        path.write_bytes(find_model("default").read_bytes()[:1000])
    elif kind == "empty":
        path.touch()
    with pytest.raises((BlurMapError, OSError), match=r"mine\.blurmap\.safetensors") as caught:
        ViewerModel().open(str(path), plugin="napari-blurmap")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "ran").exists()


def test_a_model_alone_has_no_layers(plugin: Any, tmp_path: Path) -> None:
    path = tmp_path / "mine.blurmap.safetensors"
    shutil.copy(find_model("default"), path)
    assert read(str(path)) is NO_LAYERS
    viewer = ViewerModel()
    assert viewer.open(str(path), plugin="napari-blurmap") == []
    assert len(viewer.layers) == 0


def test_an_image_may_carry_other_metadata(tmp_path: Path) -> None:
    meta = Image(np.zeros((4, 4)), name="x", metadata={"blurmap": "text"}).as_layer_data_tuple()[1]
    with pytest.raises(OSError, match="holds no blur map"):
        write_tiff(str(tmp_path / "x"), None, meta)
