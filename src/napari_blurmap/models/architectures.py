"""The kinds of networks by the name that model files call them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .dense import DenseNetwork
from .passes import DensePass, PatchPass
from .patch import PatchNetwork
from .patch_sizes import PatchConfig
from .sizes import DenseConfig


@dataclass(frozen=True)
class Architecture:
    """What belongs to one kind of network.

    Parameters
    ----------
    config, network : type
        Its sizes, and the network made of them. ``network(...).fused()`` is made for estimating;
    over : type
        goes over planes with that.
    values : str
        Which of its sizes is the number of values of sigma.
    """

    config: type[Any]
    network: type[Any]
    over: type[Any]
    values: str


ARCHITECTURES = {
    "dense": Architecture(DenseConfig, DenseNetwork, DensePass, "bins"),
    "patch": Architecture(PatchConfig, PatchNetwork, PatchPass, "classes"),
}
