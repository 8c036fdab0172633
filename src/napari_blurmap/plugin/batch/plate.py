"""The wells of a plate, coloured by their blur."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Signal

from ...batch.drawings import COLOURS, well_colours
from ...batch.names import place_of, plate_shape, row_name
from ..widgets.plot import make_still, take_theme

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The outcome of a well is that of its worst picture.
_WORST = ("fail", "review", "pass", "")


class PlatePlot(pg.PlotWidget):
    """A plate; a click on a well chooses it.

    Parameters
    ----------
    theme : str
        napari's name of the theme.

    Notes
    -----
    ``chosen`` carries the name of a well.
    """

    chosen = Signal(str)

    def __init__(self, theme: str) -> None:
        super().__init__()
        plot = self.getPlotItem()
        make_still(self, [plot], height=210)
        self.setToolTip(
            "Median FWHM of each well, dark where it is sharpest, empty where nothing could be judged. Its edge: red "
            "where a picture fails, yellow where one is to be looked at. A click opens its picture, another the next."
        )
        self.wells = pg.ScatterPlotItem(pxMode=False, size=0.8, symbol="s", hoverable=True, tip=_tip)
        self.addItem(self.wells)
        plot.invertY(True)
        plot.setAspectLocked(True)
        plot.showAxis("top")
        plot.hideAxis("bottom")
        self.wells.sigClicked.connect(self._on_clicked)
        self.set_theme(theme)

    def show_wells(self, wells: Mapping[str, Sequence[dict[str, Any]]]) -> None:
        """Show a plate in place of the one before.

        Parameters
        ----------
        wells : mapping of str to sequence of dict
            Rows of a batch by well; at least one.
        """
        places = {well: place for well in wells if (place := place_of(well)) is not None}
        known = {well: [r["median_fwhm_px"] for r in wells[well] if r["median_fwhm_px"] is not None] for well in places}
        medians = {well: float(np.median(found)) for well, found in known.items() if found}
        colours = well_colours(medians) if medians else {}
        spots = []
        for well, (row, column) in places.items():
            worst = min((r["outcome"] or "" for r in wells[well]), key=_WORST.index)
            brush = pg.mkBrush(colours[well]) if well in colours else pg.mkBrush(None)
            pen = pg.mkPen(COLOURS[worst], width=2) if worst in _WORST[:2] else pg.mkPen(self._line)
            words = f"{well}: FWHM {medians[well]:.2f} px" if well in medians else f"{well}: nothing judged"
            spots.append({"pos": (column + 1, row), "brush": brush, "pen": pen, "data": (well, words)})
        self.wells.setData(spots)
        height, width = plate_shape(places.values())
        step = 1 if width <= 12 else 2
        self.getAxis("left").setTicks([[(row, row_name(row)) for row in range(0, height, step)]])
        self.getAxis("top").setTicks([[(column, str(column)) for column in range(1, width + 1, step)]])
        self.setRange(xRange=(0.5, width + 0.5), yRange=(-0.5, height - 0.5), padding=0.02)

    def set_theme(self, name: str) -> None:
        """Take the colours of a theme of napari."""
        self._line, _ = take_theme(self, [self.getPlotItem()], name)
        top = self.getAxis("top")
        top.setPen(self._line)
        top.setTextPen(self._line)

    def _on_clicked(self, _item: object, spots: Sequence[Any], _event: object) -> None:
        self.chosen.emit(spots[0].data()[0])


def _tip(x: float, y: float, data: tuple[str, str]) -> str:
    return data[1]
