"""A network as it was at one time: what is made of its weights is made once, and stays right because nobody has it."""

from __future__ import annotations

import hashlib
from copy import deepcopy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import torch

from ..errors import BlurMapError
from .architectures import ARCHITECTURES
from .info import ModelInfo, read_info
from .torch_settings import own_settings

if TYPE_CHECKING:
    import os

    from torch import Tensor

    from .dense import DenseNetwork
    from .patch import PatchesOfPicture, PatchNetwork

    Network: TypeAlias = DenseNetwork | PatchNetwork
    Estimator: TypeAlias = DenseNetwork | PatchesOfPicture
    Weights: TypeAlias = dict[str, Tensor]


class Snapshot:
    """A copy of a network that is never handed out.

    Parameters
    ----------
    network : torch.nn.Module
        On the CPU, in float32 and evaluation mode; nobody else may have it.
    stated_hash : str, optional
        SHA-256 of its weights where they lie in a file.
    """

    def __init__(self, network: Network, stated_hash: str | None = None) -> None:
        self._network, self._stated = network, stated_hash

    @classmethod
    def of(cls, network: Network) -> Snapshot:
        """Take one of a network that its owner may change."""
        return cls(deepcopy(network).cpu().float().eval())

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the weights."""
        return self._stated or weights_hash(self._network.state_dict())

    @cached_property
    def estimator(self) -> Estimator:
        """The network made ready for estimating."""
        with own_settings(gradients=True):
            fused = self._network.fused()
            check_finite(fused.state_dict())
        return fused

    def weights(self) -> Weights:
        """Its weights, not to be changed."""
        return self._network.state_dict()

    def network(self) -> Network:
        """A copy of the network."""
        return deepcopy(self._network)

    def shows(self, network: Network) -> bool:
        """Whether a network still has the weights of this one."""
        mine, theirs = self._network.state_dict(), network.state_dict()
        return mine.keys() == theirs.keys() and all(
            value.shape == theirs[name].shape and torch.equal(value, theirs[name].to(value))
            for name, value in mine.items()
        )


def weights_hash(weights: Weights) -> str:
    """SHA-256 over the sorted names, types, shapes and bytes of the weights.

    The file's own hash would not do: the order of a safetensors header is not stable.
    """
    digest = hashlib.sha256()
    for name in sorted(weights):
        array = weights[name].detach().cpu().contiguous()
        digest.update(f"{name} {array.dtype} {tuple(array.shape)}\n".encode())
        digest.update(array.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def check_finite(weights: Weights) -> None:
    """Refuse weights that are no numbers: no network gives numbers with them.

    Raises
    ------
    BlurMapError
        If there are any.
    """
    for name, value in weights.items():
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise BlurMapError(f"The weights {name} of the model are not all finite numbers. Train or copy it again.")


@own_settings(gradients=True)
def network_of(info: ModelInfo, weights: Weights) -> Network:
    """The network that a card describes, with copies of weights, ready for estimating.

    Nothing of the sizes that a card asks for is made before the weights are known to have them.

    Raises
    ------
    BlurMapError
        If the weights do not fit the card, or are no numbers.
    """
    kind = ARCHITECTURES[info.architecture]
    try:
        config = kind.config(**info.sizes)
    except TypeError as error:
        raise BlurMapError(f"The sizes in the card of {info.name} are no {kind.config.__name__} ({error}).") from error
    if (values := getattr(config, kind.values)) != len(info.sigma_grid):
        raise BlurMapError(
            f"The card of {info.name} has {len(info.sigma_grid)} values of sigma, its network {values}; expected as "
            "many. Save the model again."
        )
    with torch.device("meta"):
        network: Any = kind.network(config)
    wanted: Weights = network.state_dict()
    other = sorted(
        wanted.keys() ^ weights.keys()
        | {
            name
            for name, value in weights.items()
            if name in wanted
            and (value.shape, value.is_floating_point(), value.is_complex())
            != (wanted[name].shape, wanted[name].is_floating_point(), False)
        }
    )
    if other:
        raise BlurMapError(
            f"The weights of the model {info.name} do not fit its card (as {other[0]} shows). Save the model again."
        )
    check_finite(weights)
    known = {
        name: value.to(torch.float32 if value.is_floating_point() else wanted[name].dtype, copy=True)
        for name, value in weights.items()
    }
    network.load_state_dict(known, assign=True)
    return cast("Network", network.eval())


@own_settings(gradients=True)
def read_snapshot(path: str | os.PathLike[str]) -> tuple[ModelInfo, Snapshot]:
    """Read a model file: card and weights.

    Parameters
    ----------
    path : path-like
        A ``.blurmap.safetensors`` file; reading it runs no code from it.

    Returns
    -------
    ModelInfo, Snapshot
        The card, and the network with its weights.

    Raises
    ------
    BlurMapError
        As `read_info`, and where the weights do not fit the card or their hash.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    info, stated = read_info(path)
    file = Path(path)
    try:
        weights = load(file.read_bytes())
    except (SafetensorError, OSError, KeyError, RuntimeError, ValueError) as error:
        raise BlurMapError(
            f"The weights in {file.name} cannot be read ({error}). Copy or download it again."
        ) from error
    if weights_hash(weights) != stated:
        raise BlurMapError(f"The weights in {file.name} do not match their checksum. Copy or download the file again.")
    return info, Snapshot(network_of(info, weights), stated)
