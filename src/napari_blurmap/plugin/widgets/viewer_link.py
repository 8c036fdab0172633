"""Connections of a panel to napari that can all be cut at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.components import LayerList


class ViewerLink:
    """Holds what a panel listens to.

    napari outlives a panel; a call into a panel that is gone would end in a
    traceback.
    """

    def __init__(self) -> None:
        self._held: list[tuple[Any, Callable[..., Any]]] = []
        self._branches: list[ViewerLink] = []

    def connect(self, emitter: Any, callback: Callable[..., Any]) -> None:
        """Call back on every event of an emitter."""
        emitter.connect(callback)
        self._held.append((emitter, callback))

    def connect_list(self, layers: LayerList, callback: Callable[..., Any]) -> None:
        """Call back whenever napari's list of layers reads otherwise."""
        events = layers.events
        for emitter in (events.inserted, events.removed, events.reordered, events.renamed):
            self.connect(emitter, callback)

    def branch(self) -> ViewerLink:
        """A link that can be cut alone, and is cut with this one."""
        self._branches.append(ViewerLink())
        return self._branches[-1]

    def cut(self) -> None:
        """Listen to nothing any more."""
        for emitter, callback in self._held:
            emitter.disconnect(callback)
        self._held.clear()
        for branch in self._branches:
            branch.cut()
        self._branches.clear()
