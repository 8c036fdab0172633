"""A picture that a map was made from, laid out as the map is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..ground.status import Array


def in_map_order(image: Array, axes: tuple[str, ...], shape: tuple[int, ...], provenance: dict[str, Any]) -> Array:
    """Bring the axes of a picture into the order of its map.

    Parameters
    ----------
    image : array
        As it was estimated, or with the axes of the map; with or without a colour axis.
    axes : tuple of str
        Of the map.
    shape : tuple of int
        Of the map.
    provenance : dict
        Of the map: it remembers the picture's order of axes, and its colour axis; else that is the last.

    Returns
    -------
    array
        The map's axes, then colour; as it was where it does not fit.

    Examples
    --------
    >>> about = {"parameters": {"axes": ["x", "y"]}}
    >>> in_map_order(np.zeros((3, 2)), ("y", "x"), (2, 3), about).shape
    (2, 3)
    """
    if not hasattr(image, "transpose"):  # zarr's arrays cannot be turned, and may be larger than memory
        from dask.array import from_array

        image = from_array(image)
    parameters = provenance.get("parameters", {})
    known = tuple(parameters.get("axes", ()))
    own = known if sorted(known) == sorted(axes) else axes
    order, turned = [own.index(name) for name in axes], image
    if image.ndim == len(axes) + 1:
        colour = parameters.get("channel_axis")
        turned = np.moveaxis(image, -1 if colour is None else colour, -1)
        order.append(len(axes))
    if turned.ndim != len(order):
        return image
    turned = turned.transpose(order)
    return turned if turned.shape[: len(axes)] == shape else image
