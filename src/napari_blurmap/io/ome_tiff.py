"""Results as OME-TIFF: one image whose channels are the maps, which any OME reader opens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError
from ..ground.arrays import together
from ..ground.units import is_time, meters, ome_symbol
from .layout import CHANNELS, as_status, bare_header, channels_of, check_layout, stored_lead
from .ome_xml import parse_ome
from .plain_text import plain_text
from .sidecar import FORMAT, dump_header, parse_header, valid_header
from .tiff import check_pages, open_tiff

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from tifffile import TiffFile

_TILE = 256


def write_ome_tiff(path: Path, arrays: dict[str, Any], header: dict[str, Any], file: str) -> None:
    """Write a result; a lazy one is computed plane by plane.

    Parameters
    ----------
    path : pathlib.Path
        Where to write.
    arrays : dict
        sigma, uncertainty, status and, where it has one, the shape, (..., Y, X).
    header : dict
        What the sidecar says; it goes into the image's description, so that
        the file is complete by itself.
    file : str
        The name that the file will have.
    """
    import tifffile

    lead, sizes = stored_lead(header)
    names = channels_of(arrays) or CHANNELS
    shape = (*sizes, len(names), *header["shape"][-2:])
    metadata: dict[str, Any] = {
        "axes": "".join((*lead, "c", "y", "x")).upper(),
        "Name": plain_text(file),
        "Description": dump_header(header, file),
        "Channel": {"Name": list(names)},
        **_physical(header),
    }
    # Classic TIFF ends at 4 GB; compression may not help much against noise.
    big = 4 * int(np.prod(shape)) > 3_500_000_000
    with tifffile.TiffWriter(path, ome=True, bigtiff=big) as writer:
        writer.write(
            _tiles([arrays[name] for name in names]),
            shape=shape,
            dtype=np.float32,
            tile=(_TILE, _TILE),
            compression="zlib",
            photometric="minisblack",
            metadata=metadata,
        )


def _physical(header: dict[str, Any]) -> dict[str, Any]:
    """Pixel sizes of the axes that OME can hold, where their unit is known."""
    known: dict[str, Any] = {}
    for axis, step, unit in zip(header["axes"], header["scale"], header["units"], strict=True):
        key = "TimeIncrement" if axis == "t" else f"PhysicalSize{axis.upper()}"
        fits = is_time(unit) if axis == "t" else axis in "xyz" and meters(unit) is not None
        if fits:
            known |= {key: step, f"{key}Unit": ome_symbol(unit)}
    return known


def _tiles(channels: list[Any]) -> Iterator[NDArray[np.float32]]:
    for place in np.ndindex(channels[0].shape[:-2]):
        for plane in together(*(channel[place] for channel in channels)):
            pixels = np.asarray(plane, np.float32)
            for row in range(0, pixels.shape[0], _TILE):
                for column in range(0, pixels.shape[1], _TILE):
                    yield pixels[row : row + _TILE, column : column + _TILE]


def read_ome_tiff(path: Path, sidecar: dict[str, Any] | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read a result.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    sidecar : dict or None
        What the sidecar says, if there is one: it wins over the file.

    Returns
    -------
    arrays : dict
        The status as uint8, the others as float32, shape (..., Y, X).
    header : dict
        From the sidecar, else from the description, else from OME.

    Raises
    ------
    BlurMapError
        If it is damaged or no result.
    """
    with open_tiff(path) as tif:
        image = parse_ome(tif.ome_metadata) if tif.is_ome and tif.ome_metadata else None
        names = [axis for axis, size in image.sizes.items() if axis in "cyx" or size > 1] if image else []
        channels = channels_of(image.channels) if image else None
        if image is None or channels is None or image.channels != list(channels) or names[-3:] != ["c", "y", "x"]:
            raise BlurMapError(
                f"{path} is no result of napari-blurmap; expected an OME-TIFF with the channels "
                f"{', '.join(CHANNELS)}. To estimate the blur of a picture, use estimate."
            )
        inside = parse_header(image.description, str(path)) if FORMAT in image.description else None
        header = valid_header(sidecar, inside, path)
        if header is None:
            names.remove("c")
            steps = [image.steps.get(axis, (1.0, "pixel")) for axis in names]
            header = bare_header(names, [image.sizes[a] for a in names], [s for s, _ in steps], [u for _, u in steps])
        return _read_planes(tif, channels, header, path), header


def _read_planes(tif: TiffFile, channels: tuple[str, ...], header: dict[str, Any], path: Path) -> dict[str, Any]:
    """Plane by plane into the arrays of the map, so that it is in memory once."""
    pages = [tif.pages[number] for number in range(len(tif.pages))]
    shape = tuple(header["shape"])
    count, height_width = len(pages) // len(channels), pages[0].shape
    check_layout((len(channels), count, *height_width), header, path)
    if any(page.shape != height_width or page.dtype != np.float32 or 0 in page.databytecounts for page in pages):
        raise BlurMapError(f"{path} is damaged: its planes are not alike, or some of them are missing. Copy it again.")
    check_pages(pages, sum(page.nbytes for page in pages))
    arrays = {n: np.empty((count, *height_width), np.uint8 if n == "status" else np.float32) for n in channels}
    for number, page in enumerate(pages):
        place, channel = divmod(number, len(channels))
        plane = page.asarray()
        name = channels[channel]
        arrays[name][place] = as_status(plane, path) if name == "status" else plane
    return {name: array.reshape(shape) for name, array in arrays.items()}
