"""Arrays in zarr folders: what is wrong with them when they are read, perhaps much later, is said in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError

if TYPE_CHECKING:
    import dask.array
    import zarr


def lazy_array(array: zarr.Array[Any], path: Path, inside: Path) -> dask.array.Array:
    """An array on disk as dask's, in its own chunks.

    Parameters
    ----------
    array : zarr.Array
        Opened for reading.
    path : pathlib.Path
        What it belongs to, for messages.
    inside : pathlib.Path
        Where it lies; absolute, for it must not depend on the working directory of later.

    Returns
    -------
    dask.array.Array
        Reading it raises `BlurMapError` where a chunk is damaged, or the array
        is gone or another one: zarr would read all of it as its fill value.
    """
    import dask.array

    stored = _Stored(array, path, inside)
    # In shards where there are some: each chunk of one would be a task.
    chunks = array.shards or array.chunks
    meta = np.empty((0,) * array.ndim, array.dtype)
    lazy: dask.array.Array = dask.array.from_array(stored, chunks=chunks, name=False, lock=False, meta=meta)
    return lazy


class _Stored:
    """A zarr array that says what is wrong with it."""

    def __init__(self, array: Any, path: Path, folder: Path) -> None:
        self._array, self._path, self._folder, self._stamp = array, path, folder, _stamp(folder)
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim

    def __getitem__(self, place: Any) -> Any:
        """Read a piece."""
        try:
            piece = self._array[place]
        except Exception as error:
            # The decoders raise nearly anything on damaged chunks.
            raise BlurMapError(
                f"{self._path} is damaged: a piece of it cannot be read ({str(error) or type(error).__name__}). Copy "
                "or make it again."
            ) from error
        # Zarr reads the pieces of a folder that is gone as missing.
        if _stamp(self._folder) != self._stamp:
            raise BlurMapError(f"{self._path} was moved, deleted or replaced after it was opened. Open it again.")
        return piece


def _stamp(folder: Path) -> tuple[int, int] | None:
    """What changes when an array is replaced by another; None where it is gone."""
    for name in ("zarr.json", ".zarray"):
        try:
            found = (folder / name).stat()
        except OSError:
            continue
        return found.st_ino, found.st_mtime_ns
    return None
