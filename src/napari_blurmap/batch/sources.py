"""Which pictures are meant by files, patterns, folders and lists, what they hold, and how their results are called."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from glob import glob
from math import inf, prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BlurMapError
from ..ground.arguments import as_path
from ..ground.arrays import Eager, is_lazy
from ..io.folders import pictures_in
from ..io.pictures import is_picture, is_zarr, list_images, read_picture
from ..io.places import place_in, short_name
from ..io.results import is_result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ..io.picture import Picture

#: Pixels from which maps are streamed to a file: in memory they would take gigabytes.
LARGE = 2**28
#: Files of a folder that are said to be damaged where they cannot be read; others there are no pictures.
_PICTURES = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp", ".gif")


def find_files(given: Iterable[str | os.PathLike[str]]) -> tuple[list[Path], list[Path]]:
    """The files that are meant.

    Parameters
    ----------
    given : iterable of str or path
        Files; patterns such as ``"plate/**/*.tif"``; folders, looked into with all folders in them; text files
        (``.txt``) with a path a line, counted from where they lie; ``"-"`` for such lines on standard input.

    Returns
    -------
    files : list of Path
        In the order given, each once, those of a pattern or a folder by name, numbers in it counted as such. Of a
        plate in OME-Zarr there is each field, ``plate.ome.zarr/A/1/0``, of a file with several images each of
        them, ``x.lif/2``. A file that does not exist is among them: whoever reads it says so.
    left_out : list of Path
        What folders hold beside pictures.

    Raises
    ------
    BlurMapError
        If a pattern fits no file, a folder holds no picture, or a list cannot be read.
    """
    files: list[Path] = []
    left_out: list[Path] = []
    for one in given:
        path = as_path("file", one)
        text = os.fspath(one)
        if text == "-":
            files += _listed(sys.stdin, Path())
        elif path.is_dir() and not is_zarr(path):
            inside = sorted(_inside(path), key=_by_numbers)
            pictures = [file for file in inside if file.suffix.lower() in _PICTURES or is_picture(file)]
            if not pictures:
                raise BlurMapError(f"The folder {path} holds no picture that can be read. Give the one with pictures.")
            files += pictures
            left_out += [file for file in inside if file not in set(pictures)]
        elif path.suffix.lower() == ".txt":
            try:
                files += _listed(path.read_text(encoding="utf-8-sig").splitlines(), path.parent)
            except (OSError, UnicodeDecodeError) as error:
                raise BlurMapError(f"{path} cannot be read as a list of files ({error}).") from error
        elif re.search(r"[*?\[]", text) and not path.exists():
            found = glob(str(path), recursive=True)
            if not found:
                raise BlurMapError(f"No file fits the pattern {text}. Check the folder and the ending.")
            files += sorted(map(Path, found), key=_by_numbers)
        else:
            files.append(path)
    images = (image for file in files for image in _images(file))
    return list({os.path.abspath(image): image for image in images}.values()), left_out


def without_maps(files: list[Path], tell: Callable[[str], None]) -> list[Path]:
    """Leave out the program's own maps, which ``*.tif`` finds beside their pictures."""
    maps = {file for file in files if is_result(file)}
    for file in maps:
        tell(f"{file}: left out, it is a blur map and no picture.")
    if len(maps) == len(files):
        held = "There are only blur maps among the files given" if maps else "No file was given"
        raise BlurMapError(f"{held}. Give the pictures whose blur you want to know.")
    return [file for file in files if file not in maps]


def result_names(files: Sequence[Path]) -> list[Path]:
    """What the results of some files are called, without an ending.

    Parameters
    ----------
    files : sequence of Path
        Pictures.

    Returns
    -------
    list of Path
        `napari_blurmap.io.places.short_name` of each, with the ending where others of its folder differ in nothing
        else. Where files of different folders share one, all keep their folders below the one that they have in
        common.

    Examples
    --------
    >>> [name.as_posix() for name in result_names([Path("a/Pos0/img.tif"), Path("a/Pos1/img.tif")])]
    ['Pos0/img', 'Pos1/img']
    >>> [name.as_posix() for name in result_names([Path("a/x.tif"), Path("a/x.png"), Path("a/y.ome.tif")])]
    ['x.tif', 'x.png', 'y.ome']
    """
    places = [place_in(file) for file in files]
    parents = [os.path.abspath(outer.parent) for outer, _ in places]
    names = [short_name(file) for file in files]
    alike: dict[str, dict[str, set[Path]]] = {}
    for name, parent, (outer, _) in zip(names, parents, places, strict=True):
        alike.setdefault(name.parts[0].casefold(), {}).setdefault(parent, set()).add(outer)
    for number, (name, parent, (outer, inside)) in enumerate(zip(names, parents, places, strict=True)):
        if len(alike[name.parts[0].casefold()][parent]) > 1:
            names[number] = Path(outer.name, *inside)
    if all(len(folders) == 1 for folders in alike.values()):
        return names
    try:
        top = os.path.commonpath(parents)
        below = [os.path.relpath(parent, top) for parent in parents]
    except ValueError:  # on different drives
        below = [re.sub(r":?[\\/]+", "/", parent).strip("/") for parent in parents]
    return [Path(folder, name) for folder, name in zip(below, names, strict=True)]


def read(file: Path, tell: Callable[[str], None], lazy: float = inf) -> tuple[Picture, dict[str, Any]]:
    """Read a picture; and what is said of it: a ``note``, the ``image`` that was read of several, when it was acquired.

    What is read piece by piece stays lazy from so many pixels on: its maps then go into a file as they are made, and
    figures are taken from that. Else they would be computed once for each. From 0 on everything is lazy.
    """
    picture = read_picture(file)
    array = picture.array
    if not lazy and not is_lazy(array):
        import dask.array

        picture = replace(picture, array=dask.array.from_array(array))
    elif is_lazy(array) and prod(array.shape) < lazy:
        picture = replace(picture, array=Eager(array))
    about: dict[str, Any] = {name: picture.source[name] for name in ("acquired", "seconds") if name in picture.source}
    if picture.note is not None:
        tell(f"{file}: {picture.note}")
        about["note"] = picture.note
    if "image" in picture.source:
        about["image"] = picture.source["image"]
        if not place_in(file)[1]:
            which = about["image"].replace(" of ", " of its ")
            tell(f"{file}: only the {which} images was read. For another give its number, such as {file / '2'}.")
    return picture, about


def _inside(folder: Path) -> Iterator[Path]:
    """Files in a folder and all folders in it, hidden ones apart; a Zarr is one of them."""
    yield from pictures_in(folder)
    for one in folder.iterdir():
        if one.is_dir() and one.name[0] != "." and not is_zarr(one):
            yield from _inside(one)


def _images(file: Path) -> list[Path]:
    """Its pictures; what is wrong with it is said by whoever reads it."""
    try:
        return list_images(file)
    except BlurMapError:
        return [file]


def _listed(lines: Iterable[str], folder: Path) -> list[Path]:
    # Windows copies paths with quotes around them.
    paths = (line.strip().strip('"') for line in lines)
    return [folder / as_path("file", path) for path in paths if path]


def _by_numbers(path: Path) -> list[tuple[int, str]]:
    """Key by which s2 comes before s10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.as_posix())]
