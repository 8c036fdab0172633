"""Opening TIFF files so that damage is found and said: never read as black, nor for ever."""

from __future__ import annotations

import struct
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BlurMapError
from .guard import MOST_PLANES, check_file, check_size, decoding, memory
from .ome_xml import other_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from tifffile import TiffFile, TiffPageSeries

#: Images of slides beside the slide itself, as Bio-Formats names them.
BESIDE = ("label image", "label", "macro image", "macro", "overview image", "thumbnail")


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

    with decoding(path, "as TIFF"):
        _check_chain(path)
        with tifffile.TiffFile(path) as tif:
            yield tif


def images_of(tif: TiffFile) -> list[TiffPageSeries]:
    """The images of a TIFF file; of an OME-TIFF without those that lie in other files of its set."""
    series = list(tif.series)
    if not tif.is_ome:
        return series
    return [one for one in series if one.keyframe.parent is tif] or series


def whole_image(tif: TiffFile, number: int = 0) -> TiffPageSeries:
    """An image of a TIFF file, once it is sure that all of it is there and fits into memory.

    Parameters
    ----------
    tif : tifffile.TiffFile
        The open file.
    number : int, default=0
        Which of `images_of`.

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
    if tif.is_ome and tif.ome_metadata:
        for other in other_files(tif.ome_metadata):
            path = Path(tif.filehandle.dirname, other)
            if path.exists():
                _check_chain(path)
    if not tif.series:
        raise BlurMapError(f"{name} holds no picture; it is damaged or incomplete. Copy it again.")
    images = images_of(tif)
    if not 0 <= number < len(images):
        raise BlurMapError(f"{name} holds {len(images)} images; there is no number {number + 1}.")
    series = images[number]
    pages = list(series.pages)
    missing = sum(page is None for page in pages)
    if missing:
        raise BlurMapError(
            f"{name} is incomplete: {missing} of {len(pages)} planes are missing or in other files. "
            "Copy it again together with the files that belong to it."
        )
    if series.dataoffset is not None and series.dataoffset + series.nbytes > tif.filehandle.size:
        raise _incomplete(name, tif.filehandle.size, series.dataoffset + series.nbytes)
    check_pages(pages, series.nbytes, by_pieces=is_large(series))
    return series


def is_large(series: TiffPageSeries) -> bool:
    """Whether an image is read piece by piece, when it is asked for: slides, and what takes a quarter of memory."""
    return len(series.levels) > 1 or series.nbytes > memory() / 4


def check_pages(pages: list[Any], pixels: float, *, by_pieces: bool = False) -> None:
    """Refuse pages that their files do not hold whole.

    Parameters
    ----------
    pages : list of tifffile.TiffPage or tifffile.TiffFrame
        Of one picture; they may lie in several files.
    pixels : float
        Bytes that the picture takes once it is unpacked.
    by_pieces : bool, default=False
        Whether no more than a tile or strip of it is read at once.

    Raises
    ------
    BlurMapError
        If a file ends before its pixels, or cannot hold as many.
    """
    files, piece = {}, 0.0
    for page in pages:
        file = page.parent.filehandle
        files[file.path] = file.size
        pieces = zip(page.dataoffsets, page.databytecounts, strict=False)
        end = max((int(start) + int(size) for start, size in pieces), default=0)
        if end > file.size:
            raise _incomplete(file.path, file.size, end)
        # A tile may be announced larger than its picture.
        piece = max(piece, prod(page.keyframe.chunks) * page.keyframe.dtype.itemsize)
    at_once = piece if by_pieces else None
    check_size(pages[0].parent.filehandle.path, max(pixels, piece), sum(files.values()), at_once)


def _check_chain(path: str | PathLike[str]) -> None:
    """Follow the pages of a file once: a reader would follow them for ever if they ran in a circle."""
    import tifffile

    check_file(path)
    # The pages of an LSM file would be followed on opening.
    with tifffile.TiffFile(path, is_lsm=False) as tif:
        layout, file = tif.tiff, tif.filehandle
        place, places = tif.pages.first.offset, set[int]()
        while place and place < file.size:
            if place in places or len(places) == MOST_PLANES:
                raise BlurMapError(f"{path} is damaged: its pages run in a circle. Copy or export it again.")
            places.add(place)
            file.seek(place)
            (tags,) = struct.unpack(layout.tagnoformat, file.read(layout.tagnosize))
            file.seek(place + layout.tagnosize + tags * layout.tagsize)
            (place,) = struct.unpack(layout.offsetformat, file.read(layout.offsetsize))
        end = max(place, _description_end(tif))
        if end > file.size:
            raise _incomplete(path, file.size, end)


def _incomplete(path: str | PathLike[str], size: int, end: int) -> BlurMapError:
    return BlurMapError(
        f"{path} is incomplete: it ends after {size} bytes, at least {end} were expected. Copy it again."
    )


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
