"""What a picture says of itself: an array nothing, one from a file or a layer its axes, pixel size and place."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError
from ..ground.affine import after_scale
from ..ground.arguments import WRONG, as_path, shown
from ..ground.arrays import as_array
from ..ground.units import unit_name
from ..io.pictures import Picture, read_picture, told_in

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Given:
    """A picture with what is known of it; every tuple has one entry per axis without the colour axis.

    Parameters
    ----------
    data : array-like
        numpy, memory map, zarr or dask.
    axes : tuple of str or None
        Lower-case names.
    colour : int or None
        Colour axis of the data.
    scale : tuple of float or None
        Size of a pixel, above 0.
    units : tuple of str or None
        By pint's name where it is known.
    translate : tuple of float or None
        Position of the first pixel.
    affine : ndarray, shape (n + 1, n + 1), or None
        What comes after scale and translate: it also flips, turns and shears.
    source : dict or None
        Path of the file.
    """

    data: Any
    axes: tuple[str, ...] | None = None
    colour: int | None = None
    scale: tuple[float, ...] | None = None
    units: tuple[str, ...] | None = None
    translate: tuple[float, ...] | None = None
    affine: NDArray[np.float64] | None = None
    source: dict[str, Any] | None = None

    def without(self, axis: int) -> Given:
        """The same picture with one of its axes being colour."""
        n = len(self.data.shape)
        kept = [i for i in range(n) if i != axis]
        named = {name: getattr(self, name) for name in ("axes", "scale", "units", "translate")}
        fewer: dict[str, Any] = {k: tuple(values[i] for i in kept) for k, values in named.items() if values is not None}
        affine = None if self.affine is None else self.affine[np.ix_([*kept, n], [*kept, n])]
        return replace(self, colour=axis, affine=affine, **fewer)


def unwrap(image: Any) -> Given:
    """Ask a picture what it knows of itself.

    Parameters
    ----------
    image : array-like, path, Picture, layer-like or Given
        A path is read. A layer has ``.data`` and ``.scale``; ``.units``, ``.axis_labels``,
        ``.translate``, ``.rotate``, ``.shear``, ``.affine``, ``.rgb`` and ``.source`` are used where they are there.
        Of a pyramid the largest level is taken.

    Returns
    -------
    Given

    Raises
    ------
    BlurMapError
        If a file or an array cannot be read, or a layer's place is not in finite numbers.
    """
    if isinstance(image, Given):
        return image
    if isinstance(image, str | PathLike):
        image = read_picture(as_path("The picture", image))
    if isinstance(image, Picture):
        plain = [i for i in range(image.array.ndim) if i != image.channel_axis]
        return Given(
            image.array,
            tuple(image.axes[i] for i in plain),
            image.channel_axis,
            tuple(image.scale[i] for i in plain),
            tuple(image.units[i] for i in plain),
            source=image.source,
        )
    if hasattr(image, "scale") and hasattr(image, "data"):
        return _unwrap_layer(image)
    return Given(as_array(image))


def _unwrap_layer(layer: Any) -> Given:
    data = as_array(layer.data[0] if getattr(layer, "multiscale", False) is True else layer.data)
    colour = len(data.shape) - 1 if getattr(layer, "rgb", False) is True else None
    n = len(data.shape) - (colour is not None)
    # napari's default labels are numbers; only names that tell y and x are used.
    labels = tuple(label.lower() for label in _words(layer, "axis_labels"))
    path = getattr(getattr(layer, "source", None), "path", None)
    told = {} if path is None else told_in(str(path))
    axes = (
        labels if len(set(labels)) == n == len(labels) and {"y", "x"} <= set(labels) else _axes_told(told, data, colour)
    )
    units = tuple(unit_name(unit) or unit for unit in _words(layer, "units"))
    scale = _numbers(layer, "scale", n)
    translate = None if getattr(layer, "translate", None) is None else _numbers(layer, "translate", n)
    affine = getattr(layer, "affine", None)
    place: NDArray[Any] | None = None
    with suppress(*WRONG):
        place = after_scale(
            scale,
            np.zeros(len(scale)) if translate is None else translate,
            getattr(layer, "rotate", None),
            getattr(layer, "shear", None),
            getattr(affine, "affine_matrix", affine),
        )[-n - 1 :, -n - 1 :]
    if place is None or place.shape != (n + 1, n + 1) or not np.isfinite(place).all():
        raise BlurMapError(
            f"The layer's rotate, shear or affine is no matrix of finite numbers for its {n} axes. Correct it, or pass "
            "layer.data."
        )
    return Given(
        data,
        axes,
        colour,
        tuple(np.abs(scale).tolist())[-n:],
        units[-n:] if len(units) >= n else None,
        None if translate is None else tuple(translate.tolist())[-n:],
        place,
        None if path is None else {"path": str(path)} | _channels_of(layer, told, axes),
    )


def _axes_told(told: dict[str, Any], data: Any, colour: int | None) -> tuple[str, ...] | None:
    """The axes of a layer's file, where the layer holds the whole of it and the file names them."""
    axes: tuple[str, ...] = told.get("axes", ())
    if told.get("shape") != tuple(data.shape) or (colour is not None and axes[-1] != "s"):
        return None
    axes = axes if colour is None else axes[:-1]
    return axes if set(axes) <= set("tczyx") and len(set(axes)) == len(axes) else None


def _channels_of(layer: Any, told: dict[str, Any], axes: tuple[str, ...] | None) -> dict[str, Any]:
    """The channels of a layer's file; of a layer without such an axis the one that it is named after."""
    channels, number = told.get("channels", []), getattr(layer, "channel", None)
    if isinstance(number, int):
        return {"channels": channels[number : number + 1]} if len(channels) > number else {}
    if "c" not in (axes or ()) and len(channels) > 1:
        name = str(getattr(layer, "name", ""))
        channels = [one for one in channels if one["name"] and one["name"] in name]
    return {"channels": channels} if channels else {}


def _numbers(layer: Any, name: str, count: int) -> NDArray[np.float64]:
    """A finite number for each axis, or more."""
    values = getattr(layer, name)
    try:
        numbers = np.asarray(values, dtype=float)
    except WRONG:
        numbers = np.empty(0)
    usable = np.isfinite(numbers) & ((numbers != 0) | (name != "scale"))
    if numbers.ndim != 1 or len(numbers) < count or not usable.all():
        more = " other than 0" if name == "scale" else ""
        raise BlurMapError(
            f"The layer's {name} is {shown(values)}; expected a finite number{more} for each of its {count} axes."
        )
    return numbers


def _words(layer: Any, name: str) -> tuple[str, ...]:
    """What a layer calls its axes or units; nothing where it has no such names."""
    values = getattr(layer, name, None)
    return tuple(str(value) for value in values) if isinstance(values, list | tuple) else ()
