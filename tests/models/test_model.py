"""A model is what its weights and its card are now, and nobody else's."""

from __future__ import annotations

import copy
import os
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch

import napari_blurmap as nb
from napari_blurmap.models.dense import DenseNetwork

PICTURE = np.random.default_rng(0).random((48, 48))


def sigma(model):
    return nb.estimate_blur(PICTURE, model=model, device="cpu").sigma


@pytest.fixture
def file(tiny_model, tmp_path):
    return tiny_model.save(tmp_path / "tiny.blurmap.safetensors")


@pytest.mark.parametrize(
    "change",
    [
        lambda network: network.head.bias.data.mul_(-3),
        lambda network: setattr(network.head.bias, "data", -3 * network.head.bias.data),
        lambda network: network.load_state_dict({k: 2 * v for k, v in network.state_dict().items()}),
        lambda network: network.last[1].running_mean.add_(3),
    ],
)
def test_changed_weights_are_used_and_nobody_else_s(file, change):
    model, other, before = nb.load_model(file), nb.load_model(file), nb.load_model(file).hash
    first = sigma(model)
    with torch.no_grad():
        change(model.network)
    assert np.abs(sigma(model) - first).max() > 1e-3
    assert model.hash != before
    assert nb.estimate_blur(PICTURE, model=model, device="cpu").provenance["model_hash"] == model.hash
    for untouched in (other, nb.load_model(file), file):
        np.testing.assert_array_equal(sigma(untouched), first)
    assert other.hash == nb.load_model(file).hash == before
    model.info.sigma_grid[-1] = 99.0
    assert nb.load_model(file).info.sigma_grid[-1] != 99.0


def test_another_network_is_used(file):
    model = nb.load_model(file)
    first = sigma(model)
    network = copy.deepcopy(model.network)
    network.head.bias.data.mul_(-3)
    model.network = network
    assert np.abs(sigma(model) - first).max() > 1e-3


@pytest.mark.parametrize("times", [None, (1_000_000_000, 1_000_000_000)])
def test_a_rewritten_file_is_seen(file, tiny_model, times):
    """Also where the new file is as long as the old one and says that it is as old."""
    if times:
        os.utime(file, ns=times)
    first, size = sigma(file), file.stat().st_size
    other = nb.load_model(file)
    other.network.head.bias.data.mul_(-3)
    other.save(file, overwrite=True)
    if times:
        os.utime(file, ns=times)
    assert file.stat().st_size == size
    assert np.abs(sigma(file) - first).max() > 1e-3
    assert nb.load_model(file).hash == other.hash


def test_unchanged_weights_are_made_ready_once(file, monkeypatch):
    """Neither fused nor hashed again: not for the next estimate, nor for another model of the same file."""
    fused, made = DenseNetwork.fused, []
    monkeypatch.setattr(DenseNetwork, "fused", lambda self: made.append(1) or fused(self))
    model = nb.load_model(file)
    estimator = model.estimator
    for again in (model, nb.load_model(file), model.variant(decode="argmax")):
        sigma(again)
        assert again.estimator is estimator
    assert model.network is model.network
    assert model.estimator is estimator  # looked at, but not changed
    assert len(made) == 1


def test_networks_elsewhere_and_in_other_precision(file):
    """What is estimated with is on the CPU, in float32."""
    model = nb.load_model(file)
    first = sigma(model)
    model.network.double().train()
    np.testing.assert_allclose(sigma(model), first, atol=1e-5)
    assert model.hash == nb.load_model(file).hash
    model.network.half()
    assert {value.dtype for value in model.estimator.parameters()} == {torch.float32}
    np.testing.assert_allclose(sigma(model), first, atol=0.02)


def test_copies_and_pickles_go_on(file):
    model = nb.load_model(file)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model)), model.variant(decode=model.info.decode)):
        np.testing.assert_array_equal(sigma(other), sigma(model))
        other.network.head.bias.data.mul_(-3)
        assert other.hash != model.hash
    renamed = replace(model.info, name="other")
    assert renamed.name == "other"


def test_loading_draws_no_random_numbers(file):
    state = torch.get_rng_state()
    nb.load_model(file).network  # noqa: B018
    nb.load_model("patch10").variant(stride=8).estimator  # noqa: B018
    assert torch.equal(torch.get_rng_state(), state)
