"""Results as OME-Zarr (NGFF 0.5), for maps of any size: written and read piece by piece."""

from __future__ import annotations

import json
import shutil
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError
from ..ground.units import is_time, meters
from .layout import CHANNELS, as_status, bare_header, channels_of, check_layout, stored_lead
from .plain_text import plain_text
from .pyramid import level_shapes
from .sidecar import FORMAT, dump_header, parse_header, valid_header
from .stored import lazy_array
from .streaming import stream

if TYPE_CHECKING:
    from pathlib import Path

    from ..ground.progress import Pace

_CHUNK = 512
#: A folder that announces larger ones (pixels), or more, is none of ours: 5 million of our own are a terapixel.
_LARGEST_CHUNK, _MOST_CHUNKS = 2**24, 5_000_000
# Brightest value in other viewers: px, px, the highest status, shares.
_SHOWN_UP_TO = (5.0, 1.0, 5.0, 1.0, 1.0, 1.0)
_ATTRIBUTE = "napari-blurmap"


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
    from yaozarrs.write.v05 import prepare_image

    lead, sizes = stored_lead(header)
    shape = (*sizes, *header["shape"][-2:])
    names = channels_of(arrays) or CHANNELS
    channel = lead.index("z") if "z" in lead else len(lead)
    levels = level_shapes((*shape[:channel], len(names), *shape[channel:]))
    if path.exists():
        group = zarr.open_group(str(path), mode="r+")
        stored: dict[str, Any] = {name: group[name] for name in map(str, range(len(levels)))}
    else:
        stored = prepare_image(
            path,
            _image(header, names, lead, channel, file, len(levels)),
            [(each, np.float32) for each in levels],
            extra_attributes={_ATTRIBUTE: dump_header(header, file)},
            writer=_create_array,
            chunks=(1,) * (len(shape) - 1) + (_CHUNK, _CHUNK),
        )[1]
    maps = [dask.array.asarray(arrays[name]).reshape(shape).astype(np.float32) for name in names]
    try:
        stream(maps, [*stored.values()], path / "0", channel=channel, status=names.index("status"), pace=pace)
    except BaseException:
        if not (path / "0" / "c").exists():  # there is nothing to go on with
            shutil.rmtree(path)
        raise


def _create_array(path: Path, shape: Any, dtype: Any, chunks: Any, **options: Any) -> Any:
    """As yaozarrs does it, but filled with NaN: a chunk that got lost must not read as sigma 0, measured."""
    import zarr
    from zarr.codecs import BloscCodec, Crc32cCodec

    return zarr.create_array(
        str(path),
        shape=shape,
        dtype=dtype,
        chunks=chunks,
        fill_value=np.nan,
        zarr_format=3,
        overwrite=options["overwrite"],
        dimension_names=options["dimension_names"],
        compressors=[BloscCodec(cname="zstd", clevel=3, shuffle="shuffle"), Crc32cCodec()],
    )


def _image(
    header: dict[str, Any], names: tuple[str, ...], lead: tuple[str, ...], channel: int, file: str, levels: int
) -> Any:
    """NGFF metadata of the stored arrays: (t), channels, (z), y, x; each level half of the one before."""
    from yaozarrs import v05

    known = dict(zip(header["axes"], zip(header["scale"], header["units"], strict=True), strict=True))
    axes: list[Any] = []
    scale = []
    for name in (*lead, "y", "x"):
        # Axes of other names share one t, which then has no step of its own.
        step, unit = known.get(name, (1.0, "pixel"))
        is_known = is_time(unit) if name == "t" else meters(unit) is not None
        kind = v05.TimeAxis if name == "t" else v05.SpaceAxis
        axes.append(kind(name=name, **({"unit": unit} if is_known else {})))
        scale.append(step)
    axes.insert(channel, v05.ChannelAxis(name="c"))
    scale.insert(channel, 1.0)
    datasets = []
    for level in range(levels):
        larger = [*scale[:-2], *(step * 2**level for step in scale[-2:])]
        between = [*(0.0 for _ in scale[:-2]), *(step * (2**level - 1) / 2 for step in scale[-2:])]
        place: list[Any] = [v05.ScaleTransformation(scale=larger)]
        if level:
            place.append(v05.TranslationTransformation(translation=between))
        datasets.append(v05.Dataset(path=str(level), coordinateTransformations=place))
    multiscale = v05.Multiscale(name=plain_text(file), axes=axes, datasets=datasets)
    channels = [
        v05.OmeroChannel(label=name, color="FFFFFF", window=v05.OmeroWindow(start=0, min=0, end=top, max=top))
        for name, top in zip(names, _SHOWN_UP_TO, strict=False)
    ]
    return v05.Image(multiscales=[multiscale], omero=v05.Omero(channels=channels))


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
    import dask.array
    import zarr

    path = path.resolve()  # what is read later must not depend on the working directory
    try:
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
        channels = lazy_array(array, path, path / "0", array.chunks)
    except Exception as error:
        # zarr raises nearly anything on damaged metadata.
        raise BlurMapError(
            f"{path} cannot be read as OME-Zarr ({str(error) or type(error).__name__}): it is damaged, "
            "incomplete or none. Copy it again."
        ) from error
    found = _described(attributes)
    if found is None or channels.ndim != len(found[0]):
        raise BlurMapError(
            f"{path} is no result of napari-blurmap; expected an OME-Zarr with the channels {', '.join(CHANNELS)}."
        )
    axes, scale, units, names = found
    channels = dask.array.moveaxis(channels, axes.index("c"), 0)
    text = str(attributes.get(_ATTRIBUTE))
    header = valid_header(sidecar, parse_header(text, str(path)) if FORMAT in text else None, path)
    if header is None:
        keep = [i for i, name in enumerate(axes) if name != "c"]
        header = bare_header(
            [axes[i] for i in keep],
            list(channels.shape[1:]),
            [scale[i] for i in keep],
            [units[i] for i in keep],
        )
    if len(names) != len(channels):
        raise BlurMapError(f"{path} is damaged: it names {len(names)} channels and holds {len(channels)}.")
    check_layout(channels.shape, header, path)
    arrays = {n: channel.reshape(header["shape"]) for n, channel in zip(names, channels, strict=True)}
    arrays["status"] = arrays["status"].map_blocks(as_status, path, dtype=np.uint8)
    return arrays, header


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
    return (_attributes(path) or {}).get(_ATTRIBUTE) == dump_header(header, file)


def describe(path: Path, header: dict[str, Any], file: str) -> None:
    """Give a result in a folder another description."""
    import zarr

    zarr.open_group(str(path), mode="r+").attrs[_ATTRIBUTE] = dump_header(header, file)


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
