"""The weights that a training starts from."""

from __future__ import annotations

import torch
from torch import nn


def draw_weights(network: nn.Module, seed: int) -> None:
    """Draw the weights of convolutions and linear layers as PyTorch does, but from a generator of their own.

    The one that all of the process share would mix up trainings that run at the same time.

    Parameters
    ----------
    network : torch.nn.Module
        Changed in place.
    seed : int
        The same seed gives the same weights.
    """
    draw = torch.Generator().manual_seed(seed)
    for layer in network.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            bound = layer.weight[0].numel() ** -0.5
            for values in (layer.weight, layer.bias):
                if values is not None:
                    nn.init.uniform_(values, -bound, bound, generator=draw)
