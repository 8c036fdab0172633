"""What a panel leaves behind when its window goes."""

from __future__ import annotations

import gc
from types import SimpleNamespace
from typing import Any

from napari.components import ViewerModel
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QWidget

from napari_blurmap.plugin.panels.dock import Panel


class Following(Panel):
    """A panel that listens to the viewer."""

    def _follow(self) -> None:
        self._link.connect(self._viewer.layers.events.inserted, self._on_inserted)

    def _on_inserted(self, _event: object) -> None:
        raise AssertionError("the panel is gone")


def test_a_window_that_is_collected_as_garbage_ends_its_panels(qapp: Any) -> None:
    viewer, ended = ViewerModel(), []
    panel = Following(viewer)
    panel._controls.append(SimpleNamespace(abandon=lambda: ended.append(True)))
    window: Any = QWidget()
    window.panel, panel.window = panel, window  # all of it one piece of garbage, as napari's window is
    panel.setParent(window)
    assert len(viewer.layers.events.inserted.callbacks) > 0
    before = len(viewer.layers.events.inserted.callbacks)
    window.deleteLater()
    del panel, window
    gc.collect()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    gc.collect()
    assert ended == [True]
    assert len(viewer.layers.events.inserted.callbacks) == before - 1
