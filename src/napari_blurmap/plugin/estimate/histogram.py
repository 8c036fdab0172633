"""How much of the picture is how blurred, on a logarithmic axis, in the colours of the map, with the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt

from ..widgets.plot import make_still, take_theme

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TICKS = np.array([a * 10.0**e for e in range(-4, 5) for a in (1, 2, 5)])


class _LogAxis(pg.AxisItem):
    """Ticks at 1, 2 and 5 of every decade; positions are decimal logarithms."""

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        """Positions of the ticks between two ends."""
        ticks = np.log10(_TICKS)
        return [(0.3, ticks[(ticks >= low) & (ticks <= high)].tolist())]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """What is written at them."""
        return [f"{10.0**v:g}" for v in values]


class Histogram(pg.PlotWidget):
    """Histogram of the judged FWHM.

    Parameters
    ----------
    theme : str
        napari's name of the theme.
    """

    def __init__(self, theme: str) -> None:
        super().__init__(axisItems={"bottom": _LogAxis("bottom")})
        make_still(self, [self.getPlotItem()], height=120)
        self.hideAxis("left")
        self.setToolTip(
            "Share of the judged places at each blur (logarithmic axis), in the colours of the map; the line is the "
            "reference."
        )
        self._bars = pg.BarGraphItem(x0=[], x1=[], height=[], pen=None)
        self._curve = pg.PlotCurveItem()
        self._line = pg.InfiniteLine(angle=90)
        self.addItem(self._bars)
        self.addItem(self._curve)
        self.addItem(self._line)
        self.set_theme(theme)

    def show_counts(
        self,
        counts: NDArray[Any],
        edges: NDArray[Any],
        colours: NDArray[Any],
        reference: float | None,
        unit: str,
    ) -> None:
        """Draw a histogram.

        Parameters
        ----------
        counts, edges : ndarray, shape (N,) and (N + 1,)
            Share of each bin, and its ends as FWHM in ``unit``.
        colours : ndarray, shape (N, 4)
            Of the bins, from 0 to 1.
        reference : float or None
            FWHM of the reference in ``unit``.
        unit : str
            As it is written below the axis.
        """
        ends = np.log10(edges)
        brushes = [pg.mkBrush(*colour) for colour in (255 * colours).astype(int).tolist()]
        self._bars.setOpts(x0=ends[:-1], x1=ends[1:], height=counts, brushes=brushes)
        self._curve.setData(ends, counts, stepMode="center")
        self._line.setVisible(reference is not None)
        low, high = ends[0], ends[-1]
        if reference is not None:
            position = float(np.log10(reference))
            self._line.setValue(position)
            low, high = min(low, position - 0.05), max(high, position + 0.05)
        self.setXRange(low, high, padding=0.02)
        self.setYRange(0, float(counts.max()), padding=0.05)
        self.setLabel("bottom", f"FWHM ({unit})")

    def set_theme(self, name: str) -> None:
        """Take the colours of a theme of napari."""
        text, _ = take_theme(self, [self.getPlotItem()], name)
        self._curve.setPen(pg.mkPen(text))
        self._line.setPen(pg.mkPen(text, width=2, style=Qt.PenStyle.DashLine))
