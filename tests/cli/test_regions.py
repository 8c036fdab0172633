"""Blurred regions in the shell: a GeoJSON beside the map, and how much of the tissue that is."""

from __future__ import annotations

import errno
import json

import numpy as np
import pytest
import tifffile
from shell import run

from napari_blurmap import BlurMap
from napari_blurmap.batch import job, table
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


def test_regions_against_what_is_known_after_the_last_picture(tmp_path, monkeypatch, capsys):
    def estimate(picture, **_):
        sigma = np.ones((2, 96, 64)) * [[[1]], [[3]]]  # a channel each
        if picture.source["path"].endswith("b.tif"):
            sigma[0, 16:48, 16:48] = sigma[1, :32] = 9
        about = {"axes": "cyx", "scale": (1, 1, 1), "units": ["pixel"] * 3, "provenance": {}}
        return BlurMap(sigma, 0.05 * sigma, 0 * sigma, **about)

    monkeypatch.setattr(job, "estimate_blur", estimate)
    for name in "ab":
        tifffile.imwrite(tmp_path / f"{name}.tif", np.zeros((2, 96, 64), np.uint8), metadata={"axes": "CYX"}, ome=True)
    given = ("estimate", tmp_path / "*.tif", "-o", tmp_path / "out", "--table", tmp_path / "qc.csv", "--geojson")
    for sharp in ("tenth", tmp_path / "a.tif"):
        assert run(*given, "--sharp", sharp) == 0
        assert "2 blurred regions in b.blurred.geojson: channel 1: 17 % of the tissue is blurred; channel 2: 33 %" in (
            capsys.readouterr().err
        )
        found = json.loads((tmp_path / "out" / "b.blurred.geojson").read_text())["features"]
        assert [one["geometry"]["plane"]["c"] for one in found] == [0, 1]
        assert json.loads((tmp_path / "out" / "a.blurred.geojson").read_text())["features"] == []


def test_regions_that_cannot_be_written_are_said(tmp_path, monkeypatch, capsys):
    def full(target, data):
        assert target.name == "a.blurred.geojson"
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(table, "write_file", full)
    tifffile.imwrite(tmp_path / "a.tif", np.random.default_rng(0).integers(0, 255, (96, 64)).astype(np.uint8))
    assert run("estimate", tmp_path / "a.tif", "-o", tmp_path, "--geojson", "--limit", 2) == cli.FAILED
    assert "a.blurred.geojson could not be written ([Errno 28] No space left" in capsys.readouterr().err
    assert (tmp_path / "a.sigma.ome.tif").exists()
