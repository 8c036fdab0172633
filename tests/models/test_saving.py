"""A trained model is not lost, whatever happened to the place where it was to be saved."""

from __future__ import annotations

from pathlib import Path

import pytest

import napari_blurmap as nb
from napari_blurmap.io import atomic
from napari_blurmap.models.saving import check_target, model_name, save_anyhow


def test_targets_that_cannot_be_written_are_refused_beforehand(tmp_path, monkeypatch):
    check_target(tmp_path / "m.blurmap.safetensors")
    assert not list(tmp_path.iterdir())
    for name, words in ((".blurmap.safetensors", "Add the ending"), ("no/m.blurmap.safetensors", "no folder")):
        with pytest.raises(nb.BlurMapError, match=words):
            check_target(tmp_path / name)
    (tmp_path / "m.blurmap.safetensors").touch()
    with pytest.raises(nb.BlurMapError, match="exists already"):
        check_target(tmp_path / "m.blurmap.safetensors")
    check_target(tmp_path / "m.blurmap.safetensors", overwrite=True)
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(nb.BlurMapError, match="Nothing can be written"):
        check_target(tmp_path / "n.blurmap.safetensors")


def refuse(*_, **__):
    raise OSError(28, "No space left on device")


def test_the_whole_name_counts():
    names = [model_name(Path(f"cells.v{i}.blurmap.safetensors")) for i in (1, 2)]
    assert names == ["cells.v1", "cells.v2"]


def test_a_file_that_came_meanwhile_is_kept(tiny_model, tmp_path):
    target = tmp_path / "m.blurmap.safetensors"
    target.write_text("theirs")
    path, problem = save_anyhow(tiny_model, target)
    assert path == tmp_path / "m-2.blurmap.safetensors"
    assert "exists already" in problem
    assert target.read_text() == "theirs"
    assert nb.load_model(path).info.name == tiny_model.info.name


def test_a_full_disk_is_gone_round(tiny_model, tmp_path, monkeypatch):
    home, full = tmp_path / "home", tmp_path / "full"
    home.mkdir()
    full.mkdir()
    monkeypatch.setattr(Path, "home", lambda: home)
    write = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", lambda p, data: refuse() if p.parent == full else write(p, data))
    path, problem = save_anyhow(tiny_model, full / "m.blurmap.safetensors")
    assert path.parent == home
    assert "No space left" in problem
    assert not list(full.iterdir())
    assert nb.load_model(path).info.name == tiny_model.info.name
    monkeypatch.setattr(atomic.Path, "write_bytes", refuse)
    with pytest.raises(nb.BlurMapError, match="No space left"):
        save_anyhow(tiny_model, full / "m.blurmap.safetensors")
