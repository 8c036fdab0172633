"""What lies beside a picture, laid there while a network learns."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from napari_blurmap.models.sizes import DenseConfig
from napari_blurmap.training.dense import TrainConfig, Training
from napari_blurmap.training.surrounded import surrounded


@pytest.fixture(scope="module")
def crops():
    """Sixteen crops of noise, a quarter of each without data."""
    inputs = torch.rand(16, 5, 64, 64, generator=torch.Generator().manual_seed(3)) + 0.1
    inputs[:, 1] = 1
    inputs[:, 1, :32, :32] = 0
    return inputs


@pytest.fixture(scope="module")
def laid(crops):
    return surrounded(crops, np.random.default_rng(5))


def test_what_is_shown_is_as_it_was(crops, laid):
    framed, shown, _ = laid
    there = shown[:, None].expand_as(crops) > 0
    assert torch.equal(framed[there], crops[there])
    assert (shown * (1 - crops[:, 1])).max() == 0
    assert (shown.mean((1, 2)) > 0.05).all()
    assert (framed[:, 0] != crops[:, 0]).any((1, 2)).all()
    assert not torch.equal(framed[:, 1], crops[:, 1])
    assert not torch.equal(framed[:, 2], crops[:, 2])


def test_far_is_far_from_all_that_changed(crops, laid):
    framed, _, far = laid
    for before, after, places in zip(crops, framed, far, strict=True):
        same = (before[:3] == after[:3]).all(0).numpy()
        # A changed pixel may by chance have its old value, so a place at the rim of `far` is tried only from one side.
        away = ndimage.distance_transform_edt(same) if not same.all() else np.full(same.shape, np.inf)
        assert away[np.kron(places.numpy(), np.ones((4, 4))) > 0].min(initial=np.inf) >= 20
    assert 0 < far.mean() < 0.7


def learn(tiny_model, alike, inputs):
    """Loss of one step of a training."""
    truth = torch.tensor([1.5, 1.0, 0.0, 0.0])[:, None, None].expand(4, 64, 64)
    config = TrainConfig(steps=1, batch=4, size=64, workers=0, alike=alike)
    sizes = DenseConfig(**tiny_model.info.sizes)
    training = Training(config, sizes=sizes, crops=lambda first, count: [(each, truth) for each in inputs])
    (step,) = training.run()
    return step.loss


def test_a_training_minds_what_changed(tiny_model, crops):
    """More weight, more loss: the crops that are laid are those of the seed and the step."""
    none, some, more = (learn(tiny_model, alike, crops[:4]) for alike in (0.0, 1.0, 2.0))
    assert none != some
    assert more > some + 0.1


def test_what_lies_beside_is_not_learned_from(tiny_model, crops, monkeypatch):
    """Neither there nor at the seam: whatever the truth says."""
    hidden = torch.zeros(4, 64, 64)
    hidden[:, :, :20] = 1

    def nothing_shown(inputs, rng):
        return inputs, hidden, torch.zeros(4, 16, 16)

    monkeypatch.setattr("napari_blurmap.training.dense.surrounded", nothing_shown)
    losses = []
    for sigma in (1.5, 9.0):
        truth = torch.tensor([1.5, 1.0, 0.0, 0.0])[:, None, None].repeat(1, 64, 64)
        truth[0, :, 20:] = sigma
        config = TrainConfig(steps=1, batch=4, size=64, workers=0, alike=1.0)
        sizes = DenseConfig(**tiny_model.info.sizes)
        training = Training(config, sizes=sizes, crops=lambda first, count, t=truth: [(each, t) for each in crops[:4]])
        losses.append(next(training.run()).loss)
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)
