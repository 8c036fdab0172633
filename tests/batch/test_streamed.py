"""Large pictures in a batch: their maps go into an OME-Zarr as they are made."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import ndimage
from shell import run
from yaozarrs import v05
from yaozarrs.write.v05 import write_image

import napari_blurmap as nb
from napari_blurmap.batch import job
from napari_blurmap.cli import app as cli
from napari_blurmap.cli import estimate as command

pytestmark = pytest.mark.usefixtures("tiny_default")


@pytest.fixture
def slide(tmp_path, monkeypatch):
    """A picture that counts as large, of 0.5 um pixels."""
    monkeypatch.setattr(job, "LARGE", 1000)
    scale = v05.ScaleTransformation(scale=[0.5, 0.5])
    axes = [v05.SpaceAxis(name=name, unit="micrometer") for name in "yx"]
    dataset = v05.Dataset(path="0", coordinateTransformations=[scale])
    image = v05.Image(multiscales=[v05.Multiscale(axes=axes, datasets=[dataset])])
    pixels = np.rint(4000 * ndimage.gaussian_filter(np.random.default_rng(0).random((200, 260)), 1.2))
    write_image(tmp_path / "slide.ome.zarr", image, [pixels.astype(np.uint16)], writer="zarr", chunks=(64, 64))
    return tmp_path / "slide.ome.zarr", pixels.astype(np.uint16)


def test_map_and_figures(slide, tiny_model, tmp_path, capsys):
    path, pixels = slide
    shell = ("estimate", path, "-o", tmp_path / "maps", "--table", tmp_path / "qc.csv", "--json")
    assert run(*shell) == 0
    whole = nb.estimate_blur(pixels, model=tiny_model, pixel_size=0.5)
    (told,) = json.loads(capsys.readouterr().out)["results"]
    saved = nb.BlurMap.load(told["result"])
    assert told["result"].endswith("slide.ome.sigma.ome.zarr")
    np.testing.assert_array_equal(np.asarray(saved.status), whole.status)
    np.testing.assert_allclose(np.asarray(saved.sigma), whole.sigma, atol=1e-6)
    assert saved.pixel_size == (0.5, 0.5)
    assert told["summary"]["shares"] == pytest.approx(whole.summary()["shares"])
    assert run(*shell) == 0
    assert "not done again" in capsys.readouterr().err


def test_interrupted_nothing_half_is_left(slide, tmp_path, monkeypatch, capsys):
    steps = []

    class Soon(command.Interrupt):
        def __call__(self):
            return len(steps) > 5

    monkeypatch.setattr(command, "Interrupt", Soon)
    monkeypatch.setattr(command, "TimeLeft", lambda: lambda done, total, message: steps.append((done, total)))
    assert run("estimate", slide[0], "-o", tmp_path / "maps") == cli.INTERRUPTED
    assert 5 < steps[-1][0] < steps[-1][1]
    assert not list((tmp_path / "maps").iterdir())
