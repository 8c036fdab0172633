"""From the numbers of a plane to its maps: what the network reads, for every pixel, with its status."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from torch.nn import functional as F

from ..errors import BlurMapError
from ..ground.arrays import blank
from ..ground.regions import grown, inside
from ..ground.status import LEAST_STRUCTURE, NUMBERS, OPTIONAL, Status, judged
from .fine_detail import REACH, stands_out
from .passes import padded
from .side_by_side import one_thread
from .torch_settings import own_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor

    from ..ground.regions import Region
    from ..picture.plane import LargePlane, Plane
    from .passes import Pass
    from .reading import Reader
    from .tiling import Tile

    T = TypeVar("T")

#: Where a GPU does not even hold tiles of this edge, there is no use in halving them.
_SMALLEST_TILE = 64


def blank_maps(reader: Reader, shape: tuple[int, ...], *, lazy: bool = False) -> dict[str, NDArray[Any]]:
    """All maps of a picture before the first tile: numbers, status, and the probabilities where they are kept."""
    info = reader.model.info
    numbers = [name for name in NUMBERS if info.gives_shape or name not in OPTIONAL]
    empty = {name: blank(shape, np.nan, np.float32, lazy=lazy) for name in numbers}
    empty["status"] = blank(shape, Status.INVALID, np.uint8, lazy=lazy)
    if reader.keep:
        small = (-(-n // reader.over.stride) for n in shape[-2:])
        empty["probabilities"] = blank((*shape[:-2], len(info.sigma_grid), *small), np.nan, np.float32, lazy=lazy)
    return empty


def fill_maps(
    maps: dict[str, NDArray[Any]],
    plane: Plane | LargePlane,
    reader: Reader,
    tick: Callable[[], None],
    *,
    within: Region | None = None,
    far: Tensor | None = None,
    least: int = 1,
) -> Reader:
    """Write the maps of a plane, or of a part of it, tile by tile.

    Parameters
    ----------
    maps : dict of str to ndarray
        Those of these that it has are written into: sigma, its standard error and, where the model gives it, the shape,
        (Y, X) of the part; ``status``; ``probabilities``, (K, Y / stride, X / stride), where they are kept; and
        ``read``, what all numbers are made of, on the network's grid, with a value around the part (`spread`).
    plane : Plane or LargePlane
        Its numbers.
    reader : Reader
        The model.
    tick : callable
        Called after every tile.
    within, far
        See `Reader.read`.
    least : int, default=1
        Threads that may be used, where PyTorch has fewer.

    Returns
    -------
    Reader
        The one that did it: with smaller tiles, or on the processor, where the memory of a GPU did not hold it.

    Raises
    ------
    BlurMapError
        Where the memory does not hold it at all.
    """
    over = reader.over

    def use(tile: Tile, read: Tensor, weights: Tensor) -> None:
        _write(maps, plane, tile, within or (slice(0, 0), slice(0, 0)), over, read, weights)

    def work(reader: Reader, workers: int) -> None:
        reader.read(plane, use, tick, workers, within=within, far=None if far is None else far.to(reader.device))

    return in_turn(reader, plane.shape, work, least)[0]


def in_turn(
    reader: Reader, shape: tuple[int, int], work: Callable[[Reader, int], T], least: int = 1
) -> tuple[Reader, T]:
    """Work with a reader and a number of threads, and where the memory does not hold it, with less and less."""
    while True:
        try:
            with own_settings(), one_thread() as workers:
                return reader, work(reader, max(workers, least))
        except (MemoryError, RuntimeError) as error:
            is_lack = isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)
            if not is_lack:
                raise
        # Not before here is what had been computed given back.
        reader = _with_less_memory(reader, shape)


def _with_less_memory(reader: Reader, shape: tuple[int, int]) -> Reader:
    """Half the edge of its tiles, and where they are small already, the processor."""
    if reader.device.type == "cuda":
        torch.cuda.empty_cache()
    if reader.tile > _SMALLEST_TILE:
        align = reader.over.align
        return replace(reader, tile=max(reader.tile // 2 // align, 1) * align)
    what = (
        f"The memory of {reader.device} does not hold one plane of {shape[0]} x {shape[1]} pixels even in small tiles."
    )
    if reader.device.type == "cpu":
        raise BlurMapError(f"{what} Estimate a smaller region, or on another computer.")
    warnings.warn(f"{what} It was estimated on the processor.", RuntimeWarning, stacklevel=2)
    return reader.on_cpu()


def _write(
    maps: dict[str, NDArray[Any]],
    plane: Plane | LargePlane,
    tile: Tile,
    part: Region,
    over: Pass,
    read: Tensor,
    weights: Tensor,
) -> None:
    """Put what was read of a tile into the maps of a part of the plane."""
    stride, whole = over.stride, padded(plane.shape, over.align)
    around = with_margin(tile.inner, over, whole)
    values = read[..., *inside(around, tile.outer, stride)]
    if "read" in maps:
        maps["read"][:, *inside(around, with_margin(part, over, whole), stride)] = values[0].cpu().numpy()
    here = grown(tile.inner, 0, plane.shape)  # without what the plane was padded with
    sigma, uncertainty, beyond, structure, *shape = spread(values, stride)[0][:, *inside(here, around)].cpu().numpy()
    more = grown(here, REACH, plane.shape)
    shown = plane.at(more)
    if (structure < LEAST_STRUCTURE).any():
        structure[stands_out(shown)[inside(here, more)].numpy()] = 1.0
    shown = shown.at(inside(here, more))
    place = inside(here, part)
    for name, numbers in zip(NUMBERS, (sigma, uncertainty, *shape), strict=False):
        if name in maps:
            np.copyto(maps[name][place], numbers, where=shown.valid)
    maps["status"][place] = _status(sigma, uncertainty, beyond, structure, shown.saturated, shown.valid)
    if "probabilities" in maps:
        into = maps["probabilities"][:, *inside(tile.inner, part, stride)]
        kept = weights[0][:, *tile.kept(stride)].cpu().numpy()
        into[...] = kept[:, : into.shape[1], : into.shape[2]]


def with_margin(part: Region, over: Pass, whole: tuple[int, int]) -> Region:
    """A part with a value of the network's grid around it, between which and its own there are pixels of the part."""
    return grown(part, over.stride if over.stride > 1 else 0, whole)


def spread(read: Tensor, stride: int) -> Tensor:
    """What is read on the network's grid, (1, channels, y, x), for every pixel."""
    if stride == 1:
        return read
    return F.interpolate(read, scale_factor=float(stride), mode="bilinear", align_corners=False)


def _status(
    sigma: NDArray[np.float32],
    uncertainty: NDArray[np.float32],
    beyond: NDArray[np.float32],
    structure: NDArray[np.float32],
    saturated: NDArray[np.bool_],
    valid: NDArray[np.bool_],
) -> NDArray[np.uint8]:
    """One reason a pixel; a later line wins over an earlier one."""
    enough = judged(sigma, uncertainty, Status.MEASURED)
    status = np.where(enough, Status.MEASURED, Status.TOO_NOISY).astype(np.uint8)
    status[beyond > 0.5] = Status.BEYOND_RANGE
    status[structure < LEAST_STRUCTURE] = Status.EMPTY
    status[saturated] = Status.SATURATED
    status[~valid] = Status.INVALID
    return status
