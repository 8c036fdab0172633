"""A disk that is full, at any point of writing a map: nothing half-written stays, and the reason is named."""

from __future__ import annotations

import errno
from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import tifffile
import zarr.storage

from napari_blurmap import BlurMap, BlurMapError
from napari_blurmap.io import atomic


def full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


def blurmap(values=np.asarray):
    one = values(np.ones((2, 64, 64), np.float32))
    return BlurMap(one, 0.1 * one, 0 * one, axes="zyx", scale=(1, 1, 1), units=["um"] * 3, provenance={})


@pytest.mark.parametrize(
    ("ending", "owner", "name"),
    [
        ("tif", tifffile.TiffWriter, "write"),
        ("tif", Path, "write_text"),
        ("tif", atomic.os, "replace"),
        ("zarr", zarr.storage.LocalStore, "set"),
        ("zarr", Path, "write_text"),
        ("zarr", atomic.os, "replace"),
    ],
)
def test_nothing_half_written_stays(tmp_path, monkeypatch, ending, owner, name):
    target = tmp_path / f"a.sigma.ome.{ending}"
    blurmap().save(target)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, full)
        with pytest.raises(BlurMapError, match=r"could not be written .*No space left on device"):
            blurmap().save(target, overwrite=True)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    assert BlurMap.load(target).sigma.shape == (2, 64, 64)


def test_what_was_streamed_until_then_is_kept_as_partial(tmp_path, monkeypatch):
    real, count = zarr.storage.LocalStore.set, iter(range(100))

    async def some(self, key, value, *rest):
        return await real(self, key, value, *rest) if next(count) < 6 else full()

    monkeypatch.setattr(zarr.storage.LocalStore, "set", some)
    with pytest.raises(BlurMapError, match=r"No space left.*kept in .*a\.partial\.sigma\.ome\.zarr"):
        blurmap(lambda one: da.from_array(one, chunks=(1, 64, 64))).save(tmp_path / "a.sigma.ome.zarr")
    assert [path.name for path in tmp_path.iterdir()] == ["a.partial.sigma.ome.zarr"]
