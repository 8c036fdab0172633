"""What a check found: the sentence, warnings, plot and table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QAbstractItemView, QPushButton, QTableWidget, QTableWidgetItem

from .column_view import ColumnView
from .fields import plain_label

if TYPE_CHECKING:
    from ..check_report import CheckReport, CheckRow
    from .check_plot import CheckPlot

#: Columns of the table, and what they mean.
_COLUMNS = {
    "added": "Sigma of the blur added, pixels.",
    "true": "The sigma to be found: added and own blur together (median), pixels.",
    "estimate": "Median of the estimate, pixels.",
    "RMSE": "Root mean square error against the true sigma, pixels.",
    "bias": "Mean error against the true sigma, pixels.",
    "RMSE added": "Against the added sigma alone, pixels.",
    "RMSE all own": "Counting all of the picture's own blur as the model reads it, not 0.7 px of it at most.",
    "judged": "Share of the places judged in the picture as it is, %.",
    "1 se": "Places whose error is within their standard error, %; 68 would be right.",
    "2 se": "Places whose error is within two of their standard errors, %; 95 would be right.",
}


class CheckView(ColumnView):
    """The report of a check, growing while it runs; hidden until there is one.

    Parameters
    ----------
    theme : str
        napari's name of the theme.
    """

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
            numbers.setDefaultSectionSize(20)
            numbers.hide()
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setFixedHeight(250)
        self.save = QPushButton("Save...")
        self.save.setToolTip("Write the drawing (PNG) and all figures (JSON).")
        self._add(self.title, self.line, self.warnings, self.table, self.save)

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
        from .check_plot import CheckPlot

        if self.plot is None:
            self.plot = CheckPlot(self._theme)
            self._column.insertWidget(self._column.indexOf(self.warnings), self.plot)
        self.title.setText(name)
        self.line.setText("" if running else report.summary_line().replace(" %", "\u00a0%"))
        self.line.setVisible(not running)
        told = [*(f"Note: {text}" for text in report.warnings), *report.notes]
        self.warnings.setText("\n".join(told))
        self.warnings.setVisible(bool(told))
        self.plot.show_report(report)
        self.plot.setVisible(not report.problem)
        self._fill(report)
        self.save.setEnabled(not running)
        self.show()

    def _fill(self, report: CheckReport) -> None:
        cells = [_cells(row) for row in report.rows]
        self.table.setRowCount(len(cells))
        for y, line in enumerate(cells):
            for x, text in enumerate(line):
                self.table.setItem(y, x, QTableWidgetItem(text))
        self.table.setVisible(bool(cells))
        self.table.resizeColumnsToContents()


def _cells(row: CheckRow) -> list[str]:
    """One line of the table, in the order of its columns."""
    pixels = [f"{v:.2f}" for v in (row.added, row.truth, row.estimate, row.rmse)]
    pixels += [f"{row.bias:+.2f}", f"{row.rmse_added:.2f}", f"{row.rmse_own:.2f}"]
    shares = [f"{100 * share:.0f}" for share in (row.judged_of_sample, row.within_one, row.within_two)]
    return [text.replace("+nan", "-").replace("nan", "-") for text in (*pixels, *shares)]
