"""What is printed can be read by programs, whatever was found."""

from __future__ import annotations

import io
import json
import sys
from math import inf, nan

import numpy as np
import pytest
from shell import run

from napari_blurmap.cli.output import print_any_name, show


def test_what_is_no_number_is_null_in_json(capsys):
    show({"a": nan, "b": [1.5, -inf, {"c": (inf, np.float64(nan))}], "d": True, "e": None, "f": "nan"}, True, [])
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert found == {"a": None, "b": [1.5, None, {"c": [None, None]}], "d": True, "e": None, "f": "nan"}


def test_a_score_of_nothing_is_valid_json(tmp_path, capsys):
    from napari_blurmap import BlurMap

    flat = np.ones((4, 4))
    about = {"axes": ("y", "x"), "scale": (1, 1), "units": ("pixel", "pixel"), "provenance": {}}
    result = BlurMap(flat, 0.1 * flat, flat, **about).save(tmp_path / "a.sigma.ome.tif")
    np.save(tmp_path / "truth.npy", flat)
    assert run("score", result, tmp_path / "truth.npy", "--json") == 0
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert (found["n"], found["rmse"]) == (0, None)


def test_any_name_can_be_printed(monkeypatch):
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    monkeypatch.setattr(sys, "stdout", narrow)
    print_any_name()
    show({}, False, ["caf\udce9 \u00e9 \u03c3"])
    narrow.flush()
    assert narrow.buffer.getvalue().split() == [b"caf\\udce9", b"\xe9", b"\\u03c3"]
