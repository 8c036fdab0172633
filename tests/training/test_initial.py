"""The first weights of a network."""

from __future__ import annotations

import pytest
import torch
from own_pictures import assert_equal

from napari_blurmap.models.dense import DenseNetwork
from napari_blurmap.models.sizes import DenseConfig
from napari_blurmap.training.initial import draw_weights


def test_weights_are_drawn_without_disturbing_others():
    networks = [DenseNetwork(DenseConfig(narrow=4, wide=8, fused=8)) for _ in range(3)]
    before = torch.get_rng_state()
    for network, seed in zip(networks, (1, 1, 2), strict=True):
        draw_weights(network, seed)
    assert torch.equal(torch.get_rng_state(), before)
    a, b, c = (network.state_dict() for network in networks)
    assert_equal(a, b)
    assert not torch.equal(a["head.bias"], c["head.bias"])
    # PyTorch's own spread: uniform up to one over the root of what a value is made of
    assert float(a["top.0.0.weight"].abs().max()) == pytest.approx((8 * 9) ** -0.5, rel=0.02)
