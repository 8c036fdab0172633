"""Arrays of any kind: lazy or in memory, with a mask or without, gone through a plane at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import DTypeLike, NDArray


def is_lazy(*arrays: Any) -> bool:
    """Whether one of them is dask's: what is computed from them stays lazy."""
    return any(hasattr(array, "dask") for array in arrays)


def in_memory(data: Any) -> Any:
    """A part of a picture as numpy's array, masked where it has a mask: `numpy.asarray` drops that."""
    array = data.compute() if is_lazy(data) else data
    return array if isinstance(array, np.ma.MaskedArray) else np.asarray(array)


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
