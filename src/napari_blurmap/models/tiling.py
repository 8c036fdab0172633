"""Tiles with a halo: what is kept of each was computed from all that it depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..ground.regions import grown, inside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..ground.regions import Region


@dataclass(frozen=True)
class Tile:
    """One tile of a plane, in pixels.

    Parameters
    ----------
    inner : (slice, slice)
        What is kept of it, in the plane.
    outer : (slice, slice)
        What is read for it, in the plane: the inner part and a halo, cut at the border.
    """

    inner: Region
    outer: Region

    def kept(self, stride: int = 1) -> Region:
        """Where the inner part lies in an output of the outer one, computed at a stride."""
        return inside(self.inner, self.outer, stride)


def tiles(shape: tuple[int, int], edge: int, halo: int, within: Region | None = None) -> Iterator[Tile]:
    """Cut a plane, or a part of it, into tiles.

    Parameters
    ----------
    shape : (int, int)
        Y and X of the plane, pixels.
    edge : int
        Edge of the inner part, pixels; give a multiple of the network's stride.
    halo : int
        Pixels read around it, likewise.
    within : (slice, slice), optional
        The part.

    Yields
    ------
    Tile
        Row by row; the inner parts cover the part once.

    Examples
    --------
    >>> [t.inner[1].stop - t.inner[1].start for t in tiles((8, 20), 8, 4)]
    [8, 8, 4]
    """
    rows, columns = within or (slice(0, shape[0]), slice(0, shape[1]))
    for y in range(rows.start, rows.stop, edge):
        for x in range(columns.start, columns.stop, edge):
            inner = (slice(y, min(y + edge, rows.stop)), slice(x, min(x + edge, columns.stop)))
            yield Tile(inner, grown(inner, halo, shape))
