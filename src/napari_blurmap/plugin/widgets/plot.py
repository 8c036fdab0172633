"""What the plots have in common: they show, they are not worked with, and they take the colours of napari's theme."""

from __future__ import annotations

import pyqtgraph as pg
from napari.utils.theme import get_theme
from qtpy.QtCore import Qt


def make_still(widget: pg.GraphicsView, plots: list[pg.PlotItem], height: int) -> None:
    """Fix the height of a plot, and leave mouse and keyboard to the panel.

    Parameters
    ----------
    widget : pyqtgraph.GraphicsView
        What holds the plots.
    plots : list of pyqtgraph.PlotItem
        Those in it.
    height : int
        Pixels.
    """
    widget.setFixedHeight(height)
    widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    for plot in plots:
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMouseEnabled(x=False, y=False)


def take_theme(widget: pg.GraphicsView, plots: list[pg.PlotItem], name: str) -> tuple[str, str]:
    """Paint ground and axes in the colours of a theme of napari.

    Parameters
    ----------
    widget, plots
        As in `make_still`.
    name : str
        napari's name of the theme.

    Returns
    -------
    text, marks : str
        Colours for what is drawn, such as "#ffffff".
    """
    theme = get_theme(name)
    widget.setBackground(theme.background.as_hex())
    text = theme.text.as_hex()
    for plot in plots:
        for side in ("bottom", "left"):
            axis = plot.getAxis(side)
            axis.enableAutoSIPrefix(False)
            axis.setPen(text)
            axis.setTextPen(text)
    return text, theme.current.as_hex()
