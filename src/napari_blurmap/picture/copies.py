"""Coarse copies of large planes of which parts are wanted again and again: what was made is kept for a while."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ground.arrays import in_memory
from ..ground.regions import grown, inside
from .plane import MARGIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..ground.regions import Region
    from .plane import LargePlane, Plane

    Key = tuple[tuple[int, ...], int, int]

#: Edge of a piece, pixels of the plane; and how much of all planes is kept, pixels of copies, some 10 bytes each.
_EDGE, _KEPT = 1024, 2**25


class Copies:
    """Parts of coarse copies, made of pieces.

    Parameters
    ----------
    times : int
        Pixels averaged along each axis.
    """

    def __init__(self, times: int) -> None:
        self._times, self._edge = times, _EDGE // times
        self._pieces: OrderedDict[Key, Plane] = OrderedDict()

    def part(self, index: tuple[int, ...], plane: LargePlane, part: Region) -> Plane:
        """A part of the copy of a plane.

        Parameters
        ----------
        index : tuple of int
            Of the plane.
        plane : LargePlane
            All of it, lazy: no more is read than is not there yet.
        part : (slice, slice)
            In pixels of the copy.
        """
        rows, columns = (range(s.start // self._edge, -(-s.stop // self._edge)) for s in part)
        keys = [[(index, y, x) for x in columns] for y in rows]
        for box in self._missing(keys):
            self._make(plane, box)
        pieces = [[self._pieces[key] for key in row] for row in keys]
        for row in keys:
            for key in row:
                self._pieces.move_to_end(key)
        while len(self._pieces) > max(_KEPT // self._edge**2, len(rows) * len(columns)):
            self._pieces.popitem(last=False)
        y, x = (
            slice(s.start - first[0] * self._edge, s.stop - first[0] * self._edge)
            for s, first in zip(part, (rows, columns), strict=True)
        )

        def joined(name: str) -> Any:
            return np.block([[getattr(piece, name) for piece in row] for row in pieces])[y, x]

        one = pieces[0][0]
        noise = None if one.noise is None else joined("noise")
        return replace(
            one, picture=joined("picture"), valid=joined("valid"), saturated=joined("saturated"), noise=noise
        )

    def _missing(self, keys: list[list[Key]]) -> Iterator[list[list[Key]]]:
        """Rectangles of pieces that are not there, each read in one go."""
        for missing, rows in groupby(keys, lambda row: [key not in self._pieces for key in row]):
            block, start = list(rows), 0
            for lacks, run in groupby(missing):
                count = len(list(run))
                if lacks:
                    yield [row[start : start + count] for row in block]
                start += count

    def _make(self, plane: LargePlane, box: list[list[Key]]) -> None:
        """Make all pieces of a rectangle."""
        whole = tuple(n // self._times * self._times for n in plane.shape)

        def place(first: Key, last: Key) -> Region:
            y, x = (
                slice(a * _EDGE, min((b + 1) * _EDGE, n)) for a, b, n in zip(first[1:], last[1:], whole, strict=True)
            )
            return y, x

        around = grown(place(box[0][0], box[-1][-1]), MARGIN, plane.shape)
        read = replace(plane, given=in_memory(plane.given[around]))
        for row in box:
            for key in row:
                self._pieces[key] = read.at(inside(place(key, key), around)).coarser(self._times)
