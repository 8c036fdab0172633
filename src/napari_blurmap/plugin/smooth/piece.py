"""The piece of a map that is in view: smoothed, and as a layer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...ground.affine import shear_matrix
from ...ground.arrays import in_memory
from ...result.blurmap import BlurMap
from ...result.guide import guide_of
from ...result.smooth.smooth import smooth_sigma
from ..layers.geometry import map_axes, placement
from ..layers.layers import sigma_layer
from ..layers.position import plane_shown

if TYPE_CHECKING:
    from napari.components import Dims
    from napari.layers import Image

    from ..layers.picture import LayerPicture

#: Largest edge of a preview, pixels: it is there in a moment.
LARGEST = 640
#: Where a piece may begin: on the grid of every network.
_GRID, _SMALLEST = 32, 64


@dataclass(frozen=True)
class Piece:
    """A piece of one plane of a map.

    Parameters
    ----------
    index : tuple of int
        Along the leading axes of the map.
    rows, columns : slice
        Along y and x.
    """

    index: tuple[int, ...]
    rows: slice
    columns: slice

    @property
    def origin(self) -> tuple[int, ...]:
        """Its first pixel, in the map."""
        return (*self.index, self.rows.start, self.columns.start)


def piece_in_view(layer: Image, m: BlurMap, dims: Dims) -> Piece:
    """The piece of a map that its layer shows.

    Parameters
    ----------
    layer : napari.layers.Image
        Its layer of sigma.
    m : BlurMap
        The map.
    dims : napari.components.Dims
        The sliders of the viewer.

    Returns
    -------
    Piece
        At most 640 x 640 pixels around the middle of what is in view.
    """
    *leading, y, x = map_axes(m, layer)
    first, last = np.asarray(layer.corner_pixels)
    rows, columns = (_span(first[a], last[a], n) for a, n in zip((y, x), m.sigma.shape[-2:], strict=True))
    return Piece(plane_shown(layer, leading, m.sigma.shape[:-2], dims), rows, columns)


def smoothed_piece(m: BlurMap, piece: Piece, guide: LayerPicture | None, **options: Any) -> BlurMap:
    """Smooth a piece of a map, as if it were all there is.

    Parameters
    ----------
    m : BlurMap
        The map; of a lazy one only the piece is computed.
    piece : Piece
        What to smooth.
    guide : LayerPicture or None
        The picture of the map.
    **options
        As `smooth_sigma` takes them.

    Returns
    -------
    BlurMap
        Of y and x only.

    Raises
    ------
    BlurMapError
        As `smooth_sigma`.
    """
    where = (*piece.index, piece.rows, piece.columns)
    shown = None if guide is None else in_memory(guide_of(m, guide).plane(piece.index)[piece.rows, piece.columns])
    weights = None if m.probabilities is None else np.asarray(m.probabilities[_cells(m, piece)])
    part = BlurMap(
        *(np.asarray(array[where]) for array in (m.sigma, m.uncertainty, m.status)),
        axes=m.axes[-2:],
        scale=m.scale[-2:],
        units=m.units[-2:],
        provenance={},
        probabilities=weights,
        sigma_grid=m.sigma_grid,
    )
    return smooth_sigma(part, image=shown, **options)


def preview_layer(layer: Image, m: BlurMap, piece: Piece, smoothed: BlurMap, name: str) -> Image:
    """A smoothed piece as a layer that lies on the map's layer and hides it.

    Parameters
    ----------
    layer : napari.layers.Image
        The map's layer of sigma.
    m : BlurMap
        The map.
    piece : Piece
        Which piece.
    smoothed : BlurMap
        Of it.
    name : str
        Of the new layer.

    Returns
    -------
    napari.layers.Image
        With the colours of the map's layer.
    """
    placed = placement(m, layer)
    ndim = layer.ndim
    offset = np.zeros(ndim)
    offset[list(map_axes(m, layer))] = piece.origin
    words = placed.keywords
    turn = np.asarray(words.get("rotate", np.eye(ndim))) @ shear_matrix(words.get("shear"), ndim)
    moved = np.asarray(words["translate"]) + turn @ (np.asarray(words["scale"]) * offset)
    there = replace(placed, keywords=words | {"translate": moved})
    plane = smoothed.masked().sigma[(None,) * len(piece.index)]
    shown = sigma_layer(plane, there, name, metadata={"blurmap_preview": True})
    shown.contrast_limits = layer.contrast_limits
    shown.opacity = 1.0
    shown.colorbar.visible = False
    return shown


def _span(first: float, last: float, length: int) -> slice:
    """Pixels in view along one axis and half as many on both sides, within the map and the largest preview."""
    first, last = float(np.clip(first, 0, length)), float(np.clip(last + 1, 0, length))
    size = min(max(2 * int(last - first), _SMALLEST), LARGEST, length)
    start = int(np.clip((first + last - size) / 2, 0, length - size))
    start -= start % _GRID
    return slice(start, min(start + size + _GRID, length))


def _cells(m: BlurMap, piece: Piece) -> tuple[Any, ...]:
    """Where the probabilities of a piece are."""
    rows, columns = m.probabilities.shape[-2:]  # type: ignore[union-attr]
    stride = max(-(-m.sigma.shape[-2] // rows), -(-m.sigma.shape[-1] // columns))
    spans = (slice(s.start // stride, -(-s.stop // stride)) for s in (piece.rows, piece.columns))
    return (*piece.index, slice(None), *spans)
