"""The panel "Smooth blur map": a map, a method, and what it would give, live."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import napari.viewer
from napari.layers import Labels, Vectors
from qtpy.QtCore import QEvent

from ..panels.base import RunPanel
from ..run.view import RunView
from ..run.worker import Done, Stopped
from .form import SmoothForm
from .job import SmoothJob
from .preview import Preview

if TYPE_CHECKING:
    from napari.layers import Image

    from ...result.blurmap import BlurMap


class SmoothPanel(RunPanel):
    """Smooth a blur map, with a preview of what is in view.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        Where the maps are and the smoothed ones go.
    smooth : callable, optional
        Used in place of `napari_blurmap.smooth_sigma` for the whole map.
    """

    title = "Smooth blur map"
    loads_torch = False
    form: SmoothForm

    def __init__(self, napari_viewer: napari.viewer.Viewer, smooth: Callable[..., Any] | None = None) -> None:
        super().__init__(
            napari_viewer,
            SmoothForm(napari_viewer),
            RunView("Make new layers of the whole map, smoothed", run="Apply", running="Smoothing..."),
            function=smooth,
        )
        #: The map smoothed last, and what it became.
        self._last: tuple[Image, Image] | None = None
        self.preview = Preview(napari_viewer, self.form, self._new_control(), self)
        self.preview.said.connect(self._say)
        self.form.changed.connect(self._on_changed)
        self._attach()

    def event(self, event: QEvent | None) -> bool:
        """Make no preview where the panel is hidden."""
        done = super().event(event)
        if event is not None and event.type() in (QEvent.Type.Show, QEvent.Type.Hide):
            self._refresh_preview()
        return done

    def _follow(self) -> None:
        super()._follow()
        dims, camera = self._viewer.dims.events, self._viewer.scene.camera.events
        for emitter in (dims.current_step, camera.zoom, camera.center):
            self._link.connect(emitter, self._refresh_preview)
        self._on_changed()

    def _let_go(self) -> None:
        super()._let_go()
        self.preview.remove()

    def _on_changed(self) -> None:
        """Another map, method or strength."""
        self.run_view.details.hide()
        self._refresh_preview()

    def _refresh_preview(self) -> None:
        if self.form.preview.value and self.form.ready and self.isVisible():
            self.preview.refresh()
        else:
            self.preview.remove()

    def _say(self, text: str) -> None:
        """Say something on the preview, unless the button's work has the word."""
        if not self.control.state.busy:
            self.run_view.say(text)

    def _to_tell(self) -> tuple[BlurMap, None] | None:
        return None if self._last is None else (self._last[1].metadata["blurmap"], None)

    def _show(self, job: SmoothJob, outcome: Done | Stopped) -> str:
        if isinstance(outcome, Stopped):
            return "Cancelled; nothing was added."
        self.form.preview.value = False
        for layer in outcome.value:
            self._viewer.add_layer(layer)
        _hide(self._viewer, job.layer)
        if self._last is not None and self._last[0] == job.layer:
            _hide(self._viewer, self._last[1])
        self._last = job.layer, outcome.value[0]
        self._viewer.layers.selection.active = outcome.value[0]
        return f"Added {outcome.value[0].name!r}."


def _hide(viewer: napari.viewer.Viewer, sigma: Image) -> None:
    """Hide a map with its axes and its places that were not judged: one over the other, neither could be read."""
    sigma.visible = False
    m = sigma.metadata["blurmap"]
    for layer in viewer.layers:
        known = layer.metadata
        if isinstance(layer, (Labels, Vectors)) and "blurmap_view" in known and known.get("blurmap") is m:
            layer.visible = False
