"""What users pass, checked: each function gives the value in its final type, or says what was expected."""

from __future__ import annotations

import os
from contextlib import suppress
from math import inf, nan
from operator import index
from pathlib import Path
from reprlib import Repr
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..errors import BlurMapError

if TYPE_CHECKING:
    from collections.abc import Sequence

    T = TypeVar("T", bound=str)

_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60
#: What conversions of foreign objects raise: a tensor a RuntimeError, a number too large an OverflowError.
WRONG = (TypeError, ValueError, OverflowError, RuntimeError, AttributeError)
#: No file system has longer names or paths.
_LONGEST_NAME, _LONGEST_PATH = 255, 4096
#: Whole numbers of numpy and torch go no further.
_MOST = 2**63 - 1


def shown(value: Any) -> str:
    """A value in a message: in one line, and cut where it is long."""
    try:
        return " ".join(_SHORT.repr(value).split())
    except WRONG:
        return f"a {type(value).__name__}"


def number(
    name: str, value: Any, what: str = "a number", *, above: float = -inf, least: float = -inf, most: float = inf
) -> float:
    """A finite number.

    Parameters
    ----------
    name : str
        Of the argument.
    value : object
        What was passed.
    what : str
        What was expected, in words.
    above, least, most : float, optional
        It is larger than the first, at least as large as the second and at most as large as the third.

    Raises
    ------
    BlurMapError
        If it is none, or out of range.

    Examples
    --------
    >>> number("sigma", np.float32(2), least=0)
    2.0
    """
    try:
        none = isinstance(value, str | bytes | bool | np.bool_) or value is np.ma.masked or np.ndim(value)
        found = nan if none else float(value)
    except WRONG:
        found = nan
    if not (least <= found <= most and above < found < inf):
        raise BlurMapError(f"{name} is {shown(value)}; expected {what}.")
    return found


def whole(name: str, value: Any, *, least: float = -inf, most: float = inf) -> int:
    """A whole number, numpy's too.

    Raises
    ------
    BlurMapError
        If it is none, or out of range.

    Examples
    --------
    >>> whole("steps", 3)
    3
    """
    try:
        found = index(value)
    except WRONG:
        found = None
    if found is None or not least <= found <= most or abs(found) > _MOST:
        more = "" if least == -inf else f" of {least:g} or more" if most == inf else f" from {least:g} to {most:g}"
        raise BlurMapError(f"{name} is {shown(value)}; expected a whole number{more}.")
    return found


def whole_seed(value: Any) -> int:
    """A seed: a whole number of 0 or more."""
    return whole("seed", value, least=0)


def entries(name: str, values: Any, what: str, *, most: int = 64) -> tuple[Any, ...]:
    """What is in a short sequence; a long one is not read: it may be a picture on a disk."""
    with suppress(*WRONG):
        if len(values) <= most:
            return tuple(values)
    raise BlurMapError(f"{name} is {shown(values)}; expected {what}.")


def whole_numbers(name: str, values: Any) -> tuple[int, ...]:
    """Several whole numbers.

    Examples
    --------
    >>> whole_numbers("plane", [0, 2])
    (0, 2)
    """
    what = "whole numbers, such as (0, 2)"
    try:
        return tuple(index(value) for value in entries(name, values, what))
    except WRONG as error:
        raise BlurMapError(f"{name} is {shown(values)}; expected {what}.") from error


def one_of(name: str, value: Any, options: Sequence[T]) -> T:
    """One of several names.

    Examples
    --------
    >>> one_of("mode", "wrap", ("reflect", "wrap"))
    'wrap'
    """
    for option in options:
        if isinstance(value, str) and value == option:
            return option
    raise BlurMapError(f"{name} is {shown(value)}; expected one of {', '.join(map(repr, options))}.")


def flag(name: str, value: Any) -> bool:
    """True or False, numpy's too."""
    if not isinstance(value, bool | np.bool_):
        raise BlurMapError(f"{name} is {shown(value)}; expected True or False.")
    return bool(value)


def callback(name: str, value: Any) -> None:
    """Refuse what is neither a function nor None."""
    if value is not None and not callable(value):
        raise BlurMapError(f"{name} is {shown(value)}; expected a function, or None.")


def as_path(name: str, value: Any) -> Path:
    """A path that a file can have, with the home folder for ``~``.

    Raises
    ------
    BlurMapError
        If it is no path, or one that no file system takes.

    Examples
    --------
    >>> as_path("path", "a/b.tif").name
    'b.tif'
    """
    path, sizes = Path(), [_LONGEST_PATH]
    with suppress(*WRONG):
        path = Path(os.fspath(value)).expanduser()
        sizes = [len(os.fsencode(part)) for part in path.parts]
    if sum(sizes) >= _LONGEST_PATH or max(sizes, default=0) > _LONGEST_NAME or "\0" in str(path):
        raise BlurMapError(f"{name} is {shown(value)}; expected the path of a file.")
    return path
