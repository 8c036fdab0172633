"""The panel as its users meet it: on a real canvas, with a quick stand-in for the network."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.utils import progress
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog, QLabel, QPushButton, QWidget

import napari_blurmap as nb
from napari_blurmap import BlurMap, BlurMapError, Cancelled
from napari_blurmap.plugin.estimate_panel import EstimatePanel
from napari_blurmap.plugin.fields import Fold
from napari_blurmap.plugin.run_control import RunControl, RunState
from napari_blurmap.status import Status

EDGE = 64
UM = {"scale": (0.5, 0.5), "units": ("um", "um"), "axis_labels": ("y", "x")}


@dataclass
class Stand:
    """Stands in for the network: sigma 2 px at the left, 4 px at the right, the top rows empty."""

    go: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None
    tiles: int = 4
    calls: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.go.set()

    def __call__(self, picture: Any, *, progress: Any, cancel: Any, **options: Any) -> BlurMap:
        self.calls.append(options | {"picture": picture})
        for tile in range(self.tiles):
            progress(tile, self.tiles, "estimating")
            while not self.go.wait(0.005):
                if cancel():
                    raise Cancelled(self.map(picture, tile))
        if self.error:
            raise self.error
        progress(self.tiles, self.tiles, "estimating")
        return self.map(picture, self.tiles, **options)

    def map(self, picture: Any, done: int, **options: Any) -> BlurMap:
        shape = picture.data.shape[:-1] if picture.rgb else picture.data.shape
        sigma = np.broadcast_to(np.linspace(2, 4, shape[-1], dtype=np.float32), shape).copy()
        status = np.zeros(shape, np.uint8)
        status[..., :8, :] = Status.EMPTY
        rows = shape[-2] * done // self.tiles
        sigma[..., rows:, :], status[..., rows:, :] = np.nan, Status.INVALID
        size, unit = options.get("pixel_size"), options.get("unit")
        return BlurMap(
            sigma,
            0.1 * sigma,
            status,
            axes=("t", "z", "y", "x")[-len(shape) :],
            scale=(size,) * len(shape) if size else picture.scale[-len(shape) :],
            units=(unit,) * len(shape) if unit else picture.units[-len(shape) :],
            provenance={"model": "stand-in", "reference": "absolute"} | ({"partial": True} if done < 4 else {}),
        )


@pytest.fixture
def stand() -> Iterator[Stand]:
    stand = Stand()
    yield stand
    stand.go.set()


@pytest.fixture
def viewer(
    make_napari_viewer_proxy: Callable[..., Any], npe2pm: Any, plugin_settings: None, qtbot: Any
) -> Iterator[Any]:
    with npe2pm.tmp_plugin(manifest=str(files("napari_blurmap") / "napari.yaml")):
        yield make_napari_viewer_proxy(show=True, strict_qt="raise")
        assert not list(progress._all_instances)
    qtbot.waitUntil(lambda: not RunControl._working)


@pytest.fixture
def panel(viewer: Any, stand: Stand) -> EstimatePanel:
    viewer.add_image(np.random.default_rng(0).random((EDGE, EDGE)), name="cells", **UM)
    return docked(viewer, stand)


def docked(viewer: Any, stand: Stand | None) -> EstimatePanel:
    panel = EstimatePanel(viewer, estimate=stand)
    viewer.window.add_dock_widget(panel, name="Estimate blur")
    return panel


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def run(panel: EstimatePanel, qtbot: Any) -> None:
    """Press Run and wait for the end."""
    click(panel.run_view.button)
    assert panel.control.state.busy
    finish(panel, qtbot)


def finish(panel: EstimatePanel, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: not panel.control.state.busy, timeout=20_000)


def begin(panel: EstimatePanel, stand: Stand, qtbot: Any) -> None:
    """Press Run and stop in the middle."""
    stand.go.clear()
    click(panel.run_view.button)
    qtbot.waitUntil(lambda: panel.run_view.bar.maximum() == stand.tiles, timeout=20_000)


def names(viewer: Any) -> list[str]:
    return [layer.name for layer in viewer.layers]


def type_objective(panel: EstimatePanel, qtbot: Any, aperture: str, wavelength: str = "520") -> None:
    panel.form.optics.kind.choose("optics")
    for box, text in ((panel.form.optics.aperture, aperture), (panel.form.optics.wavelength, wavelength)):
        box.clear()
        QTest.keyClicks(box, text)
    with qtbot.waitSignal(panel.form.optics.changed, timeout=5000):
        pass


def test_run_shows_the_map_on_the_picture(panel: EstimatePanel, viewer: Any, qtbot: Any) -> None:
    before = viewer.layers["cells"].data.copy()
    run(panel, qtbot)
    assert panel.control.state is RunState.DONE
    assert names(viewer) == ["cells", "cells sigma (stand-in)", "cells uncertainty (stand-in)", "cells cannot tell"]
    sigma = viewer.layers["cells sigma (stand-in)"]
    assert viewer.layers.selection.active == sigma
    np.testing.assert_allclose(sigma.scale, (0.5, 0.5))
    assert [str(unit) for unit in sigma.units] == ["micrometer"] * 2
    assert sigma.metadata["blurmap"].provenance["contrast"] == "fluorescence"
    np.testing.assert_array_equal(viewer.layers["cells"].data, before)
    line = panel.result_view.line.text().replace("\N{NO-BREAK SPACE}", " ")
    assert line.startswith("Blur FWHM 3.5")
    assert "um (median). Judged 88 % of the picture. Not judged: 12 % empty." in line
    assert panel.result_view.verdict.isHidden()
    assert panel.run_view.button.text() == "Run"


def test_progress_is_shown_with_the_time_left(
    panel: EstimatePanel, viewer: Any, stand: Stand, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(panel.run_view, "say", said.append)
    begin(panel, stand, qtbot)
    assert panel.run_view.button.text() == "Cancel"
    bars = list(progress._all_instances)
    assert [(bar.desc.rstrip(": "), bar.total) for bar in bars] == [("Blur of cells", 4)]
    stand.go.set()
    finish(panel, qtbot)
    assert said[0] == "Estimating..."
    assert any(text.startswith("Estimating, ") and text.endswith("left") for text in said)
    assert bars[0].n == 4


def test_cancel_keeps_what_was_done(panel: EstimatePanel, viewer: Any, stand: Stand, qtbot: Any) -> None:
    stand.go.clear()
    stand.map = lambda picture, done, **_: Stand.map(stand, picture, 2)  # type: ignore[method-assign]
    click(panel.run_view.button)
    qtbot.waitUntil(lambda: panel.run_view.bar.maximum() == 4)
    click(panel.run_view.button)
    assert panel.run_view.button.text() == "Cancelling..."
    assert not panel.run_view.button.isEnabled()
    finish(panel, qtbot)
    assert panel.control.state is RunState.IDLE
    assert "cells sigma (stand-in, partial)" in names(viewer)
    assert panel.result_view.title.text() == "cells (partial)"
    assert "Cancelled" in panel.run_view.message.text()
    assert panel.run_view.button.isEnabled()
    assert panel.run_view.button.text() == "Run"


def test_cancel_before_anything_was_done_adds_nothing(
    panel: EstimatePanel, viewer: Any, stand: Stand, qtbot: Any
) -> None:
    begin(panel, stand, qtbot)
    click(panel.run_view.button)
    finish(panel, qtbot)
    assert names(viewer) == ["cells"]
    assert panel.run_view.message.text() == "Cancelled before any of it was finished."


def test_an_error_is_a_sentence_with_details(panel: EstimatePanel, viewer: Any, stand: Stand, qtbot: Any) -> None:
    stand.error = BlurMapError("The picture is too small. Choose a larger one.")
    run(panel, qtbot)
    assert panel.control.state is RunState.FAILED
    assert panel.run_view.message.text() == "The picture is too small. Choose a larger one."
    assert panel.run_view.details.isVisible()
    assert panel.run_view.report.isHidden()
    click(panel.run_view.details.button)
    assert panel.run_view.report.isVisible()
    assert "nb.estimate_blur(layer, model='default'" in panel.run_view.report.toPlainText()
    assert names(viewer) == ["cells"]
    stand.error = None
    run(panel, qtbot)
    assert panel.run_view.details.isHidden()


def test_an_unexpected_error_is_no_traceback_dialog(panel: EstimatePanel, stand: Stand, qtbot: Any) -> None:
    stand.error = ZeroDivisionError("division by zero")
    run(panel, qtbot)
    assert "ZeroDivisionError" in panel.run_view.message.text()
    assert "Traceback" in panel.run_view.report.toPlainText()


def test_a_layer_renamed_during_the_run(panel: EstimatePanel, viewer: Any, stand: Stand, qtbot: Any) -> None:
    begin(panel, stand, qtbot)
    viewer.layers["cells"].name = "other"
    assert panel.form.layers.currentText() == "other"
    stand.go.set()
    finish(panel, qtbot)
    assert "cells sigma (stand-in)" in names(viewer)


def test_a_layer_deleted_during_the_run(panel: EstimatePanel, viewer: Any, stand: Stand, qtbot: Any) -> None:
    viewer.layers["cells"].translate = (10, 20)
    begin(panel, stand, qtbot)
    del viewer.layers["cells"]
    assert panel.form.layers.layer is None
    stand.go.set()
    finish(panel, qtbot)
    sigma = viewer.layers["cells sigma (stand-in)"]
    np.testing.assert_allclose(sigma.translate, (10, 20))
    np.testing.assert_allclose(sigma.scale, (0.5, 0.5))
    assert not panel.run_view.button.isEnabled()


def test_a_layer_that_gets_another_picture_during_the_run(
    panel: EstimatePanel, viewer: Any, stand: Stand, qtbot: Any
) -> None:
    begin(panel, stand, qtbot)
    viewer.layers["cells"].data = np.zeros((40, 50))
    stand.go.set()
    finish(panel, qtbot)
    assert viewer.layers["cells sigma (stand-in)"].data.shape == (EDGE, EDGE)


def test_two_runs_overwrite_nothing(panel: EstimatePanel, viewer: Any, qtbot: Any) -> None:
    run(panel, qtbot)
    first = viewer.layers["cells sigma (stand-in)"]
    run(panel, qtbot)
    assert len(viewer.layers) == 7
    assert first in viewer.layers
    assert "cells sigma (stand-in) [1]" in names(viewer)


def test_the_viewer_closed_during_the_run(
    panel: EstimatePanel, viewer: Any, stand: Stand, qtbot: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(panel, stand, qtbot)
    viewer.close()
    qtbot.waitUntil(lambda: not RunControl._working)
    assert not list(progress._all_instances)
    assert "Traceback" not in capsys.readouterr().err


def test_the_panel_closed_during_the_run(panel: EstimatePanel, viewer: Any, stand: Stand, qtbot: Any) -> None:
    begin(panel, stand, qtbot)
    viewer.window.remove_dock_widget(panel)
    qtbot.waitUntil(lambda: not RunControl._working)
    viewer.add_image(np.zeros((EDGE, EDGE)), name="later")
    assert panel.form.layers.findText("later") < 0
    viewer.window.add_dock_widget(panel, name="again")
    assert panel.form.layers.findText("later") >= 0


CLOSES_ITSELF = """
import threading, napari, numpy as np
from qtpy.QtCore import QTimer
from napari_blurmap import Cancelled
from napari_blurmap.plugin.estimate_panel import EstimatePanel

