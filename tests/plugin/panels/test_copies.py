"""What the menu Copy puts on the clipboard, run: it has to give what the panel gave, to the last bit."""

from __future__ import annotations

import csv
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from own_pictures import leaves, small_trainings
from qtpy.QtWidgets import QApplication
from shell import run

import napari_blurmap as nb
from napari_blurmap.models.registry import load_model
from napari_blurmap.picture.stack import as_stack
from napari_blurmap.plugin.check.job import CheckJob
from napari_blurmap.plugin.estimate.digest import Judgement
from napari_blurmap.plugin.estimate.job import EstimateJob
from napari_blurmap.plugin.layers.picture import LayerPicture
from napari_blurmap.plugin.layers.regions import Region
from napari_blurmap.plugin.smooth.job import SmoothJob
from napari_blurmap.plugin.train.job import TrainJob

PLANE = leaves(4)
STACK = np.stack([[leaves(i, (64, 48)) for i in (1, 2)]] * 2)
ASKED: dict[str, Any] = {"model": "default", "device": "cpu"}


def nothing(*_: Any) -> bool:
    return False


def done(job: Any) -> Any:
    return job.run(nothing, nothing, nothing)


def executed(code: str, viewer: Any) -> dict[str, Any]:
    names: dict[str, Any] = {"viewer": viewer}
    exec(code, names)
    return names


def in_shell(line: str, folder: Path, monkeypatch: Any) -> int:
    words = shlex.split(line)
    assert words[0] == "napari-blurmap"
    monkeypatch.chdir(folder)
    return run(*words[1:])


def layer_of(path: Path, data: Any, **known: Any) -> tuple[Any, Any]:
    """A viewer with a picture that lies in a file, as napari's own reader leaves it."""
    tifffile.imwrite(path, data, photometric="rgb" if 3 in data.shape else "minisblack")
    viewer = ViewerModel()
    layer = viewer.add_image(data, name='it\'s "cells"', **known)
    layer._source = layer.source.model_copy(update={"path": str(path)})
    return viewer, layer


def assert_same(found: nb.BlurMap, expected: nb.BlurMap) -> None:
    for name in (*expected.numbers, "status"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


ESTIMATES: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "a plane, with all that can be asked for": (
        PLANE,
        {},
        {"noise": (2.2, 100.0, 1.5), "tile": 64, "pixel_size": 0.65, "unit": "micrometer", "keep_probabilities": True},
    ),
    "a stack that the layer calls otherwise": (
        STACK,
        {"axis_labels": ("t", "z", "y", "x"), "scale": (1, 2, 0.5, 0.5), "units": ("s", "um", "um", "um")},
        {"noise": 3.0},
    ),
    "colours first": (np.stack([PLANE, PLANE[::-1], PLANE]), {}, {"channel_axis": 0}),
    "colour": (np.stack([PLANE, PLANE[::-1], PLANE], axis=-1), {"rgb": True}, {}),
}


@pytest.mark.parametrize("kind", ESTIMATES)
def test_an_estimate(kind: str, tiny_default: None, tmp_path: Path, monkeypatch: Any) -> None:
    data, known, options = ESTIMATES[kind]
    viewer, layer = layer_of(tmp_path / "my cells.tif", data, **known)
    reference = nb.Reference(1.5, "optics limit", "optics")
    job = EstimateJob(layer, LayerPicture.of(layer), ASKED | options, Judgement(reference, "fluorescence"))
    m = done(job).layers[0].metadata["blurmap"]
    assert_same(executed(job.as_python(), viewer)["m"], m)
    words = shlex.split(job.as_shell())
    given = dict(pairwise(words))
    assert float(given["--limit"]) == 1.5 * 1.5  # the largest that counts as sharp
    assert given.get("--tile") == (str(options["tile"]) if "tile" in options else None)
    assert in_shell(job.as_shell(), tmp_path, monkeypatch) == 0
    found = nb.BlurMap.load(tmp_path / "my cells.sigma.ome.tif")
    assert_same(found, m)
    assert (found.axes, found.pixel_size, found.unit) == (m.axes, m.pixel_size, m.unit)


