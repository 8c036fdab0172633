"""The panel "Check on my picture" as its user meets it."""

from __future__ import annotations

import json
from dataclasses import replace
from threading import Event
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication, QFileDialog

from napari_blurmap import BlurMapError, Cancelled
from napari_blurmap.checking.report import CheckReport, CheckRow
from napari_blurmap.plugin.check.panel import CheckPanel
from napari_blurmap.plugin.run.control import RunState

BLURS = (0.5, 1.0, 2.0)


def row(added: float) -> CheckRow:
    low, high = 0.9 * added, 1.1 * added
    return CheckRow(added, added, 99, 0.9, 0.4, added, low, high, 0.1, 0.08, 0.02, 0.2, 0.2, 0.1, 0.7, 0.95)


class Slow:
    """Stands in for the check: one blur after the other, as they are let go."""

    def __init__(self) -> None:
        self.gates = [Event() for _ in BLURS]
        self.error: Exception | None = None
        self.options: dict[str, Any] = {}

    def __call__(self, picture: Any, *, progress: Any, cancel: Any, update: Any, **options: Any) -> CheckReport:
        self.options = options
        report = CheckReport((), BLURS, own_sigma=0.5, judged=0.4, warnings=("It is small.",), notes=("A note.",))
        update(report)
        for number, (added, gate) in enumerate(zip(BLURS, self.gates, strict=True)):
            progress(number, len(BLURS), f"blur {number + 1}")
            while not gate.wait(0.01):
                if cancel():
                    raise Cancelled(report)
            if self.error is not None:
                raise self.error
            report = replace(report, rows=(*report.rows, row(added)))
            update(report)
        return report


@pytest.fixture
def opened(viewer: Any, dock: Any, qtbot: Any) -> Any:
    stack = np.random.default_rng(0).random((5, 64, 80))
    layer = viewer.add_image(stack, name="cells", scale=(2, 0.5, 0.5), translate=(0, 10, 20))
    slow = Slow()
    panel = CheckPanel(viewer, slow)
    dock(panel, "Check on my picture (Blur Map)")

    def finish(blurs: int = len(BLURS)) -> None:
        for gate in slow.gates[:blurs]:
            gate.set()
        if blurs == len(BLURS):
            qtbot.waitUntil(lambda: not panel.control.state.busy, timeout=10000)
        else:
            qtbot.waitUntil(lambda: panel.view.table.rowCount() == blurs, timeout=10000)

    return SimpleNamespace(viewer=viewer, layer=layer, slow=slow, panel=panel, finish=finish)


@pytest.mark.gui_subset
def test_the_report_grows_and_ends_in_a_sentence(opened: Any) -> None:
    panel = opened.panel
    assert panel.view.isHidden()
    panel.run_view.button.click()
    opened.finish(2)
    assert panel.run_view.button.text() == "Cancel"
    assert not panel.view.line.isVisible()
    assert not panel.view.save.isEnabled()
    x, y = panel.view.plot.points.getData()
    np.testing.assert_allclose(10**x, BLURS[:2])
    np.testing.assert_allclose(10**y, BLURS[:2])
    opened.finish()
    assert panel.control.state is RunState.DONE
    assert "sigma 0.5 to 2 px can be read to +-0.08 px" in panel.view.line.text()
    assert "It is small." in panel.view.warnings.text()
    assert "A note." in panel.view.warnings.text()
    assert [panel.view.table.item(2, x).text() for x in (0, 3, 5)] == ["2.00", "0.08", "+0.02"]
    low, high = panel.view.plot.usable.getRegion()
    assert 10**low == pytest.approx(0.5, rel=0.1)
    assert 10**high == pytest.approx(2, rel=0.1)
    assert [layer.name for layer in opened.viewer.layers] == ["cells"]


def test_the_table_is_that_of_the_shell(opened: Any, qtbot: Any) -> None:
    lost = replace(row(8.0), n=0, judged_of_sample=0.01, judged_of_all=0.0, rmse=float("nan"))
    bad = replace(row(4.0), rmse=2.0)
    report = CheckReport((row(1.0), bad, lost), (1.0, 4.0, 8.0), warnings=("See 'all own'.",))
    opened.panel._function = lambda *_, **__: report
    opened.panel.run_view.button.click()
    opened.finish()
    view = opened.panel.view
    table = view.table
    heads = [table.horizontalHeaderItem(x).text().split("\n") for x in range(table.columnCount())]
    for words in heads:
        assert all(word in report.table() for word in words), words
    assert ["16 - 84 %"] in heads
    # What matters is seen without scrolling.
    last = heads.index(["bias"])
    assert heads.index(["all", "own"]) < last
    qtbot.waitUntil(lambda: table.columnViewportPosition(last) + table.columnWidth(last) <= table.viewport().width())
    assert [table.item(y, 0).foreground().color().name() for y in (1, 2)] == ["#808080"] * 2
    assert table.item(0, 0).foreground().color().name() != "#808080"
    assert view.legend.isVisible()
    assert [table.item(2, x).text() for x in (0, 2, 6, 7)] == ["8.00", "-", "-", "1 %"]
    assert view.warnings.text() == "Warning: See 'all own'."


