"""Blurred regions in the shell: a GeoJSON beside the map, and how much of the tissue that is."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
from shell import run

from napari_blurmap import BlurMap
from napari_blurmap.batch import job
from napari_blurmap.cli import app as cli

pytestmark = pytest.mark.usefixtures("tiny_default")


def test_blurred_regions_lie_beside_the_map(tmp_path, monkeypatch, capsys):
    sigma, status = np.ones((96, 64), np.float32), np.ones((96, 64))
    status[:64], status[64:80] = 0, 2
    sigma[16:48, 16:48] = 3
    about = {"axes": "yx", "scale": (0.5, 0.5), "units": ("um", "um"), "provenance": {}}
    monkeypatch.setattr(job, "estimate_blur", lambda *_, **__: BlurMap(sigma, 0.05 * sigma, status, **about))
    tifffile.imwrite(tmp_path / "a.tif", np.random.default_rng(0).integers(0, 255, (96, 64)).astype(np.uint8))
    out, path = tmp_path / "out", tmp_path / "out" / "a.blurred.geojson"
    given = ("estimate", tmp_path / "a.tif", "-o", out, "--geojson")
    assert run(*given, "--limit", 2) == 0
    # A quarter of what was judged, which is four fifths of the tissue; a third of the picture is glass or noise.
    assert "1 blurred region in a.blurred.geojson: 20 % of the tissue is blurred, 20 % cannot be judged." in (
        capsys.readouterr().out
    )
    [feature] = json.loads(path.read_text())["features"]
    assert {*map(tuple, feature["geometry"]["coordinates"][0])} == {(16, 16), (48, 16), (48, 48), (16, 48)}
    assert run(*given, "--limit", 4, "--overwrite", "--json") == 0
    [entry] = json.loads(capsys.readouterr().out)["results"]
    assert entry["regions"] == str(path)
    assert json.loads(path.read_text())["features"] == []
    for wrong in (("--limit", 2, "--table", tmp_path / "qc.csv"), ("-o", out)):
        assert run("estimate", tmp_path / "a.tif", "--geojson", *wrong) == cli.USAGE
    path.unlink()
    without = ("--na", 0.8, "--wavelength", 520, "--axes", "YX")
    about["units"] = ("pixel", "pixel")
    assert run(*given, *without, "--overwrite") == cli.FAILED
    assert "without a comparison" in capsys.readouterr().err
    assert not path.exists()
