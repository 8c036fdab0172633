"""Names of units: pint's within the program, OME's in files, short ones for people."""

from __future__ import annotations

import re
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: pint name -> (symbol in OME files, short name shown to users, metres)
_LENGTHS: dict[str, tuple[str, str, float]] = {
    "angstrom": ("Å", "angstrom", 1e-10),
    "picometer": ("pm", "pm", 1e-12),
    "nanometer": ("nm", "nm", 1e-9),
    "micrometer": ("µm", "um", 1e-6),
    "millimeter": ("mm", "mm", 1e-3),
    "centimeter": ("cm", "cm", 1e-2),
    "meter": ("m", "m", 1.0),
    "inch": ("in", "inch", 0.0254),
}
_TIMES: dict[str, tuple[str, str]] = {
    "nanosecond": ("ns", "ns"),
    "microsecond": ("µs", "us"),
    "millisecond": ("ms", "ms"),
    "second": ("s", "s"),
    "minute": ("min", "min"),
    "hour": ("h", "h"),
    "day": ("d", "d"),
}
#: Lengths that are written, largest first, and those that nobody writes a blur in.
_PREFIXED = ("meter", "millimeter", "micrometer", "nanometer", "picometer")
_UNUSUAL = ("centimeter", "inch")
# Written so by ImageJ, microscopes' software and people.
_OTHER_SPELLINGS = {
    "micron": "micrometer",
    "microns": "micrometer",
    "sec": "second",
    "secs": "second",
    "minutes": "minute",
    "hours": "hour",
    "pixels": "pixel",
    "px": "pixel",
    "": "pixel",
    "å": "angstrom",
    "inches": "inch",
}
_NAMES: dict[str, str] = {}
for _name, _known in (*_LENGTHS.items(), *_TIMES.items()):
    _NAMES |= dict.fromkeys(
        (_name, _name + "s", _name.replace("meter", "metre"), str(_known[0]), str(_known[1])), _name
    )
_NAMES |= _OTHER_SPELLINGS | {"pixel": "pixel"}
_ESCAPED = re.compile(r"\\u([0-9A-Fa-f]{4})")


def unit_name(text: str | None) -> str | None:
    """Pint's name of a unit that is spelt in one of the usual ways.

    Parameters
    ----------
    text : str or None
        For example ``"um"``, ``"µm"``, ``"micron"``, ``"s"``.

    Returns
    -------
    str or None
        For example ``"micrometer"``; ``"pixel"`` for no unit, None for one
        that is not known.

    Examples
    --------
    >>> unit_name("microns"), unit_name(None), unit_name("furlong")
    ('micrometer', 'pixel', None)
    """
    # ImageJ writes what is no ASCII as \u and four digits; Unicode has two mu, and files have both.
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), "" if text is None else str(text)).strip()
    plain = plain.replace("\u03bc", "\u00b5").replace("\u212b", "\u00c5")
    return _NAMES.get(plain) or _NAMES.get(plain.lower())


def unit_label(name: str) -> str:
    """Short name of a unit as users see it, such as ``"um"``; others come back unchanged."""
    return (_LENGTHS.get(name) or _TIMES.get(name) or ("", name))[1]


def ome_symbol(name: str) -> str | None:
    """Symbol of a unit in OME metadata, such as ``"µm"``; None where there is none."""
    known = _LENGTHS.get(name) or _TIMES.get(name)
    return known[0] if known else None


def meters(name: str) -> float | None:
    """Length of a unit in metres; None where it is no length."""
    return _LENGTHS[name][2] if name in _LENGTHS else None


def readable_unit(length: float, name: str) -> tuple[float, str]:
    """Unit in which a length is written without leading or trailing noughts.

    Parameters
    ----------
    length : float
        In ``name``.
    name : str
        Unit of the length, by any usual spelling.

    Returns
    -------
    factor : float
        Times which the length is in the other unit.
    label : str
        Its short name: the unit's own where the length is from 0.1 to 999 in it and it has a prefix of its own,
        else the largest of m, mm, um, nm and pm in which the length is 0.1 or more.

    Examples
    --------
    >>> readable_unit(0.8, "um"), readable_unit(2.18e-11, "m")
    ((1.0, 'um'), (1000000000000.0, 'pm'))
    """
    known = unit_name(name) or name
    if known not in _LENGTHS or (known not in _UNUSUAL and 0.1 <= length < 999.5) or not 0 < length < inf:
        return 1.0, unit_label(known)
    size = meters(known) or 1.0
    candidates = [unit for unit in _PREFIXED if length * size >= 0.1 * _LENGTHS[unit][2]] or [_PREFIXED[-1]]
    # Rounding must not leave 91.00000000000001.
    return float(f"{size / _LENGTHS[candidates[0]][2]:.12g}"), unit_label(candidates[0])


def is_time(name: str) -> bool:
    """Whether a unit is a time."""
    return name in _TIMES


def pixel_side(scale: Sequence[float]) -> float | None:
    """Side of a square pixel, the mean of y and x; None where they differ by more than 1 %.

    Then one sigma in pixels is no single length.

    Examples
    --------
    >>> pixel_side((0.5, 0.5)), pixel_side((0.5, 0.6))
    (0.5, None)
    """
    y, x = scale[-2:]
    return (y + x) / 2 if abs(y - x) <= 0.01 * min(y, x) else None
