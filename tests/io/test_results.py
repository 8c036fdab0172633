"""Result files: everything comes back, other readers understand them, and nothing is ever half written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path

import dask
import dask.array as da
import numpy as np
import pytest
import tifffile
import yaozarrs
import zarr

from napari_blurmap.errors import BlurMapError
from napari_blurmap.ground.status import Status
from napari_blurmap.io.atomic import replacing, write_file
from napari_blurmap.io.results import is_result
from napari_blurmap.io.sidecar import read_sidecar
from napari_blurmap.result.blurmap import BlurMap

ENDINGS = (".sigma.ome.tif", ".sigma.ome.zarr")
AXES = {
    "plane": ("y", "x"),
    "time and depth": ("t", "z", "y", "x"),
    "depth before time": ("z", "t", "y", "x"),
    "channels": ("c", "y", "x"),
    "positions, channels, depth": ("position", "c", "z", "y", "x"),
}
SIZES = {"t": 2, "z": 3, "c": 3, "position": 2, "y": 70, "x": 300}
UNITS = {"t": "second", "z": "micrometer", "y": "nanometer", "x": "nanometer"}
SCALE = {"t": 0.5, "z": 1.5, "y": 65.1, "x": 65.0}


def example(axes=("y", "x"), **changes):
    random = np.random.default_rng(len(axes))
    shape = tuple(SIZES[axis] for axis in axes)
    sigma = random.uniform(0.3, 9, shape).astype(np.float32)
    # the last digits of float32, and what is no number
    sigma.flat[:4] = [np.nan, np.nextafter(np.float32(1), np.float32(2)), np.inf, 1e-30]
    fields = {
        "axes": axes,
        "scale": tuple(SCALE.get(axis, 1.0) for axis in axes),
        "units": tuple(UNITS.get(axis, "pixel") for axis in axes),
        "translate": tuple(float(i) - 0.25 for i in range(len(axes))),
        "affine": (np.eye(len(axes) + 1) * 1.1).tolist(),
        "provenance": {"model": "default", "source": {"path": "ä <&> \u0001.tif", "sha256": None}, "list": [1, 0.1]},
    }
    status = random.integers(0, len(Status), shape)
    uncertainty = np.where(status == 5, np.nan, 0.1 * sigma)
    return BlurMap(sigma, uncertainty, status, **(fields | changes))


def assert_same(a, b):
    for name in ("sigma", "uncertainty", "status"):
        left, right = np.asarray(getattr(a, name)), np.asarray(getattr(b, name))
        assert left.dtype == right.dtype
        np.testing.assert_array_equal(left, right, err_msg=name)
    for name in ("axes", "scale", "units", "translate", "affine", "provenance"):
        assert getattr(a, name) == getattr(b, name), name


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("axes", AXES.values(), ids=AXES)
def test_everything_comes_back(tmp_path, ending, axes):
    m = example(axes)
    path = m.save(tmp_path / f"a{ending}", colormap={"name": "viridis", "low": 0.5})
    assert names(tmp_path) == ["a.blurmap.json", f"a{ending}"]
    assert_same(BlurMap.load(path), m)
    assert_same(BlurMap.load(tmp_path / "a.blurmap.json"), m)
    assert read_sidecar(tmp_path / "a.blurmap.json")["colormap"] == {"name": "viridis", "low": 0.5}
    # without the sidecar the data speak for themselves
    (tmp_path / "a.blurmap.json").unlink()
    assert_same(BlurMap.load(path), m)


@pytest.mark.parametrize("ending", ENDINGS)
def test_optional_fields_may_be_missing(tmp_path, ending):
    m = example(translate=None, affine=None, provenance={}, units=("pixel", "pixel"))
    assert_same(BlurMap.load(m.save(tmp_path / f"a{ending}")), m)


@pytest.mark.parametrize("name", ["caf\udce9", "a\x01b", "a\ufffe", 'a <&> "b"'])
@pytest.mark.parametrize("ending", ENDINGS)
def test_any_file_name_comes_back(tmp_path, ending, name):
    m = example()
    try:
        (tmp_path / name).mkdir()
    except (OSError, UnicodeError):
        pytest.skip("this file system has no such names")
    assert_same(BlurMap.load(m.save(tmp_path / f"{name}{ending}")), m)
    assert_same(BlurMap.load(tmp_path / f"{name}.blurmap.json"), m)


def test_endings_may_be_in_capitals(tmp_path):
    m = example()
    m.save(tmp_path / "a.sigma.ome.tif")
    sidecar = (tmp_path / "a.blurmap.json").rename(tmp_path / "a.BLURMAP.JSON")
    assert is_result(sidecar)
    assert_same(BlurMap.load(sidecar), m)


def test_tiff_gives_numpy_and_zarr_stays_lazy(tmp_path):
    assert isinstance(BlurMap.load(example().save(tmp_path / "a.sigma.ome.tif")).sigma, np.ndarray)
    assert isinstance(BlurMap.load(example().save(tmp_path / "b.sigma.ome.zarr")).sigma, da.Array)


def test_tiff_as_others_read_it(tmp_path):
    m = example(("t", "z", "y", "x"))
    path = m.save(tmp_path / "a.sigma.ome.tif")
    with tifffile.TiffFile(path) as tif:
        [series] = tif.series
        page = series.keyframe
        assert tif.is_ome
        assert series.axes == "TZCYX"
        assert (page.compression, page.predictor, page.tile) == (8, 1, (256, 256))
        np.testing.assert_array_equal(series.asarray()[:, :, 0], m.sigma)
        np.testing.assert_array_equal(series.asarray()[:, :, 2], m.status)
        pixels = tifffile.xml2dict(tif.ome_metadata)["OME"]["Image"]["Pixels"]
    assert [channel["Name"] for channel in pixels["Channel"]] == ["sigma", "uncertainty", "status"]
    sizes = [pixels[f"PhysicalSize{axis}"] for axis in "XYZ"]
    assert [*sizes, pixels["TimeIncrement"]] == [65, 65.1, 1.5, 0.5]
    units = [pixels[f"PhysicalSize{axis}Unit"] for axis in "XYZ"]
    assert [*units, pixels["TimeIncrementUnit"]] == ["nm", "nm", "µm", "s"]


def test_unknown_pixel_size_is_not_written_as_a_length(tmp_path):
    path = example(units=("pixel", "pixel"), scale=(2, 2)).save(tmp_path / "a.sigma.ome.tif")
    with tifffile.TiffFile(path) as tif:
        assert "PhysicalSize" not in tif.ome_metadata


def test_zarr_as_others_read_it(tmp_path):
    m = example(("t", "z", "y", "x"))
    path = m.save(tmp_path / "a.sigma.ome.zarr")
    yaozarrs.validate_zarr_store(str(path))
    ome = json.loads((path / "zarr.json").read_text())["attributes"]["ome"]
    [multiscale] = ome["multiscales"]
    assert ome["version"] == "0.5"
    assert [axis["name"] for axis in multiscale["axes"]] == ["t", "c", "z", "y", "x"]
    assert [axis.get("unit") for axis in multiscale["axes"]] == ["second", None, "micrometer", "nanometer", "nanometer"]
    [transformation] = multiscale["datasets"][0]["coordinateTransformations"]
    assert transformation["scale"] == [0.5, 1, 1.5, 65.1, 65]


@pytest.mark.parametrize("ending", ENDINGS)
def test_ome_alone_is_enough_for_arrays_and_pixel_size(tmp_path, ending):
    m = example(("t", "z", "y", "x"))
    path = m.save(tmp_path / f"a{ending}")
    (tmp_path / "a.blurmap.json").unlink()
    if ending.endswith("tif"):
        data, xml = tifffile.imread(path), tifffile.tiffcomment(path)
        tifffile.tiffcomment(path, xml.replace("napari-blurmap result", "something").encode())
        assert data.shape == (2, 3, 3, 70, 300)
    else:
        text = json.loads((path / "zarr.json").read_text())
        del text["attributes"]["napari-blurmap"]
        (path / "zarr.json").write_text(json.dumps(text))
    loaded = BlurMap.load(path)
    assert (loaded.axes, loaded.scale, loaded.units) == (m.axes, m.scale, m.units)
    assert (loaded.provenance, loaded.translate, loaded.affine) == ({}, None, None)
    np.testing.assert_array_equal(np.asarray(loaded.sigma), m.sigma)


@pytest.mark.parametrize("ending", ENDINGS)
def test_sidecar_wins_over_the_data(tmp_path, ending):
    path = example().save(tmp_path / f"a{ending}")
    beside = tmp_path / "a.blurmap.json"
    beside.write_text(json.dumps(json.loads(beside.read_text()) | {"scale": [7, 7], "axes": ["y", "x"]}))
    assert BlurMap.load(path).scale == (7, 7)


@pytest.mark.parametrize("ending", ENDINGS)
def test_lazy_maps_are_written_piece_by_piece(tmp_path, ending):
    """Each plane or chunk is computed once for the three arrays, and never two planes at a time for TIFF."""
    m = example(("t", "z", "y", "x"))
    seen = []

    def load(block, block_info):
        seen.append(block_info[0]["chunk-location"])
        return np.stack([block, 0.1 * block])

    whole = da.from_array(m.sigma, chunks=(1, 1, 70, 150))
    both = whole.map_blocks(load, new_axis=0, chunks=((2,), *whole.chunks), dtype=np.float32, meta=np.empty((0,) * 5))
    lazy = example(("t", "z", "y", "x"))
    lazy = BlurMap(
        both[0],
        both[1],
        da.from_array(m.status, chunks=(1, 1, 70, 150)),
        axes=m.axes,
        scale=m.scale,
        units=m.units,
        provenance={},
    )
    seen.clear()
    loaded = BlurMap.load(lazy.save(tmp_path / f"a{ending}"))
    assert len(seen) == len(set(seen)) == 2 * 3 * 2
    np.testing.assert_array_equal(np.asarray(loaded.sigma), m.sigma)
    np.testing.assert_array_equal(np.asarray(loaded.status), m.status)


@pytest.mark.parametrize("ending", ENDINGS)
def test_nothing_is_overwritten_unasked(tmp_path, ending):
    path = example().save(tmp_path / f"a{ending}")
    other = example(provenance={"other": True})
    with pytest.raises(BlurMapError, match=f"a{ending}.*exists already"):
        other.save(path)
    assert_same(BlurMap.load(path), example())
    other.save(path, overwrite=True)
    assert_same(BlurMap.load(path), other)
    assert names(tmp_path) == ["a.blurmap.json", f"a{ending}"]


def test_the_sidecar_of_the_other_format_is_not_overwritten_unasked(tmp_path):
    first = example().save(tmp_path / "a.sigma.ome.tif")
    second = example(provenance={"second": 1})
    with pytest.raises(BlurMapError, match=r"a\.blurmap\.json exists already"):
        second.save(tmp_path / "a.sigma.ome.zarr")
    second.save(tmp_path / "a.sigma.ome.zarr", overwrite=True)
    # each is still described by its own copy
    assert BlurMap.load(first).provenance == example().provenance
    assert BlurMap.load(tmp_path / "a.blurmap.json").provenance == {"second": 1}


def test_a_foreign_folder_is_never_replaced(tmp_path):
    (tmp_path / "a.sigma.ome.zarr").mkdir()
    (tmp_path / "a.sigma.ome.zarr" / "thesis.txt").write_text("mine")
    with pytest.raises(BlurMapError, match="is no result"):
        example().save(tmp_path / "a.sigma.ome.zarr", overwrite=True)
    assert (tmp_path / "a.sigma.ome.zarr" / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize("ending", ENDINGS)
def test_failing_in_the_middle_leaves_the_old_result(tmp_path, ending, monkeypatch):
    path = example().save(tmp_path / f"a{ending}")
    before = names(tmp_path)

    def fail(block, block_info):
        if block_info[0]["chunk-location"] == (1, 0, 0):
            time.sleep(0.2)
            raise RuntimeError("power cut")
        return block

    stack = example(("z", "y", "x"))
    lazy = da.from_array(stack.sigma, chunks=(1, 70, 300)).map_blocks(fail, dtype=np.float32, meta=np.empty((0, 0, 0)))
    broken = BlurMap(lazy, lazy, stack.status, axes=stack.axes, scale=stack.scale, units=stack.units, provenance={})
    write = zarr.Array.__setitem__

    def write_slowly(*args):
        # another thread is still writing when the first one fails
        time.sleep(0.5)
        write(*args)

    monkeypatch.setattr(zarr.Array, "__setitem__", write_slowly)
    with pytest.raises((RuntimeError, BlurMapError), match="power cut"):
        broken.save(path, overwrite=True)
    time.sleep(0.5)
    done = ["a.partial.sigma.ome.zarr"] if ending.endswith("zarr") else []
    assert names(tmp_path) == sorted(before + done)
    assert_same(BlurMap.load(path), example())


@pytest.mark.parametrize("ending", ENDINGS)
def test_failing_at_the_rename_leaves_the_old_result(tmp_path, ending, monkeypatch):
    path = example().save(tmp_path / f"a{ending}")
    rename = os.replace

    def fail(source, target):
        if str(source).endswith(".part"):
            raise PermissionError(13, "in use", str(target))
        rename(source, target)

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(BlurMapError, match=r"could not be written.*in use"):
        example(provenance={}).save(path, overwrite=True)
    monkeypatch.undo()
    assert names(tmp_path) == ["a.blurmap.json", f"a{ending}"]
    assert_same(BlurMap.load(path), example())


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_folder_that_cannot_be_written_to(tmp_path, ending):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(BlurMapError, match="could not be written"):
        example().save(tmp_path / "file" / f"a{ending}")
    with pytest.raises(BlurMapError, match="could not be written"):
        example().save(tmp_path / "missing" / f"a{ending}")
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(BlurMapError, match="could not be written"):
            example().save(tmp_path / "a.sigma.ome.tif")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("name", ["a.tif", "a.ome.tif", ".sigma.ome.tif", "a.sigma.ome.tiff", "a"])
def test_other_names_are_refused(tmp_path, name):
    with pytest.raises(BlurMapError, match="no name for a result"):
        example().save(tmp_path / name)
    assert names(tmp_path) == []


def test_renamed_results_load(tmp_path):
    m = example()
    path = m.save(tmp_path / "a.sigma.ome.tif")
    alone = shutil.copy(path, tmp_path / "alone.tif")
    assert_same(BlurMap.load(alone), m)
    path.rename(tmp_path / "b.sigma.ome.tif")
    (tmp_path / "a.blurmap.json").rename(tmp_path / "b.blurmap.json")
    assert_same(BlurMap.load(tmp_path / "b.sigma.ome.tif"), m)
    assert_same(BlurMap.load(tmp_path / "b.blurmap.json"), m)


def change(beside, **fields):
    header = json.loads(beside.read_text()) | fields
    beside.write_text(json.dumps({key: value for key, value in header.items() if value != "gone"}))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"schema": 3}, "newer napari-blurmap"),
        ({"schema": "1"}, "damaged"),
        ({"format": "something"}, "does not describe"),
        ({"axes": "gone"}, "damaged: axes"),
        ({"scale": [1, "x"]}, "damaged: scale"),
        ({"file": "../a.sigma.ome.tif"}, "damaged: file"),
        ({"file": "a" * 300 + ".sigma.ome.tif"}, "damaged: file"),
        ({"file": "a\0.sigma.ome.tif"}, "damaged: file"),
        ({"scale": [1, 10**400]}, "damaged: scale"),
        ({"shape": [70, -300]}, "damaged: shape"),
        ({"shape": [True, 300]}, "damaged: shape"),
        ({"shape": [300]}, "damaged: shape"),
        ({"provenance": []}, "damaged: provenance"),
        ({"shape": [71, 300]}, "do not belong together"),
        ({"axes": ["x", "y"]}, "axes"),
        ({"scale": [1, 0]}, "scale"),
        ({"units": ["pixel", "micrometer"]}, "same unit"),
    ],
)
def test_a_wrong_sidecar_is_refused(tmp_path, fields, message):
    path = example().save(tmp_path / "a.sigma.ome.tif")
    beside = tmp_path / "a.blurmap.json"
    change(beside, **fields)
    for given in (path, beside):
        with pytest.raises(BlurMapError, match=message):
            BlurMap.load(given)


def test_a_sidecar_that_is_no_json_or_alone_is_refused(tmp_path):
    path = example().save(tmp_path / "a.sigma.ome.tif")
    beside = tmp_path / "a.blurmap.json"
    whole = beside.read_bytes()
    for text in (whole[:-20], b"", b"\xff\xfe", b"[]", b"null", b"[" * 10**5, b'{"a":' * 10**5):
        beside.write_bytes(text)
        with pytest.raises(BlurMapError, match=r"a\.blurmap\.json"):
            BlurMap.load(path)
    beside.write_bytes(whole)
    path.unlink()
    with pytest.raises(BlurMapError, match=r"a\.sigma\.ome\.tif, which is not beside it"):
        BlurMap.load(beside)


def test_newer_copies_inside_the_data_are_refused(tmp_path):
    path = example().save(tmp_path / "a.sigma.ome.tif")
    (tmp_path / "a.blurmap.json").unlink()
    xml = tifffile.tiffcomment(path)
    changed = xml.replace("schema&quot;: 2", "schema&quot;: 9")
    assert changed != xml
    tifffile.tiffcomment(path, changed.encode())
    with pytest.raises(BlurMapError, match="newer napari-blurmap"):
        BlurMap.load(path)


def test_foreign_files_are_refused(tmp_path):
    with pytest.raises(BlurMapError, match="does not exist"):
        BlurMap.load(tmp_path / "a.sigma.ome.tif")
    tifffile.imwrite(tmp_path / "plain.tif", np.zeros((64, 64), np.uint8))
    tifffile.imwrite(tmp_path / "three.ome.tif", np.zeros((3, 64, 64), np.float32), metadata={"axes": "CYX"})
    for name in ("plain.tif", "three.ome.tif"):
        with pytest.raises(BlurMapError, match="no result of napari-blurmap"):
            BlurMap.load(tmp_path / name)
    (tmp_path / "text.sigma.ome.tif").write_text("a text")
    with pytest.raises(BlurMapError, match="cannot be read as TIFF"):
        BlurMap.load(tmp_path / "text.sigma.ome.tif")
    with pytest.raises(BlurMapError, match="cannot be read as OME-Zarr"):
        BlurMap.load(tmp_path)


@pytest.mark.parametrize("ending", ENDINGS)
def test_data_and_sidecar_of_different_savings_are_refused(tmp_path, ending):
    """As after a kill between the two renames: the new data beside the old description, of the same shape."""
    path, beside = example().save(tmp_path / f"a{ending}"), tmp_path / "a.blurmap.json"
    old = beside.read_bytes()
    new = example(provenance={"new": True})
    new.save(path, overwrite=True)
    whole = beside.read_bytes()
    beside.write_bytes(old)
    for given in (path, beside):
        with pytest.raises(BlurMapError, match=r"not saved together.*Save the map again, or delete"):
            BlurMap.load(given)
    beside.write_bytes(whole)
    assert_same(BlurMap.load(path), new)
    # A sidecar of an older version has no such mark.
    change(beside, id="gone")
    with pytest.raises(BlurMapError, match="not saved together"):
        BlurMap.load(path)
    beside.unlink()
    assert_same(BlurMap.load(path), new)


@pytest.mark.parametrize("ending", ENDINGS)
def test_of_the_pictures_path_only_the_name_is_written(tmp_path, ending):
    for given in ("/home/jane/secret project/a.tif", r"C:\\Users\\jane\\secret project\\a.tif", "a.tif"):
        source = {"path": given, "sha256": "0"}
        path = example(provenance={"source": source}).save(tmp_path / f"a{ending}", overwrite=True)
        assert BlurMap.load(path).provenance["source"] == {"path": "a.tif", "sha256": "0"}
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not any(b"jane" in file.read_bytes() for file in files)


@pytest.mark.parametrize("ending", ENDINGS)
def test_overwriting_keeps_the_permissions(tmp_path, ending):
    path = example().save(tmp_path / f"a{ending}")
    beside = tmp_path / "a.blurmap.json"
    for file, mode in ((path, 0o750 if path.is_dir() else 0o640), (beside, 0o600)):
        file.chmod(mode)
    before = [file.stat().st_mode for file in (path, beside)]
    example(provenance={}).save(path, overwrite=True)
    assert [file.stat().st_mode for file in (path, beside)] == before


def test_a_name_as_long_as_names_can_be(tmp_path):
    m = example()
    stem = "a" * (255 - len(".sigma.ome.zarr"))
    for ending in ENDINGS:
        assert_same(BlurMap.load(m.save(tmp_path / f"{stem}{ending}", overwrite=True)), m)
    with pytest.raises(BlurMapError, match="expected the path of a file"):
        m.save(tmp_path / f"{stem}longer.sigma.ome.tif")


@pytest.mark.parametrize("edit", ["foreign Zarr", "notes", "damaged"])
def test_a_folder_that_holds_more_than_a_result_is_never_replaced(tmp_path, edit):
    path = example().save(tmp_path / "a.sigma.ome.zarr")
    if edit == "foreign Zarr":
        shutil.rmtree(path)
        zarr.create_group(str(path)).create_array("0", shape=(8, 8), dtype="u1")
    elif edit == "notes":
        (path / "thesis.txt").write_text("mine")
    else:
        (path / "zarr.json").write_text("{")
    before = sorted(path.rglob("*"))
    with pytest.raises(BlurMapError, match="is no result, so it is not replaced"):
        example().save(path, overwrite=True)
    assert sorted(path.rglob("*")) == before


@pytest.mark.parametrize("ending", ENDINGS)
def test_saving_leaves_dasks_settings_alone(tmp_path, ending):
    """Somebody else's computation must not run, and end, in the pool of this saving."""
    seen = []

    def load(block):
        seen.append(dask.config.get("pool", None))
        return block

    m = example()
    lazy = replace(m, sigma=da.from_array(m.sigma).map_blocks(load, dtype=np.float32, meta=np.empty((0, 0))))
    lazy.save(tmp_path / f"a{ending}")
    assert seen == [None]


