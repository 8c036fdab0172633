"""The same as a panel does, as a line for a terminal."""

from __future__ import annotations

import os
import shlex
import subprocess
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import BlurMapError
from ...ground.arrays import in_memory
from ...io.pictures import read_picture
from ...picture.stack import as_stack

if TYPE_CHECKING:
    from pathlib import Path

    from napari.layers import Labels

    from ...picture.stack import Stack
    from ..layers.picture import LayerPicture

#: Larger pictures are known by their shape alone, values.
_COMPARED = 2**28


def shell_line(command: str, *files: Path | str, **options: Any) -> str:
    """A line for a terminal.

    Parameters
    ----------
    command : str
        Of `napari-blurmap`.
    *files : path or str
        What it works on.
    **options : object
        By name: a value, a tuple of values for one option, a list of values for one that is given several times; None
        leaves it out.

    Examples
    --------
    >>> shell_line("check", "my cells.tif", sigma=[0.5, 1.0], region=(0, 64, 0, 64), seed=None)
    "napari-blurmap check 'my cells.tif' --sigma 0.5 --sigma 1.0 --region 0 64 0 64"
    """
    words = ["napari-blurmap", command, *map(str, files)]
    for name, value in options.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                words += [f"--{name.replace('_', '-')}", *map(str, one if isinstance(one, tuple) else (one,))]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def optics_options(given: dict[str, Any]) -> dict[str, Any]:
    """An optics limit, by the names of its arguments, as options of a command.

    Examples
    --------
    >>> optics_options({"na": 0.8, "wavelength": (450, 520), "factor": 2.0})
    {'na': 0.8, 'wavelength': '450,520', 'sharp_factor': 2.0}
    """
    options = {name: value for name, value in given.items() if name not in ("factor", "pixel_nm")}
    if isinstance(light := given.get("wavelength"), tuple):
        options["wavelength"] = ",".join(f"{nm:g}" for nm in light)
    return options | {"sharp_factor": given.get("factor")}


def noise_option(noise: Any) -> Any:
    """Noise as an option of a command; None where it is measured."""
    return "/".join(map(repr, noise)) if isinstance(noise, tuple) else noise


def stored(picture: LayerPicture, channel_axis: int | None = None) -> tuple[str, dict[str, Any]]:
    """The file of a layer's picture, and how the shell has to read it to get the same.

    Parameters
    ----------
    picture : LayerPicture
        Its file is read, which may take long.
    channel_axis : int, optional
        Its colour axis, where the layer does not know it.

    Returns
    -------
    path : str
    options : dict
        ``axes``, and ``pixel_size`` and ``unit``, where the file does not say the same as the layer.

    Raises
    ------
    BlurMapError
        If the layer is of no file, or the file holds another picture.
    """
    here = as_stack(picture, channel_axis=channel_axis)
    if here.source is None:
        raise BlurMapError(
            f"There is no line for a terminal: {picture.name!r} lies in no file. Save it, open the file and choose "
            "that, or copy it as Python."
        )
    path = here.source["path"]
    file = as_stack(read_picture(path))
    same = file.shape == here.shape and (file.colour is None) == (here.colour is None)
    if same and prod(here.data.shape) <= _COMPARED:
        floats = np.dtype(here.data.dtype).kind == "f"
        same = np.array_equal(_ordered(file), _ordered(here), equal_nan=floats)
    names = "".join(name for _, name in sorted(zip(file.order, here.axes, strict=same)))
    if not same or len(names) != len(here.axes):
        raise BlurMapError(
            f"There is no line for a terminal: {path} holds another picture than the layer {picture.name!r}, or is "
            "read in another way. Save the layer, open the file and choose that, or copy it as Python."
        )
    options: dict[str, Any] = {} if file.axes == here.axes else {"axes": names.upper()}
    size = here.scale[-2:], here.units[-2:]
    if here.units[-1] != "pixel" and size != (file.scale[-2:], file.units[-2:]) and len(set(here.scale[-2:])) == 1:
        options |= {"pixel_size": here.scale[-1], "unit": here.units[-1]}
    return path, options


def stored_labels(layer: Labels) -> str:
    """The file of a layer of objects.

    Raises
    ------
    BlurMapError
        If there is none, or it holds others.
    """
    data = layer.data[0] if layer.multiscale else layer.data
    path = layer.source.path
    if path is None or not np.array_equal(in_memory(read_picture(path).array), in_memory(data)):
        raise BlurMapError(
            f"There is no line for a terminal: no file is known that holds the objects of {layer.name!r} as they are. "
            "Save the layer, open the file and measure its objects, or copy it as Python."
        )
    return str(path)


def _ordered(stack: Stack) -> Any:
    """The picture in memory, with y, x and colour last."""
    return in_memory(stack.data[...]).transpose([*stack.order, *([] if stack.colour is None else [stack.colour])])
