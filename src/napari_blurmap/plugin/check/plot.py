"""Estimate against truth, growing while a check runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg

from ..widgets.plot import make_still, take_theme

if TYPE_CHECKING:
    from ...checking.report import CheckReport

_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
#: Smallest value drawn, pixels: the axes are logarithmic.
_LEAST = 0.05


class CheckPlot(pg.PlotWidget):
    """Median estimates with their 16 to 84 % range, the model's standard error as a band, and the truth as a line.

    Parameters
    ----------
    theme : str
        napari's name of the theme.
    """

    def __init__(self, theme: str) -> None:
        super().__init__()
        make_still(self, [self.getPlotItem()], height=240)
        self.getPlotItem().setContentsMargins(0, 0, 4, 5)  # else the axis' name is cut
        self.setToolTip(
            "Each point: the median estimate for one added blur; its bar holds 68 % of the places. Band: the standard "
            "error that the model states. Line: the truth. Shaded: what can be read on this picture."
        )
        self._truth = pg.PlotCurveItem()
        self._upper, self._lower = pg.PlotCurveItem(pen=None), pg.PlotCurveItem(pen=None)
        self._band = pg.FillBetweenItem(self._lower, self._upper)
        self._bars = pg.ErrorBarItem(beam=0.02)
        self.points = pg.ScatterPlotItem(size=8)
        self.usable = pg.LinearRegionItem(movable=False)
        self.usable.setZValue(-10)
        for item in (self.usable, self._upper, self._lower, self._band, self._truth, self._bars, self.points):
            self.addItem(item)
        self.setLabel("left", "estimated sigma (px)")
        self.set_theme(theme)

    def show_report(self, report: CheckReport) -> None:
        """Draw what is known so far, on axes that have room for all that was asked for."""
        rows = [row for row in report.rows if row.n]
        names = ("truth", "estimate", "low", "high", "uncertainty")
        truth, middle, low, high, error = (np.array([getattr(row, name) for row in rows]) for name in names)
        x, y, bottom, top = _log(truth), _log(middle), _log(low), _log(high)
        self.points.setData(x, y)
        self._bars.setData(x=x, y=y, top=top - y, bottom=y - bottom)
        self._lower.setData(x, _log(middle - error))
        self._upper.setData(x, _log(middle + error))
        ends = np.log10([min([*truth, *report.asked]) / 1.2, max([*truth, *report.asked]) * 1.2])
        self._truth.setData(ends, ends)
        self._set_axes(ends, report.reference)
        found = report.usable
        self.usable.setVisible(found is not None)
        if found is not None:
            self.usable.setRegion((np.log10(found.sigma[0]) - 0.02, np.log10(found.sigma[1]) + 0.02))

    def set_theme(self, name: str) -> None:
        """Take the colours of a theme of napari."""
        text, marks = take_theme(self, [self.getPlotItem()], name)
        self._truth.setPen(pg.mkPen(text, width=1))
        self.points.setBrush(pg.mkColor(marks))
        self.points.setPen(pg.mkPen(text))
        self._bars.setData(pen=pg.mkPen(text))
        faint = pg.mkColor(marks)
        faint.setAlpha(110)
        self._band.setBrush(faint)
        shade = pg.mkColor(text)
        shade.setAlpha(25)
        self.usable.setBrush(shade)
        for line in self.usable.lines:
            line.setPen(pg.mkPen(None))

    def _set_axes(self, ends: np.ndarray, reference: str) -> None:
        """Ticks at plain numbers; the same range along both axes."""
        self.setLabel("bottom", "true sigma (px)" if reference == "absolute" else "added sigma (px)")
        places = [(float(np.log10(t)), f"{t:g}") for t in _TICKS if ends[0] <= np.log10(t) <= ends[1]]
        for side in ("bottom", "left"):
            self.getAxis(side).setTicks([places])
        self.setXRange(*ends, padding=0)
        self.setYRange(*ends, padding=0.1)


def _log(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.log10(np.maximum(values, _LEAST)))
