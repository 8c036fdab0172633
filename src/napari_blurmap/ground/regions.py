"""Parts of a plane: rows and columns from and to, in pixels."""

from __future__ import annotations

from typing import TypeAlias

Region: TypeAlias = tuple[slice, slice]


def grown(part: Region, by: int, shape: tuple[int, int]) -> Region:
    """A part of a plane with what lies around it, cut at the border.

    Examples
    --------
    >>> grown((slice(2, 8), slice(0, 4)), 3, (10, 10))
    (slice(0, 10, None), slice(0, 7, None))
    """
    y, x = (slice(max(s.start - by, 0), min(s.stop + by, n)) for s, n in zip(part, shape, strict=True))
    return y, x


def inside(part: Region, around: Region, cell: int = 1) -> Region:
    """Where a part lies in another one, in cells of so many pixels.

    Examples
    --------
    >>> inside((slice(8, 16), slice(4, 8)), (slice(4, 20), slice(0, 8)), 4)
    (slice(1, 3, None), slice(1, 2, None))
    """
    y, x = (slice((s.start - a.start) // cell, (s.stop - a.start) // cell) for s, a in zip(part, around, strict=True))
    return y, x
