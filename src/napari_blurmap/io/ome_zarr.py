"""Results as OME-Zarr (NGFF 0.5), for maps of any size: written and read piece by piece."""

from __future__ import annotations

import json
import shutil
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError
from .guard import decoding
from .layout import CHANNELS, bare_header, channels_of, check_layout
from .levels import ATTRIBUTE, maps_of, open_levels
from .sidecar import FORMAT, dump_header, parse_header, valid_header
from .streaming import share_there, stream

if TYPE_CHECKING:
    from pathlib import Path

    from ..ground.progress import Pace

#: Where the share that is done lies among the attributes of a part: not in its description, by which it is known again.
SHARE = "napari-blurmap-share-done"
#: A folder that announces larger ones (pixels), or more, is none of ours: 5 million of our own are a terapixel.
_LARGEST_CHUNK, _MOST_CHUNKS = 2**24, 5_000_000


def write_ome_zarr(
    path: Path, arrays: dict[str, Any], header: dict[str, Any], file: str, pace: Pace | None = None
) -> None:
    """Write a result, and of a large one smaller and smaller levels; what is lazy is computed chunk by chunk.

    Parameters
    ----------
    path : pathlib.Path
        The folder to make; one that is there already holds a part of the same and is completed.
    arrays : dict
        sigma, uncertainty, status and, where it has one, the shape, (..., Y, X).
    header : dict
        What the sidecar says; it goes into the attributes too, so that the
        folder is complete by itself.
    file : str
        The name that the folder will have.
    pace : Pace, optional
        Counts the steps of what is computed in this process.
    """
    import dask.array
    import zarr

    names = channels_of(arrays) or CHANNELS
    status = names.index("status")
    levels, channel = open_levels(path, names, header, file)
    shape = (*levels[0].shape[:channel], *levels[0].shape[channel + 1 :])
    maps = [dask.array.asarray(arrays[name]).reshape(shape).astype(np.float32) for name in names]
    try:
        stream(maps, levels, path / "0", channel=channel, status=status, pace=pace)
    except BaseException:
        if not (path / "0" / "c").exists():  # there is nothing to go on with
            shutil.rmtree(path)
        else:
            zarr.open_group(str(path), mode="r+").attrs[SHARE] = share_there(levels[0], path / "0", channel, status)
        raise


def read_ome_zarr(path: Path, sidecar: dict[str, Any] | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Open a result.

    Parameters
    ----------
    path : pathlib.Path
        The folder.
    sidecar : dict or None
        What the sidecar says, if there is one: it wins over the folder.

    Returns
    -------
    arrays : dict
        The channels by name, lazy (dask), shape (..., Y, X). What
        is missing on disk is NaN, status 5.
    header : dict
        From the sidecar, else from the attributes, else from NGFF.

    Raises
    ------
    BlurMapError
        If it is damaged or no result.
    """
    import zarr

    path = path.resolve()  # what is read later must not depend on the working directory
    with decoding(path, "as OME-Zarr"):
        group = zarr.open_group(str(path), mode="r", zarr_format=3)
        attributes: dict[str, Any] = dict(group.attrs)
        array = group["0"]
        if not isinstance(array, zarr.Array):
            raise TypeError("0 is a group")
        if (
            array.dtype != np.float32
            or prod(array.shards or array.chunks) > _LARGEST_CHUNK
            or array.nchunks > _MOST_CHUNKS
        ):
            raise ValueError(f"{array.dtype} in {array.nchunks} chunks of {array.chunks}")
    found = _described(attributes)
    if found is None or array.ndim != len(found[0]):
        raise BlurMapError(
            f"{path} is no result of napari-blurmap; expected an OME-Zarr with the channels {', '.join(CHANNELS)}."
        )
    axes, scale, units, names = found
    channel = axes.index("c")
    text = str(attributes.get(ATTRIBUTE))
    header = valid_header(sidecar, parse_header(text, str(path)) if FORMAT in text else None, path)
    if header is None:
        keep = [i for i, name in enumerate(axes) if name != "c"]
        header = bare_header(
            [axes[i] for i in keep],
            [array.shape[i] for i in keep],
            [scale[i] for i in keep],
            [units[i] for i in keep],
        )
    if header["provenance"].get("partial") and SHARE in attributes:
        header["provenance"] = header["provenance"] | {"share_done": attributes[SHARE]}
    count = array.shape[channel]
    if len(names) != count:
        raise BlurMapError(f"{path} is damaged: it names {len(names)} channels and holds {count}.")
    check_layout((count, *array.shape[:channel], *array.shape[channel + 1 :]), header, path)
    return maps_of(array, path, path / "0", names, channel, header["shape"]), header


def is_own(path: Path) -> bool:
    """Whether a folder is a result and nothing else, so that it may be replaced.

    Parameters
    ----------
    path : pathlib.Path
        Any folder.

    Returns
    -------
    bool
    """
    attributes = _attributes(path)
    if attributes is None or _described(attributes) is None:
        return False
    others = {entry.name for entry in path.iterdir() if not entry.name.isdecimal()}
    return others <= {"zarr.json", ".DS_Store", "Thumbs.db"}


def is_described(path: Path, header: dict[str, Any], file: str) -> bool:
    """Whether a folder holds a result, or a part of one, with just this description."""
    return (_attributes(path) or {}).get(ATTRIBUTE) == dump_header(header, file)


def describe(path: Path, header: dict[str, Any], file: str) -> None:
    """Give a result in a folder another description."""
    import zarr

    attributes = zarr.open_group(str(path), mode="r+").attrs
    attributes.pop(SHARE, None)
    attributes[ATTRIBUTE] = dump_header(header, file)


def _attributes(path: Path) -> dict[str, Any] | None:
    """What a folder says of itself; None where that cannot be read."""
    try:
        found = json.loads((path / "zarr.json").read_text(encoding="utf-8"))["attributes"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _described(attributes: dict[str, Any]) -> tuple[list[str], list[float], list[str], tuple[str, ...]] | None:
    """Axes, scale, units and channels that NGFF metadata give; None where they do not describe a result."""
    try:
        ome = attributes["ome"]
        labels = [channel["label"] for channel in ome["omero"]["channels"]]
        multiscale = ome["multiscales"][0]
        axes = [axis["name"] for axis in multiscale["axes"]]
        units = [axis.get("unit", "pixel") for axis in multiscale["axes"]]
        scale = next(t["scale"] for t in multiscale["datasets"][0]["coordinateTransformations"] if t["type"] == "scale")
    except (KeyError, IndexError, TypeError, StopIteration):
        return None
    words = all(isinstance(word, str) for word in (*labels, *axes, *units))
    if not words or not isinstance(scale, list) or len(scale) != len(axes) or axes.count("c") != 1:
        return None
    names = channels_of(labels)
    return (axes, scale, units, names) if names and labels == list(names) else None
