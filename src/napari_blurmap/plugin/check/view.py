"""What a check found: the sentence, warnings, plot and table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QPushButton, QTableWidget, QTableWidgetItem

from ..widgets.column_view import ColumnView
from ..widgets.fields import plain_label
from ..widgets.layout import column

if TYPE_CHECKING:
    from ...checking.report import CheckReport, CheckRow
    from .plot import CheckPlot

#: Columns of the table, named as in that of the shell, and what they mean.
_COLUMNS = {
    "added": "Sigma of the blur added, pixels.",
    "true": "The sigma to be found: added and own blur together (median), pixels.",
    "median": "Median of the estimates, pixels.",
    "RMSE": "Root mean square error against the true sigma, pixels.",
    "all\nown": "The same, counting all of the picture's own blur as the model reads it, not 0.7 px of it at most.",
    "bias": "Mean error against the true sigma, pixels.",
    "16 - 84 %": "Between these lie the middle 68 % of the estimates, pixels.",
    "judged of\nsample": "Share of the places judged in the picture as it is.",
    "judged of\nall": "Share of all pixels.",
    "within 1, 2\nstd. errors": "Places whose error is within one and two of their standard errors; 68 and 95 % "
    "would be right.",
    "against added\nRMSE": "Root mean square error against the added sigma alone, pixels.",
    "against added\nbias": "Mean error against the added sigma alone, pixels.",
}
#: The first of them have room in any panel, which widens for them; the others are scrolled to.
_SEEN = 6
_ROW = 20


class CheckView(ColumnView):
    """The report of a check, growing while it runs; hidden until there is one.

    Parameters
    ----------
    theme : str
        napari's name of the theme.
    """

    save: QPushButton

    def __init__(self, theme: str) -> None:
        super().__init__(theme)
        self.plot: CheckPlot | None = None
        self.title, self.line = plain_label(bold=True), plain_label(bold=True)
        self.warnings = plain_label()
        self.table = QTableWidget(0, len(_COLUMNS))
        self.table.setHorizontalHeaderLabels(list(_COLUMNS))
        for place, words in enumerate(_COLUMNS.values()):
            if (head := self.table.horizontalHeaderItem(place)) is not None:
                head.setToolTip(words)
        if (numbers := self.table.verticalHeader()) is not None:
            numbers.setDefaultSectionSize(_ROW)
            numbers.hide()
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)  # the panel scrolls
        self.legend = plain_label()
        self.legend.setText("In grey: not usable.")
        self.save = QPushButton("Save...")
        self.save.setToolTip("Write the drawing (PNG) and all figures (JSON).")
        column(self, self.title, self.line, self.warnings, self.table, self.legend, self.save)

    def show_report(self, name: str, report: CheckReport, *, running: bool) -> None:
        """Show a report in place of the one before.

        Parameters
        ----------
        name : str
            Of the picture.
        report : CheckReport
            What is known so far.
        running : bool
            Whether more will come.
        """
        from .plot import CheckPlot

        if self.plot is None:
            self.plot = CheckPlot(self._theme)
            self._column.insertWidget(self._column.indexOf(self.warnings), self.plot)
        self.title.setText(name)
        self.line.setText("" if running else report.summary_line().replace(" %", "\u00a0%"))
        self.line.setVisible(not running)
        told = [*(f"Warning: {text}" for text in report.warnings), *report.notes]
        self.warnings.setText("\n".join(told))
        self.warnings.setVisible(bool(told))
        self.plot.show_report(report)
        self.plot.setVisible(not report.problem)
        self._fill(report)
        self.save.setEnabled(not running)
        self.show()

    def _fill(self, report: CheckReport) -> None:
        self.table.setRowCount(len(report.rows))
        for y, row in enumerate(report.rows):
            for x, text in enumerate(_cells(row)):
                cell = QTableWidgetItem(text)
                if not row.usable:
                    cell.setForeground(QColor("grey"))
                    cell.setToolTip("Not usable." if row.n else "Nothing judged: not usable.")
                self.table.setItem(y, x, cell)
        self.table.setVisible(bool(report.rows))
        self.legend.setVisible(not all(row.usable for row in report.rows))
        self.table.resizeColumnsToContents()
        head, bar = self.table.horizontalHeader(), self.table.horizontalScrollBar()
        around = sum(part.sizeHint().height() for part in (head, bar) if part is not None) + 2
        self.table.setFixedHeight(_ROW * len(report.rows) + around)
        self.table.setMinimumWidth(sum(self.table.columnWidth(x) for x in range(_SEEN)) + 2)


def _cells(row: CheckRow) -> list[str]:
    """One line of the table, in the order of its columns."""
    if not row.n:
        judged = [f"{100 * row.judged_of_sample:.0f} %", f"{100 * row.judged_of_all:.0f} %"]
        return [f"{row.added:.2f}", f"{row.truth:.2f}", *["-"] * 5, *judged, *["-"] * 3]
    return [
        *(f"{value:.2f}" for value in (row.added, row.truth, row.estimate, row.rmse, row.rmse_own)),
        f"{row.bias:+.2f}",
        f"{row.low:.2f} - {row.high:.2f}",
        f"{100 * row.judged_of_sample:.0f} %",
        f"{100 * row.judged_of_all:.0f} %",
        f"{100 * row.within_one:.0f} %, {100 * row.within_two:.0f} %",
        f"{row.rmse_added:.2f}",
        f"{row.bias_added:+.2f}",
    ]
