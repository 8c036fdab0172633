"""How the axes of a map are laid out in files that know only t, c, z, y and x."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from ..errors import BlurMapError

if TYPE_CHECKING:
    from pathlib import Path

CHANNELS = ("sigma", "uncertainty", "status")
_NATURAL = ((), ("t",), ("z",), ("t", "z"))


def stored_lead(header: dict[str, Any]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Leading axes of the stored array, without the channels.

    Parameters
    ----------
    header : dict
        With axes and shape of the map.

    Returns
    -------
    names : tuple of str
        ``t`` and ``z`` as in the map. Any other leading axes (channels,
        positions, z before t) lie one after the other along one ``t``; the
        header has their names and sizes.
    sizes : tuple of int
        Their lengths.

    Examples
    --------
    >>> stored_lead({"axes": ["c", "z", "y", "x"], "shape": [2, 3, 64, 64]})
    (('t',), (6,))
    """
    lead, sizes = tuple(header["axes"][:-2]), tuple(header["shape"][:-2])
    return (lead, sizes) if lead in _NATURAL else (("t",), (prod(sizes),))


def bare_header(axes: list[str], shape: list[int], scale: list[float], units: list[str]) -> dict[str, Any]:
    """Header of a result that has lost its own, from what its OME metadata says.

    Parameters
    ----------
    axes, shape, scale, units : list
        One entry for each axis of the map.

    Returns
    -------
    dict
        As in a sidecar; what OME does not know is None, the provenance empty.
    """
    lost: dict[str, Any] = {"translate": None, "affine": None, "colormap": None, "provenance": {}}
    return {"axes": axes, "shape": shape, "scale": scale, "units": units, **lost}


def split_channels(channels: Any, header: dict[str, Any], path: Path) -> dict[str, Any]:
    """Take a stored array apart.

    Parameters
    ----------
    channels : array, shape (3, ..., Y, X)
        As stored, the channels first; numpy or dask.
    header : dict
        With the shape of the map.
    path : pathlib.Path
        Where it came from, for messages.

    Returns
    -------
    dict
        sigma, uncertainty and status in the shape of the map.

    Raises
    ------
    BlurMapError
        If the header describes another array.
    """
    shape = tuple(header["shape"])
    if channels.size != len(CHANNELS) * prod(shape) or channels.shape[-2:] != shape[-2:]:
        raise BlurMapError(
            f"{path} and its description do not belong together: it holds {channels.shape}, described are "
            f"{len(CHANNELS)} x {shape}. Restore the .blurmap.json that belongs to it, or delete it."
        )
    return {name: channel.reshape(shape) for name, channel in zip(CHANNELS, channels, strict=True)}
