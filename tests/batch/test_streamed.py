"""Large pictures in a batch: their maps go into an OME-Zarr as they are made."""

from __future__ import annotations

import json
import os
import signal
import time

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
from napari_blurmap.models import pixels as pixels_of
from napari_blurmap.models.reading import Reader

pytestmark = pytest.mark.usefixtures("tiny_default")


@pytest.fixture
def slide(tmp_path, monkeypatch):
    """A picture that counts as large, of 0.5 um pixels."""
    monkeypatch.setattr(job, "LARGE", 1000)
    return stored(tmp_path, (200, 260))


@pytest.fixture
def large_stack(tmp_path, monkeypatch):
    """Likewise, of four planes."""
    monkeypatch.setattr(job, "LARGE", 1000)
    return stored(tmp_path, (4, 64, 96))


def stored(folder, shape):
    pixels = np.random.default_rng(0).random(shape)
    pixels = np.rint(4000 * ndimage.gaussian_filter(pixels, 1.2, axes=(-2, -1))).astype(np.uint16)
    axes = [v05.SpaceAxis(name=name, unit="micrometer") for name in "zyx"[-len(shape) :]]
    scale = v05.ScaleTransformation(scale=[0.5] * len(shape))
    dataset = v05.Dataset(path="0", coordinateTransformations=[scale])
    image = v05.Image(multiscales=[v05.Multiscale(axes=axes, datasets=[dataset])])
    chunks = (1, 64, 64)[-len(shape) :]
    write_image(folder / "slide.ome.zarr", image, [pixels], writer="zarr", chunks=chunks)
    return folder / "slide.ome.zarr", pixels


def test_map_and_figures(slide, tiny_model, tmp_path, capsys, monkeypatch):
    path, pixels = slide
    calls, read = [], Reader._read
    monkeypatch.setattr(Reader, "_read", lambda *a, **o: calls.append(1) or read(*a, **o))
    shell = ("estimate", path, "-o", tmp_path / "maps", "--table", tmp_path / "qc.csv", "--json")
    assert run(*shell) == 0
    pieces = len(calls)
    assert pieces > 0
    (told,) = json.loads(capsys.readouterr().out)["results"]
    saved = nb.BlurMap.load(told["result"])
    assert told["result"].endswith("slide.ome.sigma.ome.zarr")
    assert saved.pixel_size == (0.5, 0.5)
    assert run(*shell) == 0
    assert "not done again" in capsys.readouterr().err
    assert len(calls) == pieces
    nb.estimate_blur(path, model=tiny_model).save(tmp_path / "own.sigma.ome.zarr")
    assert len(calls) == 2 * pieces  # for the figures nothing was computed again
    whole = nb.estimate_blur(pixels, model=tiny_model, pixel_size=0.5)
    np.testing.assert_array_equal(np.asarray(saved.status), whole.status)
    np.testing.assert_allclose(np.asarray(saved.sigma), whole.sigma, atol=1e-6)
    assert told["summary"]["shares"] == pytest.approx(whole.summary()["shares"])


def test_interrupted_and_gone_on_with(large_stack, tmp_path, monkeypatch, capsys):
    steps = []

    class Soon(command.Interrupt):
        def __call__(self):
            return len(steps) == most

    monkeypatch.setattr(command, "Interrupt", Soon)
    monkeypatch.setattr(command, "TimeLeft", lambda: lambda done, total, message: steps.append((done, total)))
    most, name = 0, "slide.ome.sigma.ome.zarr"
    assert run("estimate", large_stack[0], "-o", tmp_path / "whole") == 0
    whole, count = nb.BlurMap.load(tmp_path / "whole" / name), len(steps)
    most = count + 3 * count // 4
    shell = ("estimate", large_stack[0], "-o", tmp_path / "maps")
    assert run(*shell) == cli.INTERRUPTED
    assert "slide.ome.partial.sigma.ome.zarr. The same command goes on" in " ".join(capsys.readouterr().err.split())
    (left,) = (tmp_path / "maps").iterdir()
    assert nb.BlurMap.load(left).provenance["partial"]
    most = 0
    steps.clear()
    assert run(*shell) == 0
    assert len(steps) < count
    again = nb.BlurMap.load(tmp_path / "maps" / name)
    for each in ("sigma", "uncertainty", "status"):
        np.testing.assert_array_equal(np.asarray(getattr(again, each)), np.asarray(getattr(whole, each)))
    assert again.provenance == whole.provenance
    assert not left.exists()


def test_an_interrupt_stops_at_the_next_tile(slide, tmp_path, monkeypatch):
    """Not only when all of a chunk is read; the same command then does it."""
    path, _ = slide
    begun, write = [], pixels_of._write

    def interrupting(*given):
        begun.append(None)
        if len(begun) == 1:
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)
        write(*given)

    shell = ("estimate", path, "-o", tmp_path / "maps", "--tile", 32)
    with monkeypatch.context() as patch:
        patch.setattr(pixels_of, "_write", interrupting)
        assert run(*shell) == cli.INTERRUPTED
    assert len(begun) < 8  # of 63, some of them side by side
    assert run(*shell) == 0
    (done,) = (tmp_path / "maps").glob("*.zarr")
    assert "partial" not in nb.BlurMap.load(done).provenance
