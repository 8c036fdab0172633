"""Where the viewer stands, in pixels of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import Dims
    from napari.layers import Layer
    from numpy.typing import NDArray


def plane_shown(layer: Layer, axes: Sequence[int], sizes: Sequence[int], dims: Dims) -> tuple[int, ...]:
    """The plane of a layer that the viewer's sliders show.

    Parameters
    ----------
    layer : napari.layers.Layer
        The layer.
    axes, sizes : sequence of int
        Its axes that are stepped through, and how many planes there are along each.
    dims : napari.components.Dims
        The sliders.

    Returns
    -------
    tuple of int
        An index along each of the axes; the nearest one where the sliders stand beside the layer.
    """
    here = in_data(layer, np.array(dims.point), dims.units)
    return tuple(int(np.clip(round(here[axis]), 0, n - 1)) for axis, n in zip(axes, sizes, strict=True))


def middle_shown(layer: Layer, axes: Sequence[int]) -> tuple[float, ...]:
    """The middle of what the viewer shows of a layer, pixels along some of its axes."""
    corners = np.array(layer.corner_pixels, float)
    if layer.multiscale:
        corners *= layer.downsample_factors[layer.data_level]
    return tuple(float(corners[:, axis].mean()) for axis in axes)


def in_data(layer: Layer, world: NDArray[Any], units: Sequence[Any] | None) -> NDArray[np.float64]:
    """A place of the world in pixels of a layer.

    Parameters
    ----------
    layer : napari.layers.Layer
        Any.
    world : ndarray, shape (n,)
        The place; leading axes that it has not are at 0.
    units : sequence of n pint.Unit, or None
        Of its axes: napari's layers do not look at those of the world. None,
        which napari has where its layers disagree, counts as the layer's own.

    Returns
    -------
    ndarray, shape (layer.ndim,)
    """
    place = np.zeros(layer.ndim)
    count = min(layer.ndim, world.size)
    own = layer.units[-count:]
    factors = [_factor(a, b) for a, b in zip(own if units is None else units[-count:], own, strict=True)]
    place[layer.ndim - count :] = world[world.size - count :] * factors
    return np.asarray(layer.world_to_data(place), dtype=np.float64)


def _factor(unit: Any, other: Any) -> float:
    """How many of another unit make one of this; 1 between pixels and lengths, as napari has it."""
    return float((1.0 * unit).to(other).magnitude) if unit.is_compatible_with(other) else 1.0
