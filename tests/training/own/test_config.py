"""Settings of a training on the user's own pictures."""

from __future__ import annotations

import numpy as np
import pytest
from own_pictures import leaves

import napari_blurmap as nb
from napari_blurmap.training.own.config import TuneConfig


def test_numbers_of_numpy_can_be_saved(tiny_model, tmp_path):
    pictures = [leaves(i, (128, 128)) for i in (1, 2)]
    model = nb.train_model(pictures, init=tiny_model, steps=np.int64(1), seed=np.int64(3), name="a")
    assert model.save(tmp_path / "a.blurmap.safetensors")
    with pytest.raises(nb.BlurMapError, match="whole number"):
        nb.train_model([leaves(1)], steps=1.5)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sigma_range": (3.0, 0.3)}, "smallest and then the largest"),
        ({"sigma_range": (0.3, 40.0)}, "21.9 px at most"),  # further it reads in the coarse copy only
        ({"sigma_range": (0.3, float("nan"))}, "sigma_range"),
        ({"sigma_range": 3.0}, "two numbers"),
        ({"n_classes": 10}, "only with architecture='patch'"),
        ({"architecture": "patch", "n_classes": 1}, "2 or more"),
        ({"architecture": "patch", "init": None, "sigma_range": (0.3, 12.0)}, "8 px at most"),
        ({"architecture": "wide"}, "'dense', 'patch'"),
        ({"minutes": 0}, "above 0"),
        ({"steps": 0}, "above 0"),
        ({"architecture": "patch", "init": "default.blurmap"}, "no model called"),
    ],
)
def test_bad_settings(options, words):
    with pytest.raises(nb.BlurMapError, match=words):
        nb.train_model([leaves(1)], **options)


def test_a_model_of_another_kind_is_no_start(tiny_model):
    with pytest.raises(nb.BlurMapError, match="dense model"):
        nb.train_model([leaves(1)], architecture="patch", init=tiny_model)


def test_the_classes_of_the_thesis():
    from napari_blurmap.training.patch_data import SIGMAS_10, SIGMAS_30

    assert TuneConfig("patch").sigmas == SIGMAS_10
    assert TuneConfig("patch", (0.1, 3.0), 30).sigmas == SIGMAS_30
