"""A file is known by its bytes; of a large one not all are read, and nothing is read before the work or for a guide."""

from __future__ import annotations

import hashlib
import os
from types import SimpleNamespace

import numpy as np
import pytest

from napari_blurmap import BlurMap, smooth_sigma
from napari_blurmap.io import fingerprint as room
from napari_blurmap.io.fingerprint import fingerprint

WHOLE = np.random.default_rng(0).bytes(3000)


def test_a_file_is_known_by_all_its_bytes(tmp_path):
    (tmp_path / "a.tif").write_bytes(WHOLE)
    source = {"path": str(tmp_path / "a.tif"), "image": "second"}
    assert fingerprint(source) == source | {"sha256": hashlib.sha256(WHOLE).hexdigest()}
    assert fingerprint(None) is None


def test_a_large_one_by_parts_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "_WHOLE", 2000)
    monkeypatch.setattr(room, "_PARTS", 3)
    monkeypatch.setattr(room, "_PART", 100)
    path = tmp_path / "a.tif"
    path.write_bytes(WHOLE)
    os.utime(path, (0, 0))
    read = WHOLE[:100] + WHOLE[1450:1550] + WHOLE[2900:]
    assert fingerprint({"path": str(path)}) == {
        "path": str(path),
        "sha256": None,
        "size": 3000,
        "modified": "1970-01-01T00:00:00+00:00",
        "sha256_of_parts": hashlib.sha256(read).hexdigest(),
    }


def test_three_gigabytes_take_no_time(tmp_path):
    path = tmp_path / "a.tif"
    with path.open("wb") as stream:
        stream.truncate(3 * 2**30)  # takes no room on the disk
    assert len(fingerprint({"path": str(path)})["sha256_of_parts"]) == 64


@pytest.mark.parametrize("name", ["missing.tif", "a\0b", "x" * 400, *(["pipe"] if hasattr(os, "mkfifo") else [])])
def test_what_is_no_file_has_no_hash(tmp_path, name):
    if name == "pipe":
        os.mkfifo(tmp_path / name)
    source = {"path": str(tmp_path / name)}
    assert fingerprint(source) == source | {"sha256": None}


def test_a_guide_is_not_read_for_its_hash(tmp_path, monkeypatch):
    def read(*_):
        raise AssertionError("the file was read")

    monkeypatch.setattr(hashlib, "file_digest", read)
    monkeypatch.setattr(hashlib, "sha256", read)
    path = tmp_path / "a.tif"
    path.write_bytes(WHOLE)
    random = np.random.default_rng(0)
    layer = SimpleNamespace(data=random.random((40, 40)), scale=(1, 1), source=SimpleNamespace(path=str(path)))
    sigma = random.uniform(1, 2, (40, 40))
    m = BlurMap(sigma, 0.1 * sigma, sigma > 1.9, axes="yx", scale=(1, 1), units=("px", "px"), provenance={})
    assert np.isfinite(m.filled(layer).sigma).all()
    assert smooth_sigma(m, "edge", image=layer).provenance["smoothed"][0]["guided_by_picture"]
