"""Smaller and smaller levels of stored maps, for viewers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Edge of the smallest level, at most, and of the pieces in which a level is made, pixels.
_TOP, _PIECE = 2048, 512


def level_shapes(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Shapes of the levels, each half of the one before along y and x.

    Examples
    --------
    >>> level_shapes((3, 5001, 700)), level_shapes((3, 2000, 700))
    ([(3, 5001, 700), (3, 2500, 350), (3, 1250, 175)], [(3, 2000, 700)])
    """
    shapes = [shape]
    while max(shapes[-1][-2:]) > _TOP and min(shapes[-1][-2:]) > 1:
        shapes.append((*shape[:-2], *(n // 2 for n in shapes[-1][-2:])))
    return shapes


def halved(large: Any, shape: tuple[int, ...], channel: int, status: int) -> Any:
    """A level from the one before: the mean of 2 x 2 known numbers, and of their statuses the first.

    Parameters
    ----------
    large : array-like
        The stored level.
    shape : tuple of int
        Of the smaller one.
    channel, status : int
        The axis of the channels, and which of them is the status.

    Returns
    -------
    dask array of float32
        In pieces that no two of share a chunk of the file.
    """
    import dask.array as da

    pieces = tuple(-1 if axis == channel else 1 for axis in range(len(shape) - 2))
    cut = tuple(slice(2 * n if axis >= len(shape) - 2 else n) for axis, n in enumerate(shape))
    whole = da.from_array(large, chunks=(*pieces, 2 * _PIECE, 2 * _PIECE))[cut]
    edges = [tuple(n // 2 for n in each) for each in whole.chunks[-2:]]
    meta = np.empty((0,) * len(shape), np.float32)
    return whole.map_blocks(means, channel, status, chunks=(*whole.chunks[:-2], *edges), dtype=np.float32, meta=meta)


def means(maps: NDArray[np.float32], channel: int, status: int) -> NDArray[np.float32]:
    """A piece of a level from that of the one before; see `halved`."""
    height, width = (n // 2 for n in maps.shape[-2:])
    blocks = maps.reshape(*maps.shape[:-2], height, 2, width, 2)
    known = np.isfinite(blocks)
    count = known.sum(axis=(-3, -1), dtype=np.float32)
    total = np.where(known, blocks, np.float32(0)).sum(axis=(-3, -1))
    means = np.where(count > 0, total / np.maximum(count, 1), np.float32(np.nan))
    place: Any = (*(slice(None),) * channel, status)
    means[place] = maps[place][..., ::2, ::2]
    return np.asarray(means)
