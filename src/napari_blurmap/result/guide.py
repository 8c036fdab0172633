"""The picture that guides filling and smoothing: its planes are those of the map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import BlurMapError
from ..picture.given import unwrap
from ..picture.stack import Stack, as_stack

if TYPE_CHECKING:
    from .maps import Maps


def guide_of(m: Maps, image: Any) -> Stack:
    """Understand the picture of a map.

    Parameters
    ----------
    m : Maps
        The map. It remembers in which order the picture had its axes, and which was colour.
    image : array-like, path, Picture or layer-like
        As it was estimated, or with the axes of the map; with or without a colour axis, which is the last where
        the map remembers none. Where the picture does not name its axes and both fit, it counts as it was estimated.

    Returns
    -------
    Stack
        With the map's axes and shape.

    Raises
    ------
    BlurMapError
        If it is no picture, or one of another shape.
    """
    given = unwrap(image)
    parameters = m.provenance.get("parameters", {})
    axes, shape, colour = m.axes, m.sigma.shape, given.colour
    if colour is None and len(given.data.shape) == len(shape) + 1:
        colour = parameters.get("channel_axis")
        colour = len(shape) if colour is None else colour % (len(shape) + 1)
    if len(given.data.shape) - (colour is not None) == len(shape):
        # A part of a map has fewer axes than what was estimated.
        known = tuple(axis for axis in (parameters.get("axes") or ()) if axis in axes)
        for order in [given.axes] if given.axes else [known if sorted(known) == sorted(axes) else axes, axes]:
            stack = as_stack(given, axes=order, channel_axis=colour)
            if (stack.axes, stack.shape) == (axes, shape):
                return stack
    raise BlurMapError(
        f"The picture has shape {tuple(given.data.shape)} and the map {shape}, axes {', '.join(axes)}; give the "
        "picture that the map was made from."
    )
