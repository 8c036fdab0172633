"""The pictures of a batch as a table that is sorted by a click, however many there are."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QTableView

from ...batch.drawings import COLOURS
from ...result.words import percent
from .job import plane_of

_HEIGHT, _ROW = 230, 20
_OUTCOME = 1
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
    """The rows of a batch, as words and, in the role of the user, as what they are sorted by."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        super().__init__()
        self.rows = rows
        self._several = len({row["channel"] for row in rows}) > 1

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's own
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's own
        return 0 if parent.isValid() else len(_COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return list(_COLUMNS)[section]
        return list(_COLUMNS.values())[section] if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._cells(row)[column]
        if role == Qt.ItemDataRole.UserRole:
            numbers = ("median_fwhm_px", "judged_share", "median_fwhm_um", "times_reference")
            if 2 <= column < 2 + len(numbers):
                value = row[numbers[column - 2]]
                return -1.0 if value is None else value
            return self._cells(row)[column] if column else index.row()
        if role == Qt.ItemDataRole.DecorationRole and column == _OUTCOME and row["outcome"]:
            return QColor(COLOURS[row["outcome"]])
        return row["note"] if role == Qt.ItemDataRole.ToolTipRole else None

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
    ``chosen`` carries the number of its row, in the order in which they were given.
    """

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._sorted = QSortFilterProxyModel()
        self._sorted.setSortRole(Qt.ItemDataRole.UserRole)
        self.setModel(self._sorted)
        self.setSortingEnabled(True)
        self.setFixedHeight(_HEIGHT)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        if (numbers := self.verticalHeader()) is not None:
            numbers.setDefaultSectionSize(_ROW)
            numbers.hide()
        self.clicked.connect(self._choose)
        self.activated.connect(self._choose)

    def show_rows(self, rows: list[dict[str, Any]]) -> None:
        """Show rows of a batch in place of those before, in their order."""
        self._rows = _Rows(rows)
        self._sorted.setSourceModel(self._rows)
        self.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.resizeColumnsToContents()

    @property
    def current(self) -> int | None:
        """The number of the row that is marked."""
        index = self._sorted.mapToSource(self.currentIndex())
        return index.row() if index.isValid() else None

    def select(self, number: int) -> None:
        """Mark a row and bring it into view."""
        self.setCurrentIndex(self._sorted.mapFromSource(self._rows.index(number, 0)))

    def _choose(self, index: QModelIndex) -> None:
        self.chosen.emit(self._sorted.mapToSource(index).row())
