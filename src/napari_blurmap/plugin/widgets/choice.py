"""A list of values to choose one from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QComboBox, QSizePolicy


class Choice(QComboBox):
    """One of some values, each with its words; it shrinks with its panel and leaves the mouse wheel to scrolling.

    Parameters
    ----------
    tooltip : str
        What is chosen.
    entries : mapping of object to str
        The words by value.

    Notes
    -----
    ``changed`` tells that another value is chosen.
    """

    changed = Signal()

    def __init__(self, tooltip: str = "", entries: Mapping[Any, str] | None = None) -> None:
        super().__init__()
        self._values: list[Any] = []
        self._last: Any = None
        self.setToolTip(tooltip)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(2)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.currentIndexChanged.connect(self._announce)
        self.relist((entries or {}).items())

    @property
    def value(self) -> Any:
        """What is chosen; None where there is nothing to choose from."""
        index = self.currentIndex()
        return self._values[index] if 0 <= index < len(self._values) else None

    @value.setter
    def value(self, value: Any) -> None:
        self.choose(value)

    @property
    def choices(self) -> tuple[Any, ...]:
        """All values there are."""
        return tuple(self._values)

    def choose(self, value: object) -> bool:
        """Choose a value; False where there is no such entry."""
        if value not in self._values:
            return False
        self.setCurrentIndex(self._values.index(value))
        return True

    def relist(self, entries: Iterable[tuple[Any, str]]) -> None:
        """Take other entries; what is chosen stays, whatever its words are now, or else the first is."""
        chosen, entries = self.value, list(entries)
        with QSignalBlocker(self):
            self.clear()
            self._values = [value for value, _ in entries]
            self.addItems([words for _, words in entries])
            self.setCurrentIndex(self._values.index(chosen) if chosen in self._values else min(0, len(entries) - 1))
        self._announce()

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Change nothing unless the list has the focus."""
        if event is None:
            return
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def _announce(self) -> None:
        # "is" would not do: napari hands out a new proxy of the same layer every time.
        if self.value != self._last:
            self._last = self.value
            self.changed.emit()
