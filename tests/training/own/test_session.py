"""Training on a user's own pictures, in miniature: seeds, models, checkpoints."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from own_pictures import assert_equal, finished, leaves, small_tuning, weights

import napari_blurmap as nb
from napari_blurmap.models.dense import DenseNetwork
from napari_blurmap.models.model import Model
from napari_blurmap.training import checkpoints
from napari_blurmap.training.own import recipe, session
from napari_blurmap.training.own.config import TuneConfig
from napari_blurmap.training.own.session import Tuning


def test_one_seed_gives_equal_weights_also_beside_another_training(tiny_model):
    before = torch.get_rng_state()
    alone, other = (finished(small_tuning(tiny_model, 2, seed=s)) for s in (0, 1))
    assert not torch.equal(weights(alone)["head.weight"], weights(other)["head.weight"])
    both = [small_tuning(tiny_model, 2, seed=s) for s in (0, 1)]
    for _ in zip(*(t.run() for t in both), strict=True):
        torch.rand(3)  # somebody else draws in between
    torch.set_rng_state(before)
    assert_equal(weights(both[0]), weights(alone))
    assert_equal(weights(both[1]), weights(other))
    assert_equal(both[0].model().network.state_dict(), alone.model().network.state_dict())


def test_it_learns(monkeypatch):
    monkeypatch.setattr(recipe, "_BATCH", 4)
    monkeypatch.setattr(recipe, "_RATE_NEW", 2e-2)  # the network is small, and the steps are few
    training = Tuning([leaves(i) for i in range(4)], TuneConfig(steps=40), init=None)
    steps = [at for at in training.run() if at.step]
    assert [at.step for at in steps] == list(range(1, 41))
    losses = [at.loss for at in steps]
    assert np.mean(losses[-10:]) < np.mean(losses[:10]) - 0.3
    assert steps[-1].error < 0.8 * steps[0].error
    assert steps[-1].seconds_left == 0
    assert steps[-1].fraction == 1


def test_the_model_is_complete(tiny_model, tmp_path):
    training = finished(small_tuning(tiny_model))
    model = training.model("mine")
    loaded = nb.load_model(model.save(tmp_path / "mine.blurmap.safetensors"))
    info = loaded.info
    assert (info.name, info.reference, info.sigma_grid) == ("mine", "added", tiny_model.info.sigma_grid)
    assert info.training["steps"] == 3
    assert info.training["started_from"] == {"name": "tiny", "hash": tiny_model.hash}
    assert info.training["report"]["rmse"] == training.report.rmse == info.training["figures"]["held-out RMSE px"]
    assert "2 pictures" in info.trained_on
    assert "your own training pictures" in info.card()
    m = nb.estimate_blur(leaves(9), model=loaded)
    assert m.provenance["reference"] == "added"
    assert info.calibration["error"] == sorted(info.calibration["error"])


def test_far_blur_and_the_error_of_the_shape_are_kept(tiny_model):
    """Own pictures are blurred by round kernels only: they cannot tell how wrong a shape is."""
    network = DenseNetwork(replace(tiny_model.network.config, shape=True))
    curves = {"shape": [0.1, 0.3], "shape_error": [0.2, 0.4]}
    info = replace(tiny_model.info, sizes=asdict(network.config), coarse_copy=2, calibration=curves)
    training = finished(small_tuning(Model(info, network.eval())))
    for made in (training.preview().info, training.model().info):
        assert made.coarse_copy == 2
        assert {name: made.calibration[name] for name in curves} == curves
    assert {"spread", "error"} <= set(training.model().info.calibration)


def test_there_is_a_model_at_any_time(tiny_model):
    training = small_tuning(tiny_model)
    with pytest.raises(nb.BlurMapError, match="Nothing is prepared"):
        training.preview()
    for at in training.run():
        if at.step:
            assert training.preview().info.reference == "added"
            break
    assert training.model().info.training["steps"] == 1


def test_resuming_goes_on_where_it_broke_off(tiny_model, tmp_path):
    whole = finished(small_tuning(tiny_model, 4))
    for at in small_tuning(tiny_model, 4, checkpoint=tmp_path / "c.pt").run():
        if at.step == 2:
            break
    again = small_tuning(tiny_model, 4, checkpoint=tmp_path / "c.pt")
    assert [at.step for at in again.run() if at.step] == [3, 4]
    assert_equal(weights(again), weights(whole))
    assert again.judge.start_error == whole.judge.start_error
    assert not list(tmp_path.glob("*.part"))
    # One that was done is done at once.
    done = small_tuning(tiny_model, 4, checkpoint=tmp_path / "c.pt")
    assert not [at.step for at in done.run() if at.step]
    assert_equal(done.model().network.state_dict(), whole.model().network.state_dict())


@pytest.mark.parametrize(
    ("change", "words"),
    [({"pictures": (1, 2, 4)}, "pictures"), ({"sigma_range": (0.3, 2)}, "sigma_range"), ({"seed": 5}, "seed")],
)
def test_a_checkpoint_of_another_training_is_refused(tiny_model, tmp_path, change, words):
    finished(small_tuning(tiny_model, 1, checkpoint=tmp_path / "c.pt"))
    with pytest.raises(nb.BlurMapError, match=f"{words}.* differ"):
        finished(small_tuning(tiny_model, 2, checkpoint=tmp_path / "c.pt", **change))


def test_a_damaged_checkpoint_is_refused(tiny_model, tmp_path):
    path = tmp_path / "c.pt"
    path.write_bytes(b"PK not a checkpoint")
    with pytest.raises(nb.BlurMapError, match="cannot be read"):
        finished(small_tuning(tiny_model, 1, checkpoint=path))
    assert path.read_bytes() == b"PK not a checkpoint"


def test_a_full_disk_costs_neither_the_last_checkpoint_nor_the_training(tiny_model, tmp_path, monkeypatch):
    path = tmp_path / "c.pt"
    finished(small_tuning(tiny_model, 2, checkpoint=path))
    good = path.read_bytes()

    def full(target, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "write_file", full)
    monkeypatch.setattr(session, "_SAVING", 0.0)
    resumed = small_tuning(tiny_model, 4, checkpoint=path)
    with pytest.warns(UserWarning, match="No space left.*still whole"):
        finished(resumed)
    assert resumed.step == 4
    assert path.read_bytes() == good
    assert checkpoints.read_checkpoint(path)["training"]["step"] == 2
