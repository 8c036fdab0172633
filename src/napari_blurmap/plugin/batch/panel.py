"""The panel "Estimate many pictures": a folder or a plate in, maps, a table and a report out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import napari.viewer

from ..panels.base import RunPanel
from ..run.latest import LatestOnly
from ..run.view import RunView
from ..run.worker import Done, Failed, Outcome, Stopped
from .form import BatchForm
from .job import BatchJob, layers_of, plane_of
from .view import BatchView

if TYPE_CHECKING:
    from napari.layers import Layer


class BatchPanel(RunPanel):
    """Estimate many pictures, and look at those that matter.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        Where pictures are opened.
    estimate : callable, optional
        Used in place of `napari_blurmap.estimate_batch`.
    """

    title = "Estimate many pictures"
    gives_map = False
    form: BatchForm
    view: BatchView

    def __init__(self, napari_viewer: napari.viewer.Viewer, estimate: Callable[..., Any] | None = None) -> None:
        super().__init__(
            napari_viewer,
            BatchForm(napari_viewer),
            RunView("Estimate all of these pictures", cancelling="Stopping; what is finished is kept..."),
            BatchView(napari_viewer.theme),
            estimate,
        )
        self._opening = LatestOnly(self._new_control())
        self._opened: list[Layer] = []
        self.view.chosen.connect(self._open)
        self._attach()

    def _begin(self, job: BatchJob) -> None:
        from . import plate  # noqa: F401 - imported here and now, while nothing else is going on

        self.form.store_preferences()
        self.view.begin()

    def _show_news(self, news: list[str]) -> None:
        self.view.show_failures(news)

    def _show(self, job: BatchJob, outcome: Done | Stopped) -> str:
        batch = outcome.value
        if batch is None or (isinstance(outcome, Stopped) and not batch.rows):
            self.view.hide()
            return "Cancelled before any picture was finished."
        self.view.show_batch(batch)
        self._column.bring(self.view)
        where = f"all that is finished is in {job.options['out']}"
        return f"Cancelled; {where}. Run does the rest." if isinstance(outcome, Stopped) else f"Done; {where}."

    def _dismiss(self) -> None:
        self.view.hide()

    def _open(self, row: dict[str, Any]) -> None:
        """Open a picture with its map, in another thread."""
        self.run_view.say(f"Opening {row['FileName']}...")
        self._opening.ask(f"Opening {row['FileName']}", partial(layers_of, row), partial(self._on_opened, row))

    def _on_opened(self, row: dict[str, Any], outcome: Outcome) -> None:
        if isinstance(outcome, Failed):
            self._fail(outcome)
        elif isinstance(outcome, Done):
            self._show_layers(outcome.value, row)
            self.run_view.say("")

    def _show_layers(self, layers: list[Layer], row: dict[str, Any]) -> None:
        """In place of those of the picture before; on the plane that the row is of."""
        viewer = self._viewer
        for layer in [layer for layer in self._opened if layer in viewer.layers]:
            if hasattr(layer, "colorbar"):
                # napari 0.9.2 with Mesa's software OpenGL may crash when a layer with a colour bar is removed.
                layer.colorbar.visible = False
            viewer.layers.remove(layer)
        self._opened = [viewer.add_layer(layer) for layer in layers]
        picture = self._opened[0]
        viewer.layers.selection.active = self._opened[min(1, len(layers) - 1)]
        places = plane_of(row)
        index = [places.get(axis, 0) for axis in picture.axis_labels]
        for axis, place in enumerate(picture.data_to_world(index)[:-2]):
            viewer.dims.set_point(viewer.dims.ndim - picture.ndim + axis, place)
        viewer.fit_to_view()
