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
        with ``name`` and ``emission_nm``.
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
