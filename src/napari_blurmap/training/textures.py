"""Sharp pictures to make patches of, read from anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError
from ..picture.plane import read_plane
from .own.sources import list_sources

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def read_textures(pictures: Any, dropped: dict[str, str]) -> Iterator[Texture]:
    """Read textures from a folder, from files, or from pictures in memory.

    Parameters
    ----------
    pictures : path, array, layer, or list of those
        Those of a folder are read in the order of their names, those of its folders not.
    dropped : dict
        Receives what could not be read, with the reason.

    Yields
    ------
    Texture
        Colour as luminance; 8-bit grey levels as they are, others stretched to 0 to 255.

    Raises
    ------
    BlurMapError
        If there are none.

    Examples
    --------
    >>> texture = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
    >>> [t.name for t in read_textures([texture], {})]
    ['picture 1']
    """
    for source in list_sources(pictures):
        try:
            stack = source.stack()
            planes = [read_plane(stack.plane(index)) for index in stack.indices()]
        except BlurMapError as error:
            dropped[source.name] = str(error)
        else:
            yield Texture(source.name, tuple((plane.grey(), plane.valid) for plane in planes))
