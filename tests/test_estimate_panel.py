"""The panel as its user meets it: run, cancel, fail, and layers that go away meanwhile."""

from __future__ import annotations

from threading import Event
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from napari_blurmap import BlurMap, BlurMapError, Cancelled
from napari_blurmap.plugin.estimate_panel import EstimatePanel
from napari_blurmap.plugin.run_control import RunState


class Slow:
    """Stands in for the network: one blur everywhere, after it is let go."""

    def __init__(self) -> None:
        self.gate = Event()
        self.error: Exception | None = None

    def __call__(self, picture: Any, *, progress: Any, cancel: Any, **_: Any) -> BlurMap:
        progress(0, 2, "estimating")
        while not self.gate.wait(0.01):
            if cancel():
                raise Cancelled(self.blurmap(picture, partial=True))
        if self.error is not None:
            raise self.error
        return self.blurmap(picture)

    def blurmap(self, picture: Any, **about: Any) -> BlurMap:
        sigma = np.full(np.shape(picture.data), 2.0)
        units, about = ("pixel",) * 2, {"model": "m", **about}
        return BlurMap(sigma, 0.1 * sigma, 0 * sigma, axes=("y", "x"), scale=(1, 1), units=units, provenance=about)


@pytest.fixture
def opened(make_napari_viewer_proxy: Any, plugin_settings: None, qtbot: Any) -> Any:
    viewer = make_napari_viewer_proxy(show=True)
    layer = viewer.add_image(np.random.default_rng(0).random((64, 64)), name="cells")
    slow = Slow()
    panel = EstimatePanel(viewer, slow)
    viewer.window.add_dock_widget(panel, name="Estimate blur")

    def finish() -> None:
        slow.gate.set()
        qtbot.waitUntil(lambda: not panel.control.state.busy, timeout=10000)

    return SimpleNamespace(viewer=viewer, layer=layer, slow=slow, panel=panel, finish=finish)


def names(viewer: Any) -> list[str]:
    return [layer.name for layer in viewer.layers]


def test_run(opened: Any) -> None:
    opened.panel.run_view.button.click()
    assert opened.panel.run_view.button.text() == "Cancel"
    opened.finish()
    assert opened.panel.control.state is RunState.DONE
    assert opened.panel.run_view.button.text() == "Run"
    assert "Blur FWHM" in opened.panel.result_view.line.text()
    assert names(opened.viewer)[:2] == ["cells", "cells sigma (m)"]


def test_a_second_run_overwrites_nothing(opened: Any) -> None:
    for _ in range(2):
        opened.panel.run_view.button.click()
        opened.finish()
    assert {"cells sigma (m)", "cells sigma (m) [1]"} <= set(names(opened.viewer))


def test_cancel_shows_the_part(opened: Any, qtbot: Any) -> None:
    opened.panel.run_view.button.click()
    qtbot.waitUntil(lambda: opened.panel.run_view.bar.maximum() == 2)  # the work has begun
    opened.panel.run_view.button.click()
    qtbot.waitUntil(lambda: not opened.panel.control.state.busy, timeout=10000)
    assert "(partial)" in opened.panel.result_view.title.text()
    assert "Cancelled" in opened.panel.run_view.message.text()


@pytest.mark.parametrize("error", [BlurMapError("The picture is bad."), RuntimeError("bad luck")])
def test_a_failure_is_said_in_the_panel(opened: Any, error: Exception) -> None:
    opened.slow.error = error
    opened.panel.run_view.button.click()
    opened.finish()
    assert opened.panel.control.state is RunState.FAILED
    assert "bad" in opened.panel.run_view.message.text()
    assert "Traceback" in opened.panel.run_view.report.toPlainText()
    assert names(opened.viewer) == ["cells"]
    assert opened.panel.run_view.button.isEnabled()


def test_the_layer_is_renamed_and_deleted_meanwhile(opened: Any) -> None:
    opened.panel.run_view.button.click()
    opened.layer.name = "other"
    opened.viewer.layers.clear()
    opened.finish()
    assert "cells sigma (m)" in names(opened.viewer)


def test_the_panel_is_closed_meanwhile(opened: Any, qtbot: Any) -> None:
    opened.panel.run_view.button.click()
    qtbot.waitUntil(lambda: opened.panel.control.state is RunState.RUNNING)
    control = opened.panel.control
    opened.viewer.window.remove_dock_widget(opened.panel)
    qtbot.waitUntil(lambda: not control.state.busy, timeout=10000)
    assert names(opened.viewer) == ["cells"]
