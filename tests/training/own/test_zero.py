"""The pictures' own blur is the zero of the new model."""

from __future__ import annotations

import re

import pytest
from own_pictures import leaves

import napari_blurmap as nb
from napari_blurmap.training.own import recipe
from napari_blurmap.training.own.config import TuneConfig
from napari_blurmap.training.own.crops import TuneCrops
from napari_blurmap.training.own.findings import Finding
from napari_blurmap.training.own.session import Tuning
from napari_blurmap.training.own.zero import zero_of


def test_what_is_blurrier_than_most_counts_so_and_what_is_far_blurrier_is_left_out(monkeypatch):
    monkeypatch.undo()  # the real model tells how blurred a picture is
    monkeypatch.setattr(recipe, "_EDGE", 64)
    monkeypatch.setattr(recipe, "_BATCH", 2)
    sharp = [leaves(i, (160, 160)) for i in range(10, 15)]
    soft, far = (nb.apply_blur(leaves(i, (160, 160)).astype(float), s) for i, s in ((15, 1.8), (16, 5.0)))
    training = Tuning([*sharp[:2], soft, *sharp[2:], far], TuneConfig(steps=1), init=None)
    learnt = []
    monkeypatch.setattr(
        TuneCrops, "add", lambda self, piece, add=TuneCrops.add: (learnt.append(piece), add(self, piece))
    )
    next(at for at in training.run() if at.step)
    assert training.zero < 0.9
    blurs = {piece.picture: piece.blur for piece in learnt}
    assert blurs.pop(2) == pytest.approx(1.8, abs=0.4)
    assert blurs == dict.fromkeys((0, 1, 3, 4, 5), 0.0)
    assert "the difference counts as blur added" in " ".join(training.findings[2].warnings)
    assert "no blur of 3 px or less" in training.findings[6].problem
    assert not any("counts as blur" in line for i in (0, 1, 3, 4, 5) for line in training.findings[i].lines())
    report = "\n".join(training.model().info.training["report"]["warnings"])
    assert re.search("picture 3: the bundled model reads sigma 1.[6-9] px .* the difference counts", report)


def test_most_of_two_pictures_is_the_sharper_one():
    one, other = (Finding(name, own_sigma=s) for name, s in (("a", 2.0), ("b", 0.5)))
    assert zero_of([one, other, Finding("c")]) == 0.5
    assert zero_of([Finding("c")]) is None
