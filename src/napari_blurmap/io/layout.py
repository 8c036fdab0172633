"""How the axes of a map are laid out in files that know only t, c, z, y and x."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

CHANNELS = ("sigma", "uncertainty", "status")
#: Channels of a result that has the shape of the blur too: the first three are the same.
WITH_SHAPE = (*CHANNELS, "ellipticity_1", "ellipticity_2", "ellipticity_error")
#: The status of a place without one: nothing can be said of it.
_INVALID = 5
_NATURAL = ((), ("t",), ("z",), ("t", "z"))


def channels_of(names: Iterable[str]) -> tuple[str, ...] | None:
    """Channels of a result in their order in the file, from the names of its maps; None where it is no result's."""
    found = set(names)
    return next((kind for kind in (CHANNELS, WITH_SHAPE) if found == set(kind)), None)


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


def check_layout(channels: tuple[int, ...], header: dict[str, Any], path: Path) -> None:
    """Refuse a description of another array.

    Parameters
    ----------
    channels : tuple of int
        Shape of the stored array, (3 or 6, ..., Y, X).
    header : dict
        With the shape of the map.
    path : pathlib.Path
        Where both came from, for the message.

    Raises
    ------
    BlurMapError
        If they do not belong together.
    """
    shape = tuple(header["shape"])
    if prod(channels[1:]) != prod(shape) or channels[-2:] != shape[-2:]:
        raise BlurMapError(
            f"{path} and its description do not belong together: it holds {channels}, described are "
            f"{channels[0]} x {shape}. Restore the .blurmap.json that belongs to it, or delete it."
        )


def as_status(stored: Any, path: Path) -> NDArray[np.uint8]:
    """Statuses from the floating-point numbers that they are stored as.

    Parameters
    ----------
    stored : ndarray
        Whole numbers from 0 to 5; NaN, of which nothing is known, becomes 5.
    path : pathlib.Path
        Where they came from, for the message.

    Returns
    -------
    ndarray of uint8, same shape

    Raises
    ------
    BlurMapError
        If there are others.
    """
    known = np.where(np.isnan(stored), np.float32(_INVALID), stored)
    if not np.isin(known, range(_INVALID + 1)).all():
        raise BlurMapError(f"{path} is damaged: the status of a pixel is a whole number from 0 to {_INVALID}.")
    return known.astype(np.uint8)
