"""How far what a network says is from what it should say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

#: Weight of the ranked probability score beside the cross-entropy.
_RANKED = 0.3
#: Weight of the squared error of a shape beside its likelihood.
_SQUARED = 60.0


def mean(values: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean; 0 where nothing weighs."""
    return (values * weight).sum() / weight.sum().clamp_min(1e-6)


def apart(logs: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy and ranked probability score of distributions.

    The cross-entropy does not know that neighbouring values are nearly right;
    the ranked probability score does (Gneiting and Raftery, JASA 102, 2007).
    Both are proper: they do not pull the spread.

    Parameters
    ----------
    logs, target : Tensor, shape (B, K, ...)
        Logarithms of the probabilities of the K values, and what they should be.

    Returns
    -------
    Tensor, shape (B, ...)
    """
    ranked = (logs.exp() - target).cumsum(dim=1).square().sum(dim=1)
    return _RANKED * ranked - (target * logs).sum(dim=1)


def shape_loss(output: Tensor, anisotropy: list[Tensor]) -> Tensor:
    """Squared error of the anisotropy, and how likely it is under the error that is stated.

    The likelihood alone would call everything round, as most places are: it is robust, and they are exactly so.
    """
    squared = (output[:, :2] - torch.stack(anisotropy, dim=1)).square().sum(dim=1)
    logarithm = output[:, 2].clamp(-6, 2)
    distance = squared.detach().add(1e-6).sqrt()
    return _SQUARED * squared + 2 * (logarithm + distance * torch.exp(-logarithm))
