"""The Python of every page of docs/ runs as it stands, block after block."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel

import napari_blurmap as nb
from napari_blurmap.synthesis.textures import dead_leaves


def python_of(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def test_the_console_page_runs(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], npe2pm: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = python_of(root / "docs" / "console.md")
    assert len(blocks) == 7
    names: dict[str, Any] = {"viewer": ViewerModel()}
    said = []
    with npe2pm.tmp_plugin(manifest=str(files("napari_blurmap") / "napari.yaml")):
        for block in blocks:
            exec(block, names)
            said.append(capsys.readouterr().out)
    layers = names["viewer"].layers
    base = "texture, blur rising along x"
    assert [layer.name for layer in layers] == [
        base,
        "truth sigma",
        f"{base} sigma (default)",
        f"{base} uncertainty (default)",
        f"{base} cannot tell",
    ]
    shown = layers[2].metadata["blurmap"]
    assert shown.pixel_size == (0.325, 0.325)
    assert said[0].startswith("Blur FWHM ")
    assert float(re.search(r"rmse=([0-9.]+)", said[1])[1]) < 0.3  # the map of the sample, against its own truth
    assert names["lazy"].sigma.shape == (1, 2, *shown.sigma.shape)
    assert "estimating" in said[3]
    assert said[4].endswith(f" Verdict: {names['summary']['verdict']}.\n")
    assert np.isfinite(names["dense"].sigma).all()
    np.testing.assert_array_equal(names["again"].sigma, shown.sigma)
    assert names["again"].unit == "micrometer"
    assert (tmp_path / "texture.sigma.ome.tif").exists()


def test_the_reference_names_all_that_is_public(root: Path) -> None:
    page = (root / "docs" / "reference.md").read_text(encoding="utf-8").split()
    assert set(nb.__all__) - {"__version__"} <= set(page)
    for name in (word for word in page if re.fullmatch(r"\w+(\.\w+)+", word)):
        module, _, thing = name.rpartition(".")
        assert hasattr(import_module(f"napari_blurmap.{module}"), thing), name


# What a page does is done on a small picture, and with two steps of training: the pages are tried, not the methods.
SMALLER = {"data.camera()": "data.camera()[100:228, 150:278]", "minutes=10": "steps=2"}


@pytest.mark.parametrize(
    "page", ["README.md", *(f"docs/{page}.md" for page in ("check", "large", "model", "smoothing", "training"))]
)
def test_the_pages_run(page: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sharp").mkdir()
    for i in range(4):
        tifffile.imwrite(tmp_path / "sharp" / f"{i}.tif", dead_leaves((128, 128), np.random.default_rng(i)))
    tifffile.imwrite(tmp_path / "cells.tif", dead_leaves((96, 96), np.random.default_rng(9)))
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in python_of(root / page):
        for long, short in SMALLER.items():
            block = block.replace(long, short)
        exec(block, names)
    for name in {"m", "smooth", "coarse", "thesis"} & set(names):
        assert np.isfinite(names[name].sigma).all()
    if page == "docs/check.md":
        assert names["report"].to_dict()["rows"]
    if page == "docs/training.md":
        assert names["model"].info.reference == "added"
        assert (tmp_path / "mine.blurmap.safetensors").exists()
