"""Pixel sizes of TIFF files as OME, the maker's own tags, ImageJ or the resolution tags give them."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from ..ground.units import meters, unit_label, unit_name
from .ome_xml import parse_ome
from .tiff_makers import maker_steps

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPageSeries

#: Axis to its step and pint's name of the unit.
Steps = dict[str, tuple[float, str]]

#: Dots an inch of screens and printers: programs write one of them where they know no pixel size.
_PRINTED = (72, 96, 150, 300, 600)
#: The resolution tags of a plain TIFF may hold any printer's; pixels of microscopes (m) are smaller.
_LARGEST_PIXEL = 20e-6


def read_steps(tif: TiffFile, series: TiffPageSeries) -> tuple[Steps, str | None]:
    """Pixel sizes from the first that knows them: OME, the maker's own tags, ImageJ, the resolution tags.

    Parameters
    ----------
    tif : tifffile.TiffFile
        The open file.
    series : tifffile.TiffPageSeries
        The picture in it.

    Returns
    -------
    steps : dict
        Of the axes where it is known; y and x share one unit.
    note : str or None
        Why a pixel size that the file gives is not used.
    """
    is_plain, refused = False, list[str]()
    if tif.is_ome and tif.ome_metadata:
        image = parse_ome(tif.ome_metadata, tif.series.index(series))
        steps, refused = image.steps, image.refused
    else:
        tags, is_plain = series.keyframe.tags, not tif.is_imagej
        sizes = {axis: _resolution(tags, f"{axis.upper()}Resolution") for axis in "xy"}
        unit = {2: "inch", 3: "centimeter"}.get(int(tags.valueof("ResolutionUnit", default=2)), "")
        metadata = {"unit": unit} if is_plain else tif.imagej_metadata or {}
        steps = _steps(metadata, sizes)
    others = {axis: step for axis, step in steps.items() if axis not in "xy"}
    is_ome = tif.is_ome and {"x", "y"} <= steps.keys()
    maker = None if is_ome else maker_steps(tif)
    if maker is not None:
        if maker[1] is None:
            return others, f"the pixel size that {maker[0]} has written into it is none"
        return others | {axis: (1e6 * side, "micrometer") for axis, side in zip("yx", maker[1], strict=True)}, None
    if not {"x", "y"} <= steps.keys():
        return others, f"in its OME metadata a pixel is {' and '.join(refused)}" if refused else None
    units = steps["y"][1], steps["x"][1]
    lengths = {axis: steps[axis][0] * (meters(steps[axis][1]) or 0.0) for axis in "yx"}
    if not all(lengths.values()):
        return others, f"y is in {unit_label(units[0])} and x in {unit_label(units[1])}, which is no pixel size"
    problem = None if tif.is_ome else _why_no_pixel(lengths["y"], lengths["x"], is_plain=is_plain)
    if problem is not None:
        return others, problem
    if is_plain or units[0] != units[1]:
        steps = others | {axis: (1e6 * length, "micrometer") for axis, length in lengths.items()}
    return steps, None


def _why_no_pixel(y: float, x: float, *, is_plain: bool) -> str | None:
    """Why steps (m) that programs may write where they know none are no pixel size."""
    dots = 0.0254 / max(y, x)
    if any(abs(dots / printed - 1) < 0.005 for printed in _PRINTED):
        return f"{dots:.0f} dots an inch is the resolution of a screen or printer"
    if is_plain and max(y, x) > _LARGEST_PIXEL:
        return f"{dots:.0f} dots an inch is too coarse for a microscope"
    # A section along z has steps of 0.1 and 0.5 um; a unit read wrongly is off by 1000.
    most = 2 if is_plain else 30
    if not 1 / most < y / x < most:
        return f"its pixels would be {1e6 * y:.3g} um high and {1e6 * x:.3g} um wide"
    return None


def _resolution(tags: Any, name: str) -> float:
    """Size of a pixel in the unit of the tags; 0 where it is not known."""
    pixels, per = tags.valueof(name, default=(0, 0))
    return per / pixels if pixels else 0.0


def _steps(metadata: dict[str, Any], sizes: dict[str, float]) -> Steps:
    """Steps by the names of ImageJ: along y and z in the unit of x, unless they have their own."""
    steps: Steps = {}
    of_x = str(metadata.get("unit", ""))
    known = {"y": metadata.get("yunit", of_x), "z": metadata.get("zunit", of_x), "x": of_x}
    for axis, size in (sizes | {"z": metadata.get("spacing", 0)}).items():
        unit = unit_name(str(known[axis]))
        if _positive(size) and unit not in (None, "pixel"):
            steps[axis] = (float(size), str(unit))
    time = unit_name(str(metadata.get("tunit", "sec")))
    if _positive(metadata.get("finterval")) and time not in (None, "pixel"):
        steps["t"] = (float(metadata["finterval"]), str(time))
    return steps


def _positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and isfinite(value) and value > 0
