"""Arrays of any kind: lazy or in memory, with a mask or without, gone through a plane at a time."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError, Cancelled
from .arguments import WRONG, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import DTypeLike, NDArray


def is_lazy(*arrays: Any) -> bool:
    """Whether one of them is dask's: what is computed from them stays lazy."""
    return any(hasattr(array, "dask") for array in arrays)


#: Levels of a pyramid differ so much, along two axes or more; planes of a stack of several sizes mostly do not.
_SMALLER = 1.5


def as_array(data: Any, name: str = "The picture") -> Any:
    """Something like an array as one with numpy's types: dask, zarr and memory maps stay what they are.

    Parameters
    ----------
    data : array-like
        Also a list of numbers, a tensor, or the levels of a pyramid, largest first, of which that one is taken.
    name : str
        What it is called in messages.

    Raises
    ------
    BlurMapError
        If it cannot be understood as an array.

    Examples
    --------
    >>> as_array([np.zeros((64, 64)), np.zeros((32, 32))]).shape
    (64, 64)
    """
    described = isinstance(getattr(data, "dtype", None), np.dtype) and isinstance(getattr(data, "shape", None), tuple)
    if described and not isinstance(data, Sequence):
        return data
    try:
        if hasattr(data, "detach"):  # a tensor of torch, which may lie on a GPU or belong to a training
            data = data.detach().cpu()
        return as_array(data[0], name) if _is_pyramid(data) else np.asarray(data)
    except WRONG as error:
        if len(sizes := _sizes(data)) > 1:
            raise BlurMapError(
                f"{name} has planes of different sizes ({' and '.join(sizes[:2])} pixels); a stack has planes of one "
                "size. Give them one by one."
            ) from error
        raise BlurMapError(
            f"{name} is {shown(data)}, which cannot be read as an array of numbers ({error}). Give an array of numpy, "
            "dask or zarr."
        ) from error


def as_floats(name: str, data: Any, dtype: DTypeLike = np.float64) -> Any:
    """Numbers as floats, with NaN where a mask hides them; lazy where they were.

    Raises
    ------
    BlurMapError
        If they are no real numbers.
    """
    array = as_array(data, name)
    try:
        if np.dtype(array.dtype).kind not in "buifO":
            raise TypeError(f"it holds {array.dtype}")
        return array.astype(dtype) if is_lazy(array) else np.asarray(np.ma.asarray(array, dtype).filled(np.nan))
    except WRONG as error:
        raise BlurMapError(f"{name} is no array of numbers ({error}).") from error


def _sizes(data: Any) -> list[str]:
    """The different sizes of arrays in a sequence, as users read them."""
    shapes = [getattr(one, "shape", ()) for one in data] if isinstance(data, Sequence) else []
    return list(dict.fromkeys(" x ".join(map(str, shape)) for shape in shapes if shape))


def _is_pyramid(data: Any) -> bool:
    """Whether a sequence holds the levels of one picture, each by 1.5 or more smaller than the one before."""
    if not isinstance(data, Sequence) or len(data) < 2 or not all(hasattr(level, "shape") for level in data):
        return False
    shapes = [tuple(level.shape) for level in data]
    for large, small in pairwise(shapes):
        times = [n / max(m, 1) for n, m in zip(large, small, strict=False) if n != m]
        if len(large) != len(small) or len(times) < 2 or min(times) < _SMALLER:
            return False
    return True


def in_memory(data: Any) -> Any:
    """A part of a picture as numpy's array, masked where it has a mask: `numpy.asarray` drops that."""
    with reading():
        array = data.compute() if is_lazy(data) else data
        array = array if isinstance(array, np.ma.MaskedArray) else np.asarray(array)
    return as_declared(array, getattr(data, "shape", array.shape))


@contextmanager
def reading() -> Iterator[None]:
    """Say in words what goes wrong when a user's own lazy array is read, which may be anything."""
    try:
        yield
    except (BlurMapError, Cancelled, MemoryError):
        raise
    except Exception as error:
        raise BlurMapError(
            f"The data could not be read ({type(error).__name__}: {shown(str(error))}). Make sure that the file or the "
            "computation behind the array still works: reading it with numpy.asarray must succeed."
        ) from error


