"""Label images of the pictures of a batch: which belongs to which, and a row an object."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..errors import BlurMapError
from ..io.places import short_name
from ..result.objects import object_columns
from .image_sets import sets_of
from .rows import place_of
from .sources import find_files, result_names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from .rows import Row

#: What programs add to the name of a picture for that of its labels; the first is Cellpose's.
_ADDED = re.compile(r"[_.-](cp_masks|masks?|labels?|seg)$", re.IGNORECASE)
#: ImageXpress keeps a small copy of each picture; they would count as the sharpest.
_SMALL = re.compile(r"_[sw]\d+_thumb[0-9A-F-]*$", re.IGNORECASE)


def pair_labels(given: str, pictures: Sequence[Path]) -> dict[Path, Path | None]:
    """Which label image belongs to which picture.

    Parameters
    ----------
    given : str
        A file for one picture; else a folder, a pattern or a list, as `sources.find_files` takes them.
    pictures : sequence of Path
        The pictures; label images among them are none.

    Returns
    -------
    dict
        The label image of each picture, None where there is none: that of the same name, and folder where
        `sources.result_names` keeps it. ``_cp_masks``, ``_masks``, ``_labels`` or ``_seg`` after the name do not count.

    Raises
    ------
    BlurMapError
        If no picture has one.
    """
    files, _ = find_files([given])
    pictures = [picture for picture in pictures if picture not in set(files)]
    if len(pictures) == len(files) == 1:
        return {pictures[0]: files[0]}
    names = [name.with_name(_ADDED.sub("", name.name)) for name in result_names(files)]
    labels = dict(zip(names, files, strict=True))
    pairs = {picture: labels.get(name) for picture, name in zip(pictures, result_names(pictures), strict=True)}
    if not any(pairs.values()):
        raise BlurMapError(
            f"None of the label images in {given} has the name of a picture. Expected that of its picture, which may "
            "end in _labels, _masks, _cp_masks or _seg: a1_labels.tif for a1.tif."
        )
    return pairs


def without_others(pictures: Sequence[Path], tell: Callable[[str], None]) -> list[Path]:
    """Leave out what programs keep beside pictures: label images, ``a1_cp_masks.tif``, and ImageXpress' thumbnails."""
    stems = {file.parent / short_name(file) for file in pictures}
    kept = []
    for file in pictures:
        stem = file.parent / short_name(file)
        bare = stem.with_name(_ADDED.sub("", stem.name) or stem.name)
        if bare != stem and bare in stems:
            tell(f"{file}: left out, its name says that it is the label image of {bare.name}: give it as one (labels).")
        elif _SMALL.search(stem.name):
            tell(f"{file}: left out, its name says that it is a thumbnail.")
        else:
            kept.append(file)
    if not kept:
        raise BlurMapError("There are only thumbnails among the files given. Give the pictures themselves.")
    return kept


def object_rows(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """A row an object and plane, compared with what its plane is compared with.

    Parameters
    ----------
    rows : sequence of Row
        Of the planes (`rows.compare_rows`).

    Returns
    -------
    list of dict
        Values by column: ``ImageNumber``, the row of its image set (`image_sets.image_sets`) counted from 1,
        ``ObjectNumber``, its place, and what `napari_blurmap.result.objects.object_columns` says of it.
    """
    sets = sets_of(rows)
    numbers = {key: number for number, key in enumerate(dict.fromkeys(sets), start=1)}
    found = []
    for key, row in zip(sets, rows, strict=True):
        for one in [] if row.measured is None else row.measured.objects:
            columns = object_columns(one.label or 0, one.summary(row.reference))
            number = {"ImageNumber": numbers[key], "ObjectNumber": columns.pop("label")}
            note = " ".join(filter(None, (columns["note"], row.problem))) or None
            found.append(number | place_of(row) | columns | {"note": note})
    return found
