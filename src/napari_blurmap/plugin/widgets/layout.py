"""How the parts of a panel stand: below one another, in rows with labels, in sections that fold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import QCoreApplication, QEvent, QObject, QSize, Qt
from qtpy.QtWidgets import (
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt import QCollapsible

_UNBOUNDED = 2**24 - 1  # Qt's own limit


def column(owner: QWidget, *parts: QWidget | QLayout) -> QVBoxLayout:
    """Lay parts out below one another, without margins."""
    layout = owner.layout()
    if not isinstance(layout, QVBoxLayout):
        layout = QVBoxLayout(owner)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    for part in parts:
        if isinstance(part, QLayout):
            layout.addLayout(part)
        else:
            layout.addWidget(part)
    return layout


def rows(fields: Mapping[str, Any]) -> QFormLayout:
    """Fields with their labels, a row each, all of whose fields begin in one line.

    Parameters
    ----------
    fields : mapping of str to widget
        Qt's or magicgui's, by label.
    """
    form = QFormLayout()
    form.setContentsMargins(0, 0, 0, 0)
    form.setSpacing(4)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    for text, field in fields.items():
        label = QLabel(text)
        label.setMinimumWidth(label.fontMetrics().horizontalAdvance("FWHM up to") + 18)
        form.addRow(label, getattr(field, "native", field))
    return form


def beside(*widgets: QWidget) -> QWidget:
    """Widgets beside one another; those that grow share the room."""
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    for widget in widgets:
        layout.addWidget(widget)
    return row


def folded(title: str, fields: Mapping[str, Any]) -> Fold:
    """Rows of fields that most users never open."""
    content = QWidget()
    content.setLayout(rows(fields))
    return Fold(title, content)


class Fold(QCollapsible):
    """A section under a title that opens and folds, folded at first.

    Parameters
    ----------
    title : str
        Always shown.
    content : QWidget
        Shown while it is open.
    """

    def __init__(self, title: str, content: QWidget) -> None:
        # The arrow stands in the text, where it takes the colour of the theme; superqt's is black.
        super().__init__(expandedIcon=" ", collapsedIcon=" ")
        self.toggleButton().setIconSize(QSize(0, 0))
        self._title = title
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.setDuration(0)
        self.toggleButton().setStyleSheet(
            "QPushButton { text-align: left; border: none; background: transparent; padding: 2px; }"
        )
        column(self.content(), content)
        for layout in (self.layout(), self.content().layout()):
            if layout is not None:
                layout.setContentsMargins(0, 0, 0, 0)
                layout.setSpacing(2)
                layout.setAlignment(Qt.AlignmentFlag(0))  # words that wrap need more room than superqt gives them
        self.toggled.connect(self._show)
        self._show(False)

    def _show(self, expanded: bool) -> None:
        self.setText(f"{'▾' if expanded else '▸'} {self._title}")
        self.content().setVisible(expanded)
        self.content().setMaximumHeight(_UNBOUNDED if expanded else 0)


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
        layout = column(self._body, *widgets)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.setSpacing(6)
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