def test_cancel_shows_the_part(opened: Any, qtbot: Any) -> None:
    opened.panel.run_view.button.click()
    opened.finish(1)
    opened.panel.run_view.button.click()
    qtbot.waitUntil(lambda: not opened.panel.control.state.busy, timeout=10000)
    assert "Stopped after 1 of 3 blurs" in opened.panel.view.line.text()
    assert "Cancelled" in opened.panel.run_view.message.text()
    assert opened.panel.view.save.isEnabled()


@pytest.mark.parametrize("error", [BlurMapError("The picture is bad."), RuntimeError("bad luck")])
def test_a_failure_is_said(opened: Any, error: Exception) -> None:
    opened.slow.error = error
    opened.panel.run_view.button.click()
    opened.finish()
    assert opened.panel.control.state is RunState.FAILED
    assert "bad" in opened.panel.run_view.message.text()
    assert opened.panel.view.isHidden()


def test_a_picture_that_cannot_be_checked(opened: Any) -> None:
    panel = opened.panel
    panel._function = lambda *_, **__: CheckReport((), BLURS, problem="there is nothing in it.")
    panel.run_view.button.click()
    opened.finish()
    assert panel.view.line.text() == "This picture cannot be checked: there is nothing in it."
    assert panel.view.plot.isHidden()
    assert panel.view.table.isHidden()


def test_plane_region_and_blurs_reach_the_check(opened: Any, qtbot: Any) -> None:
    form, viewer = opened.panel.form, opened.viewer
    viewer.dims.set_point(0, 6.0)  # the plane at 6 is the fourth, as they lie 2 apart
    assert form.job().options["plane"] == (3,)
    form.plane.value = form.plane.choices[1]
    assert "plane" not in form.job().options
    # two axes only, in the world; the picture's first pixel lies at (10, 20), pixels are 0.5 wide
    shapes = viewer.add_shapes([np.array([[12.0, 25], [12, 45], [40, 45], [40, 25]])], name="sharp")
    form.region.value = next(layer for layer in form.region.choices if layer is not None)
    form.sigmas.setText("2, 0.7")
    options = form.job().options
    assert options["region"] == (4, 60, 10, 50)
    assert options["sigmas"] == [2.0, 0.7]
    opened.panel.run_view.button.click()
    opened.finish()
    assert opened.slow.options == options
    shapes.data = [np.array([[1000.0, 1000], [1010, 1010]])]
    opened.panel.run_view.button.click()
    assert "beside the picture" in opened.panel.run_view.message.text()
    qtbot.wait(100)  # vispy may crash with Mesa's software drivers when a draw waits while a layer is deleted
    viewer.layers.remove("sharp")
    assert "region" not in form.job().options
    form.sigmas.setText("much")
    opened.panel.run_view.button.click()
    assert "commas" in opened.panel.run_view.message.text()
    assert not opened.panel.control.state.busy


def test_copied_python_runs(opened: Any) -> None:
    opened.panel.form.sigmas.setText("1")
    opened.panel.run_view.copies["python"].trigger()
    text = QApplication.clipboard().text()
    compile(text, "copied", "exec")
    assert "nb.check_on_image(layer, model='default'" in text
    assert "plane=(2,), sigmas=[1.0]" in text


def test_save_never_replaces_unasked(opened: Any, qtbot: Any, tmp_path: Any, monkeypatch: Any) -> None:
    panel = opened.panel
    panel.run_view.button.click()
    opened.finish()
    target = tmp_path / "cells.check.png"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))

    def save() -> str:
        panel.view.save.click()
        qtbot.waitUntil(lambda: not panel._saving.state.busy, timeout=60000)
        return str(panel.run_view.message.text())

    assert "Saved as" in save()
    assert len(json.loads((tmp_path / "cells.check.json").read_text())["rows"]) == 3
    target.unlink()
    assert "exists already" in save()  # the figures of the check before
    assert not target.exists()
    target.write_bytes(b"")
    assert "Saved as" in save()  # the dialog has asked


@pytest.mark.window
def test_the_panel_is_closed_meanwhile(opened: Any, qtbot: Any) -> None:
    opened.panel.run_view.button.click()
    qtbot.waitUntil(lambda: opened.panel.control.state is RunState.RUNNING)
    control = opened.panel.control
    opened.viewer.window.remove_dock_widget(opened.panel)
    qtbot.waitUntil(lambda: not control.state.busy, timeout=10000)
    opened.viewer.layers.clear()


@pytest.mark.window
def test_the_layer_is_deleted_and_the_theme_changes_meanwhile(opened: Any) -> None:
    opened.panel.run_view.button.click()
    opened.finish(1)
    opened.layer.name = "other"
    opened.viewer.layers.clear()
    opened.viewer.theme = "light"
    opened.finish()
    assert opened.panel.view.title.text() == "cells"
    assert not opened.panel.run_view.button.isEnabled()
