"""The panel as its user meets it: run, cancel, fail, and what goes away meanwhile."""

from __future__ import annotations

import gc
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from napari.utils import progress
from qtpy.QtCore import Qt, QTimer

from napari_blurmap import BlurMap, BlurMapError
from napari_blurmap.ground.status import Status
from napari_blurmap.plugin.estimate.job import EstimateJob
from napari_blurmap.plugin.run.control import RunControl, RunState
from napari_blurmap.plugin.run.worker import Done, Step


def names(viewer: Any) -> list[str]:
    return [layer.name for layer in viewer.layers]


def wait_for_work(opened: Any, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: opened.panel.run_view.bar.maximum() == 2, timeout=60000)


@pytest.mark.window
def test_run(opened: Any) -> None:
    opened.panel.run_view.button.click()
    assert opened.panel.run_view.button.text() == "Cancel"
    opened.finish()
    assert opened.panel.control.state is RunState.DONE
    assert opened.panel.run_view.button.text() == "Run"
    assert "Blur FWHM" in opened.panel.view.line.text()
    assert names(opened.viewer) == ["cells", "cells sigma (m)", "cells uncertainty (m)", "cells cannot tell"]
    assert opened.viewer.layers.selection.active.name == "cells sigma (m)"
    # The result is no picture to estimate next.
    assert opened.panel.form.picture.layer == opened.layer


def test_a_second_run_overwrites_nothing(opened: Any) -> None:
    opened.run()
    first = {layer.name: layer.data for layer in opened.viewer.layers}
    opened.slow.sigma = 3.0
    opened.run()
    assert names(opened.viewer)[4:] == [f"{name} [1]" for name in names(opened.viewer)[1:4]]
    for name, data in first.items():
        assert opened.viewer.layers[name].data is data
    assert opened.viewer.layers.selection.active.name == "cells sigma (m) [1]"


def test_cancel_shows_the_part(opened: Any, qtbot: Any) -> None:
    opened.panel.run_view.button.click()
    wait_for_work(opened, qtbot)
    opened.panel.run_view.button.click()
    assert opened.panel.run_view.button.text() == "Cancelling..."
    assert not opened.panel.run_view.button.isEnabled()
    opened.rest()
    assert opened.panel.control.state is RunState.IDLE
    assert opened.panel.view.title.text() == "cells (partial)"
    assert "Cancelled" in opened.panel.run_view.message.text()
    assert "cells sigma (m, partial)" in names(opened.viewer)
    opened.run()
    assert opened.panel.view.title.text() == "cells"


