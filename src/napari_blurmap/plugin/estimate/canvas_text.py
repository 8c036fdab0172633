"""The summary on the canvas, in a text of its own beside whatever the user writes there."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from napari.components.overlays import TextOverlay
from qtpy.QtGui import QFont, QFontMetricsF

if TYPE_CHECKING:
    import napari.viewer
    from napari.layers import Layer

    from ..run.turns import Turns

_KEY = "blurmap"
_POINTS = 9
# napari draws letters on the canvas larger than Qt does those of the same size.
_DRAWN = 96 / 72
# Pixels: margins of the text, and what a colour bar takes with its numbers and margins.
_MARGINS, _BAR = 30, 80
_FEWEST_LETTERS = 12
# napari takes 5 ms to draw a letter for the first time: at most so many new ones at once.
_NEW = 8


class CanvasText:
    """A few words on the canvas that come and go with a layer.

    The viewer's own text overlay is left alone. Lines break before the colour
    bars, in a canvas of any width.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose canvas.
    turns : Turns
        In which a text with letters that were not there before appears.
    """

    def __init__(self, viewer: napari.viewer.Viewer, turns: Turns) -> None:
        self._viewer, self._turns = viewer, turns
        self._drawn: set[str] = set()
        self._layer: Layer | None = None
        self._text = ""

    def show(self, text: str, layer: Layer) -> None:
        """Show the text as long as the layer is there and visible."""
        self.clear()
        if _KEY not in self._viewer.canvas.overlays:
            self._viewer.canvas.overlays[_KEY] = TextOverlay(visible=False, position="top_left", font_size=_POINTS)
        self._layer = layer
        self.change(text)
        self._overlay.visible = layer.visible
        layer.events.visible.connect(self._follow)
        self._viewer.canvas.events.size.connect(self._fit)

    def change(self, text: str) -> None:
        """Change the words, where there are any."""
        self._text = ""
        new: set[str] = set()
        for number, letter in enumerate(text):
            new |= {letter} - self._drawn
            if len(new) > _NEW:
                self._turns.ask(partial(self._grow, text[:number]))
                new = {letter}
        if self._drawn.issuperset(text):
            self._grow(text)
        else:
            self._turns.ask(partial(self._grow, text))
        self._drawn.update(text)

    def clear(self) -> None:
        """Take the text away."""
        if self._layer is None:
            return
        with suppress(ValueError, RuntimeError):  # the layer may be gone with its viewer
            self._layer.events.visible.disconnect(self._follow)
            self._viewer.canvas.events.size.disconnect(self._fit)
        self._layer = None
        # Hidden, never deleted: with some drivers vispy crashes when it draws after deleting a text.
        self._overlay.visible = False

    def layer_removed(self, layer: Any) -> None:
        """Take the text away with its layer."""
        if self._layer is not None and layer == self._layer:
            self.clear()

    @property
    def _overlay(self) -> TextOverlay:
        overlay: TextOverlay = self._viewer.canvas.overlays[_KEY]
        return overlay

    def _grow(self, text: str) -> None:
        self._text = text
        self._fit()

    def _fit(self) -> None:
        """Break the lines where the canvas ends."""
        if self._layer is None:
            return
        shown = [layer for layer in self._viewer.layers if layer.visible and hasattr(layer, "colorbar")]
        bars = sum(layer.colorbar.visible for layer in shown)
        room = self._viewer.canvas.size[1] - _MARGINS - _BAR * bars
        letters = max(int(room / _letter_width(self._text)), _FEWEST_LETTERS)
        lines = [line for text in self._text.splitlines() for line in wrap(text, letters)]
        # napari draws the box too low, by a tenth of its height.
        self._overlay.text = "\n".join(lines) + "\n" * (1 + len(lines) // 8)

    def _follow(self) -> None:
        if self._layer is not None:
            self._overlay.visible = self._layer.visible


def _letter_width(text: str) -> float:
    """Pixels that a letter of a text takes on the canvas, with a tenth to spare: some lines have wider ones."""
    width = QFontMetricsF(QFont("Open Sans", _POINTS)).horizontalAdvance(text.replace("\n", " "))
    return 1.1 * _DRAWN * width / max(len(text), 1)
