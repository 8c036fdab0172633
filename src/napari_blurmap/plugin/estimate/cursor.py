"""The blur under the mouse pointer, with its error and unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal
from superqt.utils import qthrottled

from ...errors import BlurMapError
from ...ground.optics import FWHM_PER_SIGMA
from ...ground.status import Status, judged
from ...ground.units import readable_unit
from ...result.shape import principal_axes
from ..layers.geometry import map_axes
from ..layers.position import in_data

if TYPE_CHECKING:
    import napari.viewer

    from ...result.blurmap import BlurMap


class CursorReadout(QObject):
    """Follows the mouse over the viewer and says what the topmost visible map has there.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Where the maps are.
    parent : QObject
        Owns this object.

    Notes
    -----
    ``text_changed`` carries the words; it is empty off the map.
    """

    text_changed = Signal(str)

    def __init__(self, viewer: napari.viewer.Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer

    @qthrottled(timeout=40, leading=False)
    def moved(self) -> None:
        """The pointer has moved; read when it is time again."""
        self.text_changed.emit(self._text())

    def _text(self) -> str:
        if self._viewer.dims.ndisplay != 2:
            return ""
        position = np.asarray(self._viewer.cursor.position)
        for layer in reversed(self._viewer.layers):
            blurmap: BlurMap | None = layer.metadata.get("blurmap")
            if blurmap is None or not layer.visible:
                continue
            try:
                axes = map_axes(blurmap, layer)
            except BlurMapError:  # a projection or a slice that napari makes of a map keeps its metadata
                continue
            here = in_data(layer, position, self._viewer.dims.units)
            place = tuple(int(v) for v in np.floor(here[list(axes)] + 0.5))
            if any(not 0 <= i < n for i, n in zip(place, blurmap.sigma.shape, strict=True)):
                continue
            return _lazy_text(layer.get_value(here)) if hasattr(blurmap.sigma, "dask") else value_text(blurmap, place)
        return ""


def value_text(blurmap: BlurMap, place: tuple[int, ...]) -> str:
    """The blur at one pixel in words.

    Parameters
    ----------
    blurmap : BlurMap
        The map, in memory.
    place : tuple of int
        Index of the pixel.

    Returns
    -------
    str
        FWHM in pixels, as a length where the pixel size is known, and sigma, a
        line each, such as "FWHM 2.31 +- 0.20 px"; of a map with the shape of
        the blur its axes and angle, or that it is round; or "cannot tell: empty".
    """
    sigma, error = float(blurmap.sigma[place]), float(blurmap.uncertainty[place])
    status = Status(int(blurmap.status[place]))
    if status is not Status.MEASURED:
        return f"cannot tell: {status.label}"
    fwhm, spread = FWHM_PER_SIGMA * sigma, FWHM_PER_SIGMA * error
    lines = [f"FWHM {fwhm:.2f} +- {spread:.2f} px"]
    if not judged(sigma, error, status):
        return f"cannot tell: too uncertain ({lines[0]})"
    if length := blurmap.pixel_side:
        factor, unit = readable_unit(fwhm * length, str(blurmap.unit))
        lines.append(f"FWHM {_pair(fwhm * length * factor, spread * length * factor)} {unit}")
    lines.append(f"sigma {sigma:.2f} +- {error:.2f} px")
    return "\n".join(lines + _axes(blurmap, place))


def _axes(blurmap: BlurMap, place: tuple[int, ...]) -> list[str]:
    """A line about both axes of the blur, of maps that have its shape."""
    if not blurmap.ellipticities:
        return []
    axes = principal_axes(*(values[place] for values in blurmap.numbers.values()))
    if np.isnan(axes.angle):
        return ["round within the errors"]
    longer, shorter = (
        _pair(FWHM_PER_SIGMA * float(value), FWHM_PER_SIGMA * float(error))
        for value, error in ((axes.major, axes.major_error), (axes.minor, axes.minor_error))
    )
    return [f"axes FWHM {longer} and {shorter} px, at {float(axes.angle):.0f} +- {float(axes.angle_error):.0f} degrees"]


def _lazy_text(sigma: Any) -> str:
    """Of a map that is not computed yet, only what is drawn is known."""
    if sigma is None or not np.isfinite(sigma):
        return "cannot tell" if sigma is not None else ""
    return f"FWHM {FWHM_PER_SIGMA * float(sigma):.2f} px"


def _pair(value: float, error: float) -> str:
    """Value and error with as many decimals as two digits of the error need."""
    # 0.099 counts as 0.10
    decimals = int(np.clip(1 - np.floor(np.log10(1.05 * error)), 0, 4)) if error > 0 else 2
    return f"{value:.{decimals}f} +- {error:.{decimals}f}"