def test_cancelled_before_anything_was_finished(opened: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    monkeypatch.setattr(EstimateJob, "layers", lambda *given, **_: made.append(given) or [])
    opened.slow.sigma, opened.slow.status = float("nan"), Status.INVALID
    opened.panel.run_view.button.click()
    wait_for_work(opened, qtbot)
    opened.panel.run_view.button.click()
    opened.rest()
    assert opened.panel.run_view.message.text() == "Cancelled before any of it was finished."
    assert made == []  # layers of nothing would take seconds of a large picture
    assert names(opened.viewer) == ["cells"]


@pytest.mark.parametrize("error", [BlurMapError("The picture is bad."), RuntimeError("bad luck")])
def test_a_failure_is_said_in_the_panel(opened: Any, error: Exception) -> None:
    opened.slow.error = error
    opened.run()
    view = opened.panel.run_view
    assert opened.panel.control.state is RunState.FAILED
    assert "bad" in view.message.text()
    assert "Traceback" not in view.message.text()
    # Where a fault is ours the details say where; a mistake of the user's is no place in a program.
    assert view.details.isVisible() == isinstance(error, RuntimeError)
    assert not view.trace.isVisible()
    if view.details.isVisible():
        view.details.toggleButton().click()
        assert view.trace.isVisible()
        assert "Traceback" in view.trace.toPlainText()
    assert names(opened.viewer) == ["cells"]
    opened.slow.error = None
    opened.run()
    assert opened.panel.control.state is RunState.DONE
    assert not view.details.isVisible()


def test_the_layer_is_renamed_and_deleted_meanwhile(opened: Any) -> None:
    opened.panel.run_view.button.click()
    opened.layer.name = "other"
    opened.viewer.layers.clear()
    assert opened.panel.form.picture.layer is None
    opened.finish()
    assert "cells sigma (m)" in names(opened.viewer)
    assert not opened.panel.run_view.button.isEnabled()
    assert "Blur FWHM" in opened.panel.view.line.text()


def test_the_layer_gets_another_picture_meanwhile(opened: Any) -> None:
    opened.panel.run_view.button.click()
    opened.layer.data = opened.layer.data[:40, :50]
    opened.finish()
    assert opened.viewer.layers["cells sigma (m)"].data.shape == (64, 64)


@pytest.mark.window
def test_a_panel_that_is_closed_at_work_adds_nothing(opened: Any, qtbot: Any) -> None:
    opened.panel.run_view.button.click()
    wait_for_work(opened, qtbot)
    control = opened.panel.control
    opened.viewer.window.remove_dock_widget(opened.panel)
    qtbot.waitUntil(lambda: not control.state.busy, timeout=60000)
    assert names(opened.viewer) == ["cells"]


@pytest.mark.window
def test_a_double_click_is_one_run(opened: Any, qtbot: Any) -> None:
    """The second click comes while napari's progress bar, being made, processes events."""
    QTimer.singleShot(0, opened.panel.run)
    opened.panel.run()
    opened.finish()
    assert opened.panel.control.state is RunState.DONE
    assert names(opened.viewer) == ["cells", "cells sigma (m)", "cells uncertainty (m)", "cells cannot tell"]
    assert not progress._all_instances


def test_the_second_half_of_a_double_click_does_not_cancel(opened: Any, qtbot: Any) -> None:
    button = opened.panel.run_view.button
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)  # the four events that Qt makes of a double click
    qtbot.mouseDClick(button, Qt.MouseButton.LeftButton)
    qtbot.mouseRelease(button, Qt.MouseButton.LeftButton)
    assert opened.panel.control.state is RunState.RUNNING
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)  # a third one is meant
    assert opened.panel.control.state is RunState.CANCELLING
    opened.rest()
    assert opened.panel.run_view.message.text() == "Cancelled."


def test_no_full_collection_while_it_runs(opened: Any) -> None:
    """What there was is set aside for the time of a run, even of one that is cancelled, and no longer."""
    for _ in range(2):
        opened.panel.run()
        assert gc.get_freeze_count() > 10_000
        opened.panel.run_view.button.click()
        opened.rest()
        assert gc.get_freeze_count() == 0


def test_layers_come_one_by_one(opened: Any, qtbot: Any) -> None:
    """Each holds napari up, and the window moves in between, before the run is done."""
    turns, seen, clock = [0], [], QTimer()
    clock.timeout.connect(lambda: turns.__setitem__(0, turns[0] + 1))
    opened.viewer.layers.events.inserted.connect(lambda _: seen.append((opened.panel.control.state.busy, turns[0])))
    clock.start(1)
    opened.run()
    assert [busy for busy, _ in seen] == [True] * 3
    assert len({turn for _, turn in seen}) == 3
    assert [layer.visible for layer in opened.viewer.layers] == [True, True, False, True]


def test_steps_that_come_while_one_is_shown_do_not_pile_up(qtbot: Any) -> None:
    control, shown = RunControl(), []
    control.state = RunState.RUNNING
    control.stepped.connect(lambda step: shown.append(step.done))
    control._relay.came.connect(control._on_told)

    class Bar:
        """Processes events when it is updated, as napari's does."""

        total, n = 0, 0

        def update(self, more: int) -> None:
            self.n += more
            if self.n < 5000:
                control._relay.tell(Step(self.n + 1, 5000, ""))

    control._bar = Bar()
    control._relay.tell(Step(1, 5000, ""))
    qtbot.waitUntil(lambda: len(shown) == 5000, timeout=20000)
    assert shown == list(range(1, 5001))


def test_a_verdict_of_another_result_is_not_shown(opened: Any, qtbot: Any) -> None:
    opened.run()
    first = opened.panel._shown
    opened.slow.sigma = 3.0
    opened.run()
    opened.panel._on_judged(first.layer, first.judgement, Done(replace(first.digest, line="the first")))
    assert "the first" not in opened.panel.view.line.text()
    assert opened.panel._shown is not first


