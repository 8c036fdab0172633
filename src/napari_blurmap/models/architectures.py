"""The kinds of networks by the name that model files call them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .dense import DenseConfig, DenseNetwork
from .passes import DensePass, PatchPass
from .patch import PatchConfig, PatchNetwork


@dataclass(frozen=True)
class Architecture:
    """What belongs to one kind of network.

    Parameters
    ----------
    config, network : type
        Its sizes, and the network made of them. ``network(...).fused()`` is made for estimating;
    over : type
        goes over planes with that.
    """

    config: type[Any]
    network: type[Any]
    over: type[Any]


ARCHITECTURES = {
    "dense": Architecture(DenseConfig, DenseNetwork, DensePass),
    "patch": Architecture(PatchConfig, PatchNetwork, PatchPass),
}
