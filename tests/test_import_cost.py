"""Importing the package is cheap: what is heavy comes with the first use."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

GUI = {"napari", "qtpy", "magicgui", "superqt", "pyqtgraph", "vispy", "PyQt5", "PyQt6", "PySide6"}
HEAVY = GUI | {"torch", "zarr", "yaozarrs", "dask", "tifffile", "matplotlib", "skimage"}
#: lives in the plugin, the only part that may know napari
NEEDS_NAPARI = {"add_to_viewer"}


def loaded_after(code: str, cwd: Path) -> set[str]:
    """Top-level modules loaded in a fresh interpreter that has run ``code``."""
    script = f"{code}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=cwd)
    return {name.partition(".")[0] for name in json.loads(run.stdout.splitlines()[-1])}


def test_import_loads_nothing_heavy(tmp_path: Path) -> None:
    loaded = loaded_after("import napari_blurmap", tmp_path)
    assert "napari_blurmap" in loaded
    assert not loaded & HEAVY


def test_listing_the_models_needs_no_torch(tmp_path: Path) -> None:
    loaded = loaded_after("import napari_blurmap as nb; assert nb.list_models()", tmp_path)
    assert "torch" not in loaded


def test_no_public_name_but_the_viewers_loads_a_gui(tmp_path: Path) -> None:
    names = f"[name for name in nb.__all__ if name not in {NEEDS_NAPARI!r}]"
    loaded = loaded_after(f"import napari_blurmap as nb\nfor name in {names}: getattr(nb, name)", tmp_path)
    assert "torch" in loaded, "the names were not resolved"
    assert not loaded & GUI


def test_public_names_are_listed_and_resolve() -> None:
    import napari_blurmap as nb

    contract = {"BlurMap", "BlurMapError", "apply_blur", "estimate_blur", "load_model", "optics_limit"}
    assert contract | NEEDS_NAPARI <= set(nb.__all__) <= set(dir(nb))
    for name in set(nb.__all__) - NEEDS_NAPARI:
        assert getattr(nb, name) is not None


def test_the_viewers_name_resolves() -> None:
    pytest.importorskip("qtpy", exc_type=ImportError)
    import napari_blurmap as nb

    assert callable(nb.add_to_viewer)


def test_unknown_name_is_an_attribute_error() -> None:
    import napari_blurmap as nb

    with pytest.raises(AttributeError, match="no_such_name"):
        nb.no_such_name  # noqa: B018 - looking it up is the test
