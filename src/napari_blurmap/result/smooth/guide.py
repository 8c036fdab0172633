"""The picture that guides smoothing: its planes are those of the map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import BlurMapError
from ...picture.given import unwrap
from ...picture.order import in_map_order
from ...picture.stack import Stack, as_stack

if TYPE_CHECKING:
    from ..blurmap import BlurMap


def guide_of(m: BlurMap, image: Any) -> Stack:
    """Understand the picture of a map.

    Parameters
    ----------
    m : BlurMap
        The map.
    image : array-like, Picture or layer-like
        An array is as it was estimated, or has the axes of the map, and may
        have one of colour: where the map remembers it, or last.

    Returns
    -------
    Stack
        With the map's shape.

    Raises
    ------
    BlurMapError
        If it is no picture, or one of another shape.
    """
    given = unwrap(image)
    if given.axes is None:  # it does not say which axis is which; the map remembers
        array = in_map_order(given.data, m.axes, m.sigma.shape, m.provenance)
        stack = as_stack(array, channel_axis=-1 if array.ndim > m.sigma.ndim else None, axes=m.axes)
    else:
        has_colour = given.colour is None and given.data.ndim > m.sigma.ndim
        colour = m.provenance.get("parameters", {}).get("channel_axis") if has_colour else None
        stack = as_stack(image, channel_axis=colour)
    if stack.shape != m.sigma.shape:
        raise BlurMapError(
            f"The picture has shape {stack.shape} and the map {m.sigma.shape}; give the picture that the map was made "
            "from."
        )
    return stack
