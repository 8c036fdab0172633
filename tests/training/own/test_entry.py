"""`train_model` from outside: progress, cancelling, time."""

from __future__ import annotations

import pytest
from own_pictures import leaves

import napari_blurmap as nb


def test_progress_and_stop(tiny_model):
    pictures, told = [leaves(i, (128, 128)) for i in (1, 2)], []
    with pytest.raises(nb.Cancelled) as stopped:
        nb.train_model(pictures, init=tiny_model, cancel=lambda: True)
    assert stopped.value.partial is None
    model = nb.train_model(
        pictures,
        init=tiny_model,
        progress=lambda *a: told.append(a),
        cancel=lambda: "left" in told[-1][2],
        name="stopped",
    )
    assert model.info.training["steps"] == 1
    assert model.info.name == "stopped"
    assert "reading" in told[0][2]
    assert all(0 <= done <= total == 1000 for done, total, _ in told)


def test_a_time_budget_is_kept(tiny_model):
    from time import perf_counter

    begun = perf_counter()
    model = nb.train_model([leaves(i, (128, 128)) for i in (1, 2)], init=tiny_model, minutes=0.05)
    assert model.info.training["steps"] >= 1
    assert perf_counter() - begun < 60
