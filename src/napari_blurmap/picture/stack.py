"""From anything picture-like to planes: which axes there are, which is colour, and how large a pixel is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError
from ..ground.arguments import WRONG, entries, shown, whole
from ..ground.arrays import as_declared, is_lazy, reading
from ..ground.units import meters, unit_name
from .given import Given, unwrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Smallest Y and X that hold anything to measure, pixels.
SMALLEST = 32
_DEFAULT_AXES = ("s", "t", "c", "z")


@dataclass(frozen=True)
class Stack:
    """A picture of any number of planes, read a plane at a time.

    Parameters
    ----------
    data : array-like
        numpy, memory map, zarr or dask; its axes are ``leading + (y, x)`` in
        any order, with the colour axis somewhere where there is one.
    axes : tuple of str
        Of the result: leading axes, y, x.
    order : tuple of int
        Axis of ``data`` for each of ``axes``.
    colour : int or None
        Colour axis of ``data``.
    scale, units : tuple
        Of every axis of the result; the unit is "pixel" where it is not known.
    translate : tuple of float or None
        Likewise.
    affine : list of list of float or None
        Of the result's axes.
    source : dict or None
        Path of the file, where it is known.
    """

    data: Any
    axes: tuple[str, ...]
    order: tuple[int, ...]
    colour: int | None
    scale: tuple[float, ...]
    units: tuple[str, ...]
    translate: tuple[float, ...] | None = None
    affine: list[list[float]] | None = None
    source: dict[str, Any] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the result."""
        return tuple(int(self.data.shape[i]) for i in self.order)

    @property
    def lazy(self) -> bool:
        """Whether the data are a dask array."""
        return is_lazy(self.data)

    @property
    def data_axes(self) -> tuple[str, ...]:
        """Names of the axes, but colour, in the order of the data."""
        return tuple(name for _, name in sorted(zip(self.order, self.axes, strict=True)))

    @property
    def ordered(self) -> Any:
        """The data with its axes in the order of ``axes``, colour last."""
        order = [*self.order, *([] if self.colour is None else [self.colour])]
        return self.data if order == sorted(order) else self.data.transpose(order)

    def indices(self) -> Iterator[tuple[int, ...]]:
        """Index of every plane along the leading axes."""
        return product(*(range(n) for n in self.shape[:-2]))

    def plane(self, index: tuple[int, ...]) -> Any:
        """One plane, (Y, X) or (Y, X, colour); lazy where the data are."""
        where: list[Any] = [slice(None)] * len(self.data.shape)
        for axis, i in zip(self.order, index, strict=False):
            where[axis] = i
        # What is left is y, x and colour, in the order in which the data has them.
        left = [a for a in range(len(self.data.shape)) if a in (*self.order[-2:], self.colour)]
        with reading():
            plane = as_declared(self.data[tuple(where)], tuple(self.data.shape[a] for a in left))
        wanted = [*self.order[-2:], *([] if self.colour is None else [self.colour])]
        return plane.transpose([left.index(a) for a in wanted]) if left != wanted else plane


def as_stack(
    image: Any,
    *,
    axes: Sequence[str] | None = None,
    channel_axis: int | None = None,
    pixel_size: float | tuple[float, float] | None = None,
    unit: str | None = None,
) -> Stack:
    """Understand a picture: an array, a `Picture` from a file, or a layer-like object.

    Parameters
    ----------
    image : array-like or layer-like
        See `napari_blurmap.estimate_blur`.
    axes : sequence of str, optional
        One letter or name an axis of the data, without the colour axis.
    channel_axis : int, optional
        Colour axis.
    pixel_size : float or (float, float), optional
        Of y and x, in ``unit``.
    unit : str, optional
        By any usual spelling.

    Returns
    -------
    Stack

    Raises
    ------
    BlurMapError
        Where the picture cannot be understood.
    """
    given = unwrap(image)
    data = given.data
    _check_type(data)
    colour = _colour_axis(data.shape, given.colour, channel_axis, given.axes if axes is None else axes)
    if colour is not None and given.colour is None:
        given = given.without(colour)
    plain = [i for i in range(len(data.shape)) if i != colour]
    names = _axis_names(given.axes if axes is None else axes, len(plain))
    order = sorted(range(len(plain)), key=lambda i: (names[i] in "yx", names[i] == "x", i))
    result_axes = tuple(names[i] for i in order)
    height, width = (int(data.shape[plain[i]]) for i in order[-2:])
    if min(height, width) < SMALLEST or 0 in data.shape:
        raise BlurMapError(
            f"The picture has {height} x {width} pixels (y, x) and the shape {tuple(data.shape)}; expected at "
            f"least {SMALLEST} x {SMALLEST}. Take a larger picture, or name the axes if y and x are others."
        )
    scale, units = _sizes(given, len(plain), order, pixel_size, unit)
    translate, affine = _place(given, order, scale)
    order_in_data = tuple(plain[i] for i in order)
    channels = data.shape[order_in_data[result_axes.index("c")]] if "c" in result_axes else 1
    return Stack(
        data, result_axes, order_in_data, colour, scale, units, translate, affine, _fitting(given.source, int(channels))
    )


def _fitting(source: dict[str, Any] | None, channels: int) -> dict[str, Any] | None:
    """What is known of the file, without its channels where the picture has others."""
    if source is None or len(source.get("channels", ())) == channels:
        return source
    return {name: value for name, value in source.items() if name != "channels"}


