"""Lazy maps whose saving was ended half way: what was computed stays, and saving again goes on from there."""

from __future__ import annotations

import subprocess
import sys

import dask.array as da
import numpy as np
import pytest

import napari_blurmap as nb
from napari_blurmap import BlurMap, BlurMapError, Cancelled
from napari_blurmap.io import levels, results
from napari_blurmap.io.atomic import _start

COMPUTED = []


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(levels, "_CHUNK", 32)
    COMPUTED.clear()


def _noted(block, block_info):
    COMPUTED.append(block_info[0]["chunk-location"])
    return block


def lazy_map(seed=0, **about):
    """A map in six blocks of which it is noted that they are computed."""
    sigma = np.random.default_rng(seed).random((128, 192), np.float32)
    sigma[:64, :64] = np.nan
    lazy = da.from_array(sigma, chunks=64).map_blocks(_noted, dtype=np.float32, meta=np.empty((0, 0), np.float32))
    how = {"axes": "yx", "scale": (1, 1), "units": ("px", "px"), "provenance": {}}
    return BlurMap(lazy, 0.1 * lazy, (lazy > 0.5).astype(np.uint8), **how | about)


def save_part(m, path, blocks=3, **options):
    """Save, and stop after some blocks."""
    with pytest.raises(Cancelled):
        m.save(path, cancel=lambda: len(COMPUTED) >= blocks, **options)
    partial = path.with_name("a.partial.sigma.ome.zarr")
    assert BlurMap.load(partial).provenance["partial"]
    assert not path.exists()
    return partial


def assert_whole(path, m):
    saved = BlurMap.load(path)
    assert not {"partial", "share_done"} & set(saved.provenance)
    for name in ("sigma", "uncertainty", "status"):
        np.testing.assert_array_equal(np.asarray(getattr(saved, name)), np.asarray(getattr(m, name)))
    assert sorted(each.name for each in path.parent.iterdir()) == ["a.blurmap.json", "a.sigma.ome.zarr"]


def test_only_the_rest_is_computed(tmp_path):
    m, path = lazy_map(), tmp_path / "a.sigma.ome.zarr"
    found = BlurMap.load(save_part(m, path))
    done = np.asarray(found.status) != nb.Status.INVALID
    assert found.provenance["share_done"] == done.mean()
    assert done.mean() in (n / 6 for n in range(1, 6))
    np.testing.assert_array_equal(np.asarray(found.sigma)[done], np.asarray(m.sigma)[done])
    COMPUTED.clear()
    m.save(path)
    assert len(COMPUTED) == round(6 * (1 - done.mean()))
    assert_whole(path, m)


def test_a_block_that_is_not_whole_is_computed_again(tmp_path):
    m, path = lazy_map(), tmp_path / "a.sigma.ome.zarr"
    partial = save_part(m, path)
    for file in (partial / "0" / "c" / "2").rglob("*"):
        if file.is_file():
            file.unlink()
            break
    m.save(path)
    assert_whole(path, m)


def test_going_on_when_asked_to_overwrite(tmp_path):
    m, path = lazy_map(), tmp_path / "a.sigma.ome.zarr"
    save_part(m, path, overwrite=True)
    done = len(COMPUTED)
    m.save(path, overwrite=True)
    assert len(COMPUTED) == max(done, 6)
    assert_whole(path, m)


@pytest.mark.parametrize("other", [{"seed": 1}, {"scale": (2, 2)}, {"provenance": {"model": "other"}}])
def test_a_part_of_something_else(tmp_path, other):
    path = tmp_path / "a.sigma.ome.zarr"
    save_part(lazy_map(), path)
    m = lazy_map(**other)
    with pytest.raises(BlurMapError, match=r"a\.partial\.sigma\.ome\.zarr holds a part of another"):
        m.save(path)
    m.save(path, overwrite=True)
    assert_whole(path, m)


def test_a_part_of_another_version(tmp_path, monkeypatch):
    path = tmp_path / "a.sigma.ome.zarr"
    save_part(lazy_map(), path)
    monkeypatch.setattr(results, "VERSION", "99.0")
    with pytest.raises(BlurMapError, match="other settings"):
        lazy_map().save(path)


def test_a_foreign_folder_in_its_place(tmp_path):
    foreign = tmp_path / "a.partial.sigma.ome.zarr"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("mine")
    with pytest.raises(BlurMapError, match="was left as it is"):
        lazy_map().save(tmp_path / "a.sigma.ome.zarr", overwrite=True)
    assert (foreign / "thesis.txt").read_text() == "mine"


def test_what_a_killed_process_left(tmp_path):
    m, path = lazy_map(), tmp_path / "a.sigma.ome.zarr"
    partial = save_part(m, path)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    partial.rename(tmp_path / f"{_start(path)}{dead.pid}-0.part")
    done = len(COMPUTED)
    m.save(path)
    assert len(COMPUTED) == max(done, 6)
    assert_whole(path, m)


def test_stopped_before_anything_was_done(tmp_path):
    def fail(block):
        raise ZeroDivisionError

    lazy = da.zeros((64, 64), np.float32).map_blocks(fail, dtype=np.float32, meta=np.empty((0, 0), np.float32))
    with pytest.raises(ZeroDivisionError):
        BlurMap(lazy, lazy, lazy, axes="yx", scale=(1, 1), units=("px", "px"), provenance={}).save(
            tmp_path / "a.sigma.ome.zarr"
        )
    assert not list(tmp_path.iterdir())
