"""The pictures of a batch as a table that is sorted by a click, however many there are."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QTableView

from ...batch.drawings import COLOURS
from ...result.words import percent
from .job import plane_of

_HEIGHT, _ROW = 230, 20
#: Rows that the widths of columns fit.
_LOOKED_AT = 50
_OUTCOME = 1
#: What columns of numbers are sorted by.
_NUMBERS = {2: "median_fwhm_px", 3: "judged_share", 4: "median_fwhm_um", 5: "times_reference"}
#: Columns, and what they mean.
_COLUMNS = {
    "picture": "Well and site, or else the file; plane and channel where there are several.",
    "outcome": "Pass is sharp, fail is blurred; review is to be looked at: partly blurred, unlike the others of its "
    "plate and channel, failed, or too little of it can be judged.",
    "FWHM (px)": "Median blur of what could be judged, with its whole error, pixels.",
    "judged": "Share of the picture that could be judged.",
    "um": "Median FWHM, micrometres.",
    "x sharp": "Median over what counts as sharp.",
    "verdict": "Against what counts as sharp.",
    "file": "Its name.",
    "note": "Why it failed, or what else is to be known.",
}


class _Rows(QAbstractTableModel):
    """The rows of a batch, each in words, in an order that sorts thousands at once."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        super().__init__()
        self._rows = rows
        self._several = len({row["channel"] for row in rows}) > 1
        self._words = [self._cells(row) for row in rows]
        self.order = list(range(len(rows)))

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's own
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's own
        return 0 if parent.isValid() else len(_COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return list(_COLUMNS)[section]
        return list(_COLUMNS.values())[section] if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        number, column = self.order[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._words[number][column]
        row = self._rows[number]
        if role == Qt.ItemDataRole.DecorationRole and column == _OUTCOME and row["outcome"]:
            return QColor(COLOURS[row["outcome"]])
        return row["note"] if role == Qt.ItemDataRole.ToolTipRole else None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        def key(number: int) -> Any:
            if column in _NUMBERS:
                value = self._rows[number][_NUMBERS[column]]
                return -1.0 if value is None else value
            return self._words[number][column] if column else number

        self.beginResetModel()
        self.order.sort(key=key, reverse=order == Qt.SortOrder.DescendingOrder)
        self.endResetModel()

    def _cells(self, row: dict[str, Any]) -> list[str]:
        where = " ".join(filter(None, [row["Metadata_Well"], row["Metadata_Site"]])) or row["FileName"]
        plane = [f"{axis} {place + 1}" for axis, place in plane_of(row).items() if axis != "c"]
        channel = [f"channel {row['channel']}"] if self._several else []
        error, width = row["median_fwhm_error_px"], row["median_fwhm_px"]
        return [
            ", ".join([where, *plane, *channel]),
            row["outcome"] or "",
            "" if width is None else f"{width:.2f}" + ("" if error is None else f" +- {error:.2f}"),
            "" if row["judged_share"] is None else percent(row["judged_share"]),
            "" if row["median_fwhm_um"] is None else f"{row['median_fwhm_um']:.3g}",
            "" if row["times_reference"] is None else f"{row['times_reference']:.2f}",
            row["verdict"] or "",
            row["FileName"],
            row["note"] or "",
        ]


class BatchTable(QTableView):
    """The pictures; a click on one, or Enter, chooses it.

    Notes
    -----
    ``chosen`` carries the number of its row, in the order in which they were given; ``current`` is the last one.
    """

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setSortingEnabled(True)
        self.current: int | None = None
        self.setFixedHeight(_HEIGHT)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        if (numbers := self.verticalHeader()) is not None:
            numbers.setDefaultSectionSize(_ROW)
            numbers.hide()
        if (head := self.horizontalHeader()) is not None:
            head.setResizeContentsPrecision(_LOOKED_AT)
        self.clicked.connect(self._choose)
        self.activated.connect(self._choose)

    def show_rows(self, rows: list[dict[str, Any]]) -> None:
        """Show rows of a batch in place of those before, in their order."""
        self.current, self._rows = None, _Rows(rows)
        self.setModel(self._rows)
        self.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.resizeColumnsToContents()

    def select(self, number: int) -> None:
        """Mark a row and bring it into view."""
        self.current = number
        self.setCurrentIndex(self._rows.index(self._rows.order.index(number), 0))

    def _choose(self, index: QModelIndex) -> None:
        self.current = self._rows.order[index.row()]
        self.chosen.emit(self.current)
