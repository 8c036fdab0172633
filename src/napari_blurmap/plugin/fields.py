"""Small input fields that several panels use: numbers that may be left out, sections that fold."""

from __future__ import annotations

from qtpy.QtCore import QLocale, Qt
from qtpy.QtGui import QDoubleValidator, QWheelEvent
from qtpy.QtWidgets import QComboBox, QLineEdit, QSizePolicy, QToolButton, QVBoxLayout, QWidget


class NumberField(QLineEdit):
    """A number above 0 that may be left out.

    Parameters
    ----------
    placeholder : str
        Shown while it is empty.
    tooltip : str
        What it means.
    """

    def __init__(self, placeholder: str, tooltip: str) -> None:
        super().__init__()
        # A point is a point in every language: numbers are copied from papers and objectives.
        validator = QDoubleValidator(0.0, 1e9, 6, self)
        validator.setLocale(QLocale.c())
        self.setValidator(validator)
        self.setPlaceholderText(placeholder)
        self.setToolTip(tooltip)
        self.setMinimumWidth(40)

    @property
    def value(self) -> float | None:
        """The number; None where the field is empty."""
        try:
            return float(self.text())
        except ValueError:
            return None

    def set_value(self, value: float | None) -> None:
        """Show a number, or nothing for None or 0."""
        self.setText(f"{value:.6g}" if value else "")


class Choice(QComboBox):
    """A list to choose from that shrinks with its panel and leaves the mouse wheel to scrolling.

    Parameters
    ----------
    tooltip : str
        What is chosen.
    """

    def __init__(self, tooltip: str = "") -> None:
        super().__init__()
        self.setToolTip(tooltip)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Change nothing unless the list has the focus."""
        if event is None:
            return
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def choose(self, data: object) -> bool:
        """Choose the entry with this data; False where there is none."""
        index = next((i for i in range(self.count()) if self.itemData(i) == data), -1)
        if index >= 0:
            self.setCurrentIndex(index)
        return index >= 0


class Fold(QWidget):
    """A section under a title that opens and folds.

    Parameters
    ----------
    title : str
        Always shown.
    content : QWidget
        Shown while it is open.
    """

    def __init__(self, title: str, content: QWidget) -> None:
        super().__init__()
        self._title = title
        self.button = QToolButton()
        self.button.setCheckable(True)
        self.button.setAutoRaise(True)
        self.button.setStyleSheet("QToolButton { border: none; background: transparent; padding: 2px; }")
        self.content = content
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.button)
        layout.addWidget(content)
        self.button.toggled.connect(self._show)
        self._show(False)

    def _show(self, open_: bool) -> None:
        # An arrow in the text takes the colour of the theme.
        self.button.setText(f"{'▾' if open_ else '▸'} {self._title}")
        self.content.setVisible(open_)
