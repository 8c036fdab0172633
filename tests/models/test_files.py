"""Model files good and bad, and cards that make no sense."""

from __future__ import annotations

import json
import pickle
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import napari_blurmap as nb
from napari_blurmap.models.info import ModelInfo, read_info
from napari_blurmap.models.snapshot import weights_hash


@pytest.fixture
def saved(tiny_model, tmp_path):
    return tiny_model.save(tmp_path / "tiny.blurmap.safetensors")


def test_round_trip(tiny_model, saved):
    model = nb.load_model(saved)
    assert model.info == tiny_model.info
    assert model.hash == tiny_model.hash
    for name, value in tiny_model.network.state_dict().items():
        torch.testing.assert_close(model.network.state_dict()[name], value)
    assert nb.load_model(model) is model


def test_saving_overwrites_nothing(tiny_model, saved):
    before = saved.read_bytes()
    with pytest.raises(nb.BlurMapError, match="exists"):
        tiny_model.save(saved)
    assert saved.read_bytes() == before
    with pytest.raises(nb.BlurMapError, match="ending"):
        tiny_model.save(saved.with_name("model.pt"))


def _rewrite(path, **changes):
    """The same weights under another header."""
    with safe_open(path, framework="numpy") as opened:
        header = dict(opened.metadata())
    weights = load_file(path)
    save_file(weights, path, metadata={k: v for k, v in (header | changes).items() if v is not None})


def _rewrite_weights(path, weights):
    """Other weights, with their own checksum, under the same card."""
    with safe_open(path, framework="numpy") as opened:
        header = dict(opened.metadata())
    save_file(weights, path, metadata=header | {"weights_sha256": weights_hash(weights)})


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (lambda p: p.write_bytes(b"no model at all"), "not a safetensors"),
        (lambda p: p.write_bytes(b""), "not a safetensors"),
        (lambda p: p.write_bytes(p.read_bytes()[:-100]), "truncated"),
        (lambda p: _rewrite(p, schema="2"), "Update napari-blurmap"),
        (lambda p: _rewrite(p, format=None), "not a blur model"),
        (lambda p: _rewrite(p, info="{"), "damaged"),
        (lambda p: _rewrite(p, weights_sha256="0" * 64), "checksum"),
        (lambda p: p.unlink(), "no model file"),
    ],
)
def test_bad_files(saved, damage, word):
    damage(saved)
    with pytest.raises(nb.BlurMapError, match=word):
        nb.load_model(saved)


def test_another_architecture_and_sizes(saved):
    info, _ = read_info(saved)
    _rewrite(saved, info=json.dumps({**vars(info), "architecture": "transformer"}))
    with pytest.raises(nb.BlurMapError, match="transformer"):
        nb.load_model(saved)
    _rewrite(saved, info=json.dumps({**vars(info), "sizes": {**info.sizes, "wide": 16}}))
    with pytest.raises(nb.BlurMapError, match="do not fit"):
        nb.load_model(saved)


class _Bomb:
    def __reduce__(self):
        return exec, ("raise SystemExit('code was run')",)


def test_a_pickle_runs_no_code(tmp_path):
    path = tmp_path / "bomb.blurmap.safetensors"
    path.write_bytes(pickle.dumps(_Bomb()))
    with pytest.raises(nb.BlurMapError, match="nothing in it was run"):
        nb.load_model(path)


def test_unknown_name():
    with pytest.raises(nb.BlurMapError, match=r"Bundled models: .*default"):
        nb.load_model("sharpest")


NAN, HUGE = float("nan"), 10**400


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"name": 7}, "name is 7; expected a text"),
        ({"name": " "}, "name is ' '; expected a text"),
        ({"limits": "x" * 20_000}, "limits is .*; expected a text"),
        ({"licence": None}, "licence is None"),
        ({"architecture": "transformer"}, "architecture 'transformer', which this version does not know"),
        ({"architecture": ["dense"]}, "architecture"),
        ({"decode": "mode"}, "decode 'mode'"),
        ({"reference": "foo"}, "reference 'foo'.*expected 'absolute' or 'added'"),
        ({"sigma_grid": []}, "0 values; expected 4"),
        ({"sigma_grid": [0.5, 1.0, 2.0]}, "3 values; expected 4"),
        ({"sigma_grid": [0.0, 1.0, 1.0, 2.0]}, "rising"),
        ({"sigma_grid": [3.0, 2.0, 1.0, 0.0]}, "rising"),
        ({"sigma_grid": [1.0, 1.0 + 1e-12, 2.0, 3.0]}, "rising"),
        ({"sigma_grid": [-1.0, 0.0, 1.0, 2.0]}, "sigma_grid is -1.0; expected a list of numbers from 0"),
        ({"sigma_grid": [0.0, 1.0, 2.0, NAN]}, "sigma_grid is nan"),
        ({"sigma_grid": [0.0, 1.0, 2.0, HUGE]}, "sigma_grid is 1000"),
        ({"sigma_grid": [0.0, 1.0, "2", 3.0]}, "sigma_grid is '2'"),
        ({"sigma_grid": [0.0, 1.0, [2.0], 3.0]}, "sigma_grid is"),
        ({"sigma_grid": "0123"}, "sigma_grid is '0123'"),
        ({"sigma_grid": 4}, "sigma_grid is 4"),
        ({"sigma_grid": list(range(100_000))}, "sigma_grid is"),
        ({"calibration": []}, "calibration is"),
        ({"calibration": {"foo": [1.0]}}, "calibration is"),
        ({"calibration": {"spread": [0.1, 0.2]}}, "as many"),
        ({"calibration": {"spread": [0.1], "error": [0.1, 0.2]}}, "as many"),
        ({"calibration": {"spread": [], "error": []}}, "as many"),
        ({"calibration": {"spread": [0.2, 0.1], "error": [0.1, 0.2]}}, "rising"),
        ({"calibration": {"spread": [0.1, 0.2], "error": [0.1, -0.2]}}, "numbers above 0"),
        ({"calibration": {"spread": [0.1, 0.2], "error": [0.1, NAN]}}, "numbers above 0"),
        ({"calibration": {"spread": [0.1, 0.2], "error": "ab"}}, "numbers above 0"),
        ({"calibration": {"floor": [0.1, 0.2]}}, "expected one number"),
        ({"coarse_copy": 0}, "coarse_copy is 0"),
        ({"coarse_copy": 2.5}, "coarse_copy is 2.5"),
        ({"sizes": [1]}, "sizes is"),
        ({"training": "long"}, "training is"),
        ({"training": {"a": json.loads("[" * 400 + "]" * 400)}}, "nested"),
    ],
)
def test_cards_that_make_no_sense(tiny_model, changes, word):
    """In the file and where they are made: in words, before anything is read with them."""
    with pytest.raises(nb.BlurMapError, match=word):
        replace(tiny_model.info, **changes)