def _check_type(data: Any) -> None:
    dtype = np.dtype(data.dtype)
    if dtype.kind not in "buif":
        raise BlurMapError(
            f"The picture holds {dtype} values; expected real numbers (bool, integers, floats). "
            "Take the modulus of complex data, or convert it with .astype(float)."
        )
    if any(n != n for n in data.shape):  # dask does not know them yet
        raise BlurMapError(
            f"The picture has the shape {tuple(data.shape)}, not all of which is known; call compute_chunk_sizes()."
        )
    if len(data.shape) < 2:
        raise BlurMapError(
            f"The picture has the shape {tuple(data.shape)}; expected at least two axes, y and x, of "
            f"{SMALLEST} pixels or more."
        )


def _colour_axis(
    shape: tuple[int, ...], own: int | None, channel_axis: int | None, axes: Sequence[str] | None
) -> int | None:
    """Colour axis of the data: the picture's own, or the one that the caller names."""
    ndim = len(shape)
    channel_axis = None if channel_axis is None else whole("channel_axis", channel_axis)
    if own is not None and channel_axis not in (None, own, own - ndim):
        raise BlurMapError(
            f"channel_axis is {channel_axis}, but the colour axis of this picture is {own}. Leave it out."
        )
    channel_axis = own if channel_axis is None else channel_axis
    if channel_axis is None:
        if ndim == 3 and shape[-1] in (3, 4) and axes is None:
            raise BlurMapError(
                f"A picture of shape {tuple(shape)} looks like colour. Pass channel_axis=-1 to estimate its luminance, "
                "or axes= if the last axis is something else."
            )
        return None
    if not -ndim <= channel_axis < ndim:
        raise BlurMapError(f"channel_axis is {channel_axis}, but the picture has {ndim} axes.")
    colour = channel_axis % ndim
    if ndim < 3:
        raise BlurMapError(
            f"channel_axis is {channel_axis}, but a picture of shape {tuple(shape)} has no axis for colour "
            "beside y and x. Leave it out."
        )
    if shape[colour] not in (1, 2, 3, 4):
        raise BlurMapError(
            f"The colour axis {channel_axis} has {shape[colour]} values; expected 1 to 4 (grey, grey + alpha, RGB, "
            "RGBA). Fluorescence channels are no colour axis: leave channel_axis out and each is estimated by itself."
        )
    return colour


def _axis_names(axes: Sequence[str] | None, count: int) -> list[str]:
    if axes is None:
        lead = count - 2
        extra = [f"a{i}" for i in range(max(0, lead - len(_DEFAULT_AXES)))]
        return [*extra, *(_DEFAULT_AXES[-lead:] if lead else ()), "y", "x"]
    what = (
        f"{count} different names with y and x among them, such as {''.join(_axis_names(None, count)).upper()!r} (the "
        "colour axis is given by channel_axis and not named)"
    )
    names = [str(name).lower() for name in entries("axes", axes, what)]
    if len(names) != count or len(set(names)) != count or not {"y", "x"} <= set(names):
        raise BlurMapError(f"axes is {shown(axes)}; expected {what}.")
    return names


def _sizes(
    given: Given, n: int, order: list[int], pixel_size: float | tuple[float, float] | None, unit: str | None
) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Scale and unit of every axis of the result; what the caller gives wins over the picture's own."""
    scale = [(given.scale or (1.0,) * n)[i] for i in order]
    units = [(given.units or ("pixel",) * n)[i] for i in order]
    if pixel_size is None and units[-2] != units[-1]:
        raise BlurMapError(
            f"The picture gives y in {units[-2]} and x in {units[-1]}; expected one unit for both. Correct the units "
            "of the layer, or pass pixel_size and unit."
        )
    if pixel_size is not None:
        try:
            pair = np.broadcast_to(np.asarray(pixel_size, dtype=float), (2,))
        except WRONG:
            pair = np.zeros(2)
        if not (np.isfinite(pair).all() and (pair > 0).all()):
            raise BlurMapError(
                f"pixel_size is {shown(pixel_size)}; expected a length above 0, or one for y and one for x."
            )
        name = unit_name("um" if unit is None else unit)
        if name is None or meters(name) is None:
            raise BlurMapError(f"unit is {shown(unit)}; expected a length such as 'um' or 'nm'.")
        scale[-2:], units[-2:] = [float(v) for v in pair], [name, name]
    elif unit is not None:
        raise BlurMapError(f"unit is {shown(unit)}, but there is no pixel_size. Give both, or neither.")
    return tuple(scale), tuple(units)


def _place(
    given: Given, order: list[int], scale: tuple[float, ...]
) -> tuple[tuple[float, ...] | None, list[list[float]] | None]:
    """Position and matrix of the result; another pixel size than the picture's own stretches both."""
    stretch = np.array(scale) / np.array(given.scale or (1.0,) * len(order))[order]
    translate = affine = None
    if given.translate is not None:
        translate = tuple((stretch * np.array(given.translate)[order]).tolist())
    if given.affine is not None:
        whole, rows = np.diag([*stretch, 1.0]), [*order, -1]
        affine = (whole @ given.affine[np.ix_(rows, rows)] @ np.linalg.inv(whole)).tolist()
    return translate, affine
