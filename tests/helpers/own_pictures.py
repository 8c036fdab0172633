"""Small sharp pictures, and trainings on them in miniature."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from napari_blurmap.models.sizes import DenseConfig
from napari_blurmap.synthesis.scenes import random_scene
from napari_blurmap.training.own import learners, recipe
from napari_blurmap.training.own.config import TuneConfig
from napari_blurmap.training.own.crops import CropConfig, TuneCrops
from napari_blurmap.training.own.pictures import read_pictures
from napari_blurmap.training.own.session import Tuning
from napari_blurmap.training.own.sources import list_sources


def small_trainings(monkeypatch):
    """Few and small crops, and a small network where it starts from none, so that trainings last seconds."""
    monkeypatch.setattr(learners, "_sizes", lambda recipe: DenseConfig(narrow=4, wide=8, fused=12))
    for module, values in (
        (recipe, {"_BATCH": 2, "_EDGE": 64}),
        (learners, {"_WATCHING": 2, "_REPORTING": 4, "_WATCHING_PATCHES": 20, "_REPORTING_PATCHES": 40}),
    ):
        for name, value in values.items():
            monkeypatch.setattr(module, name, value)


def leaves(seed, shape=(96, 96)):
    """A sharp picture of 8 bit."""
    return _leaves(seed, shape).copy()


@cache
def _leaves(seed, shape):
    return (250 * random_scene(shape, np.random.default_rng(seed), kind="dead leaves")).astype(np.uint8)


def pieces_of(*pictures, masks=None):
    return [piece for _, found in read_pictures(list_sources(list(pictures), masks)) for piece in found]


def crops_of(*pictures, masks=None, size=64, seed=0, low=0.3, high=3.0, **options):
    crops = TuneCrops(CropConfig(low, high, size, seed, **options))
    for piece in pieces_of(*pictures, masks=masks):
        crops.add(piece)
    return crops


def small_tuning(tiny_model, steps=3, pictures=(1, 2, 3), **options):
    settings = {k: options.pop(k) for k in ("seed", "sigma_range") if k in options}
    return Tuning([leaves(i) for i in pictures], TuneConfig(steps=steps, **settings), init=tiny_model, **options)


def finished(training):
    for _ in training.run():
        pass
    return training


def weights(training):
    return training.judge.learner.training.weights()


def assert_equal(a, b):
    assert all(torch.equal(a[name], b[name]) for name in a)
