"""Where a picture lies: in a file of its own, or as one of several in a file or an OME-Zarr."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from .zarr_pictures import is_zarr

_OME = re.compile(r"(.+)\.ome\.(tiff?|tf2|tf8|btf|zarr)", re.IGNORECASE)


@lru_cache(4096)
def place_in(picture: Path) -> tuple[Path, tuple[str, ...]]:
    """The file or folder that holds a picture, and the way to it from there.

    Parameters
    ----------
    picture : Path
        As `napari_blurmap.io.pictures.list_images` gives it.

    Returns
    -------
    outer : Path
        The file, or the outermost folder of an OME-Zarr.
    inside : tuple of str
        Such as ``("A", "1", "0")`` in a plate and ``("2",)`` in a file of several images; empty for a file of one.
    """
    outer = picture
    for parent in picture.parents:
        if not (parent.is_file() or is_zarr(parent)):
            break
        outer = parent
    return outer, picture.relative_to(outer).parts


def short_name(picture: Path) -> Path:
    """The stem of a picture; of one of several in a file or plate the name of that, and the way to it from there.

    Examples
    --------
    >>> short_name(Path("in/x.ome.zarr")).as_posix(), short_name(Path("x.b.png")).as_posix()
    ('x.ome', 'x.b')
    """
    outer, inside = place_in(picture)
    if not inside:
        return Path(outer.stem)
    found = _OME.fullmatch(outer.name)
    return Path(found[1] if found else outer.stem, *inside)
