"""How the axes of a picture are read, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .stack import Stack

_KINDS = {"t": "time point", "z": "plane", "c": "channel", "s": "series"}


def describe_axes(stack: Stack, planes: str = "a map a plane") -> str:
    """How the axes of a picture are read, in one line.

    Parameters
    ----------
    stack : Stack
        What `napari_blurmap.picture.stack.as_stack` made of the picture.
    planes : str
        What is done with the planes of a stack.

    Returns
    -------
    str

    Examples
    --------
    >>> import numpy as np
    >>> from napari_blurmap.picture.stack import as_stack
    >>> describe_axes(as_stack(np.zeros((3, 20, 2, 64, 48)), axes="TZCYX"))
    '3 time points x 20 planes x 2 channels, a map a plane; 64 x 48 px'
    """
    *leading, height, width = stack.shape
    counts = " x ".join(_counted(n, axis) for n, axis in zip(leading, stack.axes, strict=False))
    parts = [f"{counts}, {planes}" if leading else "2-D"]
    if stack.colour is not None:
        parts.append("colour read as luminance")
    return "; ".join([*parts, f"{height} x {width} px"])


def _counted(n: int, axis: str) -> str:
    kind = _KINDS.get(axis)
    if kind is None:
        return f"{n} along {axis}"
    return f"{n} {kind}" if n == 1 or kind == "series" else f"{n} {kind}s"
