"""Settings of trainings on a user's own pictures that make them last seconds."""

from __future__ import annotations

import pytest
from own_pictures import small_trainings

from napari_blurmap import estimate


@pytest.fixture(autouse=True)
def _small(monkeypatch, tiny_model):
    """Few and small crops, and a tiny network in the place of the bundled one."""
    small_trainings(monkeypatch)
    monkeypatch.setattr(estimate, "load_model", lambda name: tiny_model if name == "default" else name)
