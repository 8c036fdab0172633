"""Parts of a picture that a Shapes or Labels layer marks, wherever that layer lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels, Layer
from scipy.ndimage import affine_transform
from skimage.draw import polygon2mask

from ...errors import BlurMapError
from ...picture.stack import as_stack
from .picture import LayerPicture
from .position import in_data

if TYPE_CHECKING:
    from napari.layers import Image, Shapes
    from numpy.typing import NDArray

    from ...picture.stack import Stack

_ELLIPSE = 2 * np.pi * np.arange(64) / 64


@dataclass(frozen=True, eq=False)
class Region:
    """A part of a picture: where it lies is fixed, which pixels it has is found when they are asked for.

    Parameters
    ----------
    layer, picture : str
        Names of the layer that marks it and of the picture.
    find : callable
        Gives its pixels as an ndarray of bool.
    """

    layer: str
    picture: str
    find: Callable[[], NDArray[np.bool_]]

    @classmethod
    def of(cls, layer: Layer, picture: Image, stack: Stack) -> Region:
        """Take all shapes of a layer, or all its labels but 0.

        Parameters
        ----------
        layer : napari.layers.Shapes or napari.layers.Labels
            It may have fewer axes than the picture. A volume marks what it marks in any plane.
        picture : napari.layers.Image
            The picture's layer.
        stack : Stack
            What `napari_blurmap.picture.stack.as_stack` made of it.
        """
        yx, size = list(stack.order[-2:]), (stack.shape[-2], stack.shape[-1])
        if not isinstance(layer, Labels):
            return cls(layer.name, picture.name, partial(_inside, _outlines(layer, picture, yx), size))

        data = layer.data[0] if layer.multiscale else layer.data
        matrix, origin = affine(lambda point: in_layer(layer, picture, yx, point), 2)
        return cls(layer.name, picture.name, partial(_labelled, data, matrix[-2:], origin[-2:], size))

    def mask(self) -> NDArray[np.bool_]:
        """Its pixels; takes long for a large volume of labels, so call it in a worker.

        Returns
        -------
        ndarray of bool, shape (Y, X)

        Raises
        ------
        BlurMapError
            If nothing of it lies on the picture.
        """
        marked = self.find()
        if not marked.any():
            raise BlurMapError(
                f"Nothing in the layer {self.layer!r} lies on {self.picture!r}. Mark what is in focus there, or choose "
                "all of it."
            )
        return marked


def mask_of(layer: Layer, picture: Image) -> NDArray[np.bool_]:
    """The pixels of a picture's layer that a Shapes or Labels layer marks, shape (Y, X); see `Region`."""
    return Region.of(layer, picture, as_stack(LayerPicture.of(picture))).mask()


def box_of(shapes: Shapes, picture: Image, stack: Stack) -> tuple[int, int, int, int]:
    """The box around the first shape, in pixels of a picture.

    Parameters
    ----------
    shapes : napari.layers.Shapes
        Where the shape is; it may have fewer axes than the picture.
    picture : napari.layers.Image
        The picture's layer.
    stack : Stack
        What `napari_blurmap.picture.stack.as_stack` made of it.

    Returns
    -------
    (int, int, int, int)
        Rows from and to, columns from and to.

    Raises
    ------
    BlurMapError
        Without a shape, or where it lies beside the picture.
    """
    if not len(shapes.data):
        raise BlurMapError(f"The layer {shapes.name!r} holds no shape. Draw a rectangle around a sharp part.")
    corners = _placed(shapes, picture, list(stack.order[-2:]))(np.asarray(shapes.data[0], dtype=float))
    ends = (np.floor(corners.min(axis=0) + 0.5), np.floor(corners.max(axis=0) + 0.5))
    (top, left), (bottom, right) = (np.clip(end, 0, stack.shape[-2:]).astype(int).tolist() for end in ends)
    if bottom <= top or right <= left:
        raise BlurMapError(f"The shape in {shapes.name!r} lies beside the picture. Move it onto a sharp part.")
    return top, bottom, left, right


def in_layer(
    layer: Layer, picture: Layer, yx: list[int], point: NDArray[Any], plane: NDArray[Any] | float = 0.0
) -> NDArray[np.float64]:
    """A point of a plane of a picture, in pixels of another layer."""
    here = np.zeros(picture.ndim) + plane
    here[yx] = point
    return in_data(layer, np.array(picture.data_to_world(here)), picture.units)


def affine(place: Callable[[NDArray[Any]], NDArray[Any]], count: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Matrix and origin of a map from ``count`` axes that is known to be affine."""
    origin = place(np.zeros(count))
    return np.stack([place(unit) - origin for unit in np.eye(count)], axis=1), origin


def _placed(shapes: Shapes, picture: Image, yx: list[int]) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """From points of shapes, shape (N, axes), to pixels of a picture, shape (N, 2)."""
    matrix, origin = affine(
        lambda point: in_data(picture, np.array(shapes.data_to_world(point)), shapes.units)[yx], shapes.ndim
    )
    return lambda points: points @ matrix.T + origin


def _outlines(shapes: Shapes, picture: Image, yx: list[int]) -> list[NDArray[np.float64]]:
    """Corners of all shapes in pixels of a picture."""
    placed, outlines = _placed(shapes, picture, yx), []
    for corners, kind in zip(shapes.data, shapes.shape_type, strict=True):
        outline = np.asarray(corners, dtype=float)
        if kind == "ellipse":  # napari keeps the box around it
            middle, a, b = outline.mean(axis=0), (outline[1] - outline[0]) / 2, (outline[3] - outline[0]) / 2
            outline = middle + np.cos(_ELLIPSE)[:, None] * a + np.sin(_ELLIPSE)[:, None] * b
        outlines.append(placed(outline))
    return outlines


def _inside(outlines: list[NDArray[np.float64]], size: tuple[int, int]) -> NDArray[np.bool_]:
    marked = np.zeros(size, bool)
    for outline in outlines:
        marked |= np.asarray(polygon2mask(size, outline))  # type: ignore[no-untyped-call]
    return marked


def _labelled(data: Any, matrix: NDArray[Any], origin: NDArray[Any], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Nearest label under every pixel."""
    flat = np.zeros(data.shape[-2:], np.uint8)
    for plane in np.ndindex(data.shape[:-2]):  # one after the other: a volume takes as much memory again otherwise
        flat |= np.asarray(data[plane]) != 0
    seen = affine_transform(flat, matrix, origin, output_shape=size, order=0)
    return np.asarray(seen.astype(bool))
