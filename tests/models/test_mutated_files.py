"""Model files mutated at random: each ends in words, or in a map of which no number is none."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
import torch
from safetensors.torch import save

import napari_blurmap as nb
from napari_blurmap.models.info import ModelInfo, header
from napari_blurmap.models.patch import PatchNetwork
from napari_blurmap.models.patch_sizes import PatchConfig
from napari_blurmap.models.snapshot import weights_hash

PICTURE = np.random.default_rng(1).random((40, 40)).astype(np.float32)
#: What stands in the place of a value of a card.
STRANGE = (
    *(None, True, 0, -1, 1, 3, 7.5, 1e9, -1e9, 1e300, float("nan"), float("inf"), 10**40, "", "x", "dense", "\x00"),
    *([], {}, [[]], [1, 2], [0.5, 0.5], [3, 2, 1], [1e-300, 1e300], {"a": {}}, ["a"], json.loads("[" * 90 + "]" * 90)),
)
TINY = PatchConfig(3, ((2, 3), (2, 5), (2, 5)), ((2, 5),), (4,))


def mutated_card(info, rng):
    """A card of which one to three values are others, anywhere in it."""
    card = json.loads(json.dumps(asdict(info)))
    for _ in range(int(rng.integers(1, 4))):
        part = card
        while isinstance(part, dict | list) and len(part):
            key = list(part)[rng.integers(len(part))] if isinstance(part, dict) else int(rng.integers(len(part)))
            if not isinstance(part[key], dict | list) or not len(part[key]) or rng.random() < 0.3:
                break
            part = part[key]
        kind = rng.random()
        if kind < 0.7:
            part[key] = STRANGE[rng.integers(len(STRANGE))]
        elif isinstance(part, dict):
            part.pop(key) if kind < 0.85 else part.update({"new": STRANGE[rng.integers(len(STRANGE))]})
        else:
            part.pop(key) if kind < 0.85 else part.insert(key, part[key])
    return card


def mutated_weights(weights, rng):
    """Weights of which one has other numbers, another type, another shape or another name."""
    weights = {name: value.clone() for name, value in weights.items()}
    name = sorted(weights)[rng.integers(len(weights))]
    value, kind = weights[name], int(rng.integers(7))
    if kind == 0:
        strange = [float("nan"), float("inf"), 1e38, -1e38, 0.0, 1e-45][rng.integers(6)]
        value.reshape(-1)[rng.integers(value.numel())] = int(strange) if strange == 0 else strange
    elif kind == 1:
        types = (torch.float16, torch.bfloat16, torch.float64, torch.int8, torch.bool, torch.complex64)
        weights[name] = value.to(types[rng.integers(6)])
    elif kind == 2:
        weights[name] = value.reshape(-1)[: max(0, value.numel() - 1)].clone()
    elif kind == 3:
        weights["new"] = weights.pop(name)
    elif kind == 4:
        weights = {n: -v if v.is_floating_point() else v for n, v in weights.items()}
    elif kind == 5:
        weights = {n: 1e30 * v if v.is_floating_point() else v for n, v in weights.items()}
    return weights


def mutated_file(info, weights, rng):
    """The bytes of a model file with another card, other weights, or other bytes."""
    kind = rng.random()
    if kind >= 0.6:
        weights = mutated_weights(weights, rng)
    head = header(info, weights_hash(weights))
    if kind < 0.6:
        head["info"] = json.dumps(mutated_card(info, rng))
    elif kind > 0.95:
        head |= {str(rng.choice(["schema", "format", "weights_sha256", "info"])): str(rng.choice(["", "x", "2", "{"]))}
    data = bytearray(save(weights, metadata=head))
    if kind > 0.85:
        for place in rng.integers(len(data) if rng.random() < 0.5 else 400, size=int(rng.integers(1, 4))):
            data[place] = rng.integers(256)
        if rng.random() < 0.3:
            data = data[: rng.integers(len(data))]
    return bytes(data)


@pytest.fixture(scope="module")
def models(tiny_model):
    torch.manual_seed(3)
    patch = ModelInfo("patch", "patch", asdict(TINY), [0.4, 1.2, 2.4], calibration={"spread": [0.1], "error": [0.2]})
    curves = {"spread": [0.1, 0.3], "error": [0.1, 0.2], "sigma": [1.0, 2.0], "factor": [1.0, 1.5], "floor": [0.03]}
    dense = asdict(tiny_model.info) | {"calibration": curves, "training": {"figures": {"RMSE": 0.1}, "config": {}}}
    weights = tiny_model.network.state_dict()
    return [(ModelInfo(**dense), weights), (patch, PatchNetwork(TINY).state_dict())]


def outcome(path):
    """What comes of a file: words, or a map."""
    try:
        m = nb.estimate_blur(PICTURE, model=path, device="cpu")
    except nb.BlurMapError as error:
        return str(error)
    measured = m.status == 0
    for values in (m.sigma, m.uncertainty):
        assert np.isfinite(values[measured]).all()
        assert (values[measured] >= 0).all()
    return None


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("seed", range(4))
def test_mutated_files(models, tmp_path, seed):
    rng, told = np.random.default_rng(seed), []
    path = tmp_path / "m.blurmap.safetensors"
    for _ in range(50):
        path.write_bytes(mutated_file(*models[rng.integers(2)], rng))
        told.append(outcome(path))
    assert 10 < sum(text is not None for text in told) < 50
    assert all(text is None or 20 < len(text) < 600 for text in told)
