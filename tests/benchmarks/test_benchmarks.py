"""The parts of the benchmarks that could be wrong without being seen in their tables."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import napari_blurmap as nb
from benchmarks import depth, noise, nuclei, reliability, series, speed, with_model
from napari_blurmap.models import registry


@pytest.mark.parametrize(
    ("name", "distance"),
    [("reflected_z+06.52um.tiff", 6.52), ("f_z-10.23um.tif", -10.23), ("plate2_stack_7.png", 7), ("s1-3.tif", -3)],
)
def test_distance_from_focus_is_the_last_number_of_a_name(name, distance):
    assert series.distance(Path(name)) == distance


def test_sides_of_a_focus_series_meet_in_the_sharpest_frame():
    at, medians = [-20.0, -10.0, 0.0, 5.0, 10.0], [9.0, 5.0, 2.0, 1.0, 3.0]
    before, after = series.sides_of(at, medians), series.sides_of(at[2:], medians[2:])
    assert [side.tolist() for side in before] == [[True, True, True, True, False]]
    assert [side.tolist() for side in after] == []


def test_coverage_and_likelihood_of_normal_errors():
    stated = np.random.default_rng(0).uniform(0.05, 0.5, 200_000)
    off = stated * np.random.default_rng(1).standard_normal(stated.size)
    name, one, two, rank, likelihood, *_ = reliability.line("normal", (stated, off))
    assert (name, one, two) == ("normal", "68 %", "95 %")
    assert 0.3 < float(rank) < 0.6
    assert float(likelihood) == pytest.approx(np.mean(np.log(stated)) + 0.5 * np.log(2 * np.pi) + 0.5, abs=0.01)


def test_operations_of_the_network_are_counted():
    """By hand: the convolutions of the trunk on every level, of the way up and down, and of the end."""
    c = nb.load_model("default").network.config
    # A column and a row of 3 with five eighths of the channels between them.
    narrow, wide, fused = (2 * 3 * n * 5 * n / 8 for n in (c.narrow, c.wide, c.fused))
    assert (c.rank, c.whole, c.narrow, c.wide, c.fused) == (0.625, True, 32, 64, 96)
    narrow *= 24 / 20  # in eights
    fused *= 64 / 60
    trunk = (36 * c.narrow + narrow) / 4 + (4 * c.narrow * c.wide + 3 * wide + c.noise * c.wide) / 16
    up = 2 * c.wide * c.fused / 64 + (c.wide + c.fused) * c.fused / 256
    coarse = 9 * c.fused**2  # whole
    down = 2 * coarse / 1024 + coarse / 256 + fused / 64 + c.fused * c.wide / 64
    blocks = c.deep * 2 * (coarse * (1 / 1024 + 1 / 256) + fused / 64)
    trunk += c.fine * 2 * wide / 16
    end = (c.fine * 2 * wide + c.wide * c.fused + c.fused * (c.bins + 1 + c.levels + 1)) / 16
    expected = 2 * (trunk * (1 + 1 / 4 + 1 / 16) + up + down + blocks + end)
    assert speed.operations() == pytest.approx(expected, rel=0.03)  # the windows of the local contrast come on top


def test_scenes_of_the_benchmarks():
    light, ramp = nuclei.scene(1)
    assert light.max() == 1
    assert (ramp.min(), ramp.max()) == pytest.approx((0.3, 3.0))
    frame = nuclei.exposure(light, 500, 0)
    assert frame.dtype == np.uint16
    assert 500 < frame.max() < 750
    grey, far = depth.scene()
    assert grey.shape == far.shape
    assert (far.min(), far.max()) == (0, 1)


def test_the_truth_of_the_benchmark_of_noise_is_that_of_pure_noise():
    """On an even field, where nothing but noise is to be measured, the ratios are 1."""
    rng = np.random.default_rng(0)
    even = np.full((384, 384), 900.0) + 12.0 * rng.standard_normal((384, 384))
    found = noise.reading(noise.measured(even), np.full(2, 900.0), np.full(2, 12.0))
    assert found.certain
    assert found.ratios == pytest.approx((1, 1), abs=0.03)
    assert noise.line("none", [noise.reading(None, np.ones(2), np.ones(2))])[1] == "0 of 1"


def test_another_model_takes_the_place_of_the_default(tiny_model, tmp_path, monkeypatch):
    tiny_model.save(tmp_path / "own.blurmap.safetensors")
    met = []
    monkeypatch.setattr(registry, "WEIGHTS", registry.WEIGHTS)  # put back after the test
    monkeypatch.setattr("runpy.run_module", lambda name, **_: met.append((name, sys.argv[1:], nb.load_model().info)))
    monkeypatch.setattr(
        "sys.argv", ["with_model", str(tmp_path / "own.blurmap.safetensors"), "depth", "--pictures", "x"]
    )
    with_model.main()
    name, options, info = met[0]
    assert (name, options, info.name) == ("benchmarks.depth", ["--pictures", "x"], tiny_model.info.name)
    monkeypatch.setattr("sys.argv", ["with_model", "own", "depth", "--write"])
    with pytest.raises(SystemExit, match="leave out --write"):
        with_model.main()
