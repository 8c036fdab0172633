"""Pictures in TIFF files: axes, colour, and pixel sizes as OME, ImageJ or the resolution tags give them."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import BlurMapError
from ..ground.luminance import luminance
from ..ground.units import meters, unit_name
from .ome_xml import parse_ome
from .tiff import first_image, open_tiff

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from tifffile import TiffFile, TiffPageSeries

Steps = dict[str, tuple[float, str]]

# Resolution tags of plain TIFF are mostly a printer's 72 or 300 dpi; pixels of microscopes are smaller.
_LARGEST_PIXEL = 20e-6


class TiffPicture(NamedTuple):
    """First image of a TIFF file, or its pages that are alike; fields as of `napari_blurmap.io.pictures.Picture`."""

    array: NDArray[Any]
    axes: tuple[str, ...]
    scale: tuple[float, ...]
    units: tuple[str, ...]
    channel_axis: int | None
    image: str | None


def read_tiff(path: Path) -> TiffPicture:
    """Read the first image of a TIFF file.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    TiffPicture
        y and x are the last axes, or the last but the colour axis.

    Raises
    ------
    BlurMapError
        If it is damaged, incomplete or no picture.
    """
    with open_tiff(path) as tif:
        series = first_image(tif)
        pixels, letters = np.asarray(series.asarray()), series.axes.lower()
        count = len(tif.series)
        if count > 1 and _is_stack(tif):
            pixels, letters, count = np.stack([page.asarray() for page in tif.series]), f"i{letters}", 1
        array, axes, is_colour = _ordered(pixels, letters, _is_colour(series), path)
        if series.keyframe.photometric == 3 and not is_colour:
            array, axes, is_colour = _with_palette(array, axes, tif, series)
        steps = _consistent(_steps(tif, series))
    known = [steps.get(axis, (1.0, "pixel")) for axis in axes]
    return TiffPicture(
        array,
        axes,
        tuple(step for step, _ in known),
        tuple(unit for _, unit in known),
        len(axes) - 1 if is_colour else None,
        f"first of {count}" if count > 1 else None,
    )


def _is_stack(tif: TiffFile) -> bool:
    """Whether its images are pages of one size and kind, as programs leave them that write a stack page by page."""
    if tif.is_ome or tif.is_imagej:
        return False
    kinds = {(one.axes, one.shape, one.dtype, one.keyframe.photometric, len(one.pages)) for one in tif.series}
    return len(kinds) == 1 and len(tif.series[0].pages) == 1 and "i" not in tif.series[0].axes.lower()


def _is_colour(series: TiffPageSeries) -> bool:
    """Whether the samples of a pixel are red, green, blue (YCbCr is read as that) and perhaps alpha."""
    page = series.keyframe
    return page.photometric in (2, 6) and page.samplesperpixel in (3, 4)


def _ordered(
    array: NDArray[Any], letters: str, is_colour: bool, path: Path
) -> tuple[NDArray[Any], tuple[str, ...], bool]:
    """Axes with y, x at the end and after them only the colours; their names, each different."""
    if letters.count("y") != 1 or letters.count("x") != 1:
        raise BlurMapError(f"{path} has the axes {letters.upper()}; expected a picture with one Y and one X.")
    is_colour = is_colour and letters.count("s") == 1
    if not is_colour and "c" not in letters:
        letters = letters.replace("s", "c")
    last = "yxs" if is_colour else "yx"
    lead = [i for i, letter in enumerate(letters) if letter not in last]
    order = [*lead, *(letters.index(letter) for letter in last)]
    names: list[str] = []
    for i in order:
        name, number = letters[i], 1
        while name in names:
            name, number = f"{letters[i]}{number}", number + 1
        names.append(name)
    return np.ascontiguousarray(array.transpose(order)), tuple(names), is_colour


def _with_palette(
    array: NDArray[Any], axes: tuple[str, ...], tif: TiffFile, series: TiffPageSeries
) -> tuple[NDArray[Any], tuple[str, ...], bool]:
    """Look colours up, unless the palette only colours grey values (as ImageJ and microscopes use it)."""
    colours = series.keyframe.colormap
    if colours is None or tif.is_imagej:
        return array, axes, False
    brightness = luminance(colours.T)
    if np.all(np.diff(brightness) >= 0):
        return array, axes, False
    return np.moveaxis(colours[:, array], 0, -1), (*axes, "s"), True


def _steps(tif: TiffFile, series: TiffPageSeries) -> Steps:
    """Pixel sizes from the first that knows them: OME, ImageJ, the resolution tags."""
    if tif.is_ome and tif.ome_metadata:
        return parse_ome(tif.ome_metadata).steps
    resolution = _resolution(series.keyframe.tags)
    if tif.is_imagej:
        return _imagej_steps(tif.imagej_metadata or {}, resolution)
    unit = {2: 0.0254, 3: 0.01}.get(int(series.keyframe.tags.valueof("ResolutionUnit", default=2)))
    if unit is None or any(unit * size > _LARGEST_PIXEL for size in resolution.values()):
        return {}
    return {axis: (unit * size * 1e6, "micrometer") for axis, size in resolution.items()}


def _resolution(tags: Any) -> dict[str, float]:
    """Size of a pixel in the unit of the tags, along x and y; empty unless both are known and alike."""
    sizes = {}
    for axis, name in (("x", "XResolution"), ("y", "YResolution")):
        pixels, per = tags.valueof(name, default=(0, 0))
        if not pixels or not per:
            return {}
        sizes[axis] = per / pixels
    return sizes if 0.5 < sizes["x"] / sizes["y"] < 2 else {}


def _imagej_steps(metadata: dict[str, Any], resolution: dict[str, float]) -> Steps:
    steps: Steps = {}
    unit = unit_name(str(metadata.get("unit", "")))
    if unit is not None and meters(unit) is not None:
        steps = {axis: (size, unit) for axis, size in resolution.items()}
        if _positive(metadata.get("spacing")):
            steps["z"] = (float(metadata["spacing"]), unit)
    time = unit_name(str(metadata.get("tunit", "sec")))
    if _positive(metadata.get("finterval")) and time not in (None, "pixel"):
        steps["t"] = (float(metadata["finterval"]), str(time))
    return steps


def _positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and isfinite(value) and value > 0


def _consistent(steps: Steps) -> Steps:
    """Y and x in one unit: micrometres where they differ, unknown where one of them is."""
    if ("x" in steps) != ("y" in steps):
        return {axis: step for axis, step in steps.items() if axis not in "xy"}
    if "x" not in steps or steps["x"][1] == steps["y"][1]:
        return steps
    both = {axis: (steps[axis][0] * (meters(steps[axis][1]) or 1.0) * 1e6, "micrometer") for axis in "xy"}
    return steps | both
