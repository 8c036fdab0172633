"""Where the network runs: cuda, mps or cpu, tested once before it is trusted."""

from __future__ import annotations

import logging
import warnings
from copy import deepcopy
from functools import lru_cache
from typing import TYPE_CHECKING

import torch

from ..errors import BlurMapError
from ..ground.arguments import one_of
from .torch_settings import own_settings

if TYPE_CHECKING:
    from torch import nn

DEVICES = ("auto", "cpu", "cuda", "mps")
_log = logging.getLogger(__name__)


def _available(name: str) -> bool:
    if name == "cuda":
        return torch.cuda.is_available()
    return name == "cpu" or (name == "mps" and torch.backends.mps.is_available())


def find_device(wanted: str) -> str:
    """Look which device there is, without using it.

    Parameters
    ----------
    wanted : {"auto", "cpu", "cuda", "mps"}
        "auto" takes the first of cuda, mps and cpu that is there.

    Returns
    -------
    str

    Raises
    ------
    BlurMapError
        For an unknown device, or one that this computer does not have.
    """
    one_of("device", wanted, DEVICES)
    name = next(d for d in ("cuda", "mps", "cpu") if _available(d)) if wanted == "auto" else wanted
    if not _available(name):
        raise BlurMapError(
            f"device is {name!r}, but PyTorch {torch.__version__} finds none here. Use device='auto', or install a "
            "PyTorch build for your GPU (https://pytorch.org/get-started/locally)."
        )
    return name


def choose_device(wanted: str, network: nn.Module) -> torch.device:
    """Choose a device, and test it the first time it is used.

    Parameters
    ----------
    wanted : {"auto", "cpu", "cuda", "mps"}
        As in `find_device`.
    network : torch.nn.Module
        Its picture and validity in, numbers out; tried on a small picture.

    Returns
    -------
    torch.device
        The CPU, with a warning, where the test failed.

    Raises
    ------
    BlurMapError
        As `find_device`.
    """
    name = find_device(wanted)
    if name != "cpu" and not _works(name, network):
        warnings.warn(
            f"The {name} device gave wrong numbers or failed in its self-test; the CPU is used instead. "
            "See Help > Show logs for the reason.",
            stacklevel=2,
        )
        name = "cpu"
    return torch.device(name)


@lru_cache(maxsize=8)
def _works(name: str, network: nn.Module) -> bool:
    """Whether the device gives the CPU's numbers on a small picture."""
    generator = torch.Generator().manual_seed(0)
    try:
        with own_settings():
            picture = torch.rand(1, 1, 64, 64, generator=generator, dtype=torch.float32)
            valid = torch.ones_like(picture)
            here = network(picture, valid)
            there = deepcopy(network).to(name)(picture.to(name), valid.to(name)).cpu()
    except RuntimeError as error:
        _log.warning("self-test of %s failed: %s", name, error)
        return False
    difference = float((here - there).abs().max())
    if not difference < 1e-2 * float(here.abs().max()) + 1e-2:
        _log.warning("self-test of %s: its numbers differ from the CPU's by %g", name, difference)
        return False
    return True


def has_bfloat16(device: torch.device) -> bool:
    """Whether it computes in bfloat16 faster than in float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    ask = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return device.type == "cpu" and ask is not None and bool(ask())
