"""The picture that guides smoothing: its planes are those of the map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError
from ..planes import Stack, as_stack

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
    layer = hasattr(image, "scale") and hasattr(image, "data")
    colour = None
    if not layer and not hasattr(image, "channel_axis"):
        # An array does not say where its colours are; the map remembers, else they come last.
        shape = np.shape(image)
        if len(shape) == m.sigma.ndim + 1:
            known = m.provenance.get("parameters", {}).get("channel_axis")
            colour = known if isinstance(known, int) else -1
    names = None if layer or hasattr(image, "axes") else _axes_of(np.shape(image), colour, m)
    stack = as_stack(image, channel_axis=colour, axes=names)
    if stack.shape != m.sigma.shape:
        raise BlurMapError(
            f"The picture has shape {stack.shape} and the map {m.sigma.shape}; give the picture that the map was made "
            "from."
        )
    return stack


def _axes_of(shape: tuple[int, ...], colour: int | None, m: BlurMap) -> tuple[str, ...]:
    """Names of an array's axes: in the picture's own order where that fits the map, else in the map's."""
    plain = [n for i, n in enumerate(shape) if colour is None or i != colour % len(shape)]
    own = m.picture_axes
    fits = len(plain) == len(own) and tuple(plain[own.index(name)] for name in m.axes) == m.sigma.shape
    return own if fits else m.axes
