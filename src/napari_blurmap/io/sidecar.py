"""The ``NAME.blurmap.json`` beside a result: what arrays alone cannot say. The data hold the same text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BlurMapError
from .guard import check_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

FORMAT = "napari-blurmap result"
SCHEMA = 2
SUFFIX = ".blurmap.json"
#: No file system has longer names (bytes).
_LONGEST_NAME = 255


def dump_header(header: dict[str, Any], file: str) -> str:
    """Text of a sidecar.

    Parameters
    ----------
    header : dict
        axes, shape, scale, units, translate, affine, colormap and provenance,
        and the ``id`` that ties the sidecar to its data; JSON only.
    file : str
        Name of the file or folder with the arrays, in the same folder.

    Returns
    -------
    str
        JSON, ASCII, indented.

    Raises
    ------
    BlurMapError
        If it holds what JSON cannot.
    """
    try:
        return json.dumps({"format": FORMAT, "schema": SCHEMA, "file": file, **header}, indent=1, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise BlurMapError(f"The description of this map cannot be saved ({error}); use plain JSON values.") from error


def parse_header(text: str, origin: str) -> dict[str, Any]:
    """Check and read the text of a sidecar.

    Parameters
    ----------
    text : str
        What `dump_header` wrote.
    origin : str
        The file it came from, for messages.

    Returns
    -------
    dict
        As given to `dump_header`, with format, schema and file.

    Raises
    ------
    BlurMapError
        If it is no JSON, of another format, of a newer schema or incomplete.

    Examples
    --------
    >>> parse_header('{"format": "napari-blurmap result", "schema": 3}', "a.blurmap.json")
    Traceback (most recent call last):
    napari_blurmap.errors.BlurMapError: a.blurmap.json was written by a newer napari-blurmap \
(schema 3, this one reads up to 2); update napari-blurmap.
    """
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BlurMapError(
            f"{origin} is damaged: it is not valid JSON ({error}). Restore it, or delete it to load the map "
            "with what its data file says."
        ) from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise BlurMapError(f"{origin} does not describe a napari-blurmap result; expected format {FORMAT!r}.")
    schema = header.get("schema")
    if not isinstance(schema, int) or schema < 1:
        raise BlurMapError(f"{origin} is damaged: its schema is {schema!r}; expected a whole number from 1.")
    if schema > SCHEMA:
        raise BlurMapError(
            f"{origin} was written by a newer napari-blurmap (schema {schema}, this one reads up to "
            f"{SCHEMA}); update napari-blurmap."
        )
    wrong = [name for name, fits in _FIELDS.items() if name not in header or not fits(header[name])]
    if wrong:
        raise BlurMapError(
            f"{origin} is damaged: {', '.join(wrong)} missing or wrong. Restore it, or delete it to load "
            "the map with what its data file says."
        )
    return header


def valid_header(
    beside: dict[str, Any] | None, inside: dict[str, Any] | None, path: str | PathLike[str]
) -> dict[str, Any] | None:
    """Which of two descriptions of a map counts: that of the sidecar, if both were written together.

    Parameters
    ----------
    beside : dict or None
        What the sidecar says.
    inside : dict or None
        The copy in the data.
    path : path
        The data, for the message.

    Returns
    -------
    dict or None
        None where there is neither.

    Raises
    ------
    BlurMapError
        If they are of different savings.
    """
    if beside is not None and inside is not None and beside.get("id") != inside.get("id"):
        raise BlurMapError(
            f"{path} and its {SUFFIX} were not saved together: a copy or a save was interrupted between the two. "
            f"Save the map again, or delete the {SUFFIX} to load it as the data themselves describe it."
        )
    return beside or inside


def read_sidecar(path: str | PathLike[str]) -> dict[str, Any]:
    """Read a ``.blurmap.json``.

    Parameters
    ----------
    path : path
        The sidecar.

    Returns
    -------
    dict
        See `parse_header`; ``colormap`` is how the map was shown, or None.

    Raises
    ------
    BlurMapError
        If it cannot be read or used.
    """
    check_file(path)
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BlurMapError(f"{path} cannot be read ({error}).") from error
    return parse_header(text, str(path))


def _is_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(type(v) in (int, float) and abs(v) < 1e300 for v in value)


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) for v in value)


def _is_file_name(value: Any) -> bool:
    # A plain name: a sidecar from elsewhere must not point out of its folder, nor to what can be no file.
    if not isinstance(value, str) or value in ("", ".", "..") or Path(value).name != value:
        return False
    return "\0" not in value and len(value.encode(errors="surrogatepass")) <= _LONGEST_NAME


_FIELDS: dict[str, Callable[[Any], bool]] = {
    "file": _is_file_name,
    "axes": _is_words,
    "shape": lambda value: isinstance(value, list) and len(value) > 1 and all(type(v) is int and v > 0 for v in value),
    "scale": _is_numbers,
    "units": _is_words,
    "translate": lambda value: value is None or _is_numbers(value),
    "affine": lambda value: value is None or (isinstance(value, list) and all(map(_is_numbers, value))),
    "colormap": lambda value: value is None or isinstance(value, dict),
    "provenance": lambda value: isinstance(value, dict),
}
