"""The command line, run as its users run it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from own_pictures import small_trainings
from PIL import Image
from shell import run

import napari_blurmap as nb
from napari_blurmap.cli import app as cli
from napari_blurmap.cli import demo
from napari_blurmap.models import pixels

pytestmark = pytest.mark.usefixtures("tiny_default")


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "cells.tif"
    data = np.random.default_rng(0).integers(0, 4000, (64, 80)).astype(np.uint16)
    tifffile.imwrite(path, data, resolution=(5e4, 5e4), resolutionunit="CENTIMETER")
    return path


def test_estimate_writes_results(picture, tmp_path, capsys):
    out = tmp_path / "out"
    assert run("estimate", picture, "-o", out, "--na", 0.8, "--wavelength", 520, "--json") == 0
    report = json.loads(capsys.readouterr().out)["results"][0]
    m = nb.BlurMap.load(out / "cells.sigma.ome.tif")
    assert report["result"] == str(out / "cells.sigma.ome.tif")
    assert (out / "cells.blurmap.json").exists()
    assert m.sigma.shape == (64, 80)
    assert m.pixel_size == pytest.approx((0.2, 0.2))
    assert m.unit == "micrometer"
    assert m.provenance["source"] == {"path": "cells.tif", "sha256": hashlib.sha256(picture.read_bytes()).hexdigest()}
    limit = nb.optics_limit(0.8, 0.52, 0.2)
    assert json.dumps(report["summary"]).find("optics limit of NA 0.8") > 0
    assert str(round(limit, 3))[:4] in json.dumps(report["summary"])


def test_the_verdict_is_printed(picture, tmp_path, capsys):
    assert run("estimate", picture, "-o", tmp_path, "--limit", 0.3) == 0
    verdict = nb.BlurMap.load(tmp_path / "cells.blurmap.json").summary(0.3)["verdict"]
    assert f" Verdict: {verdict}, " in capsys.readouterr().out
    assert run("estimate", picture, "-o", tmp_path, "--overwrite") == 0
    assert "Verdict:" not in capsys.readouterr().out


def test_one_bad_file_does_not_stop_the_others(picture, tmp_path, capsys):
    bad = tmp_path / "notes.tif"
    bad.write_text("not a picture")
    out = tmp_path / "out"
    assert run("estimate", bad, picture, tmp_path / "missing.png", "-o", out) == cli.FAILED
    captured = capsys.readouterr()
    assert (out / "cells.sigma.ome.tif").exists()
    assert "cells.tif: " in captured.out
    assert "notes.tif" in captured.err
    assert "2 of 3 pictures failed" in captured.err
    assert "Traceback" not in captured.err


def test_a_map_that_cannot_be_compared_is_written_and_said_so(picture, tmp_path, capsys):
    bare = tmp_path / "bare.tif"
    tifffile.imwrite(bare, tifffile.imread(picture))
    out = tmp_path / "out"
    optics = ("-o", out, "--na", 0.8, "--wavelength", 520)
    assert run("estimate", bare, picture, *optics) == cli.FAILED
    said = capsys.readouterr()
    assert f"{bare}: the map was written, without a comparison: The optics limit needs the pixel size" in said.err
    assert "1 of 2 pictures could not be compared." in said.err
    assert "failed" not in said.err
    bare_line, picture_line = said.out.splitlines()
    assert bare_line.startswith(f"{bare}: ")
    assert "Verdict" not in bare_line
    assert "Verdict" in picture_line
    # What it says to do works.
    assert run("estimate", bare, *optics, "--pixel-size", 0.2, "--overwrite", "--json") == 0
    assert json.loads(capsys.readouterr().out)["results"][0]["summary"]["verdict"] is not None
    assert nb.BlurMap.load(out / "bare.sigma.ome.tif").pixel_size == (0.2, 0.2)


def test_maps_beside_their_pictures_are_left_out(picture, tmp_path, capsys):
    assert run("estimate", picture, "-o", tmp_path) == 0
    found = sorted(tmp_path.glob("cells*"))
    assert len(found) == 3
    capsys.readouterr()
    assert run("estimate", *found, "-o", tmp_path / "out") == 0
    said = capsys.readouterr()
    assert f"{tmp_path / 'cells.sigma.ome.tif'}: left out, it is a blur map and no picture." in said.err
    assert len(said.out.splitlines()) == 1
    assert [path.name for path in sorted((tmp_path / "out").iterdir())] == ["cells.blurmap.json", "cells.sigma.ome.tif"]
    for command in (("estimate", "-o", tmp_path / "new"), ("check", "-o", tmp_path / "new")):
        assert run(*command, tmp_path / "cells.sigma.ome.tif") == cli.FAILED
        assert "only blur maps" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_two_pictures_of_one_name_do_not_overwrite_each_other(picture, tmp_path, capsys, monkeypatch):
    other = tmp_path / "cells.tiff"
    tifffile.imwrite(other, np.zeros((64, 64), np.uint8))
    monkeypatch.chdir(tmp_path)
    assert run("estimate", picture, other, "cells.tif", "-o", tmp_path) == 0  # one of them twice
    assert len(capsys.readouterr().out.splitlines()) == 2
    for name, shape in (("cells.tif", (64, 80)), ("cells.tiff", (64, 64))):
        assert nb.BlurMap.load(tmp_path / f"{name}.sigma.ome.tif").sigma.shape == shape
    twin = tmp_path / "cells.tif.png"
    Image.fromarray(np.zeros((64, 64), np.uint8)).save(twin)
    assert run("estimate", picture, other, twin, "-o", tmp_path / "new") == cli.FAILED
    assert f"is the map of {picture}" in capsys.readouterr().err


def test_nothing_is_overwritten_unasked(picture, tmp_path, capsys):
    assert run("estimate", picture, "-o", tmp_path) == 0
    before = (tmp_path / "cells.sigma.ome.tif").stat().st_mtime_ns
    tifffile.imwrite(picture, np.zeros((64, 80), np.uint8))
    assert run("estimate", picture, "-o", tmp_path) == cli.FAILED
    assert "--overwrite" in capsys.readouterr().err
    assert (tmp_path / "cells.sigma.ome.tif").stat().st_mtime_ns == before
    assert run("estimate", picture, "-o", tmp_path, "--overwrite") == 0
    assert (tmp_path / "cells.sigma.ome.tif").stat().st_mtime_ns > before


def test_a_restart_goes_on_where_the_last_run_ended(picture, tmp_path, capsys, monkeypatch):
    other = tmp_path / "other.tif"
    tifffile.imwrite(other, np.random.default_rng(1).random((64, 64), np.float32))
    out = tmp_path / "out"
    assert run("estimate", picture, "-o", out, "--json") == 0
    [first] = json.loads(capsys.readouterr().out)["results"]
    before = (out / "cells.sigma.ome.tif").stat().st_mtime_ns
    assert run("estimate", picture, other, "-o", out, "--json") == 0
    said = capsys.readouterr()
    assert [entry["file"] for entry in json.loads(said.out)["results"]] == [str(picture), str(other)]
    assert json.loads(said.out)["results"][0] == first
    assert said.err.splitlines() == [f"{picture}: done already, and left as it is. With --overwrite it is done again."]
    assert (out / "cells.sigma.ome.tif").stat().st_mtime_ns == before
    # What it would make now is another map: another pixel size, other noise, another model.
    assert run("estimate", picture, "-o", out, "--pixel-size", 0.5) == cli.FAILED
    assert run("estimate", picture, "-o", out, "--noise", 5) == cli.FAILED
    monkeypatch.setattr("napari_blurmap.models.model.Model.hash", "another")
    assert run("estimate", picture, "-o", out) == cli.FAILED
    assert capsys.readouterr().err.count("exists already. Use --overwrite") == 3


def test_the_camera_in_figures(picture, tmp_path, capsys):
    assert run("estimate", picture, "-o", tmp_path, "--noise", "2 / 100 / 3", "--json") == 0
    [entry] = json.loads(capsys.readouterr().out)["results"]
    m = nb.BlurMap.load(entry["result"])
    assert m.provenance["sensor"][0]["noise"]["variances"] == [36, 40]
    assert entry["summary"]["sensor_notes"] == m.provenance["sensor"][0]["notes"]
    assert run("estimate", picture, "-o", tmp_path, "--noise", "1e9", "--overwrite") == 0
    assert "The noise given, 1e+09 grey levels" in capsys.readouterr().out


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: not enough memory")])
@pytest.mark.parametrize("command", [("estimate", "-o", "out"), ("check", "--sigma", 1)])
def test_a_picture_too_large_for_memory_does_not_end_the_others(picture, tmp_path, capsys, monkeypatch, command, error):
    from napari_blurmap.batch import job
    from napari_blurmap.checking import check

    monkeypatch.chdir(tmp_path)
    large = tmp_path / "large.tif"
    tifffile.imwrite(large, np.random.default_rng(1).integers(0, 4000, (100, 100)).astype(np.uint16))

    def short(real):
        def called(image, **options):
            if image.array.shape == (100, 100):
                raise error
            return real(image, **options)

        return called

    for module, name in ((job, "estimate_blur"), (check, "check_on_image")):
        monkeypatch.setattr(module, name, short(getattr(module, name)))
    assert run(*command, large, picture, "--json") == cli.FAILED
    said = capsys.readouterr()
    failed, done = json.loads(said.out)["results"]
    assert failed["error"].startswith("The memory of this computer is too small for it")
    assert done["file"] == str(picture)
    assert "1 of 2 pictures failed." in said.err


def test_the_report_is_written_as_it_goes(picture, tmp_path, capsys, monkeypatch):
    from napari_blurmap.batch import job

    real, seen = job.estimate_blur, []

    def last(image, **options):
        seen.append(capsys.readouterr().out)
        if len(seen) == 3:
            raise KeyboardInterrupt  # a second Ctrl-C
        return real(image, **options)

    monkeypatch.setattr(job, "estimate_blur", last)
    files = [shutil.copy(picture, tmp_path / f"{name}.tif") for name in "abc"]
    assert run("estimate", *files, "-o", tmp_path / "out", "--json") == cli.INTERRUPTED
    text = [*seen, capsys.readouterr().out]
    assert str(files[0]) in text[1]
    assert str(files[1]) in text[2]
    assert [entry["file"] for entry in json.loads("".join(text))["results"]] == [str(file) for file in files[:2]]


@pytest.mark.parametrize("command", [("estimate", "-o", "out"), ("check",)])
@pytest.mark.parametrize("options", [("--model", "nonsense"), ("--device", "abacus")])
def test_an_unknown_model_or_device_is_said_once(picture, tmp_path, capsys, monkeypatch, command, options):
    monkeypatch.undo()  # the real models
    monkeypatch.chdir(tmp_path)
    assert run(*command, picture, picture, *options) == cli.USAGE
    said = " ".join(capsys.readouterr().err.split())
    assert said.count(options[1]) == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_instead_of_pictures(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("estimate", ".", "-o", "out") == cli.FAILED
    said = capsys.readouterr().err
    assert "The folder . holds no picture that can be read" in said
    assert ".sigma.ome" not in said


def test_channels_are_told_apart(tmp_path, capsys):
    stack = np.random.default_rng(0).integers(0, 4000, (2, 2, 64, 80)).astype(np.uint16)
    path = tmp_path / "cells.tif"
    tifffile.imwrite(path, stack, imagej=True, metadata={"axes": "ZCYX"})
    assert run("estimate", path, "-o", tmp_path / "out", "--limit", 2, "--json") == 0
    [entry] = json.loads(capsys.readouterr().out)["results"]
    m = nb.BlurMap.load(entry["result"])
    assert entry["summary"] == json.loads(json.dumps(m.summary(2)))
    for number, channel in enumerate(entry["channels"]):
        part = nb.estimate_blur(stack[:, number])
        assert channel["summary"]["shares"] == part.summary(2)["shares"]
        assert channel["summary"]["judged_pixels"] == part.summary(2)["judged_pixels"]
    assert run("estimate", path, "-o", tmp_path / "out", "--limit", 2) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{path}: {entry['line']}"
    assert lines[1] == f"  read as {entry['axes']}"
    assert lines[2:] == [f"  channel {n} of 2: {entry['channels'][n - 1]['line']}" for n in (1, 2)]


def test_the_version(capsys):
    from importlib.metadata import version

    assert run("--version") == 0
    assert capsys.readouterr().out == f"napari-blurmap {version('napari-blurmap')}\n"


def test_the_time_of_a_training_is_one_constant(capsys, monkeypatch):
    from napari_blurmap.cli import train
    from napari_blurmap.training.dense import TrainConfig
    from napari_blurmap.training.own.config import TuneConfig

    monkeypatch.setenv("COLUMNS", "300")
    assert run("train", "--help") == 0
    told = f"if not given {TuneConfig.minutes:g}, for a bundled model {TrainConfig.minutes:g}."
    assert told in " ".join(capsys.readouterr().out.split())
    for name, options, minutes in (
        ("_retrain_default", ["--default"], TrainConfig.minutes),
        ("_retrain_patch", ["--patch", 10], TrainConfig.minutes),
        ("_train_on", ["a.tif", "-o", "m.blurmap.safetensors"], TuneConfig.minutes),
    ):
        seen = []

        def first(*arguments, seen=seen, **settings):
            seen.append(settings.get("minutes") or arguments[1].minutes)
            raise nb.BlurMapError("enough")

        monkeypatch.setattr(train, name, first)
        assert run("train", *options) == cli.FAILED
        assert seen == [minutes]


@pytest.mark.parametrize(
    "arguments",
    [
        ["estimate"],
        ["estimate", "a.tif"],
        ["estimate", "a.tif", "-o", "x", "--wavelength", "520"],
        ["estimate", "a.tif", "-o", "x", "--na", "0.5", "--wavelength", "520", "--limit", "1"],
        ["estimate", "a.tif", "-o", "x", "--unit", "nm"],
        ["estimate", "a.tif", "-o", "x", "--tile", "-3"],
        ["estimate", "a.tif", "-o", "x", "--noise", "x"],
        ["estimate", "a.tif", "-o", "x", "--noise", "-1"],
        ["estimate", "a.tif", "-o", "x", "--noise", "1/2"],
        ["nonsense"],
        ["train"],
        ["train", "a.tif"],
        ["train", "a.tif", "--default"],
        ["train", "--patch", "10", "--default"],
    ],
)
def test_wrong_usage(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == cli.USAGE
    assert list(tmp_path.iterdir()) == []


def test_an_impossible_folder(picture, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert run("estimate", picture, "-o", tmp_path / "file" / "out") == cli.FAILED
    assert "Choose another" in capsys.readouterr().err


def test_an_interrupt_saves_the_part_that_is_done(picture, tmp_path, monkeypatch, capsys):
    real = pixels._write

    def interrupting(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        real(*arguments)

    monkeypatch.setattr(pixels, "_write", interrupting)
    out = tmp_path / "out"
    assert run("estimate", picture, "-o", out, "--tile", 32) == cli.INTERRUPTED
    partial = nb.BlurMap.load(out / "cells.partial.sigma.ome.tif")
    assert partial.provenance["partial"] is True
    assert 0 < partial.provenance["share_done"] < 1
    assert not (out / "cells.sigma.ome.tif").exists()
    assert "Interrupted" in capsys.readouterr().err
    monkeypatch.undo()
    assert run("estimate", picture, "-o", out) == 0
    assert {path.name for path in out.iterdir()} == {"cells.sigma.ome.tif", "cells.blurmap.json"}


def test_an_impossible_reference_is_refused_before_the_work(picture, tmp_path, capsys):
    for options, words in (
        (("--na", 1.4, "--wavelength", 520), "For oil the index is 1.515"),
        (("--na", 0.8, "--wavelength", 0.52), "for 0.52 um give 520."),
        (("--na", 0.8, "--wavelength", 52), "Give it in nm, such as 520."),
        (("--na", 0.8, "--wavelength", -520), "above 0"),
        (("--limit", -1), "above 0"),
    ):
        assert run("estimate", picture, "-o", tmp_path / "out", *options) == cli.FAILED
        said = capsys.readouterr().err
        assert words in said
        assert "Traceback" not in said
    assert not (tmp_path / "out").exists()
    assert run("estimate", picture, "-o", tmp_path / "out", "--na", 0.8, "--wavelength", 100) == 0


def test_score(tmp_path, capsys):
    sigma = np.random.default_rng(0).uniform(0.5, 3, (64, 80)).astype(np.float32)
    status = np.broadcast_to(np.where(np.arange(80) < 20, 1, 0), sigma.shape).astype(np.uint8)
    about = {"axes": ("y", "x"), "scale": (1.0, 1.0), "units": ("pixel", "pixel"), "provenance": {}}
    m = nb.BlurMap(sigma, 0.1 * sigma, status, **about)
    result = m.save(tmp_path / "cells.sigma.ome.tif")
    np.save(tmp_path / "truth.npy", sigma + 0.25)
    assert run("score", tmp_path / "cells.blurmap.json", tmp_path / "truth.npy", "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["n"], figures["coverage"]) == (60 * 64, 0.75)
    assert (figures["bias"], figures["rmse"]) == (pytest.approx(-0.25, abs=1e-5), pytest.approx(0.25, abs=1e-5))
    assert run("score", result, result) == 0
    assert "rmse              0" in capsys.readouterr().out
    with tifffile.TiffWriter(tmp_path / "two.tif") as file:
        for image in (sigma + 0.25, np.zeros((8, 8), np.float32)):
            file.write(image, metadata=None, contiguous=False)
    assert run("score", result, tmp_path / "two.tif", "--json") == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == figures | {"image": "first of 2"}
    assert "only the first of its 2 images" in printed.err
    np.save(tmp_path / "other.npy", np.ones((3, 3)))
    assert run("score", result, tmp_path / "other.npy") == cli.FAILED


def test_models(capsys):
    assert run("models") == 0
    assert "default: dense network" in capsys.readouterr().out
    assert run("models", "--json") == 0
    assert "sigma_grid" in json.loads(capsys.readouterr().out)["default"]


def test_demo(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(demo, "_SIZE", 64)
    opened = []
    monkeypatch.setattr(demo, "open_napari", lambda *files, log: opened.append(files) or SimpleNamespace(pid=7))
    monkeypatch.setattr(demo, "has_screen", lambda: True)
    assert run("demo", "--out", tmp_path / "new") == 0
    text = capsys.readouterr().out
    for word in ("RMSE", "bias", "coverage", "time"):
        assert word in text
    assert [f.exists() for f in opened[0]] == [True, True]
    assert (tmp_path / "new" / "demo.png").read_bytes().startswith(b"\x89PNG")
    monkeypatch.setattr(demo, "has_screen", lambda: False)
    assert run("demo", "--out", tmp_path / "new", "--json") == 0  # again, into the same folder
    captured = capsys.readouterr()
    assert json.loads(captured.out)["seconds"] > 0
    assert "No screen" in captured.err
    assert len(opened) == 1
    assert run("demo", "--out", tmp_path / "new", "--no-viewer") == 0
    assert "No screen" not in capsys.readouterr().err


def test_a_demo_that_cannot_be_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(demo, "_SIZE", 64)
    for name in ("demo.tif", "demo.png"):
        (tmp_path / name / name).mkdir(parents=True)  # a folder cannot be written to as a file
        assert run("demo", "-o", tmp_path / name, "--no-viewer") == cli.FAILED
        assert "cannot be written to" in capsys.readouterr().err


def test_the_viewer_is_a_process_of_its_own(tmp_path, monkeypatch):
    """It outlives the command, and what it prints goes to a file."""
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\necho "$@"\nexec {sys.executable} -c "import time; time.sleep(30)"\n')
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    started = time.perf_counter()
    process = demo.open_napari(tmp_path / "a.tif", log=tmp_path / "napari.log")
    try:
        assert time.perf_counter() - started < 10
        assert os.getsid(process.pid) == process.pid != os.getsid(0)
        while not (tmp_path / "napari.log").read_text():
            time.sleep(0.01)
        assert (tmp_path / "napari.log").read_text().split() == ["-m", "napari", str(tmp_path / "a.tif")]
    finally:
        process.kill()
        process.wait()


def test_train_default_from_the_shell(tmp_path, monkeypatch, capsys):
    from napari_blurmap.models.sizes import DenseConfig
    from napari_blurmap.training import dense as train

    tiny = DenseConfig(bins=12, narrow=4, wide=8, fused=8)

    class Small(train.Training):
        def __init__(self, config, checkpoint):
            small = train.TrainConfig(steps=config.steps, seed=config.seed, batch=2, size=64, workers=0)
            super().__init__(small, checkpoint, sizes=tiny)

        def model(self, name):
            return super().model(name, validation=3)

    monkeypatch.setattr(train, "Training", Small)
    target = tmp_path / "mine.blurmap.safetensors"
    assert run("train", "--default", "--steps", 2, "-o", target, "--checkpoint", tmp_path / "c.pt") == 0
    assert "held-out" in capsys.readouterr().out
    assert nb.load_model(target).info.name == "mine"
    assert (tmp_path / "c.pt").exists()
    assert run("train", "--default", "--steps", 2, "-o", target) == cli.FAILED
    assert "--overwrite" in capsys.readouterr().err


@pytest.fixture
def sharp(tmp_path, monkeypatch):
    """A folder with two sharp pictures and a file that is none, and small crops."""
    from own_pictures import leaves, small_trainings

    small_trainings(monkeypatch)
    folder = tmp_path / "sharp"
    folder.mkdir()
    for seed in range(2):
        tifffile.imwrite(folder / f"{seed}.tif", leaves(seed, (128, 128)))
    (folder / "notes.txt").write_text("no picture")
    return folder


def test_train_on_pictures(sharp, tmp_path, monkeypatch, capsys):
    small_trainings(monkeypatch)
    target = tmp_path / "mine.blurmap.safetensors"
    command = ["train", sharp, "-o", target, "--init", "scratch", "--steps", 2, "--checkpoint", tmp_path / "c.pt"]
    assert run(*command, "--json") == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["report"]["pictures"] == 1
    assert "notes.txt cannot be used" in said.err
    info = nb.load_model(target).info
    assert (info.name, info.reference, info.training["steps"]) == ("mine", "added", 2)
    assert run(*command) == cli.FAILED
    assert "--overwrite" in capsys.readouterr().err
    assert run(*command, "--overwrite") == 0  # goes on from the checkpoint: done at once
    assert "On held-out pictures" in capsys.readouterr().out


def test_a_model_that_could_not_be_saved_is_not_trained(sharp, tmp_path, capsys):
    for name, words in (("mine.pt", "Add the ending"), ("no/m.blurmap.safetensors", "no folder")):
        assert run("train", sharp, "-o", tmp_path / name, "--steps", 1) == cli.FAILED
        assert words in capsys.readouterr().err


def test_an_interrupted_training_keeps_its_model(sharp, tmp_path, monkeypatch, capsys):
    from napari_blurmap.training.own.session import Tuning

    small_trainings(monkeypatch)
    real = Tuning.run

    def interrupted(self):
        for at in real(self):
            if at.step == stop_at:
                os.kill(os.getpid(), signal.SIGINT)
            yield at

    monkeypatch.setattr(Tuning, "run", interrupted)
    target = tmp_path / "m.blurmap.safetensors"
    command = ["train", sharp, "-o", target, "--init", "scratch", "--steps", 5]
    stop_at = 0
    assert run(*command) == cli.INTERRUPTED
    assert "no model yet" in capsys.readouterr().err
    assert not target.exists()
    stop_at = 2
    assert run(*command) == cli.INTERRUPTED
    assert "the model until then" in capsys.readouterr().err
    assert nb.load_model(target).info.training["steps"] == 2


def test_train_patch_from_the_shell(tmp_path, monkeypatch, capsys):
    from napari_blurmap.training import bundled_patch

    real = bundled_patch.train_bundled_patch
    monkeypatch.setattr(bundled_patch, "train_bundled_patch", lambda *a, **k: real(*a, **k, scenes=3))
    target = tmp_path / "p.blurmap.safetensors"
    assert run("train", "--patch", 10, "--steps", 1, "-o", target) == 0
    assert "RMSE" in capsys.readouterr().out
    info = nb.load_model(target).info
    assert len(info.sigma_grid) == 10
    assert info.training["data"]["noise"] > 0  # or the noise of a camera looks sharp
    assert target.stat().st_size < 8e6  # float16
    assert run("train", "--patch", 12, "--steps", 1, "-o", tmp_path / "q.blurmap.safetensors") == cli.FAILED


def test_help_of_the_installed_command():
    done = subprocess.run(
        [sys.executable, "-c", "from napari_blurmap.cli.app import main; main()", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "100"},
    )
    for word in ("demo", "estimate", "train", "score", "models"):
        assert word in done.stdout
