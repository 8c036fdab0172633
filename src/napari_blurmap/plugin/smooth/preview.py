"""What smoothing would give, live, for what is in view."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal
from superqt.utils import qdebounced

from ...errors import BlurMapError
from ..run.latest import LatestOnly
from ..run.worker import Done, Failed, Outcome
from .piece import Piece, piece_in_view, preview_layer, smoothed_piece

if TYPE_CHECKING:
    import napari.viewer
    from napari.layers import Image

    from ...result.blurmap import BlurMap
    from ..run.control import RunControl
    from .form import SmoothForm

NAME = "preview of smoothing"
#: A slider that moves asks for many previews; one is made when it rests this long.
_REST_MS = 120


class Preview(QObject):
    """One layer that shows the smoothed map where it is looked at, updated in place.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Where it is shown.
    form : SmoothForm
        Map, method and strength.
    control : RunControl
        Does the work.
    parent : QObject
        Owns this object.

    Notes
    -----
    ``said`` carries why there is no preview; it is empty where there is one.
    """

    said = Signal(str)

    def __init__(self, viewer: napari.viewer.Viewer, form: SmoothForm, control: RunControl, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._form = form
        self._latest = LatestOnly(control)
        self._layer: Image | None = None
        self._due = False

    @property
    def busy(self) -> bool:
        """Whether the layer is about to change."""
        return self._due or self._latest.busy

    def refresh(self) -> None:
        """Show it anew, in a moment."""
        self._due = True
        self._smooth()

    def remove(self) -> None:
        """Show none, not even the one that is being made."""
        self._due = False
        self._latest.forget()
        layer, self._layer = self._layer, None
        if layer is not None and layer in self._viewer.layers:
            self._viewer.layers.remove(layer)

    @qdebounced(timeout=_REST_MS)
    def _smooth(self) -> None:
        """Smooth what is in view, in another thread."""
        layer, m = self._form.map.value, self._form.blurmap
        due, self._due = self._due, False
        if not due or m is None:
            return
        try:
            piece = piece_in_view(layer, m, self._viewer.dims)
        except BlurMapError as error:
            self.said.emit(str(error))
            return
        work = partial(smoothed_piece, m, piece, self._form.guide(), **self._form.options())
        self._latest.ask("Preview of smoothing", work, partial(self._on_smoothed, layer, m, piece))

    def _on_smoothed(self, layer: Image, m: BlurMap, piece: Piece, outcome: Outcome) -> None:
        if layer != self._form.map.value:
            return
        if isinstance(outcome, Failed):
            self.remove()
            self.said.emit(outcome.message)
        elif isinstance(outcome, Done):
            self.said.emit("")
            self._show(preview_layer(layer, m, piece, outcome.value, NAME))

    def _show(self, new: Image) -> None:
        """Update the layer in place, so that napari's list of layers does not flicker."""
        shown = self._layer
        if shown is None or shown not in self._viewer.layers or shown.ndim != new.ndim:
            if shown is not None and shown in self._viewer.layers:
                self._viewer.layers.remove(shown)
            active = self._viewer.layers.selection.active
            self._layer = self._viewer.add_layer(new)
            self._viewer.layers.selection.active = active
            return
        shown.data = new.data
        for name in ("units", "axis_labels", "scale", "rotate", "shear", "translate", "affine", "contrast_limits"):
            setattr(shown, name, getattr(new, name))
