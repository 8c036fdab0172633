"""Folders for results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import BlurMapError

if TYPE_CHECKING:
    from pathlib import Path


def make_folder(path: Path) -> None:
    """Make a folder and those above it, where they are missing.

    Parameters
    ----------
    path : Path
        The folder.

    Raises
    ------
    BlurMapError
        If it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BlurMapError(f"The folder {path} cannot be made ({error.strerror}). Choose another one.") from error