def estimate(picture, *, progress, cancel, **_):
    progress(0, 2, "estimating")
    QTimer  # the window closes while this waits
    while not cancel():
        threading.Event().wait(0.01)
    raise RuntimeError("nobody sees this")

viewer = napari.Viewer()
viewer.add_image(np.zeros((64, 64)))
panel = EstimatePanel(viewer, estimate=estimate)
viewer.window.add_dock_widget(panel)
QTimer.singleShot(200, panel.run)
panel.control.stepped.connect(lambda _: QTimer.singleShot(100, viewer.close))
napari.run()
print("left", [t.name for t in threading.enumerate() if t is not threading.main_thread() and not t.daemon])
"""


def test_napari_closed_during_the_run_exits_cleanly() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CLOSES_ITSELF], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "left []" in done.stdout


def test_layers_are_followed(viewer: Any, stand: Stand) -> None:
    panel = docked(viewer, stand)
    choice = panel.form.layers
    assert choice.count() == 0
    assert not panel.run_view.button.isEnabled()
    first = viewer.add_image(np.zeros((EDGE, EDGE)), name="first")
    viewer.add_labels(np.zeros((EDGE, EDGE), int))
    viewer.add_image(np.zeros((EDGE, EDGE)), name="result", metadata={"blurmap": None})
    viewer.add_image(np.zeros((EDGE, EDGE)), name="second")
    assert [choice.itemText(i) for i in range(choice.count())] == ["second", "first"]
    assert choice.currentText() == "second"  # the newest is the selected one
    assert panel.run_view.button.isEnabled()
    viewer.layers.selection.active = first
    assert choice.currentText() == "first"
    viewer.layers.selection.active = viewer.layers["result"]
    assert choice.currentText() == "first"
    first.name = "renamed"
    assert choice.currentText() == "renamed"
    viewer.layers.remove(first)
    assert choice.currentText() == "second"


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        (np.zeros((40, 50)), {}, "2-D; 40 x 50 px"),
        (np.zeros((3, 40, 50)), {}, "3 planes along z, each by itself; 40 x 50 px"),
        (np.zeros((1, 40, 50)), {"axis_labels": ("c", "y", "x")}, "1 plane along c, each by itself; 40 x 50 px"),
        (np.zeros((2, 3, 40, 50)), {}, "6 planes (2 along c, 3 along z), each by itself; 40 x 50 px"),
        (np.zeros((40, 50, 3), np.uint8), {"rgb": True}, "2-D; colour read as luminance; 40 x 50 px"),
        (np.zeros((40, 50, 2)), {"axis_labels": ("y", "x", "c")}, "2 planes along c, each by itself; 40 x 50 px"),
        ([np.zeros((80, 80)), np.zeros((40, 40))], {"multiscale": True}, "2-D; 80 x 80 px"),
    ],
)
def test_how_the_axes_are_read_is_told(viewer: Any, stand: Stand, data: Any, options: Any, words: str) -> None:
    viewer.add_image(data, **options)
    assert docked(viewer, stand).form.axes.text() == words


def test_a_picture_that_cannot_be_used_is_told_before_the_run(viewer: Any, stand: Stand) -> None:
    viewer.add_image(np.zeros((20, 20)))
    assert "at least 32 x 32" in docked(viewer, stand).form.axes.text()


def test_a_lazy_picture_is_estimated_now_and_a_piece_at_a_time(viewer: Any, stand: Stand, qtbot: Any) -> None:
    viewer.add_image(da.ones((3, EDGE, EDGE), chunks=(1, EDGE, EDGE)), name="stack")
    run(docked(viewer, stand), qtbot)
    data = stand.calls[0]["picture"].data
    assert not hasattr(data, "dask")
    assert isinstance(data[0], np.ndarray)
    assert viewer.layers["stack sigma (stand-in)"].data.shape == (3, EDGE, EDGE)


def test_the_optics_limit_is_shown_and_judges(panel: EstimatePanel, viewer: Any, qtbot: Any) -> None:
    type_objective(panel, qtbot, "0.25")
    limit = nb.optics_limit(0.25, 0.52, 0.5)
    text = panel.form.optics.limit_text.text()
    assert f"{2.3548 * limit:.3g} px" in text
    assert f"{2.3548 * limit * 0.5:.3g} um" in text
    run(panel, qtbot)
    assert panel.result_view.verdict.text() == "Blurred, compared with the optics limit."
    ratio = f"{3.0 / limit:.1f} x the optics limit"
    assert ratio in panel.result_view.line.text()
    assert viewer.layers["cells sigma (stand-in)"].contrast_limits[0] == pytest.approx(limit)
    assert panel.result_view.histogram is not None
    line = panel.result_view.histogram._line
    assert line.isVisible()
    assert line.value() == pytest.approx(np.log10(2.3548 * limit * 0.5), abs=1e-3)


@pytest.mark.parametrize(("aperture", "words"), [("1.2", "0 < NA < index"), ("0.9", "FWHM")])
def test_an_impossible_aperture_is_explained(panel: EstimatePanel, qtbot: Any, aperture: str, words: str) -> None:
    type_objective(panel, qtbot, aperture)
    assert words in panel.form.optics.limit_text.text()


def test_an_impossible_aperture_gives_no_verdict(panel: EstimatePanel, qtbot: Any) -> None:
    type_objective(panel, qtbot, "1.4")
    run(panel, qtbot)
    assert panel.control.state is RunState.DONE
    assert panel.result_view.verdict.text().startswith("No verdict: A numerical aperture of 1.4 is impossible")
    panel.form.optics.immersion.choose(1.518)
    qtbot.waitUntil(lambda: panel.result_view.verdict.text() == "Blurred, compared with the optics limit.")


def test_transparent_specimens_get_the_number_but_no_verdict(panel: EstimatePanel, qtbot: Any) -> None:
    type_objective(panel, qtbot, "0.25")
    panel.form.contrast.choose("transparent")
    run(panel, qtbot)
    assert panel.result_view.verdict.text().startswith("No verdict: transparent specimens show crisp fringes")
    assert "Blur FWHM" in panel.result_view.line.text()
    assert "sharp" not in panel.result_view.line.text()
    assert "optics limit" not in panel.result_view.line.text()


def test_a_limit_can_be_typed_after_the_run(panel: EstimatePanel, qtbot: Any) -> None:
    run(panel, qtbot)
    optics = panel.form.optics
    optics.kind.choose("typed")
    QTest.keyClicks(optics.typed, "20")
    qtbot.waitUntil(lambda: panel.result_view.verdict.text() == "Sharp, compared with the limit.")
    optics.typed_unit.setCurrentIndex(1)
    assert optics.typed_unit.currentText() == "um"
    optics.typed.clear()
    QTest.keyClicks(optics.typed, "1")  # 2 px
    qtbot.waitUntil(lambda: panel.result_view.verdict.text() == "Blurred, compared with the limit.")
    assert "2 px = 1 um" in optics.limit_text.text()


def test_another_picture_does_not_change_the_last_verdict(panel: EstimatePanel, viewer: Any, qtbot: Any) -> None:
    type_objective(panel, qtbot, "0.25")
    run(panel, qtbot)
    before = panel.result_view.line.text()
    with qtbot.waitSignal(panel.form.optics.changed):
        viewer.add_image(np.zeros((EDGE, EDGE)), name="coarse", scale=(50, 50), units=("um", "um"))
    assert panel.form.layers.currentText() == "coarse"
    qtbot.wait(50)
    assert panel.result_view.line.text() == before


def test_the_pixel_size_comes_from_the_layer_or_is_typed(panel: EstimatePanel, viewer: Any, qtbot: Any) -> None:
    optics = panel.form.optics
    assert (optics.pixel.text(), optics.unit.currentText(), optics.pixel.isEnabled()) == ("0.5", "um", False)
    click_box(optics.override)
    assert optics.pixel.isEnabled()
    optics.pixel.clear()
    QTest.keyClicks(optics.pixel, "250")
    optics.unit.choose("nanometer")
    assert optics.typed_pixel == (250.0, 250.0, "nanometer")
    viewer.layers["cells"].scale = (2, 2)
    assert (optics.pixel.text(), optics.unit.currentText(), optics.pixel.isEnabled()) == ("2", "um", False)
    assert optics.typed_pixel is None


def click_box(box: QWidget) -> None:
    """Click on the mark of a check box: a click beside its words does nothing."""
    QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))


def test_a_typed_pixel_size_is_used(viewer: Any, stand: Stand, qtbot: Any) -> None:
    viewer.add_image(np.zeros((EDGE, EDGE)), name="cells")
    panel = docked(viewer, stand)
    assert panel.form.optics.pixel.isEnabled()
    assert panel.form.optics.override.isHidden()
    QTest.keyClicks(panel.form.optics.pixel, "0.25")
    run(panel, qtbot)
    assert stand.calls[0]["pixel_size"] == 0.25
    assert stand.calls[0]["unit"] == "micrometer"
    assert " um (median)" in panel.result_view.line.text()
    # napari shows the result in the units of its picture, or it would drop the units of all layers
    assert [str(unit) for unit in viewer.layers["cells sigma (stand-in)"].units] == ["pixel"] * 2


def test_pixels_that_are_not_square_have_no_single_limit(viewer: Any, stand: Stand, qtbot: Any) -> None:
    viewer.add_image(np.zeros((EDGE, EDGE)), scale=(0.5, 0.6), units=("um", "um"))
    panel = docked(viewer, stand)
    type_objective(panel, qtbot, "0.25")
    assert "0.5 x 0.6 um (y x x)" in panel.form.optics.limit_text.text()


def test_the_summary_on_the_canvas_leaves_the_users_text_alone(panel: EstimatePanel, viewer: Any, qtbot: Any) -> None:
    viewer.canvas.overlays.text.text = "mine"
    viewer.canvas.overlays.text.visible = True
    run(panel, qtbot)
    ours = viewer.canvas.overlays["blurmap"]
    assert ours.text.startswith("cells\nBlur FWHM")
    assert ours.visible
    sigma = viewer.layers["cells sigma (stand-in)"]
    sigma.visible = False
    assert not ours.visible
    sigma.visible = True
    assert ours.visible
    viewer.layers.remove(sigma)
    assert "blurmap" not in viewer.canvas.overlays
    assert viewer.canvas.overlays.text.text == "mine"
    assert viewer.canvas.overlays.text.visible


def test_the_value_under_the_pointer(panel: EstimatePanel, viewer: Any, qtbot: Any) -> None:
    run(panel, qtbot)

    def value_at(y: float, x: float) -> str:
        viewer.cursor.position = (y * 0.5, x * 0.5)
        qtbot.wait(120)
        return panel.result_view.value.text()

    # 2 + 2 * 63 / 63 px at the last column
    assert value_at(40, 63) == "FWHM 9.42 +- 0.94 px = 4.71 +- 0.47 um\nsigma 4.00 +- 0.40 px"
    assert value_at(40.4, 62.6) == value_at(40, 63)
    assert value_at(3, 30) == "cannot tell: empty"
    assert value_at(-5, 30) == "Move the pointer over the map for its value there."


def test_the_histogram_counts_what_was_judged(panel: EstimatePanel, qtbot: Any) -> None:
    run(panel, qtbot)
    assert panel.result_view.histogram is not None
    x, counts = panel.result_view.histogram._curve.getData()
    assert counts.sum() == pytest.approx(1, abs=0.05)
    middle = 10 ** np.average((x[:-1] + x[1:]) / 2, weights=counts)
    assert middle == pytest.approx(2.3548 * 0.5 * np.exp(np.mean(np.log(np.linspace(2, 4, EDGE)))), rel=0.03)
    assert not panel.result_view.histogram._line.isVisible()


def test_a_class_map_on_demand(panel: EstimatePanel, viewer: Any, qtbot: Any) -> None:
    panel.form.classes.choose(10)
    run(panel, qtbot)
    layer = viewer.layers["cells blur classes (10)"]
    assert "share of judged" in layer.features


def test_copy_as_python_is_the_same_estimate(
    panel: EstimatePanel, viewer: Any, stand: Stand, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.form.tile.choose(256)
    panel.form.device.choose("cpu")
    type_objective(panel, qtbot, "0.25")
    click(panel.run_view.copy)
    clipboard = QApplication.clipboard()
    assert clipboard is not None
    code = clipboard.text()
    seen: list[dict[str, Any]] = []

    def estimate_blur(layer: Any, **options: Any) -> BlurMap:
        seen.append(options | {"layer": layer.name})
        return stand.map(layer, 4)

    monkeypatch.setattr(nb, "estimate_blur", estimate_blur, raising=False)
    exec(compile(code, "copied", "exec"), {"viewer": viewer})
    assert seen == [{"layer": "cells", "model": "default", "device": "cpu", "tile": 256}]
    assert "cells sigma (stand-in)" in names(viewer)


def test_saving_and_reading_back(
    panel: EstimatePanel, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(panel, qtbot)
    answer = (str(tmp_path / "cells"), "OME-TIFF (*.sigma.ome.tif)")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: answer)
    click(panel.result_view.save)
    qtbot.waitUntil(lambda: "Saved as" in panel.run_view.message.text())
    loaded = BlurMap.load(tmp_path / "cells.sigma.ome.tif")
    assert loaded.unit == "micrometer"
    assert loaded.provenance["contrast"] == "fluorescence"
    header = json.loads((tmp_path / "cells.blurmap.json").read_text(encoding="utf-8"))
    assert header["colormap"]["name"] == "cells"
    # The dialog was not asked about the completed name, so that file is not replaced.
    click(panel.result_view.save)
    qtbot.waitUntil(lambda: "exists" in panel.run_view.message.text())
    assert panel.result_view.save.isEnabled()


def test_a_dialog_that_was_closed_saves_nothing(
    panel: EstimatePanel, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(panel, qtbot)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    click(panel.result_view.save)
    assert panel.result_view.save.isEnabled()
    assert panel.run_view.message.isHidden()


def test_models_and_their_cards(
    panel: EstimatePanel, stand: Stand, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_model: Any
) -> None:
    model = panel.form.model
    assert model.model == "default"
    assert nb.list_models()["default"].card() == model._text.text()
    path = tiny_model.save(tmp_path / "mine.blurmap.safetensors")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    model.list.setCurrentIndex(model.list.count() - 1)
    model.list.activated.emit(model.list.count() - 1)
    assert model.model == str(path)
    assert model.list.currentText() == "tiny (mine.blurmap.safetensors)"
    assert model._text.text().startswith("tiny:")
    run(panel, qtbot)
    assert stand.calls[0]["model"] == str(path)
    assert panel.run_view.button.isEnabled()


def test_a_bad_model_file_changes_nothing(
    panel: EstimatePanel, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bad.blurmap.safetensors"
    path.write_bytes(b"\x80\x04pickle")
    with pytest.raises(BlurMapError, match="not a safetensors file"):
        panel.select_model(path)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    last = panel.form.model.list.count() - 1
    panel.form.model.list.setCurrentIndex(last)
    panel.form.model.list.activated.emit(last)
    assert "not a safetensors file" in panel.run_view.message.text()
    assert panel.form.model.model == "default"


def test_settings_are_read_kept_and_followed(panel: EstimatePanel, viewer: Any, stand: Stand, qtbot: Any) -> None:
    from napari.settings import get_plugin_settings

    settings = get_plugin_settings("napari-blurmap")
    settings.compute.device = "cpu"
    settings.compute.tile = 384
    settings.optics.contrast = "reflected"
    settings.optics.numerical_aperture = 0.4
    assert panel.form.device.currentData() == "cpu"
    assert panel.form.tile.currentText() == "384 px"
    assert panel.form.contrast.currentData() == "reflected"
    assert panel.form.optics.aperture.value == 0.4
    assert panel.form.optics.kind.currentData() == "optics"
    type_objective(panel, qtbot, "0.5", "600")
    panel.form.contrast.choose("stained bright field")
    run(panel, qtbot)
    assert stand.calls[0]["device"] == "cpu"
    assert stand.calls[0]["tile"] == 384
    assert (settings.optics.numerical_aperture, settings.optics.wavelength_nm) == (0.5, 600)
    assert settings.optics.contrast == "stained bright field"
    assert EstimatePanel(viewer, estimate=stand).form.optics.wavelength.value == 600


def test_it_works_without_settings_and_without_a_window(qtbot: Any, npe2pm: Any, stand: Stand) -> None:
    viewer = ViewerModel()
    viewer.add_image(np.zeros((EDGE, EDGE)), name="cells")
    panel = EstimatePanel(viewer, estimate=stand)
    qtbot.addWidget(panel)
    panel.run()
    finish(panel, qtbot)
    assert "cells sigma (stand-in)" in names(viewer)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_histogram_follows_the_theme(panel: EstimatePanel, viewer: Any, qtbot: Any, theme: str) -> None:
    from napari.utils.theme import get_theme

    run(panel, qtbot)
    viewer.theme = theme
    assert panel.result_view.histogram is not None
    colour = panel.result_view.histogram.backgroundBrush().color()
    assert colour.getRgb()[:3] == get_theme(theme).background.as_rgb_tuple()[:3]


def test_it_fits_and_cuts_no_words(panel: EstimatePanel, viewer: Any, qtbot: Any) -> None:
    viewer.window.resize(1000, 720)
    type_objective(panel, qtbot, "0.25")
    run(panel, qtbot)
    for fold in panel.findChildren(Fold):
        fold.button.setChecked(True)
    qtbot.wait(50)
    dock = panel.parentWidget()
    assert dock is not None
    assert dock.minimumSizeHint().width() <= 310
    assert panel.minimumSizeHint().height() < 500  # the rest scrolls
    column = panel._column.viewport()
    assert column is not None
    for widget in [*panel.findChildren(QLabel), *panel.findChildren(QPushButton)]:
        if widget.isVisible():
            assert widget.mapTo(panel, QPoint(widget.width(), 0)).x() <= panel.width(), widget.text()
            if not (isinstance(widget, QLabel) and widget.wordWrap()):
                assert widget.width() >= widget.minimumSizeHint().width(), widget.text()
            elif isinstance(widget, QLabel):
                assert widget.height() >= widget.heightForWidth(widget.width()), widget.text()


def test_everything_is_explained_and_reached_by_tab(panel: EstimatePanel, qtbot: Any) -> None:
    panel.form.optics.kind.choose("optics")
    panel.form.advanced.button.setChecked(True)
    form, optics = panel.form, panel.form.optics
    expected = [form.layers, form.model.list, form.contrast, optics.kind, optics.aperture, optics.wavelength]
    expected += [optics.immersion, form.device, form.tile, form.classes, panel.run_view.button, panel.run_view.copy]
    assert [w for w in expected if not w.toolTip()] == []
    reached = [form.layers]
    widget: QWidget | None = form.layers.nextInFocusChain()
    while widget is not None and widget is not form.layers:
        reached.append(widget)
        widget = widget.nextInFocusChain()
    order = [reached.index(w) for w in expected]
    assert order == sorted(order)


def test_the_bundled_model_end_to_end(viewer: Any, qtbot: Any) -> None:
    texture = nb.apply_blur(np.random.default_rng(0).random((EDGE, EDGE)), 1.5)
    viewer.add_image(texture, name="noise", **UM)
    panel = docked(viewer, None)
    click(panel.run_view.button)
    qtbot.waitUntil(lambda: not panel.control.state.busy, timeout=120_000)
    assert panel.control.state is RunState.DONE, panel.run_view.message.text()
    blurmap = viewer.layers["noise sigma (default)"].metadata["blurmap"]
    assert blurmap.sigma.shape == (EDGE, EDGE)
    assert blurmap.provenance["model"] == "default"
