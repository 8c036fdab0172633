"""What a network reads at places whose blur is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch.nn import functional as F

from ..models.decode import decode
from ..models.sizes import STRIDE
from ..models.torch_settings import own_settings
from .synthetic_crops import network_inputs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

    from ..models.dense import DenseNetwork
    from ..models.patch import PatchNetwork
    from .patch_data import PatchSet

#: Sensitivity over noise from which a place counts as having something to measure.
STRUCTURE = 0.35
#: Patches that go through at once.
_AT_ONCE = 500


class Read(NamedTuple):
    """What a network reads at the N places of crops that have structure.

    Attributes
    ----------
    sigma, spread : Tensor, shape (N,)
        Estimate and spread of its distribution, pixels.
    structure : Tensor, shape (N,)
        Probability that it gives to there being structure.
    truth : Tensor, shape (N,)
        Pixels.
    crop : Tensor, shape (N,)
        Number of the crop.
    shape : Tensor, shape (N, 3) or (N, 0)
        By how much both components of the shape are wrong, and the error stated; none of networks that give no shape.
    """

    sigma: Tensor
    spread: Tensor
    structure: Tensor
    truth: Tensor
    crop: Tensor
    shape: Tensor

    def where(self, chosen: Tensor) -> Read:
        """Some of the places."""
        return Read(*(values[chosen] for values in self))


def read_crops(network: DenseNetwork, grid: Tensor, crops: Iterable[tuple[Tensor, Tensor]], how: str) -> Read:
    """Let a network read crops whose blur is known.

    Parameters
    ----------
    network : DenseNetwork
        Ready for estimating.
    grid : Tensor
        Its values of sigma, pixels.
    crops : iterable of (Tensor, Tensor)
        What `network_inputs` takes, and (sigma, structure, anisotropy), of each.
    how : str
        How its distributions become numbers, see `decode`.

    Returns
    -------
    Read
        On the CPU, without places that are invalid or have no structure.
    """
    device = next(network.parameters()).device
    parts = []
    for number, (inputs, truth) in enumerate(crops):
        with own_settings():
            inputs = inputs[None].to(device)
            output = network(*network_inputs(inputs))
            # Weights that a training has ruined must read badly, not break it.
            out = decode(output.nan_to_num(), grid.to(device), how)
        sigma, structure, *true_shape = F.avg_pool2d(truth[None], STRIDE)[0]
        there = (structure > STRUCTURE) & (F.avg_pool2d(inputs[:, 1:2], STRIDE)[0, 0].cpu() > 0.5)
        sigma_read, spread, seen = (v[0].cpu() for v in (out.sigma, out.spread, out.structure))
        shape = torch.empty(*sigma.shape, 0)
        if out.anisotropy is not None and out.anisotropy_error is not None:
            wrong = out.anisotropy[0].cpu() - torch.stack(true_shape)
            shape = torch.cat([wrong, out.anisotropy_error.cpu()]).movedim(0, -1)
        read = Read(sigma_read, spread, seen, sigma, torch.full_like(sigma, number), shape)
        parts.append(read.where(there))
    return Read(*(torch.cat(values) for values in zip(*parts, strict=True)))


def class_probabilities(network: PatchNetwork, part: PatchSet, most: int = 10**9) -> tuple[Tensor, Tensor]:
    """What a network says of the patches of a set.

    Parameters
    ----------
    network : PatchNetwork
        In the device where it is.
    part : PatchSet
        The patches.
    most : int
        How many of them at most, spread over the set.

    Returns
    -------
    weights : Tensor, shape (N, classes)
        Probabilities.
    labels : Tensor of int64, shape (N,)
        The true classes.
    """
    chosen = part[:: max(1, -(-len(part) // most))]
    device = next(network.parameters()).device
    network.eval()
    with own_settings():
        parts = torch.split(torch.from_numpy(chosen.patches)[:, None], _AT_ONCE)
        weights = torch.cat([network(p.to(device).float()).exp().cpu() for p in parts])
    return weights, torch.from_numpy(chosen.labels)
