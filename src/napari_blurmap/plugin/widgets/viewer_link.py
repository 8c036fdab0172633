"""Connections of a panel to napari that can all be cut at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class ViewerLink:
    """Holds what a panel listens to.

    napari outlives a panel; a call into a panel that is gone would end in a
    traceback.
    """

    def __init__(self) -> None:
        self._held: list[tuple[Any, Callable[..., Any]]] = []

    def connect(self, emitter: Any, callback: Callable[..., Any]) -> None:
        """Call back on every event of an emitter."""
        emitter.connect(callback)
        self._held.append((emitter, callback))

    def cut(self) -> None:
        """Listen to nothing any more."""
        for emitter, callback in self._held:
            emitter.disconnect(callback)
        self._held.clear()
