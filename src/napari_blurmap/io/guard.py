"""What is refused before it is read: files that are none, and pixels that a file or this computer cannot hold."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil

from ..errors import BlurMapError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

#: Bytes of pixels that a byte of a file can stand for: zlib, the tightest of the usual packings, reaches 1032.
_TIGHTEST = 1100
#: This much (bytes) may be announced by any file: blank pictures are packed more tightly than others.
_HARMLESS = 2**26
#: More planes than any file holds; readers make room for as many as are announced.
MOST_PLANES = 1_000_000


def check_file(path: str | PathLike[str]) -> None:
    """Refuse what is no regular file, such as a folder or a pipe that would be waited for without end, or is empty.

    Parameters
    ----------
    path : path
        What is about to be read.

    Raises
    ------
    BlurMapError
        If it is something else, or missing.
    """
    try:
        found = os.stat(path)
    except OSError as error:
        raise BlurMapError(f"{path} cannot be read ({error.strerror or error}).") from error
    mode = found.st_mode
    if stat.S_ISDIR(mode):
        raise BlurMapError(f"{path} is a folder; give the files in it.")
    if not stat.S_ISREG(mode):
        raise BlurMapError(f"{path} is a pipe or a device; give a file.")
    if not found.st_size:
        raise BlurMapError(f"{path} is empty (0 bytes). Copy or export it again.")


def check_size(
    path: str | PathLike[str], pixels: float, stored: float | None = None, at_once: float | None = None
) -> None:
    """Refuse a file that announces more pixels than it can hold, or more than there is memory.

    Parameters
    ----------
    path : path
        The file.
    pixels : float
        Bytes that its pixels take once they are unpacked.
    stored : float, optional
        Bytes that hold them, where these are not the file's own.
    at_once : float, optional
        Bytes of pixels that are read at once, where these are not all.

    Raises
    ------
    BlurMapError
        Before anything of that size is asked of the computer.
    """
    stored = os.path.getsize(path) if stored is None else stored
    if pixels > max(_HARMLESS, _TIGHTEST * stored):
        raise BlurMapError(
            f"{path} is damaged or incomplete: it announces {_readable(pixels)} of pixels, which cannot be in its "
            f"{_readable(stored)}. Copy or export it again."
        )
    needed = pixels if at_once is None else at_once
    if needed > memory():
        raise BlurMapError(_too_large(path, f"its pixels take {_readable(needed)} of {_readable(memory())}"))


@contextmanager
def decoding(path: str | PathLike[str], how: str) -> Iterator[None]:
    """Say in words what goes wrong while a file is decoded: damaged ones make libraries raise nearly anything.

    Parameters
    ----------
    path : path
        The file or folder.
    how : str
        As what or by what it is read, such as "as TIFF".

    Raises
    ------
    BlurMapError
        In place of any other error.
    """
    try:
        yield
    except BlurMapError:
        raise
    except MemoryError as error:
        raise BlurMapError(_too_large(path, str(error) or "it is full")) from error
    except Exception as error:
        raise BlurMapError(
            f"{path} cannot be read {how} ({str(error) or type(error).__name__}): it is damaged or incomplete, or "
            "of another kind. Copy or export it again."
        ) from error


def _too_large(path: str | PathLike[str], why: str) -> str:
    return (
        f"{path} does not fit into the memory of this computer ({why}). Save parts of it as files of their own, or "
        "estimate it in Python from an array that is read piece by piece."
    )


def _readable(size: float) -> str:
    """Bytes as people read them."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.0f} GB"


def memory() -> float:
    """Bytes of memory that this computer has."""
    return float(psutil.virtual_memory().total)
