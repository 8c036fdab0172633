"""Small parts of panels: numbers that may be left out, sections that fold, a column that scrolls."""

from __future__ import annotations

from math import isfinite

from qtpy.QtCore import QCoreApplication, QEvent, QLocale, QObject, QSize, Qt
from qtpy.QtGui import QDoubleValidator, QWheelEvent
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QLabel,
    QLineEdit,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)


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
        self.textEdited.connect(self._point)

    @property
    def value(self) -> float | None:
        """The number; None where the field is empty, or holds none above 0."""
        try:
            number = float(self.text())
        except ValueError:
            return None
        return number if isfinite(number) and number > 0 else None

    def _point(self, text: str) -> None:
        """Show a decimal comma as what it counts as."""
        if "," in text:
            place = self.cursorPosition()
            self.setText(text.replace(",", "."))
            self.setCursorPosition(place)

    def set_value(self, value: float | None) -> None:
        """Show a number, or nothing for None or 0."""
        self.setText(f"{value:.6g}" if value else "")


def let_shrink(choice: QComboBox) -> None:
    """Let a list be as narrow as its panel, however long the names in it are."""
    choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    choice.setMinimumContentsLength(2)


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
        let_shrink(self)
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


class Column(QScrollArea):
    """A column of widgets that scrolls up and down and is never too narrow for them.

    Parameters
    ----------
    *widgets : QWidget
        From top to bottom.
    """

    def __init__(self, *widgets: QWidget) -> None:
        super().__init__()
        self._body = QWidget()
        layout = QVBoxLayout(self._body)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.setSpacing(6)
        for widget in widgets:
            layout.addWidget(widget)
        layout.addStretch()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(self._body)
        self._body.installEventFilter(self)

    def sizeHint(self) -> QSize:
        """As narrow as it may be: words wrap, and the room is the picture's."""
        return QSize(self.minimumWidth(), super().sizeHint().height())

    def bring(self, widget: QWidget) -> None:
        """Scroll to a widget whose content has just changed."""
        # Its new size reaches the column in steps, each of which waits for the event loop.
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
        self.ensureWidgetVisible(widget)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Follow the width that the widgets need: styles and folds change it."""
        if watched is self._body and event is not None and event.type() == QEvent.Type.LayoutRequest:
            bar = self.verticalScrollBar()
            self.setMinimumWidth(self._body.minimumSizeHint().width() + (bar.sizeHint().width() if bar else 0))
        return super().eventFilter(watched, event)


def form_label(text: str) -> QLabel:
    """A label of a form, as wide as those of the other forms, so that all fields begin in one line."""
    label = QLabel(text)
    label.setMinimumWidth(label.fontMetrics().horizontalAdvance("FWHM up to") + 8)
    return label


def plain_label(bold: bool = False) -> QLabel:
    """A label that wraps and whose text can be copied."""
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if bold:
        label.setStyleSheet("font-weight: bold;")
    return label


def empty_form() -> QFormLayout:
    """A form whose fields take all the width there is."""
    form = QFormLayout()
    form.setContentsMargins(0, 0, 0, 0)
    form.setSpacing(4)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form
