"""Arrays on disk, read piece by piece: what is wrong when they are read, perhaps much later, is said in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError

if TYPE_CHECKING:
    import dask.array


def lazy_array(array: Any, path: Path, inside: Path, chunks: tuple[int, ...]) -> dask.array.Array:
    """An array on disk as dask's.

    Parameters
    ----------
    array : zarr.Array or as well
        With shape and dtype; indexed for reading.
    path : pathlib.Path
        What it belongs to, for messages.
    inside : pathlib.Path
        File or folder of zarr where it lies; absolute, for it must not depend on the working directory of later.
    chunks : tuple of int
        What is read at once.

    Returns
    -------
    dask.array.Array
        Reading it raises `BlurMapError` where a chunk is damaged, or the array
        is gone or another one: zarr would read all of it as its fill value.
        Opened again it has the same name, by which dask knows what is the same.
    """
    import dask.array
    from dask.base import tokenize

    stored = _Stored(array, path, inside)
    meta = np.empty((0,) * stored.ndim, stored.dtype)
    name = f"file-{tokenize(str(inside), _stamp(inside), stored.shape, str(stored.dtype), chunks)}"
    lazy: dask.array.Array = dask.array.from_array(stored, chunks=chunks, name=name, lock=False, meta=meta)
    return lazy


class _Stored:
    """An array that says what is wrong with it."""

    def __init__(self, array: Any, path: Path, folder: Path) -> None:
        self._array, self._path, self._folder, self._stamp = array, path, folder, _stamp(folder)
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, len(array.shape)

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


def _stamp(place: Path) -> tuple[int, int] | None:
    """What changes when an array is replaced by another; None where it is gone."""
    for file in (place / "zarr.json", place / ".zarray", place):
        try:
            found = file.stat()
        except OSError:
            continue
        return found.st_ino, found.st_mtime_ns
    return None