def as_declared(array: Any, shape: tuple[int, ...]) -> Any:
    """What was read, if it has the shape that its array said."""
    if len(array.shape) != len(shape) or any(a != b == b for a, b in zip(array.shape, shape, strict=True)):
        raise BlurMapError(
            f"The data said to have the shape {tuple(shape)}, and what was read has {tuple(array.shape)}. The planes "
            "of a stack must be of one size; correct the shape or the chunks of the lazy array."
        )
    return array


def together(*arrays: Any) -> list[Any]:
    """Arrays in memory; lazy ones are computed in one go, so that what they share is computed once."""
    if not is_lazy(*arrays):
        return list(arrays)
    from dask.base import compute

    with reading():
        found = compute(*arrays)
    return [as_declared(array, given.shape) for array, given in zip(found, arrays, strict=True)]


class Eager:
    """A dask array that is computed a piece at a time, when a piece is read.

    `estimate_blur` would hand back a lazy map of a lazy picture, and who needs
    all of it at once would compute it out of sight.
    """

    def __init__(self, lazy: Any) -> None:
        self.lazy = lazy
        self.shape: tuple[int, ...] = lazy.shape
        self.dtype: np.dtype[Any] = lazy.dtype
        self.ndim = len(self.shape)

    def __getitem__(self, where: Any) -> Any:
        return in_memory(self.lazy[where])


def without_masked(data: Any) -> NDArray[Any]:
    """Numbers of a part of a picture, with NaN where a mask says that there is no data."""
    array = in_memory(data)
    if np.ma.is_masked(array):
        # Small integers are exact in float32.
        array = np.ma.filled(array.astype(np.result_type(array.dtype, np.float32)), np.nan)
    return np.asarray(array)


def map_planes(
    work: Callable[..., Sequence[NDArray[Any]]],
    parts: Callable[[tuple[int, ...]], Sequence[Any]],
    results: Sequence[NDArray[Any]],
    leading: tuple[int, ...],
    *,
    lazy: bool,
    after: Callable[[], None] = lambda: None,
) -> list[Any]:
    """Compute arrays plane by plane.

    Parameters
    ----------
    work : callable
        Takes the parts of a plane, numpy wherever they were dask, and returns a plane of every result.
    parts : callable
        ``parts(index)``: what ``work`` takes for the plane at an index of the leading axes.
    results : sequence of ndarray, shape (*leading, ...)
        Written into, plane by plane; of a lazy result only shape and type are used.
    leading : tuple of int
        Shape of the leading axes.
    lazy : bool
        Compute a plane when one of its values is asked for.
    after : callable, optional
        Called after every plane, unless they are lazy.

    Returns
    -------
    list of array
        ``results``, or as many dask arrays.

    Examples
    --------
    >>> stack = np.arange(8.0).reshape(2, 2, 2)
    >>> (double,) = map_planes(
    ...     lambda plane: [2 * plane], lambda i: [stack[i]], [np.empty_like(stack)], (2,), lazy=False
    ... )
    >>> double[1].tolist()
    [[8.0, 10.0], [12.0, 14.0]]
    """
    if not lazy:
        for index in np.ndindex(leading):
            for result, plane in zip(results, work(*parts(index)), strict=True):
                result[index] = plane
            after()
        return list(results)
    import dask.array as da
    from dask.delayed import delayed

    # Graphs as they are: each array optimised by itself would run the network they share once more.
    planes = [
        delayed(work, nout=len(results))(
            *(p.rechunk(-1).to_delayed(optimize_graph=False).item() if is_lazy(p) else p for p in parts(index))
        )
        for index in np.ndindex(leading)
    ]

    def joined(number: int, like: NDArray[Any]) -> Any:
        tail = like.shape[len(leading) :]
        return da.stack([da.from_delayed(p[number], tail, like.dtype) for p in planes]).reshape(*leading, *tail)

    return [joined(number, like) for number, like in enumerate(results)]


def blank(shape: tuple[int, ...], value: Any, dtype: DTypeLike, *, lazy: bool = False) -> NDArray[Any]:
    """An array of one value to write into, or for a lazy result of `map_planes` one that takes no memory."""
    return np.broadcast_to(np.asarray(value, dtype), shape) if lazy else np.full(shape, value, dtype)
