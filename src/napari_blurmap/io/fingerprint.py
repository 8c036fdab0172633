"""By what a picture's file is known again."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG
from typing import Any

#: Larger files are known by some of their bytes: reading all of them can take longer than the work.
_WHOLE = 64 * 2**20
#: Parts of a large file that are read, spread evenly from its first byte to its last, and bytes of each.
_PARTS, _PART = 32, 2**17


def fingerprint(source: dict[str, Any] | None) -> dict[str, Any] | None:
    """Add to the path of a picture what its file is known by.

    Parameters
    ----------
    source : dict or None
        ``path`` of the file, and whatever else is known of it.

    Returns
    -------
    dict or None
        With ``sha256`` of a file of up to 64 MiB. Of a larger one that is None, and there are ``size`` in bytes,
        ``modified`` (UTC) and ``sha256_of_parts``, over 32 parts of 128 KiB, evenly spread from its first byte to
        its last. Of a folder (OME-Zarr) there are ``size`` and ``modified`` of all that is in it. None as well where
        there is no such file any more.

    Examples
    --------
    >>> fingerprint({"path": "moved.tif"})
    {'path': 'moved.tif', 'sha256': None}
    """
    if source is None:
        return None
    path = Path(source["path"])
    if path.parent.is_file():  # one of several images in it
        path = path.parent
    try:
        if path.is_dir():
            stats = [one.stat() for one in path.rglob("*")]
            return source | {
                "sha256": None,
                "size": sum(one.st_size for one in stats if S_ISREG(one.st_mode)),
                "modified": _utc(max((one.st_mtime for one in stats), default=path.stat().st_mtime)),
            }
        if not path.is_file():
            return source | {"sha256": None}
        with path.open("rb") as stream:
            known = path.stat()
            size = known.st_size
            if size <= _WHOLE:
                return source | {"sha256": hashlib.file_digest(stream, "sha256").hexdigest()}
            digest = hashlib.sha256()
            for part in range(_PARTS):
                stream.seek(part * (size - _PART) // (_PARTS - 1))
                digest.update(stream.read(_PART))
    except (OSError, ValueError):  # a name that no file can have
        return source | {"sha256": None}
    parts = digest.hexdigest()
    return source | {"sha256": None, "size": size, "modified": _utc(known.st_mtime), "sha256_of_parts": parts}


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
