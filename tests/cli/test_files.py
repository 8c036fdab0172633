"""Files of any name on the command line, and what is made of them."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
import tifffile
from shell import run

from napari_blurmap import BlurMap
from napari_blurmap.cli import app as cli

pytestmark = pytest.mark.usefixtures("tiny_default")
CHECK = ("check", "--sigma", 1, "--sigma", 2)


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "cells.tif"
    tifffile.imwrite(path, np.random.default_rng(0).integers(0, 4000, (96, 96)).astype(np.uint16))
    return path


@pytest.mark.parametrize("name", [b"caf\xe9.tif", b"a\x01b.tif"])
def test_names_that_are_no_text(picture, tmp_path, capsys, name):
    odd = tmp_path / os.fsdecode(name)
    try:
        odd.write_bytes(picture.read_bytes())
    except OSError:
        pytest.skip("this file system has no such names")
    out = tmp_path / "out"
    assert run("estimate", odd, picture, "-o", out) == 0
    assert f"{picture}: " in capsys.readouterr().out
    assert BlurMap.load(out / f"{odd.stem}.sigma.ome.tif").sigma.shape == (96, 96)
    assert (out / "cells.sigma.ome.tif").exists()
    assert run(*CHECK, odd, "-o", out) == 0
    assert (out / f"{odd.stem}.check.png").exists()


@pytest.mark.parametrize("command", [("estimate",), CHECK])
def test_nothing_in_a_name_reaches_the_terminal_as_a_command(picture, tmp_path, capsys, command):
    odd = tmp_path / "a\x1b[31mred\x9b2J\u202egpj.tif"
    odd.write_bytes(picture.read_bytes())
    bad = tmp_path / "bad\x1b]0;title\x07.tif"
    bad.write_text("no picture")
    assert run(*command, odd, bad, tmp_path / "gone\x1b.tif", "-o", tmp_path / "out") == cli.FAILED
    said = capsys.readouterr()
    assert r"a\x1b[31mred\x9b2J\u202egpj.tif" in said.out
    assert r"bad\x1b]0;title\x07.tif" in said.err
    assert not set("\x1b\x07\x9b\u202e") & set(said.out + said.err)


@pytest.mark.parametrize("command", [("estimate",), CHECK])
def test_metadata_beside_a_picture_does_not_take_its_name(picture, tmp_path, capsys, command):
    notes = picture.with_suffix(".json")
    notes.write_text("{}")
    assert run(*command, notes, picture, "-o", tmp_path / "out") == cli.FAILED
    assert "1 of 2 pictures failed" in capsys.readouterr().err
    assert list((tmp_path / "out").glob("cells.*"))


def test_two_checks_of_one_name_do_not_overwrite_each_other(picture, tmp_path, capsys):
    assert run(*CHECK, picture, picture, "-o", tmp_path / "out", "--overwrite") == cli.FAILED
    assert "Another picture is called cells" in capsys.readouterr().err


@pytest.mark.parametrize("command", [("estimate",), CHECK])
def test_it_is_said_that_only_the_first_image_was_read(picture, tmp_path, capsys, command):
    several = tmp_path / "several.tif"
    with tifffile.TiffWriter(several) as writer:
        for size in (96, 80, 64):
            writer.write(tifffile.imread(picture)[:size], metadata=None)
    assert run(*command, several, picture, "-o", tmp_path / "out", "--json") == 0
    said = capsys.readouterr()
    assert f"{several}: only the first of its 3 images was read." in said.err
    assert said.err.count("images") == 1
    first, second = json.loads(said.out)["results"]
    assert first["image"] == "first of 3"
    assert "image" not in second


@pytest.mark.parametrize("command", [("estimate",), CHECK])
def test_it_is_said_why_sizes_are_in_pixels(picture, tmp_path, capsys, command):
    tifffile.imwrite(picture, tifffile.imread(picture), resolution=(300, 300), resolutionunit="INCH")
    assert run(*command, picture, "-o", tmp_path / "out", "--json") == 0
    said = capsys.readouterr()
    note = json.loads(said.out)["results"][0]["note"]
    assert note.startswith("Sizes are in pixels: 300 dots an inch")
    assert f"{picture}: {note}" in said.err


def test_a_leftover_sidecar_is_found_before_the_work(picture, tmp_path, capsys, monkeypatch):
    (tmp_path / "cells.blurmap.json").write_text("{}")
    with monkeypatch.context() as patched:
        patched.setattr("napari_blurmap.batch.job.estimate_blur", None)
        assert run("estimate", picture, "-o", tmp_path) == cli.FAILED
    assert "cells.blurmap.json exists already. Use --overwrite" in capsys.readouterr().err
    assert run("estimate", picture, "-o", tmp_path, "--overwrite") == 0