def test_an_estimate_with_objects(tiny_default: None, tmp_path: Path, monkeypatch: Any) -> None:
    viewer, layer = layer_of(tmp_path / "a.tif", PLANE)
    objects = np.zeros(PLANE.shape, np.uint8)
    objects[4:30, 4:30], objects[34:60, 4:30] = 1, 4
    labels = viewer.add_labels(objects, name="nuclei")
    judgement = Judgement(nb.Reference(1.5, "limit", "typed"), "fluorescence")
    job = EstimateJob(layer, LayerPicture.of(layer), ASKED, judgement, objects=labels)
    with pytest.raises(nb.BlurMapError, match="no file is known that holds the objects of 'nuclei'"):
        job.as_shell()
    tifffile.imwrite(tmp_path / "my masks.tif", objects)
    labels._source = labels.source.model_copy(update={"path": str(tmp_path / "my masks.tif")})
    assert in_shell(job.as_shell(), tmp_path, monkeypatch) == 0
    found = list(csv.DictReader((tmp_path / "qc.objects.csv").read_text().splitlines()))
    rows = executed(job.as_python(), viewer)["rows"]
    assert [(row["ObjectNumber"], row["verdict"]) for row in found] == [(str(r["label"]), r["verdict"]) for r in rows]
    labels.data[4, 4] = 0
    with pytest.raises(nb.BlurMapError, match="no file is known"):
        job.as_shell()


@pytest.mark.parametrize("lazy", [False, True])
def test_an_estimate_of_a_part_of_a_stack(lazy: bool, tiny_default: None) -> None:
    viewer = ViewerModel()
    data = np.stack([STACK[:, ::-1], STACK]) + np.arange(2)[:, None, None, None, None]
    about = {"scale": (1, 2, 1, 0.5, 0.5), "units": ("s", "um", "pixel", "um", "um"), "translate": (0, 7, 0, 3, 3)}
    layer = viewer.add_image(da.from_array(data) if lazy else data, name="cells", axis_labels=tuple("tzcyx"), **about)
    part = LayerPicture.of(layer).cut({0: 1, 2: 1}, tuple("tzcyx"))
    job = EstimateJob(layer, part, ASKED, Judgement(None, "fluorescence"))
    sigma = done(job).layers[0]
    assert sigma.name.startswith("cells (t 1, c 1) sigma")
    assert sigma.data.shape == (1, 2, 1, *STACK.shape[-2:])
    np.testing.assert_allclose(sigma.extent.world[0], (1, 7, 1, 3, 3))
    m = sigma.metadata["blurmap"]
    assert_same(m, nb.estimate_blur(data[1:2, :, 1:2], axes="tzcyx", device="cpu"))
    found = executed(job.as_python(), viewer)["m"]
    assert_same(found, m)
    assert (found.axes, found.pixel_size, found.unit) == (m.axes, m.pixel_size, m.unit)
    with pytest.raises(nb.BlurMapError, match="for a part of a stack"):
        job.as_shell()


def test_an_estimate_of_a_lazy_layer(tiny_default: None) -> None:
    viewer = ViewerModel()
    layer = viewer.add_image(da.from_array(STACK[0], chunks=(1, 32, 48)), name="lazy")
    job = EstimateJob(layer, LayerPicture.of(layer), ASKED, Judgement(None, "fluorescence"))
    assert_same(executed(job.as_python(), viewer)["m"], done(job).layers[0].metadata["blurmap"])


def test_no_line_for_what_is_in_no_file_or_another(tmp_path: Path) -> None:
    _, layer = layer_of(tmp_path / "a.tif", PLANE)
    for data, words in ((PLANE[:60], "holds another picture"), (PLANE[::-1].copy(), "holds another picture")):
        layer.data = data
        job = EstimateJob(layer, LayerPicture.of(layer), ASKED, Judgement(None, "fluorescence"))
        with pytest.raises(nb.BlurMapError, match=words):
            job.as_shell()
    plain = ViewerModel().add_image(PLANE)
    with pytest.raises(nb.BlurMapError, match="lies in no file"):
        EstimateJob(plain, LayerPicture.of(plain), ASKED, Judgement(None, "fluorescence")).as_shell()


