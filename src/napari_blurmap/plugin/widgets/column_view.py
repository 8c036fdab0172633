"""What a panel shows below its buttons: a column that is hidden until there is something, and its plot."""

from __future__ import annotations

from typing import Protocol

from qtpy.QtWidgets import QPushButton, QWidget

from .layout import column


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

    #: The button that saves what is shown, where it can be saved.
    save: QPushButton | None = None

    def __init__(self, theme: str) -> None:
        super().__init__()
        self._theme = theme
        self.plot: Themed | None = None
        self._column = column(self)
        self.hide()

    def set_theme(self, name: str) -> None:
        """Take the colours of a theme of napari."""
        self._theme = name
        if self.plot is not None:
            self.plot.set_theme(name)
