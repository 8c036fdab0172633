"""Write beside, then rename: what was there stays whole until the new file is complete."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def replacing(*paths: str | os.PathLike[str]) -> Iterator[list[Path]]:
    """Give a temporary path beside each path; rename them all at the end.

    Parameters
    ----------
    *paths : path
        Files or folders to write, renamed in this order. Existing ones are
        replaced, a folder together with everything in it.

    Yields
    ------
    list of pathlib.Path
        One free name beside each path, for the caller to write a file or a
        folder to. If the caller raises, these are removed and nothing else
        has changed.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with replacing(Path(folder, "a.txt")) as [temporary]:
    ...         _ = temporary.write_text("whole")
    ...     [path.name for path in Path(folder).iterdir()]
    ['a.txt']
    """
    finals = [Path(path) for path in paths]
    temporaries = [path.with_name(f".{path.name}.{uuid4().hex[:8]}.part") for path in finals]
    with ExitStack() as cleaning:
        for temporary in temporaries:
            cleaning.callback(_remove, temporary)
        yield temporaries
        for temporary, final in zip(temporaries, finals, strict=True):
            _swap(temporary, final)


def write_file(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write a whole file, or leave what was there.

    Parameters
    ----------
    path : path
        Where; an existing file is replaced.
    data : bytes
        Its content.

    Returns
    -------
    pathlib.Path
        The file.
    """
    with replacing(path) as [temporary]:
        temporary.write_bytes(data)
    return Path(path)


def _swap(temporary: Path, final: Path) -> None:
    if not final.is_dir():
        os.replace(temporary, final)
        return
    # A folder cannot be replaced in one step: move it aside, and back if the new one does not take its place.
    aside = final.with_name(f".{final.name}.{uuid4().hex[:8]}.old")
    os.replace(final, aside)
    try:
        os.replace(temporary, final)
    except OSError:
        os.replace(aside, final)
        raise
    _remove(aside)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
