"""The thesis's evaluation, in miniature."""

from __future__ import annotations

import sys

import imageio.v3 as iio
import numpy as np
import pytest
import torch

import napari_blurmap as nb
from benchmarks import thesis
from napari_blurmap.models.patch import PatchNetwork
from napari_blurmap.models.patch_sizes import PatchConfig


def test_sine_and_ramp_are_the_thesis_s():
    sharp = [np.random.default_rng(0).integers(0, 256, (320, 330)).astype(np.float32)]
    found = {name: (picture, sigma) for name, picture, sigma in thesis.cases(sharp, "matlab")}
    x, y = np.arange(1, 331), np.arange(1, 321)
    np.testing.assert_allclose(found["sine, x"][1][7], 1.55 + 1.45 * np.sin(0.02 * x), atol=1e-4)
    np.testing.assert_allclose(found["text, sine, y"][1][:, 7], 1.55 + 1.45 * np.sin(0.02 * y), atol=1e-4)
    np.testing.assert_allclose(found["ramp"][1][0], np.linspace(0.3, 3.0, 330), atol=1e-4)
    assert {"defocused background", "defocused foreground"} <= set(found)
    assert all(picture.dtype == np.uint8 and picture.shape == sigma.shape for picture, sigma in found.values())
    blurred = nb.apply_blur(sharp[0], found["ramp"][1], mode="nearest", truncate="matlab")
    np.testing.assert_allclose(found["ramp"][0], blurred, atol=0.51)


@pytest.mark.parametrize(("behind", "before"), [(3.0, 0.3), (0.3, 3.0)])
def test_depth_has_both_sigmas(behind, before):
    picture, sigma = thesis.depth((128, 128), behind, before)
    assert sigma[0, 127] == np.float32(behind)
    assert sigma[38, 45] == np.float32(before)
    assert np.ptp(picture) > 0.5


def test_large_variant():
    large = PatchNetwork(thesis.VARIANTS["large"])
    assert sum(p.numel() for p in large.parameters()) == pytest.approx(5e6, rel=0.02)
    layers = [m for m in large.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
    assert len(layers) == 13
    assert [k for _, k in thesis.VARIANTS["large"].before].count(5) + [
        k for _, k in thesis.VARIANTS["large"].after
    ].count(5) == 3


def test_whole_command(tmp_path, monkeypatch, capsys):
    """Any folder in, the tables out: four trainings, all maps, beside the thesis's figures."""
    for n in range(5):
        iio.imwrite(tmp_path / f"t{n}.png", np.random.default_rng(n).integers(0, 256, (64, 96)).astype(np.uint8))
    (tmp_path / "notes.txt").write_text("no picture")
    layers = PatchConfig(before=((2, 5), (2, 5), (4, 5), (4, 5)), after=((4, 5),), hidden=(8,))
    monkeypatch.setitem(thesis.VARIANTS, "thesis", layers)
    monkeypatch.setattr(nb, "list_models", lambda: {"default": None})
    command = f"thesis --textures {tmp_path} --steps 5 --classes 10 --maps 1 --stride 4 --only trainings"
    monkeypatch.setattr(sys, "argv", command.split())
    thesis.main()
    text = capsys.readouterr().out
    assert "left out notes.txt" in text
    assert "5 textures, 30 areas of 32 x 32 pixels" in text
    for run in (
        "split by patch, Adagrad",
        "split by texture, Adagrad",
        "split by patch, Muon",
        "split by texture, Muon",
    ):
        assert f"| {run} | 5 |" in text
    assert "0.1645" in text
    for kind in ("ramp", "sine, x", "sine, y", "text, sine, x", "text, sine, y", "defocused background"):
        assert text.count(f"| {kind} |") == 3
    # Per cent of a class: every row of the confusion matrix is whole.
    confusion = text.split("Confusion")[1].split("\n\n")[1].splitlines()[2:]
    assert len(confusion) == 10
    for row in confusion:
        assert sum(map(float, row.split("|")[2:-1])) == pytest.approx(100, abs=5)
