"""The panel "Smooth blur map": a map, a method, and what it would give, live."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import napari.viewer
import numpy as np
from napari.layers import Labels
from qtpy.QtCore import QEvent, QTimer

from ...errors import BlurMapError, Cancelled
from ...result.smooth.smooth import smooth_sigma
from ..layers.layers import result_layers
from ..panels.base import Panel, copy_python
from ..run.control import RunState
from ..run.view import RunView
from ..run.worker import Done, Failed, Outcome, Stopped
from ..widgets.fields import plain_label
from .form import WORDS, SmoothForm
from .preview import Piece, piece_in_view, preview_layer, smoothed_piece

if TYPE_CHECKING:
    from napari.layers import Image, Layer

    from ...ground.progress import Cancel, Progress
    from ...result.blurmap import BlurMap
    from ..layers.picture import LayerPicture

# A slider that moves asks for many previews; one is made when it rests this long.
_REST_MS = 120
_PREVIEW = "preview of smoothing"


class SmoothPanel(Panel):
    """Smooth a blur map, with a preview of what is in view.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        Where the maps are and the smoothed ones go.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__(napari_viewer)
        self.previewing = self._new_control()
        self._shown: Image | None = None
        self._asked: tuple[Image, BlurMap, Piece] | None = None
        self._stale = False
        #: The map smoothed last, and what it became.
        self._last: tuple[Image, Image] | None = None
        self.form = SmoothForm(napari_viewer)
        self.purpose = plain_label()
        self.run_view = RunView()
        self.run_view.button.setToolTip("Make new layers of the whole map, smoothed; the map stays as it is.")
        self.run_view.copy.setToolTip("Put the same smoothing on the clipboard, for napari's console or a script.")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST_MS)
        self._column = self._stack(self.form.widget.native, self.purpose, self.run_view)
        self._connect()
        self._attach()

    def apply(self) -> None:
        """Smooth the whole map into new layers, as the button does."""
        layer, m = self.form.map.value, self.form.blurmap
        if layer is None or m is None or self.control.state.busy:
            return
        options = self.form.options()
        work = partial(_smoothed_layers, layer=layer, m=m, guide=self.form.guide(), options=options)
        self._smoothed = layer
        self.control.start(f"Smoothing {layer.name}", work, about=self._as_python())

    def event(self, event: QEvent | None) -> bool:
        """Make no preview where the panel is hidden."""
        if event is not None and event.type() in (QEvent.Type.Show, QEvent.Type.Hide):
            self._changed()
        return super().event(event)

    def _connect(self) -> None:
        self.form.changed.connect(self._changed)
        self._timer.timeout.connect(self._preview)
        self.run_view.run_clicked.connect(self.apply)
        self.run_view.cancel_clicked.connect(self.control.cancel)
        self.run_view.copy.clicked.connect(self._copy)
        self.control.state_changed.connect(self._show_state)
        self.control.stepped.connect(self.run_view.show_step)
        self.control.ended.connect(self._on_applied)
        self.previewing.ended.connect(self._on_preview)
        self._show_state(RunState.IDLE)

    def _follow(self) -> None:
        self.form.follow(self._link)
        dims, camera = self._viewer.dims.events, self._viewer.scene.camera.events
        for emitter in (dims.current_step, camera.zoom, camera.center):
            self._link.connect(emitter, self._moved)
        self._changed()

    def _let_go(self) -> None:
        self._timer.stop()
        super()._let_go()
        self._remove_preview()

    def _changed(self) -> None:
        """Another map, method or strength: say what it is for, and preview it."""
        purpose = WORDS[self.form.method.value].purpose
        self.purpose.setText("Estimate a blur map first." if self.form.blurmap is None else purpose)
        self.run_view.details.hide()
        self.run_view.set_ready(self.form.blurmap is not None)
        self._moved()

    def _moved(self) -> None:
        if self._wanted():
            self._timer.start()
        else:
            self._timer.stop()
            self._remove_preview()

    def _wanted(self) -> bool:
        return bool(self.form.preview.value) and self.form.blurmap is not None and self.isVisible()

    def _preview(self) -> None:
        """Smooth what is in view, in another thread; once more afterwards where this comes too early."""
        layer, m = self.form.map.value, self.form.blurmap
        if layer is None or m is None or not self._wanted():
            return
        if self.previewing.state.busy:
            self._stale = True
            return
        try:
            piece = piece_in_view(layer, m, self._viewer.dims.point, self._viewer.dims.units)
        except BlurMapError as error:
            self._say(str(error))
            return
        self._asked = layer, m, piece
        work = partial(smoothed_piece, m, piece, self.form.guide(), **self.form.options())
        self.previewing.start("Preview of smoothing", lambda _progress, _cancel: work())

    def _on_preview(self, outcome: Outcome) -> None:
        asked, self._asked = self._asked, None
        if self._stale:
            self._stale = False
            self._timer.start()
        if asked is None or not self._wanted() or asked[0] != self.form.map.value:
            return
        if isinstance(outcome, Failed):
            self._remove_preview()
            self._say(outcome.message)
        elif isinstance(outcome, Done):
            self._say("")
            self._show_preview(preview_layer(*asked, outcome.value, _PREVIEW))

    def _show_preview(self, new: Image) -> None:
        """Update the one preview layer in place, so that the list of layers does not flicker."""
        shown = self._shown
        if shown is None or shown not in self._viewer.layers or shown.ndim != new.ndim:
            self._remove_preview()
            active = self._viewer.layers.selection.active
            self._shown = self._viewer.add_layer(new)
            self._viewer.layers.selection.active = active
            return
        shown.data = new.data
        for name in ("units", "axis_labels", "scale", "rotate", "shear", "translate", "affine", "contrast_limits"):
            setattr(shown, name, getattr(new, name))

    def _remove_preview(self) -> None:
        shown, self._shown = self._shown, None
        if shown is not None and shown in self._viewer.layers:
            self._viewer.layers.remove(shown)

    def _on_applied(self, outcome: Outcome) -> None:
        if isinstance(outcome, Failed):
            self.run_view.show_failure(outcome)
        elif isinstance(outcome, Done):
            self.form.preview.value = False
            for layer in outcome.value:
                self._viewer.add_layer(layer)
            self._hide(self._smoothed)
            if self._last is not None and self._last[0] == self._smoothed:
                self._hide(self._last[1])
            self._last = self._smoothed, outcome.value[0]
            self._viewer.layers.selection.active = outcome.value[0]
            self._say(f"Added {outcome.value[0].name!r}.")
        else:
            self._say("Cancelled; nothing was added.")

    def _hide(self, sigma: Image) -> None:
        """Hide a map and its places that were not judged: one over the other, neither could be read."""
        sigma.visible = False
        m = sigma.metadata["blurmap"]
        for layer in self._viewer.layers:
            known = layer.metadata
            if isinstance(layer, Labels) and "blurmap_view" in known and known.get("blurmap") is m:
                layer.visible = False

    def _show_state(self, state: RunState) -> None:
        self.run_view.show_state(state)
        if state is RunState.RUNNING:
            self._say("Smoothing...")
        elif not state.busy:
            self.run_view.button.setText("Apply")

    def _say(self, text: str) -> None:
        if not self.control.state.busy or text == "Smoothing...":
            self.run_view.say(text)

    def _as_python(self) -> str:
        layer, guide, source = self.form.map.value, self.form.guide(), self.form.picture.value
        options = "".join(f", {name}={value!r}" for name, value in self.form.options().items())
        image = "" if guide is None else f", image=viewer.layers[{guide.name!r}]"
        return (
            "import napari_blurmap as nb\n\n"
            f"layer = viewer.layers[{layer.name!r}]\n"
            f'm = nb.smooth_sigma(layer.metadata["blurmap"]{options}{image})\n'
            f"nb.add_to_viewer(viewer, m, viewer.layers[{(source or layer).name!r}])\n"
        )

    def _copy(self) -> None:
        if self.form.blurmap is not None:
            copy_python(self._as_python(), self._say)


def _smoothed_layers(
    progress: Progress,
    cancel: Cancel,
    *,
    layer: Image,
    m: BlurMap,
    guide: LayerPicture | None,
    options: dict[str, Any],
) -> list[Layer] | Stopped:
    """The layers of a smoothed map, for a worker; a lazy map is computed here, not where napari draws."""
    sigma, uncertainty, status = (np.asarray(array) for array in (m.sigma, m.uncertainty, m.status))
    here = replace(m, sigma=sigma, uncertainty=uncertainty, status=status)
    try:
        smoothed = smooth_sigma(here, image=guide, progress=progress, cancel=cancel, **options)
    except Cancelled:
        return Stopped()
    view = layer.metadata.get("blurmap_view", {})
    by = str(m.provenance.get("model", "unknown model"))
    layers = result_layers(smoothed, layer, limit=view.get("limit"), name=view.get("name"))
    for one in layers[:2]:
        one.name = one.name.replace(f"({by}", f"({by}, {options['method']} {options['strength']:g}", 1)
    return layers
