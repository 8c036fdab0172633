"""The Python of every page of docs/ runs as it stands, block after block."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from own_pictures import small_trainings

import napari_blurmap as nb
from napari_blurmap.synthesis.textures import dead_leaves


def python_of(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def test_the_console_page_runs(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], npe2pm: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = python_of(root / "docs" / "console.md")
    assert len(blocks) == 8
    names: dict[str, Any] = {"viewer": ViewerModel()}
    said = []
    with npe2pm.tmp_plugin(manifest=str(files("napari_blurmap") / "napari.yaml")):
        for block in blocks:
            exec(block, names)
            said.append(capsys.readouterr().out)
    layers = names["viewer"].layers
    base = "texture, blur rising along x"
    assert [layer.name for layer in layers][:5] == [  # and the axes of the blur, of models that give them
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
    assert f" Verdict: {names['summary']['verdict']}, " in said[4]
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


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md", "docs/checklist.md"])
def test_what_a_page_points_at_is_there(page: str, root: Path) -> None:
    """Every file and every test that is named as the place or the evidence of something."""
    named = re.findall(r"`([\w./-]+)`", (root / page).read_text(encoding="utf-8"))
    roots = (root, root / "src" / "napari_blurmap", root / ".github" / "workflows")
    known = {path.name for place in ("src", "docs", "benchmarks", "tools") for path in (root / place).rglob("*.*")}
    tests = "".join(path.read_text(encoding="utf-8") for path in (root / "tests").rglob("test_*.py"))
    files = [name for name in named if re.search(r"/|\.(py|md|yml|yaml|toml)$", name) and "_build" not in name]
    assert files
    assert [name for name in files if name not in known and not any((top / name).exists() for top in roots)] == []
    assert [name for name in named if re.fullmatch(r"test_\w+", name) and f"def {name}(" not in tests] == []


def test_examples_of_the_gallery_use_what_is_there(root: Path) -> None:
    """They are run where the documentation is built; here, that the names they import and call exist."""
    examples = sorted((root / "docs" / "examples").glob("*.py"))
    assert len(examples) >= 8
    for example in examples:
        tree = ast.parse(example.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("napari_blurmap"):
                module = import_module(str(node.module))
                assert all(hasattr(module, name.name) for name in node.names) or node.module.endswith("plugin")
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "nb":
                assert node.attr in nb.__all__, f"{example.name}: {node.attr}"


# What a page does is done on a small picture, and with two small steps of training: the pages are tried, not the
# methods.
SMALLER = {"data.camera()": "data.camera()[100:228, 150:278]", "minutes=10": "steps=2"}


@pytest.mark.parametrize(
    "page",
    ["README.md", *(f"docs/{page}.md" for page in ("batch", "check", "large", "model", "smoothing", "training"))],
)
def test_the_pages_run(page: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_trainings(monkeypatch)
    (tmp_path / "sharp").mkdir()
    for i in range(4):
        tifffile.imwrite(tmp_path / "sharp" / f"{i}.tif", dead_leaves((128, 128), np.random.default_rng(i)))
    tifffile.imwrite(tmp_path / "cells.tif", dead_leaves((96, 96), np.random.default_rng(9)))
    (tmp_path / "plate").mkdir()
    for well in ("A01", "A02"):
        tifffile.imwrite(tmp_path / "plate" / f"{well}.tif", dead_leaves((96, 96), np.random.default_rng(ord(well[2]))))
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in python_of(root / page):
        for long, short in SMALLER.items():
            block = block.replace(long, short)
        exec(block, names)
    for name in {"m", "smooth", "coarse", "thesis"} & set(names):
        assert np.isfinite(names[name].sigma).all()
    if page == "docs/batch.md":
        assert sum(names["batch"].counts.values()) == 2
        assert (tmp_path / "qc.html").exists()
    if page == "docs/check.md":
        assert names["report"].to_dict()["rows"]
    if page == "docs/training.md":
        assert names["model"].info.reference == "added"
        assert (tmp_path / "mine.blurmap.safetensors").exists()
