"""Whole numbers that users give: seeds, steps, places in a picture."""

from __future__ import annotations

from operator import index
from typing import Any

from ..errors import BlurMapError


def whole(name: str, value: Any) -> int:
    """A whole number, numpy's too.

    Raises
    ------
    BlurMapError
        If it is none.

    Examples
    --------
    >>> whole("steps", 3)
    3
    """
    try:
        return index(value)
    except TypeError as error:
        raise BlurMapError(f"{name} is {value!r}; expected a whole number.") from error


def whole_seed(value: Any) -> int:
    """A seed.

    Raises
    ------
    BlurMapError
        If it is no whole number of 0 or more.

    Examples
    --------
    >>> whole_seed(7)
    7
    """
    if (seed := whole("seed", value)) < 0:
        raise BlurMapError(f"seed is {seed}; expected 0 or more.")
    return seed


def whole_numbers(name: str, values: Any) -> tuple[int, ...]:
    """Several of them.

    Raises
    ------
    BlurMapError
        If it is no sequence of whole numbers.

    Examples
    --------
    >>> whole_numbers("plane", [0, 2])
    (0, 2)
    """
    try:
        return tuple(index(value) for value in values)
    except TypeError as error:
        raise BlurMapError(f"{name} is {values!r}; expected whole numbers, such as (0, 2).") from error
