"""What came out of many pictures: plates, a table, what failed, and the report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QUrl, Signal
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QPlainTextEdit, QPushButton

from ...batch.names import place_of
from ...batch.rows import outcome_line
from ..widgets.choice import Choice
from ..widgets.column_view import ColumnView
from ..widgets.fields import plain_label, text_box
from ..widgets.layout import Fold, column, rows
from .job import failure
from .table import BatchTable

if TYPE_CHECKING:
    from ...batch.batch import Batch
    from .plate import PlatePlot


class BatchView(ColumnView):
    """The outcome of a batch, and while it runs what failed; hidden until there is one.

    Parameters
    ----------
    theme : str
        napari's name of the theme.

    Notes
    -----
    ``chosen`` carries the row of a picture that is to be opened.
    """

    chosen = Signal(object)

    def __init__(self, theme: str) -> None:
        super().__init__(theme)
        self.plot: PlatePlot | None = None
        self._batch: Batch | None = None
        self._plates: dict[str, dict[str, list[int]]] = {}
        self.line = plain_label(bold=True)
        self.plate = Choice("The plate and channel that are shown.")
        self._which = rows({"Plate": self.plate})
        self.table = BatchTable()
        self.table.setToolTip("A click on a picture opens it with its map, in place of the one before.")
        self.report = QPushButton("Open report")
        self.report.setToolTip("The page with plates, trend and the most blurred pictures, in the browser.")
        self.said = text_box(110)
        self.fold = Fold("Not estimated, and notes", self.said)
        self.said.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        column(self, self.line, self._which, self.table, self.report, self.fold)
        self.plate.changed.connect(self._show_plate)
        self.table.chosen.connect(self._choose)
        self.report.clicked.connect(self._open_report)

    def begin(self) -> None:
        """Empty it for new pictures."""
        self._batch = None
        self.said.clear()
        self.hide()

    def show_failures(self, lines: list[str]) -> None:
        """Show why pictures failed while others are worked on."""
        self.said.appendPlainText("\n".join(lines))
        self.line.setText(f"{self.said.blockCount()} could not be estimated; the others go on.")
        for widget in (self.plate, self.table, self.report):
            widget.hide()
        self.fold.expand(animate=False)
        self.show()

    def show_batch(self, batch: Batch) -> None:
        """Show what came out, in place of what was shown before."""
        self._batch = batch
        failed = f" {len(batch.errors)} could not be estimated." if batch.errors else ""
        self.line.setText(f"{outcome_line(row['outcome'] or '' for row in batch.rows)}.{failed}")
        self._plates = {}
        for number, row in enumerate(batch.rows):
            if place_of(row["Metadata_Well"] or "") is not None:
                plate = f"{row['Metadata_Plate'] or 'plate'}, channel {row['channel']}"
                self._plates.setdefault(plate, {}).setdefault(row["Metadata_Well"], []).append(number)
        self.plate.relist((plate, plate) for plate in self._plates)
        self._which.setRowVisible(self.plate, len(self._plates) > 1)
        self._show_plate()
        self.table.show_rows(batch.rows)
        self.table.show()
        self.report.setVisible(self._page is not None)
        self.said.setPlainText("\n".join([*(failure(*one) for one in batch.errors.items()), *batch.notes]))
        self.fold.setVisible(bool(self.said.toPlainText()))
        if batch.errors:
            self.fold.expand(animate=False)
        self.show()

    @property
    def _page(self) -> Path | None:
        written = [] if self._batch is None else self._batch.written
        return next((path for path in written if path.suffix == ".html"), None)

    def _show_plate(self) -> None:
        wells = self._plates.get(self.plate.value)
        if wells and self.plot is None:
            from .plate import PlatePlot

            self.plot = PlatePlot(self._theme)
            self.plot.chosen.connect(self._choose_well)
            self._column.insertWidget(self._column.indexOf(self.table), self.plot)
        if self.plot is not None:
            self.plot.setVisible(bool(wells))
        if self.plot is not None and wells and self._batch is not None:
            found = self._batch.rows
            self.plot.show_wells({well: [found[n] for n in numbers] for well, numbers in wells.items()})

    def _choose_well(self, well: str) -> None:
        """Its first picture; after one of its pictures the next."""
        numbers = self._plates[self.plate.value][well]
        current = self.table.current
        following = numbers[numbers.index(current) + 1 :] if current in numbers else []
        number = next(iter(following), numbers[0])
        self.table.select(number)
        self._choose(number)

    def _choose(self, number: int) -> None:
        if self._batch is not None:
            self.chosen.emit(self._batch.rows[number])

    def _open_report(self) -> None:
        if self._page is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._page)))
