"""Pictures in microscopes' own formats, through bioio and its plug-ins where they are installed."""

from __future__ import annotations

from contextlib import suppress
from importlib.util import find_spec
from math import isfinite
from typing import TYPE_CHECKING, Any

from ..errors import BlurMapError
from .guard import decoding
from .ome_xml import source_in
from .picture import Picture, image_in

if TYPE_CHECKING:
    from pathlib import Path

#: Endings to the plug-in of bioio that reads them.
_PLUGINS = {
    ".czi": "bioio-czi",
    ".nd2": "bioio-nd2",
    ".lif": "bioio-lif",
    ".dv": "bioio-dv",
    ".r3d": "bioio-dv",
    ".sldy": "bioio-sldy",
    **dict.fromkeys((".ims", ".oib", ".oif", ".oir", ".vsi", ".mrxs"), "bioio-bioformats"),
}


def plugin_for(file: Path) -> str | None:
    """Plug-in of bioio that reads files of this ending; None where it is no microscope's own."""
    return _PLUGINS.get(file.suffix.lower())


def scenes_in(file: Path) -> list[str]:
    """Names of the scenes of a file in a microscope's own format; none where it cannot be read."""
    with suppress(BlurMapError):
        return [str(name) for name in _reader(file).scenes]
    return []


def read_bioio(file: Path, number: int | None = None) -> Picture:
    """Open a scene of a file in a microscope's own format.

    Parameters
    ----------
    file : pathlib.Path
        One for which `plugin_for` knows a plug-in.
    number : int, optional
        Which scene, counted from 1; the first by default.

    Returns
    -------
    Picture
        Lazy (dask); its source lacks the path.

    Raises
    ------
    BlurMapError
        If bioio or the plug-in is not installed, or cannot read it.
    """
    reader = _reader(file)
    names = [str(name) for name in reader.scenes]
    if not 1 <= (number or 1) <= len(names):
        raise BlurMapError(f"{file} holds {len(names)} scenes; there is no number {number}.")
    with decoding(file, f"by {plugin_for(file)}"):
        if number is not None:
            reader.set_scene(number - 1)
        array = reader.xarray_dask_data
        axes = [str(name).lower() for name in array.dims]
        sizes: Any = reader.physical_pixel_sizes
        data = array.data
    is_colour = "s" in axes
    last = ("y", "x", "s")
    order = sorted(range(len(axes)), key=lambda i: (axes[i] in last, last.index(axes[i]) if axes[i] in last else i))
    # Micrometres, as bioio has them.
    found = {axis: float(getattr(sizes, axis.upper(), None) or 0) for axis in "zyx"}
    known = {axis: size for axis, size in found.items() if isfinite(size) and size > 0}
    if not {"y", "x"} <= known.keys():
        known = {}
    ordered = tuple(axes[i] for i in order)
    return Picture(
        data.transpose(order),
        ordered,
        tuple(known.get(axis, 1.0) for axis in ordered),
        tuple("micrometer" if axis in known else "pixel" for axis in ordered),
        len(ordered) - 1 if is_colour else None,
        image_in(number, len(names), names[(number or 1) - 1]) | _light(reader),
    )


def _reader(file: Path) -> Any:
    """The plug-in's reader of a file."""
    plugin = plugin_for(file)
    if find_spec("bioio") is None:
        raise BlurMapError(
            f"{file} is in a microscope's own format; to read it: pip install 'napari-blurmap[formats]' {plugin} (or "
            "export it as OME-TIFF)."
        )
    if find_spec(str(plugin).replace("-", "_")) is None:
        raise BlurMapError(f"{file} is read by a plug-in of bioio; install it: pip install {plugin}.")
    import bioio

    with decoding(file, f"by {plugin}"):
        reader = bioio.BioImage(file).reader
        list(reader.scenes)
    return reader


def _light(reader: Any) -> dict[str, Any]:
    """What its channels are; nothing where the plug-in does not translate that into OME."""
    with suppress(Exception):
        return source_in(reader.ome_metadata.to_xml(), reader.current_scene_index)
    return {}
