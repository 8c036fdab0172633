"""The networks as learners of the user's own pictures, in miniature."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from own_pictures import finished, leaves, small_tuning, weights
from scipy import ndimage

import napari_blurmap as nb
from napari_blurmap.training.own import learners, pictures
from napari_blurmap.training.own.config import TuneConfig
from napari_blurmap.training.own.crops import TuneCrops
from napari_blurmap.training.own.session import Tuning


def test_what_is_held_out_is_judged_as_it_is(tiny_model, monkeypatch):
    made = []

    def recorded(config):
        made.append(config)
        return TuneCrops(config)

    monkeypatch.setattr(learners, "TuneCrops", recorded)
    finished(small_tuning(tiny_model, steps=1))
    learnt, held_out = made
    assert min(learnt.mixed, learnt.rehearsal) > 0
    assert held_out.mixed == held_out.rehearsal == 0
    assert held_out.seed != learnt.seed


def test_weights_that_are_ruined_read_badly_but_break_nothing(tiny_model):
    start = tiny_model.variant(decode="median")
    training = finished(small_tuning(start, steps=1))
    ruined = {name: value * float("nan") for name, value in weights(training).items()}
    assert training.judge.learner.read(ruined, report=False).sigma.isfinite().all()


def test_a_trained_network_keeps_the_statistics_of_its_norms(tiny_model):
    training = finished(small_tuning(tiny_model))
    name = "trunk_layers.0.1.running_mean"
    assert torch.equal(weights(training)[name], tiny_model.network.state_dict()[name])
    new = finished(Tuning([leaves(1), leaves(2)], TuneConfig(steps=2), init=None))
    assert weights(new)[name].abs().max() > 0


def test_a_patch_network_of_the_users_pictures(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # small pictures
        model = nb.train_model(
            [leaves(1, (192, 192))], architecture="patch", init=None, n_classes=3, sigma_range=(0.5, 2.5), steps=1
        )
    assert model.info.sigma_grid == [0.5, 1.5, 2.5]
    assert model.info.reference == "added"
    assert np.shape(model.info.training["report"]["confusion"]) == (3, 3)
    loaded = nb.load_model(model.save(tmp_path / "p.blurmap.safetensors"))
    assert loaded.info.sizes["classes"] == 3


def test_a_patch_network_takes_blurrier_pictures_as_they_are(monkeypatch):
    monkeypatch.setattr(pictures, "own_blur", lambda piece, device: 5.0 if piece.picture == 3 else 0.5)
    config = TuneConfig(steps=1, architecture="patch", sigma_range=(0.5, 2.5), n_classes=3)
    training = Tuning([leaves(i, (96, 96)) for i in range(4)], config, init=None)
    next(at for at in training.run() if at.step)
    assert sorted(training.judge.learner.training.data.report.used) == [f"picture {i}" for i in range(1, 5)]
    assert not training.findings[3].problem


@pytest.mark.parametrize("unit", [1, 200])
def test_patches_are_as_noisy_as_the_pictures(unit):
    """Of 16 bit the grey levels are stretched to 0 to 255, and the noise with them."""
    draw = np.random.default_rng(0)
    clean = [ndimage.gaussian_filter(leaves(i, (160, 160)).astype(float), 1.5) for i in (1, 2, 3)]
    noisy = [unit * (40 + 0.7 * c + draw.normal(0, 5, c.shape)) for c in clean]
    pictures = [np.rint(p).astype(np.uint8 if unit == 1 else np.uint16) for p in noisy]
    config = TuneConfig(steps=1, architecture="patch", sigma_range=(0.5, 2.5), n_classes=3)
    training = Tuning(pictures, config, init=None)
    next(at for at in training.run() if at.step)
    low, high = (np.mean([np.quantile(p, q) for p in pictures]) for q in (0.001, 0.999))
    expected = 5 if unit == 1 else 5 * 255 * unit / (high - low)
    assert training.judge.learner.training.data.config.noise / 1.5 == pytest.approx(expected, rel=0.2)
