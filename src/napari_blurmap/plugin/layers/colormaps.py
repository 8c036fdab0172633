"""Colours: sigma on a logarithmic scale, the same for every picture, and those of places that were not judged."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from napari.utils.colormaps import Colormap, DirectLabelColormap, ensure_colormap

from ...ground.optics import FWHM_PER_SIGMA
from ...ground.status import Status

#: Largest sigma with a colour of its own over the smallest.
SPAN = 16.0
#: Where the colours start without an optics limit: sigma of 1 px FWHM, pixels.
SHARPEST = 1.0 / FWHM_PER_SIGMA
#: Label, beside those of `Status`, of places measured with too large an error to be judged.
TOO_UNCERTAIN = max(Status) + 1
#: Why a place has no sigma, by label.
REASONS = {int(s): s.label for s in Status if s != Status.MEASURED} | {TOO_UNCERTAIN: "too uncertain"}

# viridis has neither red nor grey; the reasons differ in lightness, too, for the colour-blind.
_BEYOND = "#ff4f79"
_REASON_COLOURS = ("#8c8c8c", "#7a3b12", "#ff9d00", _BEYOND, "#000000", "#d0d0d0")


@lru_cache(maxsize=1)
def blur_colormap() -> Colormap:
    """Colours that read logarithmically over the contrast limits ``(low, 16 * low)``.

    Returns
    -------
    napari.utils.colormaps.Colormap
        viridis (perceptually uniform, fit for the colour-blind), dark = sharp,
        bright = blurred; a value 16 times the lowest or more has a colour of
        its own, NaN is transparent.

    Examples
    --------
    >>> colormap = blur_colormap()
    >>> float(colormap.map(np.nan)[0, 3])
    0.0
    """
    steps = np.linspace(0.0, 1.0, 129)
    controls = (SPAN**steps - 1.0) / (SPAN - 1.0)
    controls[0], controls[-1] = 0.0, 1.0
    return Colormap(
        ensure_colormap("viridis").map(steps),
        name="blur (logarithmic)",
        controls=controls,
        high_color=_BEYOND,
        nan_color="transparent",
    )


def class_colours(sigma: np.ndarray, low: float = SHARPEST) -> np.ndarray:
    """Colours of some sigmas, as `blur_colormap` shows them from ``low`` on.

    Parameters
    ----------
    sigma : ndarray, shape (N,)
        Pixels.
    low : float
        Sigma of the darkest colour, pixels.

    Returns
    -------
    ndarray, shape (N, 4)
        Red, green, blue and opacity from 0 to 1.
    """
    return np.asarray(blur_colormap().map((sigma - low) / ((SPAN - 1.0) * low)))


def reason_colormap(*, partial: bool = False) -> DirectLabelColormap:
    """Colours of the labels of `REASONS`; everything else is transparent, and so is what is not estimated yet."""
    colours = dict(zip(REASONS, _REASON_COLOURS, strict=True))
    return label_colormap(colours | ({int(Status.INVALID): "transparent"} if partial else {}))


def label_colormap(colours: Mapping[Any, object]) -> DirectLabelColormap:
    """Colours of some labels; everything else is transparent."""
    return DirectLabelColormap(color_dict={None: "transparent", 0: "transparent", **colours})
