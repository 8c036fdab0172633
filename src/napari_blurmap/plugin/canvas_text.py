"""The summary on the canvas, in a text of its own beside whatever the user writes there."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from napari.components.overlays import TextOverlay

if TYPE_CHECKING:
    import napari.viewer
    from napari.layers import Layer

_KEY = "blurmap"


class CanvasText:
    """A few words on the canvas that come and go with a layer.

    The viewer's own text overlay is left alone.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose canvas.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        self._viewer = viewer
        self._layer: Layer | None = None

    def show(self, text: str, layer: Layer) -> None:
        """Show the text as long as the layer is there and visible."""
        self.clear()
        if _KEY not in self._viewer.canvas.overlays:
            self._viewer.canvas.overlays[_KEY] = TextOverlay(visible=False, position="top_left", font_size=9)
        self._overlay.text = text
        self._overlay.visible = layer.visible
        self._layer = layer
        layer.events.visible.connect(self._follow)

    def change(self, text: str) -> None:
        """Change the words, where there are any."""
        if self._layer is not None:
            self._overlay.text = text

    def clear(self) -> None:
        """Take the text away."""
        if self._layer is None:
            return
        with suppress(ValueError, RuntimeError):  # the layer may be gone with its viewer
            self._layer.events.visible.disconnect(self._follow)
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

    def _follow(self) -> None:
        if self._layer is not None:
            self._overlay.visible = self._layer.visible
