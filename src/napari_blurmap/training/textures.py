"""Sharp pictures to make patches of, read from anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError
from ..io.folders import pictures_in
from ..io.pictures import read_picture
from ..picture.plane import read_plane
from ..picture.stack import as_stack

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Texture:
    """A sharp picture of one or several planes.

    Parameters
    ----------
    name : str
        For reports.
    planes : tuple of (ndarray, ndarray)
        Grey levels of 0 to 255 (float32) and where they are valid (bool), each (Y, X).
    """

    name: str
    planes: tuple[tuple[NDArray[np.float32], NDArray[np.bool_]], ...]


def read_textures(sources: str | PathLike[str] | Iterable[Any], dropped: dict[str, str]) -> Iterator[Texture]:
    """Read textures from a folder, from files, or from pictures in memory.

    Parameters
    ----------
    sources : path, or iterable of path, array or layer
        A folder's files are read in the order of their names, those of its
        folders not. Arrays are as for `napari_blurmap.estimate_blur`; a
        trailing axis of 3 or 4 is colour.
    dropped : dict
        Receives what could not be read, with the reason.

    Yields
    ------
    Texture
        Colour as luminance; 8-bit grey levels as they are, others stretched to 0 to 255.

    Raises
    ------
    BlurMapError
        If the folder does not exist.

    Examples
    --------
    >>> texture = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
    >>> [t.name for t in read_textures([texture], {})]
    ['picture 1']
    """
    if isinstance(sources, str | Path) or hasattr(sources, "__fspath__"):
        path = Path(sources)  # type: ignore[arg-type]
        if not path.exists():
            raise BlurMapError(f"There is no folder {path}. Give a folder with sharp pictures.")
        sources = pictures_in(path) if path.is_dir() else [path]
    for number, source in enumerate(sources, start=1):
        is_file = isinstance(source, str | Path)
        name = Path(source).name if is_file else str(getattr(source, "name", f"picture {number}"))
        try:
            yield _texture(name, read_picture(source) if is_file else source)
        except BlurMapError as error:
            dropped[name] = str(error)


def _texture(name: str, picture: Any) -> Texture:
    shape, is_plain = np.shape(getattr(picture, "array", picture)), isinstance(picture, np.ndarray)
    stack = as_stack(picture, channel_axis=-1 if is_plain and len(shape) == 3 and shape[-1] in (3, 4) else None)
    planes = (read_plane(stack.plane(index)) for index in stack.indices())
    return Texture(name, tuple((plane.grey(), plane.valid) for plane in planes))