def test_every_flipped_bit_of_a_chunk_is_found(tmp_path):
    path = example().save(tmp_path / "a.sigma.ome.zarr")
    chunk = path / "0" / "c" / "0" / "0" / "0"
    whole = chunk.read_bytes()
    for place in np.linspace(0, len(whole) - 1, 40).astype(int):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << (place % 8)
        chunk.write_bytes(damaged)
        loaded = BlurMap.load(path)
        with pytest.raises(BlurMapError, match=r"a\.sigma\.ome\.zarr is damaged"):
            np.asarray(loaded.sigma)
    chunk.write_bytes(whole)
    assert_same(BlurMap.load(path), example())


def test_loading_a_tiff_holds_the_map_once(tmp_path):
    sigma = np.ones((6, 512, 512), np.float32)
    about = {"axes": ("z", "y", "x"), "scale": (1,) * 3, "units": ("pixel",) * 3, "provenance": {}}
    path = BlurMap(sigma, 0.1 * sigma, np.zeros(sigma.shape, np.uint8), **about).save(tmp_path / "a.sigma.ome.tif")
    tracemalloc.start()
    try:
        m = BlurMap.load(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.6 * (m.sigma.nbytes + m.uncertainty.nbytes + m.status.nbytes)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_tiff_is_refused(tmp_path, part):
    path = example(("z", "y", "x")).save(tmp_path / "a.sigma.ome.tif")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(BlurMapError, match=r"incomplete|damaged"):
        BlurMap.load(path)


def test_statuses_that_do_not_exist_are_refused(tmp_path):
    path = example().save(tmp_path / "a.sigma.ome.tif")
    tifffile.imwrite(
        path,
        np.full((3, 70, 300), 7, np.float32),
        ome=True,
        photometric="minisblack",
        metadata={"axes": "CYX", "Channel": {"Name": ["sigma", "uncertainty", "status"]}},
    )
    with pytest.raises(BlurMapError, match="from 0 to 5"):
        BlurMap.load(path)


@pytest.mark.parametrize("value", [7, 0.5, -1, np.inf])
def test_statuses_that_do_not_exist_are_refused_in_a_lazy_map(tmp_path, value):
    path = example().save(tmp_path / "a.sigma.ome.zarr")
    zarr.open_array(str(path / "0"), mode="r+")[2, 3, 3] = value
    with pytest.raises(BlurMapError, match="from 0 to 5"):
        np.asarray(BlurMap.load(path).status)


def test_numbers_of_another_type_are_refused(tmp_path):
    path = example().save(tmp_path / "a.sigma.ome.zarr")
    shutil.rmtree(path / "0")
    zarr.create_array(str(path / "0"), shape=(3, 70, 300), dtype="f8")
    with pytest.raises(BlurMapError, match="float64"):
        BlurMap.load(path)


def test_a_lost_chunk_is_invalid_and_not_sharp(tmp_path):
    sigma = np.ones((600, 600), np.float32)
    m = BlurMap(sigma, 0.1 * sigma, 0 * sigma, axes=("y", "x"), scale=(1, 1), units=("pixel",) * 2, provenance={})
    path = m.save(tmp_path / "a.sigma.ome.zarr")
    shutil.rmtree(path / "0" / "c" / "0" / "1")
    shutil.rmtree(path / "0" / "c" / "2" / "1")
    loaded = BlurMap.load(path)
    sigma = np.asarray(loaded.sigma)
    assert np.isnan(sigma[512:]).all()
    assert np.all(sigma[:512] == 1)
    status = np.asarray(loaded.status)
    assert np.all(status[512:] == Status.INVALID)
    assert loaded.summary(reference=2.0)["judged_share"] == pytest.approx(512 / 600)


def test_an_open_result_that_moves_or_is_replaced_is_no_empty_map(tmp_path, monkeypatch):
    path = example().save(tmp_path / "a.sigma.ome.zarr")
    monkeypatch.chdir(tmp_path)
    opened = BlurMap.load("a.sigma.ome.zarr")
    monkeypatch.chdir("/")
    before = np.asarray(opened.sigma)
    np.testing.assert_array_equal(before, example().sigma)
    replace(example(), sigma=2 * example().sigma).save(path, overwrite=True)
    again = BlurMap.load(path)
    path.rename(tmp_path / "b.sigma.ome.zarr")
    for gone in (opened, again):
        with pytest.raises(BlurMapError, match="moved, deleted or replaced"):
            np.asarray(gone.sigma)


def test_what_a_killed_process_left_is_removed(tmp_path):
    def leave(ending):
        text = f"""
import os
from pathlib import Path
from napari_blurmap.io import atomic
with atomic.replacing({str(tmp_path / "a")!r}) as [temporary]:
    temporary.write_text("half")
    if {ending!r} == "old":
        os.replace({str(tmp_path / "a")!r}, atomic._beside(Path({str(tmp_path / "a")!r}), "old"))
    os._exit(9)
"""
        assert subprocess.run([sys.executable, "-c", text], check=False).returncode == 9

    write_file(tmp_path / "a", b"whole")
    leave("part")
    assert len(names(tmp_path)) == 2
    with replacing(tmp_path / "a") as [mine]:
        mine.write_text("mine")
        with replacing(tmp_path / "a") as [other]:  # as a second thread would
            other.write_text("other")
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "mine"
    # Killed between the two renames of a folder: what was there comes back, should the next saving fail too.
    leave("old")
    assert "a" not in names(tmp_path)
    with pytest.raises(OSError, match="full"), replacing(tmp_path / "a"):
        raise OSError("full")
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "mine"


def test_replacing_cleans_up_and_keeps_folders(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "old").write_text("old")
    write_file(tmp_path / "file", b"old")
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "file", tmp_path / "folder") as (file, folder):  # noqa: PT012
        file.write_text("new")
        folder.mkdir()
        (folder / "new").write_text("new")
        raise KeyboardInterrupt
    assert names(tmp_path) == ["file", "folder"]
    assert (tmp_path / "file").read_text() == "old"
    assert names(tmp_path / "folder") == ["old"]
    with replacing(tmp_path / "folder") as [folder]:
        folder.mkdir()
        (folder / "new").write_text("new")
    assert names(tmp_path) == ["file", "folder"]
    assert names(tmp_path / "folder") == ["new"]
