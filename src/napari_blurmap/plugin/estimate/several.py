"""Pictures that are selected together, estimated one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..widgets.layer_choice import LayerChoice, pictures

if TYPE_CHECKING:
    import napari.viewer
    from napari.layers import Layer


class Several:
    """What is left to do of the pictures that were selected in napari's list when Run was pressed.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose layers they are.
    choice : LayerChoice
        Where the one that is estimated is chosen.
    """

    def __init__(self, viewer: napari.viewer.Viewer, choice: LayerChoice) -> None:
        self._viewer, self._choice = viewer, choice
        self.left: list[Layer] = []

    @property
    def selected(self) -> list[Layer]:
        """Pictures that are selected, where those are several."""
        found = [layer for layer in pictures(self._viewer.layers) if layer in self._viewer.layers.selection]
        return found if len(found) > 1 else []

    @property
    def words(self) -> str:
        """What the button does."""
        count = len(self.selected)
        return f"Run on {count} pictures" if count else "Run"

    def begin(self) -> None:
        """Take those that are selected now."""
        self.left = self.selected

    def choose_next(self) -> bool:
        """Choose the next that is still there; False where none is."""
        several = bool(self.left)
        while self.left:
            if self._choice.choose(self.left.pop(0)):
                return True
        return not several
