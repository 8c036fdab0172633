"""What a picture says of itself: an array nothing, one from a file or a layer its axes, pixel size and place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError
from ..ground.affine import after_scale
from ..ground.units import unit_name
from ..io.pictures import Picture

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
    image : array-like, Picture or layer-like
        A layer has ``.data`` and ``.scale``; ``.units``, ``.axis_labels``,
        ``.translate``, ``.rotate``, ``.shear``, ``.affine``, ``.rgb``,
        ``.multiscale`` and ``.source`` are used where they are there.

    Returns
    -------
    Given

    Raises
    ------
    BlurMapError
        If the scale of a layer is 0, not finite, or no number for every axis.
    """
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
    return Given(_as_array(image))


def _as_array(data: Any) -> Any:
    return data if hasattr(data, "shape") and hasattr(data, "dtype") else np.asarray(data)


def _unwrap_layer(layer: Any) -> Given:
    data = _as_array(layer.data[0] if getattr(layer, "multiscale", False) else layer.data)
    colour = len(data.shape) - 1 if getattr(layer, "rgb", False) else None
    n = len(data.shape) - (colour is not None)
    # napari's default labels are numbers; only names that tell y and x are used.
    labels = tuple(str(label).lower() for label in getattr(layer, "axis_labels", None) or ())
    axes = labels if len(set(labels)) == n == len(labels) and {"y", "x"} <= set(labels) else None
    units = tuple(unit_name(str(u)) or str(u) for u in getattr(layer, "units", None) or ())
    scale = np.asarray(layer.scale, dtype=float)
    if len(scale) < n or not (np.isfinite(scale).all() and scale.all()):
        raise BlurMapError(
            f"The layer's scale is {scale.tolist()}; expected a number other than 0 for each of its {n} axes."
        )
    translate, affine = getattr(layer, "translate", None), getattr(layer, "affine", None)
    path = getattr(getattr(layer, "source", None), "path", None)
    place = after_scale(
        scale,
        np.zeros(len(scale)) if translate is None else translate,
        getattr(layer, "rotate", None),
        getattr(layer, "shear", None),
        None if affine is None else getattr(affine, "affine_matrix", affine),
    )
    return Given(
        data,
        axes,
        colour,
        tuple(np.abs(scale).tolist())[-n:],
        units[-n:] if len(units) >= n else None,
        None if translate is None else tuple(float(v) for v in translate)[-n:],
        place[-n - 1 :, -n - 1 :],
        None if path is None else {"path": str(path)},
    )
