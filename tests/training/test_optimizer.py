"""Weights are changed as PyTorch's own optimizers change them."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from napari_blurmap.training.optimizer import MuonAdamW


@pytest.fixture
def network():
    layers = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6), nn.Conv2d(6, 3, 1))
    return layers.to(memory_format=torch.channels_last)


def teach(network, optimizer, *steps):
    for step in steps:
        x = torch.rand(2, 1, 12, 12, generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        network(x).square().mean().backward()
        optimizer.step()


def test_matrices_go_by_muon_and_the_rest_by_adamw(network):
    """Against both of PyTorch, on the same gradients."""
    before = copy.deepcopy(network)
    optimizer = MuonAdamW(network, network[3], 0.01)
    x = torch.rand(2, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    for net in (network, before):
        net(x).square().mean().backward()
    optimizer.step()
    weight = before[1].weight
    filters = nn.Parameter(torch.stack([f.movedim(0, -1).reshape(-1) for f in weight.detach()]))
    filters.grad = torch.stack([f.movedim(0, -1).reshape(-1) for f in weight.grad])
    torch.optim.Muon([filters], lr=0.01, weight_decay=0.02, adjust_lr_fn="match_rms_adamw").step()
    expected = filters.detach().reshape(6, 3, 3, 4).movedim(-1, 1)
    torch.testing.assert_close(network[1].weight.detach(), expected)
    torch.optim.AdamW([p for p in before.parameters() if p is not weight], lr=0.01, weight_decay=0.02).step()
    for i in (0, 2, 3):
        torch.testing.assert_close(network[i].weight, before[i].weight)
        torch.testing.assert_close(network[i].bias, before[i].bias)


def test_it_goes_on_from_its_state(network):
    whole = copy.deepcopy(network)
    teach(whole, MuonAdamW(whole, whole[3], 0.01), 0, 1, 2, 3)
    first = MuonAdamW(network, network[3], 0.01)
    teach(network, first, 0, 1)
    state = copy.deepcopy(first.state_dict())
    second = MuonAdamW(network, network[3], 0.5)
    second.load_state_dict(state)
    teach(network, second, 2, 3)
    for mine, theirs in zip(network.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_other_orders_of_memory_are_refused():
    network = nn.Sequential(nn.Conv2d(4, 6, 3))
    with pytest.raises(ValueError, match="channels last"):
        MuonAdamW(network, nn.Identity(), 0.1)
