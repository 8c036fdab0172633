"""Estimates and trainings depend on no setting of PyTorch that somebody else in the process has changed."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import asdict

import numpy as np
import pytest
import torch
from own_pictures import small_trainings

import napari_blurmap as nb
from benchmarks.textures import read_textures
from napari_blurmap.models.dense import DenseConfig
from napari_blurmap.models.info import ModelInfo
from napari_blurmap.models.model import Model
from napari_blurmap.models.patch import PatchNetwork
from napari_blurmap.models.patch_sizes import PatchConfig
from napari_blurmap.models.torch_settings import in_own_settings, own_settings
from napari_blurmap.synthesis.scenes import random_scene
from napari_blurmap.training.dense import TrainConfig, Training
from napari_blurmap.training.patch import PatchTrainConfig, PatchTraining
from napari_blurmap.training.patch_data import PatchDataConfig
from napari_blurmap.training.patches import make_patches

LAYERS = PatchConfig(2, before=((2, 5), (2, 5), (2, 5)), after=((2, 5),), hidden=(4,), dropout=0.2)
PICTURE = np.random.default_rng(0).random((64, 72))


@contextmanager
def default_type(wanted):
    torch.set_default_dtype(wanted)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


SETTINGS = {
    "float64": lambda: default_type(torch.float64),
    "bfloat16": lambda: default_type(torch.bfloat16),
    "float16": lambda: default_type(torch.float16),
    "a default device": lambda: torch.device("meta"),
    "no gradients": torch.no_grad,
    "inference": torch.inference_mode,
    "half precision": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
}


@pytest.fixture
def file(tiny_model, tmp_path):
    return tiny_model.save(tmp_path / "tiny.blurmap.safetensors")


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_estimates(file, tmp_path, settings):
    """Loaded under these settings, read in one and in several threads, planes now and later."""
    expected = nb.estimate_blur(PICTURE, model=file, device="cpu")
    patch = Model(ModelInfo("patch", "patch", asdict(LAYERS), [0.5, 2.0]), PatchNetwork(LAYERS))
    other = nb.load_model(file).save(tmp_path / "other.blurmap.safetensors")
    with settings():
        found = nb.estimate_blur(PICTURE, model=other, device="cpu")
        small = nb.estimate_blur(PICTURE, model=patch.variant(stride=16), device="cpu")
    np.testing.assert_array_equal(found.sigma, expected.sigma)
    np.testing.assert_array_equal(found.uncertainty, expected.uncertainty)
    assert small.sigma.dtype == np.float32
    with settings():
        changed = nb.load_model(other)
        changed.network.head.bias.data += 1
        assert np.isfinite(nb.estimate_blur(PICTURE, model=changed, device="cpu").sigma).all()


def trained(settings):
    """Hashes of two tiny models, trained and calibrated under these settings, which are left as they were."""
    sizes = DenseConfig(bins=16, narrow=4, wide=8, fused=8)
    noise = np.random.default_rng(2).integers(0, 256, (4, 64, 64)).astype(np.uint8)
    data = make_patches(read_textures(list(noise), {}), PatchDataConfig(sigmas=(0.4, 2.4)))
    with settings():
        before = torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_default_device()
        dense = Training(TrainConfig(steps=2, batch=2, size=64, workers=0, echo=2), sizes=sizes)
        patch = PatchTraining(data, PatchTrainConfig(steps=2, batch=8), layers=LAYERS)
        for training in (dense, patch):
            for _ in training.run():
                assert before == (torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_default_device())
        models = dense.model(validation=2), patch.model("patch")
    return [model.hash for model in models]


@pytest.fixture(scope="module")
def undisturbed():
    return trained(nullcontext)


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_trainings(undisturbed, settings):
    assert trained(settings) == undisturbed


@pytest.mark.filterwarnings("ignore:picture")
def test_a_model_of_the_user_s_pictures(tiny_model, monkeypatch):
    """Under several of them at once."""
    small_trainings(monkeypatch)
    scenes = [random_scene((96, 96), np.random.default_rng(i), kind="dead leaves") for i in (1, 2)]
    with default_type(torch.float64), torch.device("meta"), torch.no_grad():
        model = nb.train_model(scenes, init=tiny_model, steps=1, device="cpu")
        assert {value.dtype for value in model.network.parameters()} == {torch.float32}


def test_what_is_yielded_comes_without_our_settings():
    seen = []

    @in_own_settings
    def steps():
        try:
            for _ in range(2):
                seen.append(torch.is_grad_enabled())
                yield torch.is_inference_mode_enabled()
        finally:
            seen.append("closed")

    with torch.inference_mode():
        run = steps()
        assert next(run) is False
        assert torch.is_inference_mode_enabled()
        run.close()
    assert seen == [True, "closed"]
    assert list(steps()) == [False, False]


def test_own_settings_are_of_one_thread_and_end():
    with torch.device("meta"), own_settings():
        assert torch.empty(1).device.type == "cpu"
        assert torch.is_inference_mode_enabled()
    assert not torch.is_inference_mode_enabled()
