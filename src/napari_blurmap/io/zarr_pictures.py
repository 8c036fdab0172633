"""Pictures in OME-Zarr folders, 0.1 to 0.5: single ones, fields of a plate, series of Bio-Formats; read when asked for.

The metadata are read as leniently as possible: many programs leave out what the standard asks for and nobody needs.
"""

from __future__ import annotations

import json
from contextlib import suppress
from math import isfinite, prod
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError
from ..ground.units import is_time, meters, unit_name
from .guard import check_size, decoding
from .ome_xml import source_in, with_light
from .picture import Picture, image_in
from .stored import lazy_array

if TYPE_CHECKING:
    from collections.abc import Iterator

    import zarr

#: Files that make a folder one of zarr's, in any version.
_MARKS = ("zarr.json", ".zgroup", ".zarray")
#: Files with its attributes, of zarr 3 and 2.
_ATTRIBUTES = ("zarr.json", ".zattrs")
#: Axes of OME-Zarr before 0.3, which had no names.
_UNNAMED = ("t", "c", "z", "y", "x")
#: More chunks are not looked for one by one, which can take longer than reading them.
_COUNTED = 20_000
#: What reading other people's metadata raises.
_WRONG = (KeyError, IndexError, TypeError, ValueError, AttributeError, OSError, RecursionError)


def is_zarr(path: Path) -> bool:
    """Whether a path is a zarr folder, of a picture or not."""
    return any((path / name).is_file() for name in _MARKS)


def images_in(folder: Path) -> list[Path]:
    """Every picture of an OME-Zarr folder.

    Parameters
    ----------
    folder : pathlib.Path
        A picture, a plate, a well, or a series that Bio-Formats has converted.

    Returns
    -------
    list of pathlib.Path
        Folders of pictures: the folder itself, or for a plate those of its fields, well by well.

    Raises
    ------
    BlurMapError
        If it is damaged or holds none.
    """
    with decoding(folder, "as OME-Zarr"):
        found = [folder.joinpath(*parts) for parts in _images(folder)]
    if not found:
        raise BlurMapError(
            f"{folder} is a zarr folder without the description of a picture; expected OME-Zarr. In Python open it "
            "with zarr.open and estimate that."
        )
    return found


def read_zarr(folder: Path) -> Picture:
    """Open the first picture of an OME-Zarr folder, largest level.

    Parameters
    ----------
    folder : pathlib.Path
        See `images_in`.

    Returns
    -------
    Picture
        Lazy (dask); its source lacks the path.

    Raises
    ------
    BlurMapError
        If it is damaged, holds none, or is a blur map. Reading its pixels raises it, too.
    """
    import zarr

    images = images_in(folder)
    place = images[0].resolve()
    with decoding(place, "as OME-Zarr"):
        described = _ome(place)["multiscales"][0]
        level = described["datasets"][0]
        where = place.joinpath(*_inside(level["path"]))
        array = zarr.open_array(str(where), mode="r")
        axes = [axis if isinstance(axis, dict) else {"name": axis} for axis in described.get("axes", _UNNAMED)]
        names = [str(axis["name"]).lower() for axis in axes]
        scale = _scale(level, len(axes)) * _scale(described, len(axes))
        if len(axes) != array.ndim or len(set(names)) != len(names) or not {"y", "x"} <= set(names):
            raise ValueError(f"it has the axes {', '.join(names)} for an array of shape {array.shape}")
        missing = _missing(array)
    # Each chunk of a shard would be a task; and what is one is read whole, whatever it takes.
    chunks = array.shards or array.chunks
    check_size(where, prod(chunks) * array.dtype.itemsize, float("inf"))
    order = sorted(range(len(names)), key=lambda i: (names[i] in "yx", names[i] == "x", i))
    steps, notes = _steps([axes[i] for i in order], scale[order])
    if missing:
        notes.append(
            f"{missing} of {array.nchunks} chunks are not in the folder and read as {array.fill_value}: "
            "nothing can be measured there. Copy it again if there should be a picture."
        )
    return Picture(
        lazy_array(array, place, where, chunks).transpose(order),
        tuple(names[i] for i in order),
        tuple(step for step, _ in steps),
        tuple(unit for _, unit in steps),
        None,
        image_in(None, len(images)) | _light(place),
        " ".join(notes) or None,
    )


