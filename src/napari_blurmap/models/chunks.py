"""Maps of lazy pictures, chunk by chunk, each read with a halo: a plane may be larger than memory."""

from __future__ import annotations

from contextlib import contextmanager
from math import lcm
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..ground.chunks import chunk_sizes, overlapped, places
from ..ground.progress import ask_here
from ..ground.regions import inside
from ..ground.status import NUMBERS, Status
from ..picture.plane import MARGIN, WHOLE, Plane, numbers_of
from .passes import padded
from .pixels import blank_maps, fill_maps, in_turn, spread, with_margin
from .reading import NUMBER_AT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ..ground.regions import Region
    from ..picture.sensor import Sensors
    from ..picture.stack import Stack
    from .reading import Reader

#: Edge of a chunk of a plane and of its coarse copy, pixels: large against the halo, of which some is computed twice.
_EDGE, _COPY_EDGE = 4096, 2048
#: Chunks of the files that maps are streamed to, pixels.
_FILE = 512
#: Indices of axes that are no axes of the picture's planes: of the three arrays of a copy, of its maps, of sigma.
_ARRAYS, _READ, _SIGMAS = 1001, 1002, 1003
#: Pixels up to which planes are read side by side; the turn of the larger ones, and who waits for it.
_SMALL, _ALONE, _WAITING = 2**22, Lock(), list[None]()


