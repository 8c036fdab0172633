"""Opening TIFF files so that damage is found and said, not read as black."""

from __future__ import annotations

import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import BlurMapError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

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


def first_image(tif: TiffFile) -> TiffPageSeries:
    """First image of a TIFF file, once it is sure that all of it is there.

    Parameters
    ----------
    tif : tifffile.TiffFile
        The open file.

    Returns
    -------
    tifffile.TiffPageSeries
        Ready to be read.

    Raises
    ------
    BlurMapError
        If there is none, planes are missing or the file is shorter than it
        should be.
    """
    name = tif.filehandle.name
    if not tif.series:
        raise BlurMapError(f"{name} holds no picture; it is damaged or incomplete. Copy it again.")
    series = tif.series[0]
    pages = list(series.pages)
    missing = sum(page is None for page in pages)
    if missing:
        raise BlurMapError(
            f"{name} is incomplete: {missing} of {len(pages)} planes are missing or in other files. "
            "Copy it again together with the files that belong to it."
        )
    end = max(*(_end(page) for page in pages), _next_page(tif), _description_end(tif))
    if series.dataoffset is not None:
        end = max(end, series.dataoffset + series.nbytes)
    if end > tif.filehandle.size and not _spans_files(series):
        raise BlurMapError(
            f"{name} is incomplete: it ends after {tif.filehandle.size} bytes, at least {end} were expected. "
            "Copy it again."
        )
    return series


def _end(page: Any) -> int:
    return max((int(o) + int(n) for o, n in zip(page.dataoffsets, page.databytecounts, strict=False)), default=0)


def _next_page(tif: TiffFile) -> int:
    """Where the last page says that another follows: beyond the end if the file was cut off; else 0."""
    place = tif.pages.next_page_offset
    if place is None:
        return 0
    tif.filehandle.seek(place)
    field = tif.filehandle.read(tif.tiff.offsetsize)
    return int(struct.unpack(tif.tiff.offsetformat, field)[0])


def _description_end(tif: TiffFile) -> int:
    """Where the first page's description ends: OME files have it last, and tifffile ignores one cut off."""
    layout, file = tif.tiff, tif.filehandle
    file.seek(tif.pages.first.offset)
    (count,) = struct.unpack(layout.tagnoformat, file.read(layout.tagnosize))
    for _ in range(0 if layout.is_ndpi else count):
        entry = file.read(layout.tagsize)
        code, _ = struct.unpack(layout.tagformat1, entry[:4])
        size, place = struct.unpack(layout.tagformat2, entry[4:])
        if code == 270 and size > layout.tagoffsetthreshold:
            return int(struct.unpack(layout.offsetformat, place)[0]) + int(size)
    return 0


def _spans_files(series: TiffPageSeries) -> bool:
    return len({page.parent.filehandle.path for page in series.pages if page is not None}) > 1
