"""Reading pictures for the command line: TIFF of every kind, PNG, JPEG, BMP, GIF, with known pixel sizes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError
from .tiff_pictures import read_tiff

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import NDArray

# Classic and Big TIFF, each in both byte orders.
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# Modes of Pillow that are one number a pixel; every other one becomes RGB or RGBA.
_GREY_MODES = ("1", "L", "I", "F", "I;16", "I;16B", "I;16L", "I;16N")


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture from a file.

    Attributes
    ----------
    array : array, shape (..., Y, X) or with a colour axis
        As stored, no scaling of values.
    axes : tuple of str
        Name of every axis of ``array``, the colour axis included ("s", for
        samples of a colour); lower case.
    scale : tuple of float
        Size of a pixel along every axis; 1 where it is not known.
    units : tuple of str
        Pint's name of its unit; ``"pixel"`` where it is not known.
    channel_axis : int or None
        The colour axis (red, green, blue and perhaps alpha); None for a grey
        picture. Fluorescence channels are an ordinary axis.
    source : dict
        ``path`` of the file; ``image`` where it holds several.
    """

    array: NDArray[Any]
    axes: tuple[str, ...]
    scale: tuple[float, ...]
    units: tuple[str, ...]
    channel_axis: int | None
    source: dict[str, Any]


def read_picture(path: str | PathLike[str]) -> Picture:
    """Read a picture with its axes, pixel size and unit.

    Parameters
    ----------
    path : path
        TIFF (OME, ImageJ, tiled, Big, any usual compression), PNG, JPEG, BMP
        or GIF; told by content, not by name. Of a file with different images
        the first is read.

    Returns
    -------
    Picture
        Palettes that are mere colouring of grey values stay grey.

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
    file = Path(path)
    start = _start(file)
    source = {"path": str(file.resolve())}
    if start in _TIFF_STARTS:
        found = read_tiff(file)
        if found.image:
            source["image"] = found.image
        return Picture(found.array, found.axes, found.scale, found.units, found.channel_axis, source)
    array, is_colour = _read_other(file)
    names = ("t",) * (array.ndim - 2 - is_colour) + ("y", "x") + ("s",) * is_colour
    ones, pixels = (1.0,) * array.ndim, ("pixel",) * array.ndim
    return Picture(array, names, ones, pixels, array.ndim - 1 if is_colour else None, source)


def is_picture(file: Path) -> bool:
    """Whether a file begins like a picture that can be read.

    Parameters
    ----------
    file : Path
        Any file.

    Returns
    -------
    bool
        By its first bytes, not by its name; it may still be damaged.
    """
    from PIL import Image

    try:
        with file.open("rb") as stream:
            if stream.read(4) in _TIFF_STARTS:
                return True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(file):
                return True
    except (OSError, Image.DecompressionBombError):
        return False


def _start(file: Path) -> bytes:
    """First four bytes."""
    if file.is_dir():
        raise BlurMapError(f"{file} is a folder; give the pictures in it.")
    try:
        with file.open("rb") as stream:
            return stream.read(4)
    except OSError as error:
        raise BlurMapError(f"{file} cannot be read ({error.strerror or error}).") from error


def _read_other(file: Path) -> tuple[NDArray[Any], bool]:
    """Whatever Pillow reads: frames along a first axis if there are several; and whether it is in colour."""
    from PIL import Image, UnidentifiedImageError

    try:
        # Large is usual in microscopy; Pillow's guard against bombs remains at twice this size.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(file) as picture:
                frames = [_deep_png(file)] if _is_deep_png(file) else _frames(picture)
    except UnidentifiedImageError as error:
        raise BlurMapError(
            f"{file} is no picture that can be read here; expected TIFF, PNG, JPEG, BMP or GIF. Export files "
            "of a microscope's own format as OME-TIFF, for example with Fiji."
        ) from error
    except Image.DecompressionBombError as error:
        raise BlurMapError(f"{file} is too large for this format ({error}); save it as TIFF.") from error
    except MemoryError:
        raise
    except Exception as error:
        # Damaged files make the decoders raise nearly anything.
        raise BlurMapError(
            f"{file} cannot be read ({str(error) or type(error).__name__}): it is damaged or incomplete. Copy it again."
        ) from error
    if len({frame.shape for frame in frames}) > 1:
        # Some frames of a GIF have transparency, others not.
        frames = [frame[..., :3] for frame in frames]
    if len({frame.shape for frame in frames}) > 1:
        raise BlurMapError(
            f"{file} holds {len(frames)} pictures of different sizes; expected one, or a series of one size. Save them "
            "as files of their own."
        )
    is_colour = frames[0].ndim == 3
    return (frames[0] if len(frames) == 1 else np.stack(frames)), is_colour


def _is_deep_png(file: Path) -> bool:
    """Whether it is a PNG of 16 bits a colour, or of 16-bit grey with transparency: Pillow drops half of their bits."""
    with file.open("rb") as stream:
        start = stream.read(26)
    return start.startswith(b"\x89PNG") and start[24:25] == b"\x10" and start[25:26] in (b"\2", b"\4", b"\6")


def _deep_png(file: Path) -> NDArray[Any]:
    """All 16 bits of it, as colour (Y, X, 3 or 4)."""
    import imagecodecs

    array = np.asarray(imagecodecs.png_decode(file.read_bytes()))
    return array[..., [0, 0, 0, 1]] if array.shape[-1] == 2 else array


def _frames(picture: Any) -> list[NDArray[Any]]:
    """All that a file holds."""
    # An MPO is a JPEG with more pictures behind it: previews, the other eye, a depth map.
    count = 1 if picture.format == "MPO" else getattr(picture, "n_frames", 1)
    frames = []
    for number in range(count):
        picture.seek(number)
        frames.append(_frame(picture))
    return frames


def _frame(picture: Any) -> NDArray[Any]:
    """One frame as grey (Y, X) or colour (Y, X, 3 or 4)."""
    if picture.mode in _GREY_MODES:
        return np.array(picture)
    has_alpha = picture.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in picture.info
    return np.array(picture.convert("RGBA" if has_alpha else "RGB"))
