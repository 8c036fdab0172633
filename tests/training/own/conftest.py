"""Settings of trainings on a user's own pictures that make them last seconds."""

from __future__ import annotations

import pytest

from napari_blurmap import estimate
from napari_blurmap.training.own import learners, recipe


@pytest.fixture(autouse=True)
def _small(monkeypatch, tiny_model):
    """Few and small crops, and a tiny network in the place of the bundled one."""
    monkeypatch.setattr(recipe, "_BATCH", 2)
    monkeypatch.setattr(recipe, "_EDGE", 64)
    monkeypatch.setattr(learners, "_WATCHING", 2)
    monkeypatch.setattr(learners, "_REPORTING", 4)
    monkeypatch.setattr(learners, "_WATCHING_PATCHES", 20)
    monkeypatch.setattr(learners, "_REPORTING_PATCHES", 40)
    monkeypatch.setattr(estimate, "load_model", lambda name: tiny_model if name == "default" else name)
