"""What a panel shows below its buttons: a column that is hidden until there is something, and its plot."""

from __future__ import annotations

from typing import Protocol

from qtpy.QtWidgets import QVBoxLayout, QWidget


class Themed(Protocol):
    """A plot that follows napari's theme."""

    def set_theme(self, name: str) -> None:
        """Take the colours of a theme of napari."""


class ColumnView(QWidget):
    """Widgets below one another; a subclass makes its ``plot`` when there is something to draw.

    Parameters
    ----------
    theme : str
        napari's name of the theme.
    """

    plot: Themed | None

    def __init__(self, theme: str) -> None:
        super().__init__()
        self._theme = theme
        self.plot = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self.hide()

    def _add(self, *widgets: QWidget) -> None:
        for widget in widgets:
            self._column.addWidget(widget)

    def set_theme(self, name: str) -> None:
        """Take the colours of a theme of napari."""
        self._theme = name
        if self.plot is not None:
            self.plot.set_theme(name)
