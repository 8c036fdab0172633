"""File names as text that XML, JSON and fonts can hold, and that tells nobody of folders."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

# Control characters, bytes that are no text (surrogates in Python), and what Unicode does not know.
_NO_TEXT = ("Cc", "Cs", "Cn")
# The end of a path, of whatever system: a place in an OME-Zarr, a number in a file, or a name.
_LAST = re.compile(r"([^\\/]+\.zarr[\\/].+|[^\\/]+\.\w+[\\/]\d+|[^\\/]*)$", re.DOTALL)


def plain_text(name: str) -> str:
    r"""Replace what cannot be written as text.

    Parameters
    ----------
    name : str
        Such as the name of a file: it may hold any bytes.

    Returns
    -------
    str
        With a question mark for each such character.

    Examples
    --------
    >>> plain_text("caf\udce9 \x01.tif")
    'caf? ?.tif'
    """
    return "".join("?" if unicodedata.category(letter) in _NO_TEXT else letter for letter in name)


def without_folders(provenance: dict[str, Any]) -> dict[str, Any]:
    r"""Leave of the path of a picture only its name: files are passed on, and folders have the names of people.

    One of several pictures keeps its place in the file or plate.

    Parameters
    ----------
    provenance : dict
        With the ``source`` of a map or a check, or without.

    Returns
    -------
    dict
        The same otherwise.

    Examples
    --------
    >>> without_folders({"source": {"path": r"C:\Users\jane\a.tif"}})
    {'source': {'path': 'a.tif'}}
    >>> [without_folders({"source": {"path": one}})["source"]["path"] for one in ("a/b.lif/2", "a/b.ome.zarr/A/1/0")]
    ['b.lif/2', 'b.ome.zarr/A/1/0']
    """
    source = provenance.get("source")
    if not isinstance(source, dict) or not isinstance(source.get("path"), str):
        return provenance
    found = _LAST.search(source["path"])
    return provenance | {"source": source | {"path": found[0] if found else ""}}
