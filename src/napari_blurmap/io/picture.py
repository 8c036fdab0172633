"""What a file with a picture gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture from a file.

    Attributes
    ----------
    array : array, shape (..., Y, X) or with a colour axis
        As stored, no scaling of values; numpy, or dask where it is read later.
    axes : tuple of str
        Name of every axis of ``array``, the colour axis included ("s", for
        samples of a colour); lower case.
    scale : tuple of float
        Size of a pixel along every axis; 1 where it is not known.
    units : tuple of str
        Pint's name of its unit; ``"pixel"`` where it is not known.
    channel_axis : int or None
        The colour axis (red, green, blue and perhaps alpha); None for a grey
        picture. Fluorescence channels are an ordinary axis.
    source : dict
        ``path`` of the file; ``image`` where it holds several; ``channels`` where it names the light of any, each
        with ``name`` and ``emission_nm``; ``acquired`` (ISO 8601) and ``seconds`` after that for each place along t,
        where it tells them.
    note : str or None
        Why it has no pixel size although its file gives one: a sentence for its user.
    """

    array: Any
    axes: tuple[str, ...]
    scale: tuple[float, ...]
    units: tuple[str, ...]
    channel_axis: int | None
    source: dict[str, Any] = field(default_factory=dict)
    note: str | None = None


def image_in(number: int | None, count: int, name: str = "") -> dict[str, Any]:
    """What the source of a picture says of its place among several.

    Examples
    --------
    >>> image_in(2, 3, "Series002"), image_in(None, 3, "Series001"), image_in(None, 1)
    ({'image': '2 of 3, Series002'}, {'image': 'first of 3'}, {})
    """
    if number is None:
        return {"image": f"first of {count}"} if count > 1 else {}
    return {"image": ", ".join(filter(None, (f"{number} of {count}", name)))}
