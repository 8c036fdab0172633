"""The input of a panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

if TYPE_CHECKING:
    import napari.viewer

    from ..widgets.model_choice import ModelChoice
    from ..widgets.viewer_link import ViewerLink
    from .job import Job


class Form(QWidget):
    """Everything that a job needs to know.

    A subclass lays out its fields, says whether there is enough to run on in
    `ready`, emits ``ready_changed`` when that may have changed, and makes a
    job of the fields.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose layers are offered.
    """

    ready_changed = Signal(bool)

    #: The choice of a model, where there is one.
    model: ModelChoice | None = None

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._viewer = viewer

    @property
    def ready(self) -> bool:
        """Whether there is enough to run on."""
        raise NotImplementedError

    def job(self) -> Job | None:
        """What the button asks for; None where there is not enough to run on.

        Raises
        ------
        BlurMapError
            If a field holds what cannot be.
        """
        raise NotImplementedError

    def follow(self, link: ViewerLink) -> None:
        """Follow the viewer through a link."""
        raise NotImplementedError

    def _tell_ready(self) -> None:
        self.ready_changed.emit(self.ready)
