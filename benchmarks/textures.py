"""Sharp pictures of any kind as textures that patches are cut from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_blurmap.errors import BlurMapError
from napari_blurmap.picture.plane import read_plane
from napari_blurmap.training.own.sources import list_sources
from napari_blurmap.training.patch_data import Texture

if TYPE_CHECKING:
    from collections.abc import Iterator


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
    """
    for source in list_sources(pictures):
        try:
            stack = source.stack()
            planes = [read_plane(stack.plane(index)) for index in stack.indices()]
        except BlurMapError as error:
            dropped[source.name] = str(error)
        else:
            yield Texture(source.name, tuple((plane.grey(), plane.valid) for plane in planes))