def test_a_reference_chosen_while_a_run_fails_is_judged(opened: Any, qtbot: Any) -> None:
    opened.run()
    opened.slow.gate.clear()
    opened.slow.error = RuntimeError("bad luck")
    opened.panel.run_view.button.click()
    wait_for_work(opened, qtbot)
    optics = opened.panel.form.optics
    optics.kind.choose("typed")
    qtbot.keyClicks(optics.typed, "8")
    with qtbot.waitSignal(optics.changed):
        pass
    opened.finish()
    assert opened.panel.control.state is RunState.FAILED
    verdict = opened.panel.view.verdict
    qtbot.waitUntil(lambda: verdict.text() == "Sharp, within the limit.", timeout=60000)


def test_of_a_stack_the_plane_that_is_seen_is_summarized_too(opened: Any, qtbot: Any) -> None:
    viewer, view = opened.viewer, opened.panel.view
    stack = np.zeros((3, 4, 64, 64)) + np.arange(1, 5)[:, None, None]
    layer = viewer.add_image(stack, name="stack", axis_labels=("c", "z", "y", "x"))
    flat = opened.slow.blurmap

    def rising(stack: Any, **about: Any) -> BlurMap:
        m = flat(stack, **about)
        sigma = np.asarray(stack.data) + 0.0
        return replace(m, sigma=sigma, uncertainty=0.1 * sigma)

    opened.slow.blurmap = rising
    viewer.dims.current_step = (1, 2, 0, 0)
    opened.run()
    assert view.line.text().startswith("All 12 planes: Blur FWHM")
    qtbot.waitUntil(lambda: view.plane.text().startswith("Plane c 1, z 2: Blur FWHM 7.1"), timeout=20000)
    for z in (0, 1, 3):
        viewer.dims.set_current_step(1, z)
    qtbot.waitUntil(lambda: view.plane.text().startswith("Plane c 1, z 3: Blur FWHM 9.4"), timeout=20000)
    # The verdict of the plane comes with that of the whole.
    optics = opened.panel.form.optics
    optics.kind.choose("typed")
    qtbot.keyClicks(optics.typed, "6")
    qtbot.waitUntil(lambda: view.plane.text().endswith("Blurred, beyond the limit."), timeout=20000)
    assert view.verdict.text().startswith("Partly blurred")
    # Without names of its axes only numbers are told; of a plane nothing.
    layer.axis_labels = ("-4", "-3", "-2", "-1")
    viewer.dims.set_current_step(0, 2)
    qtbot.waitUntil(lambda: view.plane.text().startswith("Plane 2, 3: "), timeout=20000)
    viewer.layers.selection.active = opened.layer
    opened.slow.blurmap = flat
    opened.run()
    assert view.plane.isHidden()
    assert view.line.text().startswith("Blur FWHM")


def test_metadata_may_have_any_keys(opened: Any) -> None:
    opened.viewer.add_image(opened.layer.data, name="scan", metadata={270: "a tag of TIFF"})
    assert "scan" in [layer.name for layer in opened.panel.form.picture.list.choices]


CLOSE_NAPARI = """
import time
import napari
import numpy as np
from qtpy.QtCore import QTimer
from napari_blurmap import Cancelled
from napari_blurmap.plugin.estimate.panel import EstimatePanel

state = []

def estimate(picture, *, progress, cancel, **_):
    progress(1, 9, "estimating")
    state.append("begun")
    while not cancel():
        time.sleep(0.01)
    state.append("stopped")
    raise Cancelled(None)

def close():
    if state:
        viewer.window.close()
    else:
        QTimer.singleShot(20, close)

viewer = napari.Viewer(show=True)
viewer.add_image(np.zeros((64, 64)), name="cells")
panel = EstimatePanel(viewer, estimate)
viewer.window.add_dock_widget(panel, name="Estimate blur")
panel.run()
QTimer.singleShot(20, close)
napari.run()
print(*state)
"""


def test_napari_is_closed_meanwhile() -> None:
    """The process ends by itself, the estimate is stopped, and nobody sees a traceback."""
    done = subprocess.run(
        [sys.executable, "-c", CLOSE_NAPARI], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stdout.split() == ["begun", "stopped"]
    assert "Traceback" not in done.stderr
    assert done.returncode == 0, done.stderr
