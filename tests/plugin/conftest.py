"""A viewer, where a test is marked so in napari's window, and the Estimate blur panel, whose estimate waits."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from threading import Event
from types import SimpleNamespace

import pytest


@pytest.fixture(scope="module")
def window(qapp):
    """A viewer for all tests of a file, made as napari's own fixture makes one a test: that takes a second of each."""
    from napari import Viewer
    from napari._qt.qt_viewer import QtViewer
    from napari.settings import get_settings
    from napari.utils._testsupport import mock_app_model
    from npe2._pytest_plugin import npe2pm

    with (
        contextmanager(npe2pm.__wrapped__)(),
        contextmanager(mock_app_model.__wrapped__)(),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr("napari._qt.threads.status_checker.StatusChecker.start", lambda _: None)
        patch.setattr("napari._qt.qt_main_window._QtMainWindow._save_current_window_settings", lambda _: None)
        get_settings().reset()
        viewer = Viewer(show=True, show_welcome_screen=False)
        yield viewer
        viewer.close()
        del viewer
        gc.collect()
        assert not QtViewer._instances


@pytest.fixture
def viewer(request):
    """A viewer; its window is there for tests that are marked ``window``: napari takes seconds to draw its layers."""
    from napari.components import ViewerModel
    from napari.utils._proxies import PublicOnlyProxy

    if request.node.get_closest_marker("window"):
        return request.getfixturevalue("emptied")
    request.getfixturevalue("plugin_settings")
    return PublicOnlyProxy(ViewerModel())


@pytest.fixture
def dock(viewer, qtbot):
    """Shows a panel: docked where there is a window, else by itself."""

    def show(panel, name=""):
        if hasattr(viewer, "window"):
            viewer.window.add_dock_widget(panel, name=name)
        else:
            qtbot.addWidget(panel)
            panel.show()

    return show


@pytest.fixture
def emptied(window, plugin_settings, monkeypatch, qtbot):
    """The window of the file, empty; it is emptied after the test, which must leave nobody who listens to it."""
    from napari.settings import get_settings
    from napari.utils._proxies import PublicOnlyProxy
    from qtpy.QtCore import QCoreApplication, QEvent

    monkeypatch.setenv("NAPARI_ENSURE_PLUGIN_MAIN_THREAD", "True")
    before = listeners(window)
    yield PublicOnlyProxy(window)
    docked = list(window.window.dock_widgets.values())
    window.window.remove_dock_widget("all")
    for widget in docked:
        widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    with window.layers.batched_update():
        for layer in window.layers:
            layer.visible = False
    qtbot.wait(10)  # vispy may crash with Mesa's software drivers when a draw waits while a layer is deleted
    window.layers.clear()
    window.reset()
    get_settings().reset()
    assert listeners(window) == before


def listeners(viewer):
    """How many are called back by each part of a viewer."""
    parts = {"viewer": viewer, "layers": viewer.layers, "selection": viewer.layers.selection}
    for name in type(viewer).model_fields:
        if hasattr(getattr(viewer, name), "events"):
            parts[name] = getattr(viewer, name)
    return {
        f"{part}.{name}": sum(not isinstance(c, tuple) or c[0]() is not None for c in emitter.callbacks)
        for part, owner in parts.items()
        for name, emitter in owner.events.emitters.items()
        if (part, name) != ("canvas", "background_color")  # napari's, for the words that a panel leaves there, hidden
    }


class Slow:
    """Stands in for `estimate_blur`: one blur everywhere, as soon as ``gate`` is set."""

    def __init__(self) -> None:
        self.gate = Event()
        self.error: Exception | None = None
        self.sigma, self.status = 2.0, 0

    def __call__(self, picture, *, progress, cancel, pixel_size=None, unit=None, **_):
        from napari_blurmap import Cancelled
        from napari_blurmap.picture.stack import as_stack

        stack = as_stack(picture, pixel_size=pixel_size, unit=unit)
        progress(0, 2, "estimating")
        while not self.gate.wait(0.01):
            if cancel():
                raise Cancelled(self.blurmap(stack, partial=True))
        if self.error is not None:
            raise self.error
        return self.blurmap(stack)

    def blurmap(self, stack, **about):
        import numpy as np

        from napari_blurmap import BlurMap

        sigma = np.full(stack.shape, self.sigma)
        names = ("axes", "scale", "units", "translate", "affine")
        known = {name: getattr(stack, name) for name in names}
        status = np.full(stack.shape, self.status)
        return BlurMap(sigma, 0.1 * sigma, status, provenance={"model": "m", **about}, **known)


@pytest.fixture
def opened(viewer, dock, qtbot):
    """A viewer with a picture called cells and the Estimate blur panel, whose estimate waits for ``finish``."""
    import numpy as np

    from napari_blurmap.plugin.estimate.panel import EstimatePanel

    layer = viewer.add_image(np.random.default_rng(0).random((64, 64)), name="cells")
    slow = Slow()
    panel = EstimatePanel(viewer, slow)
    dock(panel, "Estimate blur")

    def rest():
        qtbot.waitUntil(lambda: not panel.control.state.busy, timeout=60000)

    def finish():
        slow.gate.set()
        rest()

    def run():
        panel.run_view.button.click()
        finish()

    return SimpleNamespace(viewer=viewer, layer=layer, slow=slow, panel=panel, run=run, finish=finish, rest=rest)
