"""Folders of pictures, and for results."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from ..errors import BlurMapError
from .results import is_result
from .zarr_pictures import is_zarr

if TYPE_CHECKING:
    from pathlib import Path


def make_folder(path: Path) -> None:
    """Make a folder and those above it, where they are missing, and see that it takes files.

    Parameters
    ----------
    path : Path
        The folder.

    Raises
    ------
    BlurMapError
        If it cannot be made or written to.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BlurMapError(f"The folder {path} cannot be made ({error.strerror}). Choose another one.") from error
    try:
        with TemporaryFile(dir=path):  # rights alone do not tell
            pass
    except OSError as error:
        raise BlurMapError(
            f"The folder {path} cannot be written to ({error.strerror}). Choose another one, or ask for the right to."
        ) from error


def pictures_in(folder: Path) -> list[Path]:
    """Files and OME-Zarr folders in a folder that may be pictures.

    Parameters
    ----------
    folder : Path
        Other folders in it are not looked into.

    Returns
    -------
    list of Path
        By name, without hidden files and without blur maps, which lie where
        their pictures do.
    """
    return sorted(p for p in folder.iterdir() if (p.is_file() or is_zarr(p)) and p.name[0] != "." and not is_result(p))
