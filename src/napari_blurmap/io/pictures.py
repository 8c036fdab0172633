"""Reading pictures from files: TIFF of every kind, OME-Zarr, PNG, JPEG, BMP, GIF, and what bioio reads."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BlurMapError
from ..ground.arguments import as_path
from .bioio_pictures import plugin_for, read_bioio, scenes_in
from .guard import check_file
from .picture import Picture
from .pillow_pictures import open_picture, read_pillow
from .tiff import BESIDE, images_of, open_tiff
from .tiff_pictures import about, names_in_tiff, read_tiff
from .tiff_steps import read_steps
from .zarr_pictures import images_in, is_zarr, read_zarr

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["Picture", "is_picture", "is_zarr", "list_images", "read_picture", "told_in"]

# Classic and Big TIFF, each in both byte orders.
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def read_picture(path: str | PathLike[str]) -> Picture:
    """Read a picture with its axes, pixel size and unit.

    Parameters
    ----------
    path : path
        TIFF (OME, ImageJ, tiled, Big, any usual compression), OME-Zarr, PNG,
        JPEG, BMP or GIF; told by content, not by name. Microscopes' own formats
        (CZI, ND2, LIF, ...) are read where bioio and its plug-in for them are
        installed. Of a file with different images the first is read, or that
        whose number follows the name, ``x.lif/2``; see `list_images`.

    Returns
    -------
    Picture
        Palettes that are mere colouring of grey values stay grey. OME-Zarr is
        lazy: read when it is computed, a chunk at a time.

    Raises
    ------
    BlurMapError
        If it is missing, a folder, of another format, damaged or incomplete.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np, tifffile
    >>> with TemporaryDirectory() as folder:
    ...     tifffile.imwrite(folder + "/a.tif", np.zeros((64, 48), np.uint8))
    ...     picture = read_picture(folder + "/a.tif")
    >>> picture.array.shape, picture.axes, picture.units
    ((64, 48), ('y', 'x'), ('pixel', 'pixel'))
    """
    given = as_path("path", path)
    number, file = None, given
    if given.parent.is_file() and given.name.isdecimal():
        number, file = int(given.name), given.parent
    if is_zarr(file):
        picture = read_zarr(file)
    elif _start(file) in _TIFF_STARTS:
        picture = read_tiff(file, number)
    elif plugin_for(file):
        picture = read_bioio(file, number)
    elif number in (None, 1):
        picture = read_pillow(file)
    else:
        raise BlurMapError(f"{file} holds one image; there is no number {number}.")
    return replace(picture, source={"path": str(given.resolve())} | picture.source)


def list_images(path: str | PathLike[str]) -> list[Path]:
    """The pictures that a path leads to, for reading all of them.

    Parameters
    ----------
    path : path
        A file, an OME-Zarr folder, or an OME-Zarr plate.

    Returns
    -------
    list of pathlib.Path
        What `read_picture` takes: the path itself, a folder for each field of a
        plate (``plate.ome.zarr/A/1/0``), well by well, or a number for each image
        of an OME-TIFF or a microscope's own file (``x.lif/2``), but for labels
        and overviews of slides; of a file with later planes of an OME-TIFF set
        that one in which the image begins.

    Raises
    ------
    BlurMapError
        If it is a zarr folder without a picture, or damaged.

    Examples
    --------
    >>> [image.name for image in list_images("a.tif")]
    ['a.tif']
    """
    file = as_path("path", path)
    if is_zarr(file):
        return images_in(file)
    names: list[str] = []
    if file.is_file() and plugin_for(file):
        names = scenes_in(file)
    elif file.is_file() and _start(file) in _TIFF_STARTS:
        file, names = names_in_tiff(file)
    several = [file / str(n) for n, name in enumerate(names, start=1) if name.lower() not in BESIDE]
    return several if len(several) > 1 else [file]


def told_in(path: str | PathLike[str]) -> dict[str, Any]:
    """What a file says of its picture, without reading its pixels.

    Parameters
    ----------
    path : path
        Any file or folder.

    Returns
    -------
    dict
        ``channels`` of `Picture.source`, where it names the light of any; ``axes`` and their ``shape`` as they are
        stored; ``pixel``, height, width and pint's name of their unit, where it is known. Empty of what is no picture.
    """
    file = Path(path)
    try:
        stamp = file.stat().st_mtime_ns
    except (OSError, ValueError):
        return {}
    return dict(_told_in(file, stamp))


@lru_cache(64)
def _told_in(file: Path, _stamp: int) -> dict[str, Any]:
    with suppress(BlurMapError):
        if is_zarr(file) or plugin_for(file):
            picture = read_picture(file)
            known, axes, shape = picture.source, picture.axes, tuple(picture.array.shape)
            steps = dict(zip(axes, zip(picture.scale, picture.units, strict=True), strict=True))
        elif _start(file) in _TIFF_STARTS:
            with open_tiff(file) as tif:
                series = images_of(tif)[0]
                known, (steps, _) = about(tif), read_steps(tif, series)
                axes, shape = tuple(series.axes.lower()), tuple(series.shape)
        else:
            return {}
        told: dict[str, Any] = {"axes": axes, "shape": shape}
        if "channels" in known:
            told["channels"] = known["channels"]
        (height, unit), (width, _) = (steps.get(axis, (1.0, "pixel")) for axis in "yx")
        return told if unit == "pixel" else told | {"pixel": (height, width, unit)}
    return {}


def is_picture(file: Path) -> bool:
    """Whether a file begins like a picture that can be read.

    Parameters
    ----------
    file : Path
        Any file.

    Returns
    -------
    bool
        By its first bytes, microscopes' own formats by their endings; it may still be damaged.
    """
    from PIL import Image

    try:
        if is_zarr(file) or _start(file) in _TIFF_STARTS or plugin_for(file):
            return True
        with open_picture(file):
            return True
    except (BlurMapError, OSError, Image.DecompressionBombError):
        return False


def _start(file: Path) -> bytes:
    """First four bytes."""
    check_file(file)
    try:
        with file.open("rb") as stream:
            return stream.read(4)
    except OSError as error:
        raise BlurMapError(f"{file} cannot be read ({error.strerror or error}).") from error
