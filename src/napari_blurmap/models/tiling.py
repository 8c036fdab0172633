"""Tiles with a halo: what is kept of each was computed from all that it depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Region = tuple[slice, slice]


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
        y, x = (
            slice((i.start - o.start) // stride, (i.stop - o.start) // stride)
            for i, o in zip(self.inner, self.outer, strict=True)
        )
        return y, x

    def target(self, stride: int = 1) -> Region:
        """Where the inner part goes in the whole output, computed at a stride."""
        y, x = (slice(i.start // stride, i.stop // stride) for i in self.inner)
        return y, x


def tiles(shape: tuple[int, int], edge: int, halo: int) -> Iterator[Tile]:
    """Cut a plane into tiles.

    Parameters
    ----------
    shape : (int, int)
        Y and X of the plane, pixels.
    edge : int
        Edge of the inner part, pixels; give a multiple of the network's stride.
    halo : int
        Pixels read around it, likewise.

    Yields
    ------
    Tile
        Row by row; the inner parts cover the plane once.

    Examples
    --------
    >>> [t.inner[1].stop - t.inner[1].start for t in tiles((8, 20), 8, 4)]
    [8, 8, 4]
    """
    for y in range(0, shape[0], edge):
        for x in range(0, shape[1], edge):
            inner = (slice(y, min(y + edge, shape[0])), slice(x, min(x + edge, shape[1])))
            top, left = (
                slice(max(i.start - halo, 0), min(i.stop + halo, n)) for i, n in zip(inner, shape, strict=True)
            )
            yield Tile(inner, (top, left))
