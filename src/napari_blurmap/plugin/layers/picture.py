"""The picture of a layer as it is when Run is pressed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ...ground.affine import shear_matrix
from ...ground.arrays import Eager, is_lazy
from ...ground.units import meters, pixel_side
from ...picture.plane import WHOLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari.layers import Image

    from ...picture.stack import Stack


@dataclass(frozen=True, eq=False)
class LayerPicture:
    """What `estimate_blur` reads of a layer, fixed while the layer goes its own way.

    Parameters
    ----------
    name : str
        Of the layer.
    data : array-like
        Finest level where there are several; never dask.
    scale, translate : tuple of float
        Per axis without colour.
    units : tuple of str
        By pint's name.
    axis_labels : tuple of str
        As the layer has them.
    rgb : bool
        Whether the last axis of the data is colour.
    rotate, shear, affine : ndarray
        As the layer has them.
    source : object
        napari's, with the path of the file.
    part : str
        Index of the layer's data that gives this part of them; empty for the whole.
    channel : int or None
        Which of its file's channels it is, where it is one of several.
    """

    name: str
    data: Any
    scale: tuple[float, ...]
    translate: tuple[float, ...]
    units: tuple[str, ...]
    axis_labels: tuple[str, ...]
    rgb: bool
    rotate: Any
    shear: Any
    affine: Any
    source: Any = None
    part: str = ""
    channel: int | None = None

    @classmethod
    def of(cls, layer: Image) -> LayerPicture:
        """Take the picture of a layer."""
        data = layer.data[0] if layer.multiscale else layer.data
        return cls(
            name=layer.name,
            data=Eager(data) if is_lazy(data) else data,
            scale=tuple(float(v) for v in layer.scale),
            translate=tuple(float(v) for v in layer.translate),
            units=tuple(str(unit) for unit in layer.units),
            axis_labels=tuple(layer.axis_labels),
            rgb=bool(layer.rgb),
            rotate=np.asarray(layer.rotate),
            shear=np.asarray(layer.shear),
            affine=np.asarray(layer.affine.affine_matrix),
            source=layer.source,
        )

    def cut(self, places: Mapping[int, int], names: Sequence[str]) -> LayerPicture:
        """The part at one place along some of its axes, which stay with size 1, where it lies in the layer.

        Parameters
        ----------
        places : dict of int to int
            By axis of the data.
        names : sequence of str
            Of all axes but the last of an RGB layer.
        """
        index = [slice(None)] * len(self.data.shape)
        first = np.zeros(len(self.scale))
        for axis, place in places.items():
            index[axis], first[axis] = slice(place, place + 1), place
        turn = self.rotate @ shear_matrix(self.shear, len(first))
        data: Any = self.data
        if not isinstance(data, np.ndarray):
            from dask.array import from_array

            data = data.lazy if isinstance(data, Eager) else from_array(data)
        data = data[tuple(index)]
        words = ", ".join(f"{names[axis]} {place}" for axis, place in places.items())
        shown = [":" if one == slice(None) else f"{one.start}:{one.stop}" for one in index]
        return replace(
            self,
            name=f"{self.name} ({words})",
            data=data if isinstance(data, np.ndarray) else Eager(data),
            translate=tuple((self.translate + turn @ (self.scale * first)).tolist()),
            axis_labels=tuple(names),
            part=f"[{', '.join(shown)}]",
            channel=places.get(names.index("c")) if "c" in names else None,
        )

    def as_layer(self) -> Image:
        """A layer that lies where this part does; its pixels are all 0."""
        from napari.layers import Image

        names = ("name", "scale", "translate", "units", "axis_labels", "rgb", "rotate", "shear", "affine")
        return Image(np.broadcast_to(np.uint8(0), self.data.shape), **{name: getattr(self, name) for name in names})

    @property
    def wide(self) -> LayerPicture | None:
        """The same, lazy, where its planes lie on disk and are too large to be held in memory; else None."""
        size = prod(sorted(self.data.shape[:-1] if self.rgb else self.data.shape)[-2:])
        if size <= WHOLE or isinstance(self.data, np.ndarray):
            return None
        from dask.array import from_array

        return replace(self, data=self.data.lazy if isinstance(self.data, Eager) else from_array(self.data))


def pixel_size(stack: Stack) -> tuple[float, float, str] | None:
    """Size of a pixel (y, x) and pint's name of its unit; None where it is not known.

    Parameters
    ----------
    stack : Stack
        What `napari_blurmap.picture.stack.as_stack` made of the picture.
    """
    unit = stack.units[-1]
    if unit != stack.units[-2] or meters(unit) is None:
        return None
    return stack.scale[-2], stack.scale[-1], unit


def is_square(size: tuple[float, float, str]) -> bool:
    """Whether a pixel is as high as wide, within the 1 % that one sigma as a length allows."""
    return pixel_side(size[:2]) is not None
