"""The files given on the command line, and the names of what is made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import BlurMapError
from .output import say

if TYPE_CHECKING:
    from pathlib import Path

    from ..io.pictures import Picture


def without_maps(files: list[Path]) -> list[Path]:
    """Leave out the program's own maps, which ``*.tif`` finds beside their pictures."""
    from ..io.results import is_result

    maps = [file for file in files if is_result(file)]
    for file in maps:
        say(f"{file}: left out, it is a blur map and no picture.")
    if len(maps) == len(files):
        raise BlurMapError("There are only blur maps among the files given. Give the pictures they were made from.")
    return [file for file in files if file not in maps]


def read(file: Path) -> tuple[Picture, dict[str, str]]:
    """Read a picture; and what the report says of it: a ``note``, and the ``image`` that was read of several."""
    from ..io.pictures import read_picture

    picture = read_picture(file)
    about: dict[str, str] = {}
    if picture.note is not None:
        say(f"{file}: {picture.note}")
        about["note"] = picture.note
    image = picture.source.get("image")
    if image is None:
        return picture, about
    which = image.replace(" of ", " of its ")
    say(f"{file}: only the {which} images was read. For the others save each as a file of its own.")
    return picture, about | {"image": image}


def check_map_free(target: Path, written: dict[Path, Path], *, overwrite: bool) -> None:
    """Refuse to replace a map unasked, or that of another picture of this run, before minutes are spent on it."""
    from ..io.results import sidecar_path

    if target in written:
        raise BlurMapError(
            f"{target} is the map of {written[target]}. Rename one of the two, or use another folder for it."
        )
    for path in (target, sidecar_path(target)):
        if path.exists() and not overwrite:
            raise BlurMapError(f"{path} exists already. Use --overwrite, or another folder.")
