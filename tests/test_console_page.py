"""docs/console.md runs as it stands, block after block, with nothing given but napari's viewer."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel


def test_the_console_page_runs(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], npe2pm: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (root / "docs" / "console.md").read_text(encoding="utf-8"), re.DOTALL)
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