def lazy_maps(like: dict[str, NDArray[Any]], stack: Stack, sensors: Sensors, reader: Reader) -> dict[str, Any]:
    """The maps of a dask array, computed when they are asked for.

    A plane of up to 16 million pixels is one chunk. A larger one has chunks of
    about 4096 x 4096 pixels, and of what lies around a chunk as much is read as
    its maps depend on (768 pixels, with the bundled models), so that they are
    the same as in one piece. The model is one key of the graph.

    Parameters
    ----------
    like : dict of str to ndarray
        Shape and type of every map, see `napari_blurmap.models.pixels.fill_maps`.
    stack : Stack
        The picture.
    sensors : Sensors
        What its sensor adds.
    reader : Reader
        The model.

    Returns
    -------
    dict of str to dask array
    """
    from dask.delayed import delayed
    from dask.graph_manipulation import clone

    leading, plane = stack.shape[:-2], stack.shape[-2:]
    lead, whole = tuple(range(len(leading))), plane[0] * plane[1] <= WHOLE
    y, x = len(lead), len(lead) + 1
    over, times = reader.over, reader.copied(plane)
    grid = lcm(over.align * times, _FILE)
    halo = -(-over.reach // (over.align * times)) * over.align * times
    sizes = [(n,) if whole else chunk_sizes(n, _EDGE, grid, halo) for n in plane]
    data = stack.ordered.rechunk(dict.fromkeys(lead, 1))
    data = data if stack.colour is None else data.rechunk({x + 1: -1})
    known = [sensors.at(index) for index in stack.indices()]
    name = f"blurmap-reader-{reader.model.hash}-{reader.device}-{reader.tile}-{reader.keep}"
    same: dict[str, Any] = {"reader": delayed(reader, name=name), "concatenate": True, "align_arrays": False}

    def blocks(data: Any, halo: int) -> list[Any]:
        """Of the picture, with where they lie in what is read for them."""
        cut = overlapped(data, sizes, halo, y)
        return [cut, (*lead, y, x, x + 1)[: cut.ndim], places(leading, sizes, halo, known), (*lead, y, x)]

    inputs = blocks(data, halo)
    if times > 1:
        # A large plane is read twice: all of it would have to be kept until its copy is there.
        again = inputs if whole else blocks(clone(data, seed="copy"), MARGIN)
        small = [[n // times for n in each] for each in sizes]
        copy = _computed(_copied, lead, {_ARRAYS: 3}, small, np.float32, *again, **same)
        parts = [
            (sum(each),) if whole else chunk_sizes(sum(each), _COPY_EDGE, over.align, over.reach) for each in small
        ]
        copy = overlapped(copy, parts, over.reach, y + 1)
        rows = [[-(-n // over.align) * over.align // over.stride for n in each] for each in parts]
        given = [copy, (*lead, _ARRAYS, y, x), places(leading, parts, over.reach), (*lead, y, x)]
        far = _computed(_far, lead, {_READ: reader.channels}, rows, np.float32, *given, **same)
        per = times * over.stride
        below = [[n // per for n in each[:-1]] for each in sizes]
        cells = [(*each, sum(row) - sum(each)) for each, row in zip(below, rows, strict=True)]
        far = overlapped(far, cells, halo // per, y + 1)
        inputs += [far, (*lead, _READ, y, x)]
    made = _computed(_read, lead, {}, sizes, object, *inputs, **same)
    maps = {}
    for key, values in like.items():
        kept = key == "probabilities"
        chunks = [[-(-n // over.stride) for n in each] for each in sizes] if kept else sizes
        new = {_SIGMAS: values.shape[-3]} if kept else {}
        maps[key] = _computed(
            _one_of, lead, new, chunks, values.dtype, made, (*lead, y, x), which=key, stride=over.stride
        )
    return maps


def _computed(
    work: Any, lead: tuple[int, ...], new: dict[int, int], chunks: list[Any], dtype: Any, *given: Any, **options: Any
) -> Any:
    """An array of what is returned for each block, with its new axes before y and x."""
    from dask.array import blockwise

    y, x = len(lead), len(lead) + 1
    adjusted = {**dict.fromkeys(lead, 1), y: tuple(chunks[0]), x: tuple(chunks[1])}
    meta = np.empty((0,) * (len(lead) + len(new) + 2), dtype)
    axes = (*lead, *new, y, x)
    return blockwise(work, axes, *given, new_axes=new, adjust_chunks=adjusted, dtype=dtype, meta=meta, **options)


def _copied(block: Any, place: NDArray[Any], *, reader: Reader) -> NDArray[np.float32]:
    """Coarse copy of a chunk: its numbers, where they are valid, and its noise, NaN where that is not known."""
    sensor, part = place.item()
    times = reader.model.info.coarse_copy
    copy = numbers_of(_bare(block, place), sensor).coarser(times)
    noise = np.full(copy.shape, np.nan) if copy.noise is None else copy.noise
    y, x = (slice(s.start // times, s.stop // times) for s in part)
    return _full(np.stack([copy.picture, copy.valid, noise]).astype(np.float32)[:, y, x], place)


def _far(copy: NDArray[np.float32], place: NDArray[Any], *, reader: Reader) -> NDArray[np.float32]:
    """What is read in a chunk of the coarse copy."""
    picture, valid, noise = _bare(copy, place)
    told = None if np.isnan(noise).all() else noise
    plane = Plane(picture, valid > 0, valid < 0, noise=told, averaged=(1.0, 0.5, 0.25))  # white, in a copy
    part = _aligned(place, reader)
    with _turn(plane.shape) as least:
        _, maps = in_turn(
            reader, plane.shape, lambda r, workers: r.read_copy(plane, ask_here, workers, within=part), least
        )
    return _full(maps[0].cpu().numpy(), place)


def _read(block: Any, place: NDArray[Any], far: Any = None, *, reader: Reader) -> dict[str, Any]:
    """What is read of a chunk on the network's grid, and its status: a tenth of the memory that its maps take."""
    sensor, part = place.item()
    plane, over = numbers_of(_bare(block, place), sensor), reader.over
    like = blank_maps(reader, tuple(s.stop - s.start for s in part), lazy=True)
    maps: dict[str, Any] = {name: np.array(values) for name, values in like.items() if name not in NUMBERS}
    aligned = _aligned(place, reader)
    around = with_margin(aligned, over, padded(plane.shape, over.align))
    maps["read"] = np.empty((reader.channels, *((s.stop - s.start) // over.stride for s in around)), np.float32)
    told = None if far is None else torch.from_numpy(_bare(far, place)[None]).to(reader.device)
    with _turn(plane.shape) as least:
        fill_maps(maps, plane, reader, ask_here, within=aligned, far=told, least=least)
    return {name: _full(values, place) for name, values in maps.items()} | {"inner": inside(part, around)}


def _one_of(chunk: dict[str, Any], *, which: str, stride: int) -> NDArray[Any]:
    """A map of a chunk."""
    if which in chunk:
        return np.asarray(chunk[which])
    status = chunk["status"]
    read = torch.from_numpy(chunk["read"].reshape(1, *chunk["read"].shape[-3:])[:, [NUMBER_AT[which]]])
    values: NDArray[np.float32] = spread(read, stride)[0, 0].numpy()[(None,) * (status.ndim - 2) + chunk["inner"]]
    values[status == Status.INVALID] = np.nan
    return values


def _bare(block: Any, place: NDArray[Any]) -> Any:
    """Without the leading axes."""
    return block.reshape(block.shape[place.ndim - 2 :])


def _full(values: NDArray[Any], place: NDArray[Any]) -> NDArray[Any]:
    """With them."""
    return values[(None,) * (place.ndim - 2)]


def _aligned(place: NDArray[Any], reader: Reader) -> Region:
    """Where a chunk lies in its block, up to the network's grid."""
    align = reader.over.align
    y, x = (slice(s.start, -(-s.stop // align) * align) for s in place.item()[1])
    return y, x


@contextmanager
def _turn(shape: tuple[int, int]) -> Iterator[int]:
    """Wait until the chunk of a large plane is the only one that is read; how many threads are waiting for that.

    A process holds the features of one. Small planes are read side by side, where PyTorch has a thread in each.
    """
    if shape[0] * shape[1] <= _SMALL and torch.get_num_threads() == 1:
        yield 1
        return
    _WAITING.append(None)
    try:
        with _ALONE:
            ask_here()
            yield len(_WAITING) if torch.get_num_threads() == 1 else 1
    finally:
        _WAITING.pop()
