"""What is in view of a map: the piece that a preview smooths, and the layer that shows it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...ground.affine import shear_matrix
from ...ground.arrays import in_memory
from ...result.blurmap import BlurMap
from ...result.guide import guide_of
from ...result.smooth.smooth import smooth_sigma
from ..layers.geometry import Placement, placement
from ..layers.layers import sigma_layer
from ..layers.regions import in_data

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def piece_in_view(layer: Image, m: BlurMap, point: tuple[float, ...], units: Sequence[Any]) -> Piece:
    """The piece of a map that its layer shows.

    Parameters
    ----------
    layer : napari.layers.Image
        Its layer of sigma.
    m : BlurMap
        The map.
    point : tuple of float
        Where the sliders of the viewer stand, in the world.
    units : sequence of pint.Unit, or None
        Of the world's axes, as `in_data` takes them.

    Returns
    -------
    Piece
        At most 640 x 640 pixels around the middle of what is in view.
    """
    axes = axes_of_layer(placement(m, layer))
    here = in_data(layer, np.array(point), units)
    index = tuple(int(np.clip(round(here[axes[a]]), 0, n - 1)) for a, n in enumerate(m.sigma.shape[:-2]))
    corners = np.asarray(layer.corner_pixels)
    rows, columns = (
        _span(corners[0, axes[a]], corners[1, axes[a]], m.sigma.shape[a]) for a in (m.sigma.ndim - 2, m.sigma.ndim - 1)
    )
    return Piece(index, rows, columns)


def axes_of_layer(placed: Placement) -> dict[int, int]:
    """Axis of the layer for each axis of the map."""
    inserted = {position for position, _ in placed.inserted}
    own = [a for a in range(len(placed.order) + len(inserted)) if a not in inserted]
    return {axis: own[i] for i, axis in enumerate(placed.order)}


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
    ndim = len(placed.order) + len(placed.inserted)
    offset = np.zeros(ndim)
    for axis, of_layer in axes_of_layer(placed).items():
        offset[of_layer] = piece.origin[axis]
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
