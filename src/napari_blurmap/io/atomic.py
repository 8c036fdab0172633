"""Write beside, then rename: what was there stays whole until the new file is complete."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def replacing(*paths: str | os.PathLike[str], kept: Path | None = None) -> Iterator[list[Path]]:
    """Give a temporary path beside each path; rename them all at the end.

    Parameters
    ----------
    *paths : path
        Files or folders to write, renamed in this order. Existing ones are
        replaced, a folder together with everything in it, and their
        permissions kept.
    kept : Path, optional
        Where a folder goes of which only a part was written, to be gone on with another time.

    Yields
    ------
    list of pathlib.Path
        One free name beside each path, for the caller to write a file or a
        folder to. If the caller raises, these are removed (or ``kept``) and
        nothing else has changed; if the process was killed, the next one that
        writes there does that.

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
    with ExitStack() as cleaning:
        for final in finals:
            _clear_leftovers(final, kept)
        temporaries = [_beside(final, "part") for final in finals]
        for temporary in temporaries:
            cleaning.callback(_clear, temporary, kept)
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
    if final.exists():
        shutil.copymode(final, temporary)
    if not (final.is_dir() and temporary.is_dir()):  # a file never takes the place of a folder
        os.replace(temporary, final)
        return
    # A folder cannot be replaced in one step: move it aside, and back if the new one does not take its place.
    aside = _beside(final, "old")
    os.replace(final, aside)
    try:
        os.replace(temporary, final)
    except OSError:
        os.replace(aside, final)
        raise
    _remove(aside)


def _beside(final: Path, ending: str) -> Path:
    return final.with_name(f"{_start(final)}{os.getpid()}-{uuid4().hex[:8]}.{ending}")


def _start(final: Path) -> str:
    """How temporary names for a file begin on this computer; its own name may be as long as names can be."""
    key = hashlib.sha256(os.fsencode(f"{platform.node()}/{final.name}")).hexdigest()
    return f".blurmap-{key[:12]}-"


def _clear_leftovers(final: Path, kept: Path | None) -> None:
    """Clear away what processes left that were killed, and put back a folder that one of them had moved aside."""
    for path in final.parent.glob(f"{_start(final)}*-*.*"):
        if _runs(int(path.name.removeprefix(_start(final)).split("-")[0])):
            continue
        if path.suffix == ".old" and not final.exists():
            with suppress(OSError):
                os.replace(path, final)
        _clear(path, kept if path.suffix == ".part" else None)


def _runs(process: int) -> bool:
    """Whether a process is there. On Windows nobody is asked: what a process writes to cannot be removed there."""
    if os.name == "nt":
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def _clear(path: Path, kept: Path | None) -> None:
    """Keep a folder where there is room for it; remove anything else."""
    if kept is not None and path.is_dir() and not kept.exists():
        with suppress(OSError):
            os.replace(path, kept)
    _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
