"""Figures of objects as features of the Labels layer that marks them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import affine_transform

from ...errors import BlurMapError
from .geometry import map_axes
from .regions import affine, in_layer

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Labels, Layer
    from pandas import DataFrame

    from ...result.blurmap import BlurMap
    from ...result.optics_limit import Sharp

#: Begins the name of every column that is ours.
_OURS = "blur_"


def object_features(
    blurmap: BlurMap, shown: Layer, layer: Labels, index: tuple[int, ...], reference: Sharp
) -> Callable[[], DataFrame]:
    """Figures of the objects that a Labels layer marks in a plane of a map.

    Parameters
    ----------
    blurmap : BlurMap
        The map.
    shown : napari.layers.Layer
        Its layer.
    layer : napari.layers.Labels
        It may lie, be scaled and have axes as it likes: under every pixel of the map counts the nearest label.
    index : tuple of int
        The plane, along each leading axis of the map.
    reference : Reference, float or None
        What counts as sharp.

    Returns
    -------
    callable
        Gives, in any thread, a row an object: ``index``, its number as napari has it, and the columns of
        `BlurMap.objects`, each with ``blur_`` before its name; BlurMapError where no object lies on the map.
    """
    axes, name = map_axes(blurmap, shown), layer.name
    here = np.zeros(shown.ndim)
    here[list(axes[:-2])] = index
    matrix, origin = affine(lambda point: in_layer(layer, shown, list(axes[-2:]), point, here), 2)
    data = layer.data[0] if layer.multiscale else layer.data
    plane = np.clip(np.rint(origin[:-2]), 0, np.array(data.shape[:-2]) - 1).astype(int)

    def measure() -> DataFrame:
        from pandas import DataFrame

        m = blurmap.plane(index)
        flat = np.asarray(data[tuple(plane)])
        rows = m.objects(
            affine_transform(flat, matrix[-2:], origin[-2:], output_shape=m.sigma.shape, order=0), reference
        )
        if not rows:
            raise BlurMapError(f"No object of the layer {name!r} lies on this plane of the map.")
        found = DataFrame(rows).dropna(axis="columns", how="all").rename(columns=lambda column: _OURS + column)
        return found.rename(columns={f"{_OURS}label": "index"})

    return measure


def with_features(present: DataFrame, found: DataFrame) -> DataFrame:
    """The features of a Labels layer with those found in place of the ones found before; all others stay.

    Parameters
    ----------
    present, found : pandas.DataFrame
        Without a column ``index``, the present rows are those of the labels 0, 1, 2, ..., as napari has it.
    """
    kept = present.drop(columns=[column for column in present if str(column).startswith(_OURS)])
    if "index" not in kept:
        kept.insert(0, "index", np.arange(len(kept)))
    return kept.merge(found, how="outer", on="index")
