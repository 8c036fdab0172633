"""Results as OME-Zarr (NGFF 0.5), for maps of any size: written and read piece by piece."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError
from ..ground.units import is_time, meters
from .layout import CHANNELS, bare_header, split_channels, stored_lead
from .plain_text import plain_text
from .sidecar import FORMAT, dump_header, parse_header

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK = 512
# Brightest value in other viewers: px, px, the highest status.
_SHOWN_UP_TO = (5.0, 1.0, 5.0)
_ATTRIBUTE = "napari-blurmap"


def write_ome_zarr(path: Path, arrays: dict[str, Any], header: dict[str, Any], file: str) -> None:
    """Write a result; what is lazy is computed chunk by chunk.

    Parameters
    ----------
    path : pathlib.Path
        The folder to make.
    arrays : dict
        sigma, uncertainty and status, shape (..., Y, X).
    header : dict
        What the sidecar says; it goes into the attributes too, so that the
        folder is complete by itself.
    file : str
        The name that the folder will have.
    """
    import dask.array
    from dask.system import CPU_COUNT
    from yaozarrs.write.v05 import write_image

    lead, sizes = stored_lead(header)
    shape = (*sizes, *header["shape"][-2:])
    channel = lead.index("z") if "z" in lead else len(lead)
    stacked = dask.array.stack(
        [dask.array.asarray(arrays[name]).astype(np.float32).reshape(shape) for name in CHANNELS],
        axis=channel,
    )
    # After a failure dask's own threads go on for a while; these are waited for, so that nothing writes any more.
    with ThreadPoolExecutor(CPU_COUNT) as pool, dask.config.set(pool=pool):
        write_image(
            path,
            _image(header, lead, channel, file),
            stacked,
            extra_attributes={_ATTRIBUTE: dump_header(header, file)},
            writer=_create_array,
            chunks=(1,) * (stacked.ndim - 2) + (_CHUNK, _CHUNK),
        )


def _create_array(path: Path, shape: Any, dtype: Any, chunks: Any, **options: Any) -> Any:
    """As yaozarrs does it, but filled with NaN: a chunk that got lost must not read as sigma 0, measured."""
    import zarr
    from zarr.codecs import BloscCodec

    return zarr.create_array(
        str(path),
        shape=shape,
        dtype=dtype,
        chunks=chunks,
        fill_value=np.nan,
        zarr_format=3,
        overwrite=options["overwrite"],
        dimension_names=options["dimension_names"],
        compressors=BloscCodec(cname="zstd", clevel=3, shuffle="shuffle"),
    )


def _image(header: dict[str, Any], lead: tuple[str, ...], channel: int, file: str) -> Any:
    """NGFF metadata of the stored array: (t), channels, (z), y, x."""
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
    transformation = v05.ScaleTransformation(scale=scale)
    dataset = v05.Dataset(path="0", coordinateTransformations=[transformation])
    multiscale = v05.Multiscale(name=plain_text(file), axes=axes, datasets=[dataset])
    channels = [
        v05.OmeroChannel(label=name, color="FFFFFF", window=v05.OmeroWindow(start=0, min=0, end=top, max=top))
        for name, top in zip(CHANNELS, _SHOWN_UP_TO, strict=True)
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
        sigma, uncertainty and status, lazy (dask), shape (..., Y, X). What
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
        group = zarr.open_group(str(path), mode="r")
        attributes: dict[str, Any] = dict(group.attrs)
        stored = dask.array.from_zarr(group["0"])
        stored = stored.map_blocks(_still_there, path, _stamp(path), dtype=stored.dtype, meta=stored._meta)
    except Exception as error:
        # zarr raises nearly anything on damaged metadata.
        raise BlurMapError(
            f"{path} cannot be read as OME-Zarr ({str(error) or type(error).__name__}): it is damaged, "
            "incomplete or none. Copy it again."
        ) from error
    found = _described(attributes)
    if found is None or stored.ndim != len(found[0]):
        raise BlurMapError(
            f"{path} is no result of napari-blurmap; expected an OME-Zarr with the channels {', '.join(CHANNELS)}."
        )
    axes, scale, units = found
    channels = dask.array.moveaxis(stored, axes.index("c"), 0)
    header = sidecar
    if header is None and FORMAT in str(attributes.get(_ATTRIBUTE)):
        header = parse_header(str(attributes[_ATTRIBUTE]), str(path))
    if header is None:
        keep = [i for i, name in enumerate(axes) if name != "c"]
        header = bare_header(
            [axes[i] for i in keep],
            list(channels.shape[1:]),
            [scale[i] for i in keep],
            [units[i] for i in keep],
        )
    arrays = split_channels(channels, header, path)
    status = arrays["status"]
    arrays["status"] = dask.array.where(dask.array.isnan(status), np.float32(5), status)
    return arrays, header


def _stamp(path: Path) -> tuple[int, int]:
    """What changes when an array is replaced by another."""
    found = (path / "0" / "zarr.json").stat()
    return found.st_ino, found.st_mtime_ns


def _still_there(chunk: Any, path: Path, stamp: tuple[int, int]) -> Any:
    """A chunk that was just read; Zarr reads those of a folder that is gone as all missing."""
    try:
        same = _stamp(path) == stamp
    except OSError:
        same = False
    if not same:
        raise BlurMapError(f"{path} was moved, deleted or replaced after it was opened. Open it again.")
    return chunk


def _described(attributes: dict[str, Any]) -> tuple[list[str], list[float], list[str]] | None:
    """Axes, scale and units that NGFF metadata give; None where they do not describe a result."""
    try:
        ome = attributes["ome"]
        labels = [channel["label"] for channel in ome["omero"]["channels"]]
        multiscale = ome["multiscales"][0]
        axes = [axis["name"] for axis in multiscale["axes"]]
        units = [axis.get("unit", "pixel") for axis in multiscale["axes"]]
        scale = next(t["scale"] for t in multiscale["datasets"][0]["coordinateTransformations"] if t["type"] == "scale")
    except (KeyError, IndexError, TypeError, StopIteration):
        return None
    return (axes, scale, units) if labels == list(CHANNELS) and "c" in axes else None
