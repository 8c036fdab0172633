"""Pictures in TIFF files: stacks, axes and colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError
from ..ground.arrays import is_lazy
from ..ground.luminance import luminance
from .ome_xml import source_in
from .picture import Picture, image_in
from .stored import lazy_array
from .tiff import BESIDE, check_pages, images_of, is_large, open_tiff, whole_image
from .tiff_steps import read_steps

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from tifffile import TiffFile, TiffPageSeries

#: Edge (px) of what is read at once of a large picture.
_AT_ONCE = 1024


def read_tiff(path: Path, number: int | None = None) -> Picture:
    """Read an image of a TIFF file.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    number : int, optional
        Which one of several, counted from 1; the first by default.

    Returns
    -------
    Picture
        y and x are the last axes, or the last but the colour axis; its source
        lacks the path. Slides (of several levels, of which the largest
        is taken) and what takes a quarter of memory are lazy (dask).

    Raises
    ------
    BlurMapError
        If it is damaged, incomplete or no picture.
    """
    with open_tiff(path) as tif:
        series = whole_image(tif, (number or 1) - 1)
        counted = [one for one in images_of(tif) if number or one.name.lower() not in BESIDE]
        letters, count = series.axes.lower(), len(counted)
        if count > 1 and number is None and _is_stack(tif):
            check_pages([one.keyframe for one in tif.series], count * series.nbytes)
            pixels, letters, count = np.stack([one.asarray() for one in tif.series]), f"i{letters}", 1
        elif is_large(series) and series.keyframe.photometric != 3:
            pixels = _by_pieces(series, path, tif.series.index(series))
        else:
            pixels = np.asarray(series.asarray())
        array, axes, is_colour = _ordered(pixels, letters, _is_colour(series), path)
        if series.keyframe.photometric == 3 and not is_colour:
            array, axes, is_colour = _with_palette(array, axes, tif, series)
        steps, problem = read_steps(tif, series)
        source = image_in(number, count, series.name) | about(tif, tif.series.index(series))
    known = [steps.get(axis, (1.0, "pixel")) for axis in axes]
    return Picture(
        array,
        axes,
        tuple(step for step, _ in known),
        tuple(unit for _, unit in known),
        len(axes) - 1 if is_colour else None,
        source,
        problem and f"Sizes are in pixels: {problem}. Give the pixel size to have them in micrometres, too.",
    )


def names_in_tiff(path: Path) -> tuple[Path, list[str]]:
    """In which file the images of a TIFF file begin, and their names.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    first : pathlib.Path
        Another file, where this one holds nothing but later planes of an image of an OME-TIFF set.
    names : list of str
        Of an OME-TIFF that holds several images; none of other files, whose pages are a stack or a slide.
    """
    with open_tiff(path) as tif:
        if not tif.is_ome or not (images := images_of(tif)):
            return path, []
        first = images[0].pages[0]  # None where the file that holds it is missing
        home = path if first is None else path.with_name(first.parent.filehandle.name)
        several = str(tif.ome_metadata).count("<Image ") > 1
        return home, [one.name for one in images if several]


def about(tif: TiffFile, number: int = 0) -> dict[str, Any]:
    """What the source of an image of a TIFF file says of its channels and its time."""
    known = source_in(tif.ome_metadata, number) if tif.is_ome and tif.ome_metadata else {}
    if "acquired" not in known and (written := tif.series[number].keyframe.datetime) is not None:
        known["acquired"] = written.isoformat()
    return known


class _Level:
    """Largest level of an image; the file is opened for each piece, so that it is never held open."""

    def __init__(self, series: TiffPageSeries, path: Path, number: int) -> None:
        self.path, self.shape, self.dtype = path.resolve(), series.shape, np.dtype(series.dtype)
        self.number = number

    def __getitem__(self, place: Any) -> NDArray[Any]:
        """Read a piece."""
        import tifffile

        return np.asarray(tifffile.imread(self.path, series=self.number, level=0, selection=place, maxworkers=1))


def _by_pieces(series: TiffPageSeries, path: Path, number: int) -> Any:
    """Its largest level, lazy: some tiles or strips at once, for each by itself would be a task."""
    page = series.keyframe
    edges = (page.tilelength, page.tilewidth) if page.is_tiled else (page.rowsperstrip, page.imagewidth)
    # A plane of a stack at a time, all colours of it.
    pieces = {axis: edge * max(1, _AT_ONCE // edge) for axis, edge in zip("YX", edges, strict=True)}
    pieces["S"] = page.samplesperpixel
    level = _Level(series, path, number)
    chunks = (pieces.get(axis, 1) for axis in series.axes)
    return lazy_array(level, path, level.path, tuple(map(min, chunks, level.shape)))


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


def _ordered(array: Any, letters: str, is_colour: bool, path: Path) -> tuple[Any, tuple[str, ...], bool]:
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
    ordered = array.transpose(order)
    return ordered if is_lazy(ordered) else np.ascontiguousarray(ordered), tuple(names), is_colour


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
