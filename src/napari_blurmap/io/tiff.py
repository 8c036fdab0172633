"""Opening TIFF files so that damage is found and said, not read as black."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from numpy.typing import NDArray
    from tifffile import TiffFile, TiffPageSeries


@contextmanager
def open_tiff(path: str | PathLike[str]) -> Iterator[TiffFile]:
    """Open a TIFF file; whatever goes wrong inside becomes a `BlurMapError`.

    Parameters
    ----------
    path : path
        The file.

    Yields
    ------
    tifffile.TiffFile
        Closed at the end.

    Raises
    ------
    BlurMapError
        If it cannot be opened, or reading inside the block fails.
    """
    import tifffile

    try:
        with tifffile.TiffFile(path) as tif:
            yield tif
    except (BlurMapError, MemoryError):
        raise
    except Exception as error:
        # Damaged files make the decoders raise nearly anything.
        raise BlurMapError(
            f"{path} cannot be read as TIFF ({str(error) or type(error).__name__}): it is damaged, "
            "incomplete or of a kind that is not supported. Copy or export it again."
        ) from error


def read_series(tif: TiffFile, series: TiffPageSeries) -> NDArray[Any]:
    """Read an image in full, after checking that all of it is there.

    Parameters
    ----------
    tif : tifffile.TiffFile
        The open file.
    series : tifffile.TiffPageSeries
        One of its images.

    Returns
    -------
    array
        Of the shape and axes of the series.

    Raises
    ------
    BlurMapError
        If planes are missing or the file is shorter than it should be.
    """
    name = tif.filehandle.name
    pages = list(series.pages)
    missing = sum(page is None for page in pages)
    if missing:
        raise BlurMapError(
            f"{name} is incomplete: {missing} of {len(pages)} planes are missing or in other files. "
            "Copy it again together with the files that belong to it."
        )
    end = max(_end(page) for page in pages)
    if series.dataoffset is not None:
        end = max(end, series.dataoffset + series.nbytes)
    if end > tif.filehandle.size and not _spans_files(series):
        raise BlurMapError(
            f"{name} is incomplete: it ends after {tif.filehandle.size} bytes, {end} were expected. "
            "Copy it again."
        )
    return np.asarray(series.asarray())


def _end(page: Any) -> int:
    return max(
        (int(o) + int(n) for o, n in zip(page.dataoffsets, page.databytecounts, strict=False)), default=0
    )


def _spans_files(series: TiffPageSeries) -> bool:
    return len({page.parent.filehandle.path for page in series.pages if page is not None}) > 1
