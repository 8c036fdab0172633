"""File names as text that XML, JSON and fonts can hold."""

from __future__ import annotations

import unicodedata

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
