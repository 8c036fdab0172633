"""What a map says of its making: anything that JSON can hold, but what is read of it again is of its kind."""

from __future__ import annotations

import json
from typing import Any

from ..errors import BlurMapError
from ..ground.arguments import shown


def _is_noise(value: Any) -> bool:
    """A word, or two points of a line: grey levels, and the variances there."""
    if not isinstance(value, dict):
        return value is None or isinstance(value, str)
    pairs: list[Any] = [value.get("greys"), value.get("variances")]
    if not all(_fits(pair, [(int, float)]) and len(pair) == 2 for pair in pairs):
        return False
    (dark, light), (least, most) = pairs
    return bool(min(least, most) >= 0 and (dark != light or least == most))


#: What is read again: a type, a function that tells, several of which one is enough, a list of one kind, a dict of some
#: entries, or with the name "*" of all of them.
_KINDS: dict[str, Any] = {
    "at": (None, {"*": int}),
    "parameters": (None, {"axes": (None, [str]), "channel_axis": (None, int), "noise": _is_noise}),
    "sensor": (None, [{"notes": (None, [str])}]),
    "smoothed": (None, [{"method": str, "strength": (int, float)}]),
    "source": (None, {"path": (None, str), "channels": (None, [{"emission_nm": (None, int, float)}])}),
}


def checked_provenance(provenance: Any) -> dict[str, Any]:
    """A copy of a provenance.

    Parameters
    ----------
    provenance : dict
        As a user or a file gives it.

    Raises
    ------
    BlurMapError
        If JSON cannot hold it, or an entry that maps read is of another kind.

    Examples
    --------
    >>> checked_provenance({"model": "default", "at": {"c": 1}, "anything": [1, {}], "sensor": None})
    {'model': 'default', 'at': {'c': 1}, 'anything': [1, {}]}
    """
    try:
        copy = json.loads(json.dumps(provenance, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise BlurMapError(f"The provenance holds what JSON cannot ({error}); use plain values.") from error
    if not isinstance(copy, dict):
        raise BlurMapError("The provenance is a dictionary.")
    for name, kind in _KINDS.items():
        if not _fits(copy.get(name), kind):
            raise BlurMapError(
                f"The provenance's entry {name!r} is {shown(copy[name])}, which is not what estimate_blur writes there."
                " Leave it out, or choose another name for it."
            )
    return {name: value for name, value in copy.items() if name not in _KINDS or value is not None or name == "source"}


def _fits(value: Any, kind: Any) -> bool:
    if kind is None or isinstance(kind, type):
        return value is None if kind is None else isinstance(value, kind) and not isinstance(value, bool)
    if isinstance(kind, tuple):
        return any(_fits(value, one) for one in kind)
    if isinstance(kind, list):
        return isinstance(value, list) and all(_fits(one, kind[0]) for one in value)
    if isinstance(kind, dict):
        if not isinstance(value, dict):
            return False
        pairs = (
            [(one, kind["*"]) for one in value.values()]
            if "*" in kind
            else [(value.get(n), k) for n, k in kind.items()]
        )
        return all(_fits(one, of) for one, of in pairs)
    return bool(kind(value))
