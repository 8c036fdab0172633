"""The folder of a result in OME-Zarr (NGFF 0.5): its levels and what describes them, made and opened again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..ground.units import is_time, meters
from .layout import as_status, stored_lead
from .plain_text import plain_text
from .pyramid import level_shapes
from .sidecar import dump_header
from .stored import lazy_array

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: Where the description of a map lies among the attributes.
ATTRIBUTE = "napari-blurmap"
_CHUNK = 512
# Brightest value in other viewers: px, px, the highest status, shares.
_SHOWN_UP_TO = (5.0, 1.0, 5.0, 1.0, 1.0, 1.0)


def open_levels(path: Path, names: tuple[str, ...], header: dict[str, Any], file: str) -> tuple[list[Any], int]:
    """Make the folder of a result, or open one that holds a part of the same.

    Parameters
    ----------
    path, header, file
        See `napari_blurmap.io.ome_zarr.write_ome_zarr`.
    names : tuple of str
        Of its maps.

    Returns
    -------
    levels : list of zarr.Array
        Largest first.
    channel : int
        Their axis of the maps.
    """
    import zarr
    from yaozarrs.write.v05 import prepare_image

    lead, sizes = stored_lead(header)
    channel = lead.index("z") if "z" in lead else len(lead)
    shapes = level_shapes((*sizes[:channel], len(names), *sizes[channel:], *header["shape"][-2:]))
    if path.exists():
        group = zarr.open_group(str(path), mode="r+")
        return [group[str(level)] for level in range(len(shapes))], channel
    stored: dict[str, Any] = prepare_image(
        path,
        _image(header, names, lead, channel, file, len(shapes)),
        [(each, np.float32) for each in shapes],
        extra_attributes={ATTRIBUTE: dump_header(header, file)},
        writer=_create_array,
        chunks=(1,) * (len(sizes) + 1) + (_CHUNK, _CHUNK),
    )[1]
    return [*stored.values()], channel


def maps_of(
    array: Any, path: Path, inside: Path, names: tuple[str, ...], channel: int, shape: Sequence[int]
) -> dict[str, Any]:
    """The maps that a level of a result holds, lazy; those of a smaller one are smaller.

    Parameters
    ----------
    array : zarr.Array or ndarray
        The level.
    path, inside : pathlib.Path
        The result, and the level's folder.
    names : tuple of str
        Of the maps.
    channel : int
        The axis along which they lie.
    shape : sequence of int
        Of the whole map, (..., Y, X).
    """
    import dask.array

    chunks = getattr(array, "chunks", array.shape)  # numpy's has none
    channels = dask.array.moveaxis(lazy_array(array, path, inside, chunks), channel, 0)
    size = (*shape[:-2], *array.shape[-2:])
    arrays = {name: each.reshape(size) for name, each in zip(names, channels, strict=True)}
    arrays["status"] = arrays["status"].map_blocks(as_status, path, dtype=np.uint8)
    return arrays


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