def _ome(folder: Path) -> dict[str, Any]:
    """What OME says of a group: in zarr 3 under a name of its own, in zarr 2 not."""
    found: Any = {}
    for name in _ATTRIBUTES:
        if (folder / name).is_file():
            found = json.loads((folder / name).read_text(encoding="utf-8"))
            found = found.get("attributes", {}) if name == "zarr.json" else found
            break
    if "napari-blurmap" in found:
        raise BlurMapError(f"{folder} is a blur map and no picture. Give the picture that it was made from.")
    return dict(found.get("ome", found))


def _images(folder: Path) -> Iterator[tuple[str, ...]]:
    """Where in a folder its pictures are."""
    ome = _ome(folder)
    if "multiscales" in ome:
        yield ()
    elif "plate" in ome or "well" in ome:
        listed = ome["plate"]["wells"] if "plate" in ome else ome["well"]["images"]
        for one in listed:
            inside = _inside(one["path"])
            yield from (inside + rest for rest in _images(folder.joinpath(*inside)))
    elif "bioformats2raw.layout" in ome:
        numbers = sorted((p.name for p in folder.iterdir() if p.name.isdecimal()), key=int)
        series = _ome(folder / "OME").get("series", numbers)
        yield from (_inside(one) for one in series)


def _light(place: Path) -> dict[str, Any]:
    """What it says of its channels: as OMERO writes them, or in the OME-XML that Bio-Formats leaves beside series."""
    with suppress(*_WRONG):
        shown = _ome(place).get("omero", {}).get("channels", [])
        waves = [one.get("emissionWave") for one in shown]
        if any(waves):
            return with_light((one.get("label") for one in shown), (float(one) if one else None for one in waves))
        return source_in((place.parent / "OME" / "METADATA.ome.xml").read_text(encoding="utf-8"), int(place.name))
    return {}


def _inside(path: Any) -> tuple[str, ...]:
    """A path below a folder, by its parts; none that leads out of it."""
    parts = PurePosixPath(str(path))
    if parts.is_absolute() or ".." in parts.parts:
        raise ValueError("it names files outside its folder")
    return parts.parts


def _scale(described: dict[str, Any], count: int) -> Any:
    """Sizes of a pixel along every axis; 1 where none is given."""
    given = described.get("coordinateTransformations") or ()
    scale = next((one["scale"] for one in given if one.get("type") == "scale" and "scale" in one), (1.0,) * count)
    numbers = np.asarray(scale, dtype=float)
    if numbers.shape != (count,):
        raise ValueError(f"its scale has {numbers.size} numbers for {count} axes")
    return numbers


def _steps(axes: list[dict[str, Any]], scale: Any) -> tuple[list[tuple[float, str]], list[str]]:
    """Size and unit of a pixel along every axis, y and x in one unit; and why there is none although one is given."""
    steps = []
    for axis, size in zip(axes, scale.tolist(), strict=True):
        name = unit_name(axis.get("unit")) or "pixel"
        known = isfinite(size) and size > 0 and (meters(name) is not None or is_time(name))
        steps.append((size, name) if known else (1.0, "pixel"))
    y, x = steps[-2:]
    if y[1] == x[1] != "pixel":
        return steps, []
    lengths = [size * (meters(name) or 0.0) for size, name in (y, x)]
    if all(lengths):
        return steps[:-2] + [(1e6 * length, "micrometer") for length in lengths], []
    given = [f"{size:.4g} {axis.get('unit') or 'without a unit'}" for axis, size in zip(axes, scale, strict=True)][-2:]
    steps[-2:] = [(1.0, "pixel")] * 2
    if np.all(scale[-2:] == 1):
        return steps, []
    return steps, [
        f"Sizes are in pixels: in its metadata they are {given[0]} (y) and {given[1]} (x). Give the pixel size to have "
        "them in micrometres, too."
    ]


def _missing(array: zarr.Array[Any]) -> int:
    """Chunks that are not stored, where that is quick to know and they do not read as NaN."""
    fill = array.fill_value
    is_nan = isinstance(fill, np.floating) and np.isnan(fill)
    return 0 if is_nan or array.nchunks > _COUNTED else int(array.nchunks - array.nchunks_initialized)
