"""File names as text that XML, JSON and fonts can hold, and that tells nobody of folders."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

# Control characters, bytes that are no text (surrogates in Python), and what Unicode does not know.
_NO_TEXT = ("Cc", "Cs", "Cn")


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
    """
    source = provenance.get("source")
    if not isinstance(source, dict) or not isinstance(source.get("path"), str):
        return provenance
    return provenance | {"source": source | {"path": re.split(r"[\\/]", source["path"])[-1]}}