def test_a_smoothing(tiny_default: None, tmp_path: Path) -> None:
    viewer, layer = layer_of(tmp_path / "a.tif", PLANE)
    m = nb.estimate_blur(layer, device="cpu")
    nb.add_to_viewer(viewer, m, layer)
    sigma = viewer.layers[1]
    job = SmoothJob(sigma, m, LayerPicture.of(layer), layer.name, {"method": "edge", "strength": 5.0})
    assert_same(executed(job.as_python(), viewer)["m"], done(job)[0].metadata["blurmap"])
    with pytest.raises(nb.BlurMapError, match="copy it as Python"):
        job.as_shell()


def test_a_check(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    viewer, layer = layer_of(tmp_path / "a.tif", np.stack([PLANE[::-1], PLANE]))
    job = CheckJob(LayerPicture.of(layer), ASKED | {"plane": (1,), "region": (0, 96, 0, 64), "sigmas": [1.4]})
    report = done(job)
    assert len(report.rows) == 1
    assert str(executed(job.as_python(), viewer)["report"].to_dict()) == str(report.to_dict())
    capsys.readouterr()
    assert in_shell(job.as_shell(), tmp_path, monkeypatch) == 0
    assert report.text() in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:it's:UserWarning")
def test_a_training(tiny_model: Any, tmp_path: Path, monkeypatch: Any) -> None:
    small_trainings(monkeypatch)
    viewer, layer = layer_of(tmp_path / "a.tif", leaves(0))
    shapes = viewer.add_shapes([[[0, 0], [0, 96], [96, 96], [96, 0]]], name="sharp here")
    target = tmp_path / "mine.blurmap.safetensors"
    picture = LayerPicture.of(layer)
    options = {"architecture": "dense", "sigma_range": (0.3, 2.0), "n_classes": None, "steps": 1, "device": "cpu"}
    start = str(tiny_model.save(tmp_path / "start.blurmap.safetensors"))
    job = TrainJob([picture], None, start, options, target, None, ())

    def hash_of(path: Path) -> str:
        model = load_model(path)
        path.unlink()
        return model.hash

    expected = hash_of(done(job).path)
    executed(job.as_python(), viewer)
    assert hash_of(target) == expected
    assert in_shell(job.as_shell(), tmp_path, monkeypatch) == 0
    assert hash_of(target) == expected
    region = [Region.of(shapes, layer, as_stack(picture))]
    with pytest.raises(nb.BlurMapError, match="copy it as Python"):
        TrainJob([picture], region, None, options, target, None, ()).as_shell()


def test_a_training_on_a_part_has_its_mask(tmp_path: Path, monkeypatch: Any) -> None:
    viewer, layer = layer_of(tmp_path / "a.tif", PLANE)
    shapes = viewer.add_shapes([[[5, 5], [5, 50], [70, 50], [70, 5]]], name="sharp here")
    picture = LayerPicture.of(layer)
    region = Region.of(shapes, layer, as_stack(picture))
    given: dict[str, Any] = {}

    def train(images: Any, **options: Any) -> Any:
        given.update(options)
        raise InterruptedError

    monkeypatch.setattr(nb, "train_model", train, raising=False)
    job = TrainJob([picture], [region], None, {"steps": 1}, tmp_path / "m.blurmap.safetensors", None, ())
    with pytest.raises(InterruptedError):
        executed(job.as_python(), viewer)
    (mask,) = given["masks"]
    assert 0 < mask.sum() < mask.size
    np.testing.assert_array_equal(mask, region.mask())


@pytest.mark.gui_subset
def test_texts_about_the_last_result(opened: Any, qtbot: Any) -> None:
    panel = opened.panel
    copies, said = panel.run_view.copies, panel.run_view.message.text

    def copied(what: str) -> str:
        copies[what].trigger()
        qtbot.waitUntil(lambda: not panel._copying.state.busy, timeout=20000)
        return str(QApplication.clipboard().text())

    copied("methods")
    assert said() == "There is no result yet."
    opened.run()
    m = panel._shown.blurmap
    assert copied("methods") == m.methods_text()
    assert copied("psf") == "FWHM 4.7 +- 0.5 px, sigma 2.0 +- 0.2 px (median)" == m.psf_text()
    copied("shell")
    assert "lies in no file" in said()
    optics = panel.form.optics
    optics.kind.choose("typed")
    qtbot.keyClicks(optics.typed, "8")
    qtbot.waitUntil(lambda: panel.view.verdict.text() == "Sharp, within the limit.", timeout=20000)
    assert copied("methods") == m.methods_text(optics.reference()) != m.methods_text()
