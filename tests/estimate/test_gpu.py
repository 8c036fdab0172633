"""On a real GPU, where there is one: the CPU's maps, and trainings that learn. CI has none and skips these."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import napari_blurmap as nb
from napari_blurmap.synthesis.scenes import random_scene
from napari_blurmap.training.dense import TrainConfig, Training

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU here")


@pytest.fixture(scope="module")
def picture():
    scene = random_scene((512, 512), np.random.default_rng(2), kind="dead leaves")
    blurred = nb.apply_blur(scene, nb.sigma_ramp(scene.shape, 0.3, 6.0))
    return (200 * blurred + 20).astype(np.uint8)[:500, :490]


def test_maps_are_those_of_the_cpu(picture):
    for model in ("default", nb.load_model("patch30").variant(stride=8)):
        here, there = (nb.estimate_blur(picture, model=model, device=device) for device in ("cpu", "cuda"))
        assert there.provenance["device"] == "cuda"
        assert (here.status == there.status).mean() > 0.99
        both = (here.status == nb.Status.MEASURED) & (there.status == nb.Status.MEASURED)
        off = np.abs(here.sigma - there.sigma)[both] / here.uncertainty[both]
        assert both.mean() > 0.5
        assert off.max() < 0.1


def test_tiles_planes_and_probabilities(picture):
    whole = nb.estimate_blur(picture, device="cuda", keep_probabilities=True)
    tiled = nb.estimate_blur(np.stack([picture, picture]), device="cuda", tile=160)
    assert whole.probabilities.shape[1:] == (125, 123)
    for plane in tiled.sigma:
        np.testing.assert_allclose(plane, whole.sigma, atol=0.01)


@pytest.mark.parametrize("architecture", ["dense", "patch"])
def test_models_are_trained_on_own_pictures(architecture):
    sharp = [random_scene((200, 200), np.random.default_rng(i), kind="dead leaves") for i in range(3)]
    model = nb.train_model(sharp, architecture=architecture, steps=5, device="cuda")
    assert model.info.training["report"]["text"]
    assert nb.estimate_blur(sharp[0], model=model, device="cuda").sigma.shape == (200, 200)


def test_the_check_runs(picture):
    report = nb.check_on_image(picture, device="cuda")
    assert report.rows


def test_a_training_goes_on_elsewhere(tmp_path):
    """With each crop used twice, from the GPU's checkpoint to the CPU."""
    config = TrainConfig(steps=4, batch=2, size=64, echo=2, workers=2, device="cuda")
    assert len(list(Training(config, tmp_path / "c.pt").run())) == 4
    training = Training(TrainConfig(steps=6, batch=2, size=64, echo=2, workers=0), tmp_path / "c.pt")
    assert [at.step for at in training.run()] == [5, 6]
