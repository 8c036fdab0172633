"""Sigma rounded to classes, as the thesis has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Labels

from ...errors import BlurMapError
from .colormaps import class_colours, label_colormap
from .geometry import located, placement
from .layers import OPACITY, base_name, checked_limit, leveled, shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Layer

    from ...ground.status import Array
    from ...result.blurmap import BlurMap

#: Width in sigma (px) of each class.
CLASS_WIDTH = {10: 0.3, 30: 0.1}


def class_layer(
    blurmap: BlurMap,
    classes: int = 10,
    source: Layer | None = None,
    *,
    limit: float | None = None,
    name: str | None = None,
    smaller: Sequence[BlurMap] = (),
) -> Labels:
    """Sigma rounded to classes, as Labels.

    Parameters
    ----------
    blurmap : BlurMap
        The map, numpy or dask.
    classes : {10, 30}
        10 classes around 0.3, 0.6 ... 3.0 px, or 30 around 0.1, 0.2 ... 3.0 px;
        one more holds everything beyond.
    source, limit, name, smaller
        As in `result_layers`.

    Returns
    -------
    napari.layers.Labels
        Label 0 where nothing was judged. ``features`` has a row for every
        class: its sigma range in pixels and its share of the judged places
        (NaN for a lazy map, which is not computed for it).

    Raises
    ------
    BlurMapError
        If there is no such number of classes, or the map does not fit.
    """
    if classes not in CLASS_WIDTH:
        raise BlurMapError(f"There is no map of {classes!r} classes; expected 10 or 30.")
    width, low = CLASS_WIDTH[classes], checked_limit(limit)
    labels = [_rounded(each.masked().sigma, width, classes) for each in (blurmap, *smaller)]
    numbers = np.arange(1, classes + 2)
    edges = [0.0, *(width * (numbers[:-1] + 0.5)).tolist(), float("inf")]
    placed = placement(blurmap, source)
    features = {
        "index": [0, *numbers.tolist()],
        "class": ["not judged", *(f"{width * k:.1f} px" for k in numbers[:-1]), "beyond the classes"],
        "sigma from (px)": [float("nan"), *(round(e, 2) for e in edges[:-1])],
        "sigma to (px)": [float("nan"), *(round(e, 2) for e in edges[1:])],
        "share of judged": [float("nan"), *shares(labels[0], classes + 2, skip=1)],
    }
    colours = class_colours(width * numbers.astype(float), low)
    # Over the map of sigma it would show the same once more and hide the picture.
    return Labels(
        name=f"{name or base_name(blurmap, source)} blur classes ({classes})",
        colormap=label_colormap(dict(zip(numbers.tolist(), colours, strict=True))),
        features=features,
        opacity=OPACITY,
        visible=False,
        metadata={"blurmap": located(blurmap, source)},
        **leveled(labels, placed),
    )


def _rounded(sigma: Array, width: float, classes: int) -> Array:
    # NaN, to which no integer corresponds, becomes 0 before it is converted
    known = ~np.isnan(sigma)
    return np.where(known, np.clip(np.rint(np.where(known, sigma, 0) / width), 1, classes + 1), 0).astype(np.uint8)
