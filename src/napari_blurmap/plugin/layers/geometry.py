"""Where a map lies: the place of its picture's layer, or what it remembers of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import BlurMapError
from ...ground.affine import after_scale, shear_matrix
from ...ground.status import Array
from ...ground.units import unit_name

if TYPE_CHECKING:
    from napari.layers import Layer

    from ...result.blurmap import BlurMap


@dataclass(frozen=True)
class Placement:
    """How the arrays of a map become layers that lie on their picture.

    Parameters
    ----------
    keywords : dict
        scale, translate, rotate, shear, affine, units and axis_labels of the
        layers.
    order : tuple of int
        Axis of the map for each axis of the layers that the map has.
    inserted : tuple of (int, int)
        Position and length of further axes, along which the map is the same.
    """

    keywords: dict[str, Any]
    order: tuple[int, ...]
    inserted: tuple[tuple[int, int], ...] = ()

    def arrange(self, array: Array) -> Array:
        """An array of the map with the axes of the layer; no copy, lazy stays lazy."""
        array = array.transpose(self.order)
        for position, length in self.inserted:
            array = array[(slice(None),) * position + (None,)]
            shape = (*array.shape[:position], length, *array.shape[position + 1 :])
            array = np.broadcast_to(array, shape)
        return array


def placement(blurmap: BlurMap, source: Layer | None) -> Placement:
    """Place a map on its picture.

    Parameters
    ----------
    blurmap : BlurMap
        The map; its axes may stand in another order than the picture's.
    source : napari.layers.Layer or None
        The picture's layer; None where it is gone: then the map's own scale,
        position and units hold.

    Returns
    -------
    Placement
        Of the axes that the map has. Where an axis that it has not (colour)
        stands between others, the map is repeated along it, because napari
        counts axes from the last.

    Raises
    ------
    BlurMapError
        If the map was not made from a picture of this size.
    """
    if source is None:
        own: dict[str, Any] = {
            "scale": blurmap.scale,
            "translate": blurmap.translate,
            "affine": blurmap.affine,
            "units": blurmap.units,
            "axis_labels": blurmap.axes,
        }
        return Placement(own, tuple(range(len(blurmap.axes))))
    places = map_axes(blurmap, source)
    order = tuple(int(i) for i in np.argsort(places))
    axes = list(range(min(places), source.ndim))
    inserted = tuple((i, int(source.data.shape[axis])) for i, axis in enumerate(axes) if axis not in places)
    keywords = _transform(source, axes) | {
        "units": [source.units[i] for i in axes],
        "axis_labels": [source.axis_labels[i] for i in axes],
    }
    return Placement(keywords, order, inserted)


def located(blurmap: BlurMap, source: Layer | None) -> BlurMap:
    """A map that remembers where its picture's layer lies, for saving.

    Parameters
    ----------
    blurmap : BlurMap
        The map.
    source : napari.layers.Layer or None
        The picture's layer.

    Returns
    -------
    BlurMap
        With the layer's position, rotation and shear; the same map where
        there is no layer, or where the user gave another pixel size than its.
    """
    if source is None:
        return blurmap
    places = list(map_axes(blurmap, source))
    transform = _transform(source, places)
    units = [unit_name(str(source.units[i])) or str(source.units[i]) for i in places]
    if list(blurmap.units) != units or not np.allclose(blurmap.scale, np.abs(transform["scale"]), rtol=1e-6, atol=0):
        return blurmap
    return replace(blurmap, translate=transform["translate"].tolist(), affine=after_scale(**transform).tolist())


def map_axes(blurmap: BlurMap, source: Layer) -> tuple[int, ...]:
    """Find the axes of a map in a layer.

    Parameters
    ----------
    blurmap : BlurMap
        The map.
    source : napari.layers.Layer
        The layer of its picture, or one that shows it.

    Returns
    -------
    tuple of int
        Axis of the layer for each axis of the map.

    Raises
    ------
    BlurMapError
        If the layer is not of the map's size.
    """
    labels = [label.lower() for label in source.axis_labels]
    count = len(blurmap.axes)
    if len(set(labels)) == len(labels) and set(blurmap.axes) <= set(labels):
        places = [labels.index(axis) for axis in blurmap.axes]
    else:
        colour = blurmap.provenance.get("parameters", {}).get("channel_axis")
        plain = list(range(source.ndim))
        if isinstance(colour, int) and not getattr(source, "rgb", False) and count < source.ndim:
            plain.pop(colour)
        places = plain[-count:]
    shape = tuple(source.data.shape[i] for i in places)
    if shape != blurmap.sigma.shape:
        raise BlurMapError(
            f"The map has {_size(blurmap.sigma.shape)} pixels, the layer {source.name!r} {_size(shape)}: it was made "
            "from another picture. Choose the layer that it was made from, or none (source=None)."
        )
    return tuple(places)


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _transform(source: Layer, axes: list[int]) -> dict[str, np.ndarray[Any, Any]]:
    """What napari calls scale, translate, rotate, shear and affine, for some axes of a layer."""
    kept = np.ix_(axes, axes)
    return {
        "scale": np.array(source.scale)[axes],
        "translate": np.array(source.translate)[axes],
        "rotate": np.array(source.rotate)[kept],
        "shear": shear_matrix(source.shear, source.ndim)[kept],
        "affine": np.array(source.affine)[np.ix_([*axes, source.ndim], [*axes, source.ndim])],
    }
