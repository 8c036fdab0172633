"""Saves results: the whole map of a layer with its sidecar, not only the picture that napari shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..errors import BlurMapError
from ..io.results import TIFF, ZARR
from ..result.blurmap import BlurMap

# What people type instead of the whole ending.
_PART_OF_ENDING = re.compile(r"(\.sigma)?(\.ome)?(\.tiff?|\.zarr)?$", re.IGNORECASE)


def write_tiff(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Save the map of a layer as ``.sigma.ome.tif``, for napari.

    Parameters
    ----------
    path : str
        Where to; a missing ending is added.
    data : array
        Of the layer; the map in its metadata is saved instead.
    meta : dict
        The layer's attributes.

    Returns
    -------
    list of str
        The file written; its ``.blurmap.json`` lies beside it.

    Raises
    ------
    OSError
        If the layer holds no map, or it cannot be written.
    """
    return _write(path, meta, TIFF)


def write_zarr(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Save the map of a layer as ``.sigma.ome.zarr``; see `write_tiff`."""
    return _write(path, meta, ZARR)


def _write(path: str, meta: dict[str, Any], ending: str) -> list[str]:
    metadata = meta.get("metadata", {})
    blurmap = metadata.get("blurmap")
    try:
        if not isinstance(blurmap, BlurMap):
            raise BlurMapError(
                f"The layer {meta.get('name')!r} holds no blur map, so it cannot be saved as one. Choose a sigma layer "
                "that Estimate blur made, or another file type."
            )
        # napari asked before replacing the file that was typed, but neither what lies beside it nor a completed name.
        typed = path.endswith(ending)
        target = Path(path if typed else _PART_OF_ENDING.sub("", path) + ending)
        asked = typed and target.is_file()
        return [str(blurmap.save(target, overwrite=asked, colormap=metadata.get("blurmap_view")))]
    except BlurMapError as error:
        # A ValueError tells npe2 that there is no writer, and its message is lost.
        raise OSError(str(error)) from error
