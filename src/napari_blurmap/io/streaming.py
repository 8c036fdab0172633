"""Maps that are computed into a stored array, block by block; what an earlier run has written is not computed again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import accumulate, pairwise, product
from math import prod
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import Cancelled
from ..ground.progress import ask_with
from .pyramid import halved

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..ground.progress import Pace

#: Memory that the maps of all chunks which are computed at once would take, bytes; two are, whatever their size.
_TOGETHER = 2**30


def stream(
    maps: Sequence[Any], levels: Sequence[Any], folder: Path, *, channel: int, status: int, pace: Pace | None
) -> None:
    """Compute maps into the first level of a store, and then its smaller ones.

    Parameters
    ----------
    maps : sequence of dask array, shape (..., Y, X)
        Of one shape.
    levels : sequence of zarr.Array
        The store's, largest first, with an axis more for the maps.
    folder : Path
        Of the first level.
    channel, status : int
        The axis of the maps, and which of them is the status. That is never NaN, which is not written, and it is
        written last: a block of which it is there is whole.
    pace : Pace, optional
        Counts the steps of what is computed in this process.
    """
    from dask import config
    from dask.array import Array, map_blocks, store
    from dask.base import compute_as_if_collection
    from dask.system import CPU_COUNT

    first = _in_chunks(maps[0], levels[0].chunks[-2:])
    how = {"target": levels[0], "channel": channel, "dtype": bool, "meta": np.empty((0,) * first.ndim, bool)}
    # One after the other: of a chunk that is several maps no task holds more than one.
    written: list[Any] = []
    for number in sorted(range(len(maps)), key=lambda number: number == status):
        before = written if number == status else []
        written.append(map_blocks(_put, maps[number].rechunk(first.chunks), *before, number=number, **how))
    missing = [
        (written[-1].name, *number)
        for number, place in zip(np.ndindex(first.numblocks), product(*map(_slices, first.chunks)), strict=True)
        if not is_there(levels[0], folder, (*place[:channel], slice(status, status + 1), *place[channel:]))
    ]
    chunk = 4 * len(maps) * prod(map(max, first.chunks))
    threads = min(config.get("num_workers", None) or CPU_COUNT, max(_TOGETHER // chunk, 2))
    failed = Event()

    def ask() -> None:
        if failed.is_set():
            raise Cancelled(None)
        if pace is not None:
            pace.ask()

    # After a failure dask's own threads go on for a while; these stop at the next tile and are waited for, so that
    # nothing writes any more.
    with ThreadPoolExecutor(threads, "chunks", ask_with, (ask,)) as pool, _told(failed):
        here: dict[str, Any] = {} if _has_cluster() else {"scheduler": "threads", "pool": pool}
        counted: dict[str, Any] = {"callbacks": [_counting(pace)]} if here and pace is not None else {}
        if missing:
            compute_as_if_collection(Array, written[-1].dask, missing, **here, **counted)
        for large, small in pairwise(levels):
            store(halved(large, small.shape, channel, status), small, lock=False, **here)


@contextmanager
def _told(failed: Event) -> Iterator[None]:
    """Tell of whatever ends the work before it is done."""
    try:
        yield
    except BaseException:
        failed.set()
        raise


def _put(
    block: NDArray[Any], *_: Any, target: Any, channel: int, number: int, block_info: dict[int | None, Any]
) -> NDArray[np.bool_]:
    """Write a block of a map."""
    place = [slice(*ends) for ends in block_info[0]["array-location"]]
    target[(*place[:channel], number, *place[channel:])] = block
    return np.broadcast_to(np.True_, block.shape)


def put(target: Any, channel: int, status: int, place: Sequence[Any], block: Any) -> None:
    """Write a part of every map, the status last."""
    for number in sorted(range(len(block)), key=lambda number: number == status):
        target[(*place[:channel], number, *place[channel:])] = block[number]


def is_there(array: Any, folder: Path, place: tuple[slice, ...]) -> bool:
    """Whether all chunks of a part of an array are in its folder."""
    edges = zip(place, array.chunks, strict=True)
    numbers = product(*(range(part.start // edge, -(-part.stop // edge)) for part, edge in edges))
    return all((folder / array.metadata.encode_chunk_key(number)).is_file() for number in numbers)


def share_there(array: Any, folder: Path, channel: int, status: int) -> float:
    """The share of the chunks of an array whose status is there, and with it everything else."""
    edges = zip(array.shape, array.chunks, strict=True)
    counts = [
        range(status, status + 1) if axis == channel else range(-(-n // edge)) for axis, (n, edge) in enumerate(edges)
    ]
    there = [(folder / array.metadata.encode_chunk_key(number)).is_file() for number in product(*counts)]
    return float(np.mean(there))


def _slices(sizes: tuple[int, ...]) -> list[slice]:
    return [slice(end - size, end) for size, end in zip(sizes, accumulate(sizes), strict=True)]


def _has_cluster() -> bool:
    """Whether a client of dask.distributed is in use: its workers then compute and write."""
    from dask.base import get_scheduler

    return type(getattr(get_scheduler(), "__self__", None)).__module__.startswith("distributed")


def _counting(pace: Pace) -> tuple[Any, ...]:
    """What dask calls at the start, and after every task."""

    def count(graph: Any, *_: Any) -> None:
        pace.total = len(graph)

    return None, count, None, lambda *_: pace.tick(), None


def _in_chunks(array: Any, edges: tuple[int, int]) -> Any:
    """A lazy plane in chunks that end where those of the file do: two threads must never write into one."""
    pairs = zip(array.chunks[-2:], edges, strict=True)
    if all(end % edge == 0 for each, edge in pairs for end in accumulate(each[:-1])) and all(
        n == 1 for each in array.chunks[:-2] for n in each
    ):
        return array
    return array.rechunk((1,) * (array.ndim - 2) + edges)
