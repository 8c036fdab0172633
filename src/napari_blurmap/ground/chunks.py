"""Chunks of lazy planes, each with a halo of what lies around it."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    Sizes = tuple[int, ...]


def chunk_sizes(length: int, edge: int, align: int, least: int) -> Sizes:
    """Sizes of the chunks of an axis.

    Parameters
    ----------
    length : int
        Of the axis.
    edge : int
        Largest size, but for the last one, which takes what is left where that is little.
    align : int
        What all but the last are multiples of.
    least : int
        The smallest size, where there are several.

    Examples
    --------
    >>> chunk_sizes(10_000, 4096, 128, 768), chunk_sizes(1000, 900, 128, 768)
    ((3456, 3456, 3088), (1000,))
    """
    size = max(-(-length // -(-length // edge) // align) * align, -(-least // align) * align)
    count = max((length - least) // size + 1, 1)  # of which the last one may be larger
    return (*((size,) * (count - 1)), length - size * (count - 1))


def overlapped(array: Any, sizes: Sequence[Sizes], halo: int, rows: int) -> Any:
    """A dask array in chunks with what lies around each, along two axes of which ``rows`` is the first.

    Of what it was made of no more is kept for the chunks around than what they have of it.
    """
    import dask.array as da

    def cut(axis: int, each: Sizes) -> list[slice]:
        most = array.shape[axis]
        return [slice(max(e - n - halo, 0), min(e + halo, most)) for n, e in zip(each, accumulate(each), strict=True)]

    columns, before = rows + 1, (slice(None),) * rows
    across = [
        [array[(*before, y, x)].rechunk({rows: -1, columns: -1}) for x in cut(columns, sizes[1])]
        for y in cut(rows, sizes[0])
    ]
    return da.concatenate([da.concatenate(row, axis=columns) for row in across], axis=rows)


def places(leading: Sizes, sizes: Sequence[Sizes], halo: int, known: Sequence[Any] = ()) -> Any:
    """For every block of an overlapped array where its chunk lies in it, and what is known of its plane.

    Parameters
    ----------
    leading : tuple of int
        Shape of the leading axes, of which each chunk has one plane.
    sizes : sequence of tuple of int
        Sizes of the chunks along y and x.
    halo : int
        Pixels around a chunk.
    known : sequence, optional
        Something for every plane.

    Returns
    -------
    dask array of object, shape (*leading, rows of chunks, columns of chunks)
        ``(known, (slice, slice))``, in chunks of one.
    """
    import dask.array as da

    def where(number: int, each: Sizes) -> slice:
        start = halo if number else 0
        return slice(start, start + each[number])

    counts = tuple(len(each) for each in sizes)
    found = np.empty((int(np.prod(leading)), *counts), object)
    for plane, row, column in np.ndindex(*found.shape):
        about = known[plane] if known else None
        found[plane, row, column] = (about, (where(row, sizes[0]), where(column, sizes[1])))
    return da.from_array(found.reshape(*leading, *counts), chunks=1)
