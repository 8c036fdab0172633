"""What the names of files tell: plate, well, site, channel, as the makers of microscopes write them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import BlurMapError
from ..ground.arguments import shown
from ..io.places import place_in, short_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

#: What a name may tell.
GROUPS = ("plate", "well", "row", "column", "site", "channel", "t", "z")

#: Rows of plates of up to 1536 wells; those that common names are told by only where S, T, W, X, Z mean nothing else.
_ROW, _SURE_ROW = "(?:A[A-F]|[A-Z])", "(?:A[A-F]|[A-P])"
_WELL = rf"(?P<well>{_SURE_ROW}\d{{1,2}})"
_IN_NAME = (
    r"(?:(?P<plate>[^/]+)/)?(?:[^/]*?[_ -])??{}(?:[_ -](?:f|s|site|field)?(?P<site>\d+))?"
    r"(?:[_ -](?:[cC]h?|w)(?P<channel>\d+))?"
)
#: By maker, the most particular first; each is looked for in the end of the path, folders divided by "/".
PATTERNS = {
    "Opera Phenix, Operetta": (
        r"(?:(?P<plate>[^/]+)/(?:Images/)?)?r(?P<row>\d{2})c(?P<column>\d{2})f(?P<site>\d+)p(?P<z>\d+)"
        r"-ch(?P<channel>\d+)(?:sk(?P<t>\d+))?"
    ),
    "CellVoyager": (
        rf"(?:(?P<plate>[^/]+?)_)?(?:W(?P<number>\d{{4}})|(?P<well>{_ROW}\d{{2}}))_?(?:T\d{{4}})?F(?P<site>\d{{3,4}})"
        r"(?:L\d+)?(?:A\d+)?(?:T(?P<t>\d{4}))?Z(?P<z>\d+)C(?P<channel>\d+)"
    ),
    "InCell": (
        rf"(?:(?P<plate>[^/]+)/)?(?P<row>{_ROW}) - (?P<column>\d{{1,2}})\(fld (?P<site>\d+)"
        r"(?: wv (?P<channel>[^)]*?))?(?: z (?P<z>\d+))?(?: time (?P<t>\d+)[^)]*)?\)"
    ),
    "ImageXpress": (
        rf"(?:(?:(?P<plate>[^/]+)/)?(?:TimePoint_(?P<t>\d+)/)?(?:ZStep_(?P<z>\d+)/)?)?(?:[^/]*_)?(?P<well>{_ROW}\d{{1,2}})_s(?P<site>\d+)"
        r"(?![^/]*_thumb)(?:_w(?P<channel>\d+))?(?:_z(?P<slice>\d+))?[^/]*"
    ),
    "Cellomics": rf"(?P<plate>[^/]+)_(?P<well>{_ROW}\d{{2}})f(?P<site>\d+)d(?P<channel>\d+)",
    "IncuCyte": rf"(?P<plate>[^/]+?)_{_WELL}_(?P<site>\d+)_(?P<t>\d+y\d+m\d+d_\d+h\d+m|\d+d\d+h\d+m)[^/]*",
    "Micro-Manager, a file a plane": (
        rf"(?:(?P<plate>[^/]+)/)?(?:{_WELL}-Site_|(?:\d+-)?Pos_?)(?P<site>\w+)/"
        r"img_(?:channel\d+_position\d+_time(?P<t>\d+)_z(?P<z>\d+)|(?P<frame>\d+)_(?P<channel>.+)_(?P<slice>\d+))"
    ),
    "Micro-Manager": (
        rf"(?:(?P<plate>[^/]+)/)?[^/]*?(?:{_WELL}-Site_|Pos_?)(?P<site>\d{{3}}_\d{{3}}|\d+)(?:/[^/]*|\.ome|)"
    ),
    "OME-Zarr": rf"(?P<plate>[^/]+)/(?P<row>{_ROW})/(?P<column>\d{{1,2}})/(?P<site>\d+)",
    # A folder P1 is a plate where its files are called A01, and B07 a well where they are called C1.
    "a well in the name": _IN_NAME.format(_WELL.replace("{1,2}", "{2}")),
    "a folder a well": rf"(?:(?P<plate>[^/]+)/)?{_WELL}/[^/]*",
    "a well of one digit in the name": _IN_NAME.format(_WELL),
}
#: Rows and columns of the plates there are.
_PLATES = ((2, 3), (4, 6), (6, 8), (8, 12), (16, 24), (32, 48))
#: Columns of the plates that number their wells row by row.
_COLUMNS = 24


def name_pattern(typed: str | None) -> Sequence[re.Pattern[str]]:
    """What to look for in the names of files.

    Parameters
    ----------
    typed : str or None
        A regular expression with named groups; None for those of the common makers.

    Raises
    ------
    BlurMapError
        If it is none, or names none of `GROUPS`.
    """
    if typed is None:
        return [re.compile(rf"(?:^|/){pattern}$") for pattern in PATTERNS.values()]
    try:
        found = re.compile(typed)
    except (re.error, TypeError) as error:
        raise BlurMapError(f"The pattern {shown(typed)} is no regular expression: {error}.") from error
    if not set(found.groupindex) & set(GROUPS):
        raise BlurMapError(
            f"The pattern {shown(typed)} names no part of a name. Use named groups such as (?P<well>[A-P]\\d\\d); "
            f"known are {', '.join(GROUPS)}."
        )
    return [found]


def parts_of(file: Path, patterns: Sequence[re.Pattern[str]]) -> dict[str, str]:
    """What a file's name tells.

    Parameters
    ----------
    file : Path
        Its path: a folder may tell the plate.
    patterns : sequence of Pattern
        Of `name_pattern`; the first that fits counts.

    Returns
    -------
    dict
        Those of `GROUPS` that are told; ``well`` as its row and two digits.

    Examples
    --------
    >>> from pathlib import Path
    >>> parts_of(Path("P1/Images/r02c03f04p01-ch2sk1fk1fl1.tiff"), name_pattern(None))
    {'plate': 'P1', 'well': 'B03', 'site': '04', 'channel': '2', 't': '1', 'z': '01'}
    """
    text = place_in(file)[0].parent.joinpath(short_name(file)).as_posix()
    text = re.sub(r"(sk\d+)fk\d+fl\d+$|\.ome$", r"\1", text)
    for pattern in patterns:
        # A pattern of one's own may name the ending, too.
        if found := pattern.search(text) or pattern.search(file.as_posix()):
            break
    else:
        return {}
    told = {name: value for name, value in found.groupdict().items() if value}
    if "number" in told:
        number = int(told.pop("number")) - 1
        told |= {"row": row_name(number // _COLUMNS), "column": str(number % _COLUMNS + 1)}
    for other, name in (("frame", "t"), ("slice", "z")):
        if other in told:
            told[name] = told.pop(other)
    row, column = told.pop("row", ""), told.pop("column", "")
    if row and column:
        letter = row_name(int(row) - 1) if row.isdigit() else row.upper()
        told["well"] = f"{letter}{int(column):02d}"
    elif well := re.fullmatch(rf"({_ROW})(\d{{1,2}})", told.get("well", ""), re.IGNORECASE):
        told["well"] = f"{well[1].upper()}{int(well[2]):02d}"
    return {name: told[name] for name in GROUPS if name in told}


def row_name(number: int) -> str:
    """Name of a plate's row, counted from 0.

    Examples
    --------
    >>> row_name(0), row_name(25), row_name(31)
    ('A', 'Z', 'AF')
    """
    return ("" if number < 26 else chr(64 + number // 26)) + chr(65 + number % 26)


def plate_shape(wells: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """Rows and columns of the smallest plate that has some wells, given as `place_of` does.

    Examples
    --------
    >>> plate_shape([(0, 0), (1, 7)])
    (6, 8)
    """
    rows, columns = (max(numbers) + 1 for numbers in zip(*wells, strict=True))
    return next((plate for plate in _PLATES if plate[0] >= rows and plate[1] >= columns), (rows, columns))


def place_of(well: str) -> tuple[int, int] | None:
    """Row and column of a well, counted from 0; None for what is no well of a plate.

    Examples
    --------
    >>> place_of("B03"), place_of("AF48"), place_of("")
    ((1, 2), (31, 47), None)
    """
    found = re.fullmatch(rf"({_ROW})(\d\d)", well)
    if found is None:
        return None
    row = 0
    for letter in found[1]:
        row = 26 * row + ord(letter) - 64
    return row - 1, int(found[2]) - 1