@pytest.mark.parametrize(
    ("header", "word"),
    [
        ({"schema": "x"}, "damaged"),
        ({"schema": None}, "damaged"),
        ({"info": "[1, 2]"}, "damaged"),
        ({"info": '{"name": "x"}'}, "damaged"),
        ({"info": "[" * 200_000}, "damaged"),
        ({"info": None}, "damaged"),
    ],
)
def test_headers_that_hold_no_card(saved, header, word):
    _rewrite(saved, **header)
    with pytest.raises(nb.BlurMapError, match=word):
        nb.load_model(saved)


@pytest.mark.parametrize(
    ("card", "word"),
    [
        ({"reference": "foo"}, "tiny.blurmap.safetensors cannot be used: tiny has the reference 'foo'"),
        ({"extra": 1}, "damaged"),
        ({"sigma_grid": [0.0, 1.0, 2.0, 3.0]}, "4 values of sigma, its network 10"),
    ],
)
def test_bad_cards_in_files(saved, card, word):
    info, _ = read_info(saved)
    _rewrite(saved, info=json.dumps(asdict(info) | card))
    with pytest.raises(nb.BlurMapError, match=word):
        nb.load_model(saved)


@pytest.mark.parametrize(
    ("sizes", "word"),
    [
        ({"narrow": 4096, "wide": 4096, "fused": 4096, "deep": 32, "fine": 32}, "do not fit"),
        ({"fused": 10**9}, "fused is 1000000000; expected a whole number from 1 to 4096"),
        ({"deep": 10**9}, "deep is"),
        ({"levels": 40}, "levels is"),
        ({"window": 1e9}, "window is"),
        ({"rank": NAN}, "rank is"),
        ({"noise": "8"}, "noise is '8'"),
        ({"shape": "yes"}, "shape is 'yes'"),
        ({"bins": -10}, "bins is -10"),
        ({"colour": 3}, "sizes in the card of tiny are no DenseConfig"),
    ],
)
def test_sizes_that_no_file_holds_are_not_built(saved, sizes, word, monkeypatch):
    """What a card asks for is compared with the weights before room is made for it."""
    largest = []
    empty = torch.empty

    def watched(*shape, **options):
        made = empty(*shape, **options)
        largest.append(0 if made.is_meta else made.numel())
        return made

    monkeypatch.setattr(torch, "empty", watched)
    info, _ = read_info(saved)
    _rewrite(saved, info=json.dumps(asdict(info) | {"sizes": info.sizes | sizes}))
    with pytest.raises(nb.BlurMapError, match=word):
        nb.load_model(saved)
    assert max(largest, default=0) < 10**6


@pytest.mark.parametrize("value", [NAN, float("inf")])
def test_weights_that_are_no_numbers(saved, tiny_model, value):
    weights = load_file(saved)
    weights["head.bias"][3] = value
    info, _ = read_info(saved)
    _rewrite_weights(saved, weights)
    with pytest.raises(nb.BlurMapError, match=r"head\.bias of the model are not all finite"):
        nb.load_model(saved)
    assert info == tiny_model.info
    model = nb.load_model(tiny_model.save(saved, overwrite=True))
    model.network.head.bias.data[3] = value
    with pytest.raises(nb.BlurMapError, match="not all finite"):
        nb.estimate_blur(np.random.default_rng(0).random((40, 40)), model=model, device="cpu")
    with pytest.raises(nb.BlurMapError, match="not all finite"):
        model.save(saved.with_name("other.blurmap.safetensors"))


def test_half_precision_that_cannot_hold_the_weights(tiny_model, tmp_path):
    model = nb.load_model(tiny_model.save(tmp_path / "m.blurmap.safetensors"))
    model.network.head.weight.data[0] = 1e6
    with pytest.raises(nb.BlurMapError, match="not all finite"):
        model.save(tmp_path / "half.blurmap.safetensors", half=True)


def test_control_characters_of_a_name_reach_nobody(tiny_model):
    assert "\x1b" not in replace(tiny_model.info, name="a\x1b[31m", limits="b\x07\n").card().replace("\n", "")


def test_cards_take_numbers_of_every_kind():
    info = ModelInfo("m", "patch", {}, np.array([1, 2], np.int64), calibration={"floor": (np.float32(0.5),)})
    assert json.loads(json.dumps(asdict(info)))["sigma_grid"] == [1.0, 2.0]
    assert info.calibration == {"floor": [0.5]}
