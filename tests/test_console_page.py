"""docs/console.md runs as it stands, block after block, with what it takes for granted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest
from napari.components import ViewerModel

import napari_blurmap as nb


def test_the_console_page_runs(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    truth = nb.sigma_ramp((96, 128), 0.5, 3.0)
    picture = nb.apply_blur(rng.random(truth.shape), truth)
    viewer = ViewerModel()
    viewer.add_image(picture, name="cells", scale=(0.2, 0.2), units="um")
    viewer.add_image(truth, name="truth sigma")
    names: dict[str, Any] = {
        "viewer": viewer,
        "picture": picture,
        "stack": rng.random((1, 2, 40, 40)),
        "photo": rng.random((40, 40, 3)),
        "dask_array": da.from_array(rng.random((2, 40, 40))),
        "stop": False,
    }
    blocks = re.findall(r"```python\n(.*?)```", (root / "docs" / "console.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 5
    for block in blocks:
        exec(block, names)
    assert [layer.name for layer in viewer.layers[2:]] == [
        "cells sigma (default)",
        "cells uncertainty (default)",
        "cells cannot tell",
    ]
    assert viewer.layers[2].metadata["blurmap"].pixel_size == (0.2, 0.2)
    assert names["limit"] > 0
    assert names["again"].unit == "micrometer"
    assert (tmp_path / "cells.sigma.ome.tif").exists()
