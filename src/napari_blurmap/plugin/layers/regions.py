"""Parts of a picture that a Shapes or Labels layer marks, wherever that layer lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels, Shapes
from scipy.ndimage import affine_transform
from skimage.draw import polygon2mask

from ...errors import BlurMapError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image, Layer
    from numpy.typing import NDArray

_ELLIPSE = 2 * np.pi * np.arange(64) / 64


def mask_of(region: Layer, picture: Image, yx: tuple[int, int], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels of a picture that lie in a region.

    Parameters
    ----------
    region : napari.layers.Shapes or napari.layers.Labels
        All its shapes, or all its labels but 0; it may have fewer axes than the picture.
    picture : napari.layers.Image
        The picture's layer.
    yx : (int, int)
        Its axes y and x, colour not counted.
    size : (int, int)
        Pixels along them.

    Returns
    -------
    ndarray of bool, shape (Y, X)

    Raises
    ------
    BlurMapError
        If nothing of the region lies on the picture.
    """
    marked = _labels(region, picture, yx, size) if isinstance(region, Labels) else _shapes(region, picture, yx, size)
    if not marked.any():
        raise BlurMapError(
            f"Nothing in the layer {region.name!r} lies on {picture.name!r}. Mark what is in focus there, or choose "
            "all of it."
        )
    return marked


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


def _shapes(region: Shapes, picture: Image, yx: tuple[int, int], size: tuple[int, int]) -> NDArray[np.bool_]:
    marked = np.zeros(size, bool)
    for corners, kind in zip(region.data, region.shape_type, strict=True):
        outline = np.asarray(corners, dtype=float)
        if kind == "ellipse":  # napari keeps the box around it
            middle, a, b = outline.mean(axis=0), (outline[1] - outline[0]) / 2, (outline[3] - outline[0]) / 2
            outline = middle + np.cos(_ELLIPSE)[:, None] * a + np.sin(_ELLIPSE)[:, None] * b
        placed = [in_data(picture, np.array(region.data_to_world(p)), region.units)[list(yx)] for p in outline]
        marked |= np.asarray(polygon2mask(size, np.array(placed)))  # type: ignore[no-untyped-call]
    return marked


def _labels(region: Labels, picture: Image, yx: tuple[int, int], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Nearest label under every pixel; both layers are affine, so three places tell where all lie."""
    data = np.asarray(region.data[0] if region.multiscale else region.data)
    # A volume marks what it marks in any plane.
    flat = np.asarray(data != 0).any(axis=tuple(range(data.ndim - 2)))

    def place(y: float, x: float) -> NDArray[np.float64]:
        here = np.zeros(picture.ndim)
        here[list(yx)] = y, x
        return in_data(region, np.array(picture.data_to_world(here)), picture.units)[-2:]

    origin = place(0, 0)
    matrix = np.stack([place(1, 0) - origin, place(0, 1) - origin], axis=1)
    seen = affine_transform(flat.astype(np.uint8), matrix, origin, output_shape=size, order=0)
    return np.asarray(seen.astype(bool))
