"""Pictures in PNG, JPEG, BMP, GIF and the like, as Pillow reads them."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError
from .guard import check_size, decoding
from .picture import Picture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL import Image

#: Pillow knows more, but some of them start other programs (PostScript) or are no pictures.
_FORMATS = ("BMP", "DIB", "GIF", "ICO", "JPEG", "JPEG2000", "PCX", "PNG", "PPM", "TGA", "WEBP")
#: Modes that are one number a pixel; every other one becomes RGB or RGBA.
_GREY_MODES = ("1", "L", "I", "F", "I;16", "I;16B", "I;16L", "I;16N")


@contextmanager
def open_picture(file: Path) -> Iterator[Image.Image]:
    """Open a picture without reading its pixels.

    Parameters
    ----------
    file : pathlib.Path
        The file.

    Yields
    ------
    PIL.Image.Image

    Raises
    ------
    OSError
        If it is none, or of no format that is read here.
    PIL.Image.DecompressionBombError
        If it is twice as large as Pillow's limit.
    """
    from PIL import Image

    # Large is usual in microscopy; Pillow's guard against bombs remains at twice this size.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        Image.init()
        with Image.open(file, formats=[name for name in _FORMATS if name in Image.OPEN]) as picture:
            yield picture


def read_pillow(file: Path) -> Picture:
    """Read a picture without a pixel size.

    Parameters
    ----------
    file : pathlib.Path
        The file.

    Returns
    -------
    Picture
        Frames along a first axis if there are several; its source is not known.

    Raises
    ------
    BlurMapError
        If it is of another format, damaged, incomplete or too large.
    """
    from PIL import Image, UnidentifiedImageError

    with decoding(file, "as a picture"):
        try:
            with open_picture(file) as picture:
                # An MPO is a JPEG with more pictures behind it: previews, the other eye, a depth map.
                count = 1 if picture.format == "MPO" else getattr(picture, "n_frames", 1)
                check_size(file, float(count) * picture.width * picture.height * _pixel_bytes(picture))
                frames = [_deep_png(file)] if _is_deep_png(file) else [_frame(picture, n) for n in range(count)]
        except UnidentifiedImageError as error:
            raise BlurMapError(
                f"{file} is no picture that can be read here; expected TIFF, OME-Zarr, PNG, JPEG, BMP or GIF. Export "
                "files of a microscope's own format as OME-TIFF, for example with Fiji."
            ) from error
        except Image.DecompressionBombError as error:
            raise BlurMapError(f"{file} is too large for this format ({error}); save it as TIFF.") from error
    if len({frame.shape for frame in frames}) > 1:
        # Some frames of a GIF have transparency, others not.
        frames = [frame[..., :3] for frame in frames]
    if len({frame.shape for frame in frames}) > 1:
        raise BlurMapError(
            f"{file} holds {len(frames)} pictures of different sizes; expected one, or a series of one size. Save them "
            "as files of their own."
        )
    is_colour = frames[0].ndim == 3
    array = frames[0] if len(frames) == 1 else np.stack(frames)
    names = ("t",) * (array.ndim - 2 - is_colour) + ("y", "x") + ("s",) * is_colour
    ones, pixels = (1.0,) * array.ndim, ("pixel",) * array.ndim
    return Picture(array, names, ones, pixels, array.ndim - 1 if is_colour else None)


def _pixel_bytes(picture: Image.Image) -> int:
    """Bytes that a pixel takes once it is unpacked."""
    wide = {"I": 4, "F": 4}.get(picture.mode, 2 if picture.mode.startswith("I;16") else 1)
    return wide * len(picture.getbands())


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


def _frame(picture: Any, number: int) -> NDArray[Any]:
    """One frame as grey (Y, X) or colour (Y, X, 3 or 4)."""
    picture.seek(number)
    if picture.mode in _GREY_MODES:
        return np.array(picture)
    has_alpha = picture.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in picture.info
    return np.array(picture.convert("RGBA" if has_alpha else "RGB"))
