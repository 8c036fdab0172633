"""The panel "Train blur model" as its user meets it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event, current_thread, main_thread
from types import SimpleNamespace
from typing import Any

import dask
import dask.array as da
import numpy as np
import pytest
from own_pictures import leaves, small_trainings
from qtpy.QtWidgets import QApplication

import napari_blurmap as nb
from napari_blurmap.models.info import ModelInfo
from napari_blurmap.models.model import Model
from napari_blurmap.plugin import commands
from napari_blurmap.plugin.estimate.panel import EstimatePanel
from napari_blurmap.plugin.layers.picture import LayerPicture
from napari_blurmap.plugin.run.control import RunState
from napari_blurmap.plugin.train.job import TrainJob
from napari_blurmap.plugin.train.panel import TrainPanel
from napari_blurmap.training.own.config import TuneStep
from napari_blurmap.training.own.report import RangeRow, TuneReport

REPORT = TuneReport(0.1, 0.01, 99, 0.3, 0.2, 0.7, 0.95, (RangeRow(0.3, 3.0, 900, 0.1, 0.0),))


class Slow:
    """Stands in for a training: a step each time it is let go."""

    def __init__(self, model: Model) -> None:
        self.gate, self.made = Event(), model
        self.error: Exception | None = None
        self.report, self.step = REPORT, 0

    def __call__(self, images: Any, config: Any, **options: Any) -> Slow:
        self.images, self.config, self.options = images, config, options
        options["checkpoint"].write_bytes(b"of a training that goes on")
        self.findings = [SimpleNamespace(lines=lambda: ["cells: it is small."])]
        return self

    def run(self) -> Any:
        yield TuneStep(0, 0.0, "reading pictures, 0 of 1")
        while self.step < 4:
            if self.gate.wait(0.01):
                self.gate.clear()
                self.step += 1
                if self.error is not None:
                    raise self.error
            yield TuneStep(self.step, self.step / 4, "words", 3.0 / (1 + self.step), 0.2, 0.4, 9.0)

    def preview(self) -> Model:
        return self.made

    def model(self, name: str) -> Model:
        return Model(replace(self.made.info, name=name), self.made.network)


@pytest.fixture
def chosen(viewer: Any, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Models chosen in the Estimate blur panel, where there is no window to open it in."""
    models: list[Path] = []
    if not hasattr(viewer, "window"):
        monkeypatch.setattr(commands, "open_panel", lambda _: SimpleNamespace(select_model=models.append))
    return models


@pytest.fixture
def opened(viewer: Any, chosen: list[Path], dock: Any, tiny_model: Model, tmp_path: Path) -> Any:
    layer = viewer.add_image(np.random.default_rng(0).random((96, 80)), name="cells", scale=(0.5, 0.5))
    slow = Slow(tiny_model)
    panel = TrainPanel(viewer, slow)
    dock(panel, "Train blur model (Blur Map)")
    panel.form.target.value = tmp_path / "mine.blurmap.safetensors"
    return SimpleNamespace(viewer=viewer, layer=layer, slow=slow, panel=panel, folder=tmp_path)


def finish(opened: Any, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: not opened.panel.control.state.busy or bool(opened.slow.gate.set()), timeout=20000)


@pytest.mark.window
def test_a_training_ends_in_a_file_that_is_chosen(opened: Any, qtbot: Any):
    panel = opened.panel
    assert panel.run_view.button.text() == "Train"
    panel.run_view.button.click()
    assert panel.run_view.button.text() == "Stop"
    finish(opened, qtbot)
    target = opened.folder / "mine.blurmap.safetensors"
    assert nb.load_model(target).info.name == "mine"
    assert REPORT.summary_line() in panel.view.line.text()
    assert "not readable" not in panel.view.report.toPlainText()
    assert "it is small" in panel.view.findings.text()
    docked = opened.viewer.window.dock_widgets
    qtbot.waitUntil(lambda: any(isinstance(p, EstimatePanel) for p in docked.values()))  # after the report is drawn
    estimates = [p for p in docked.values() if isinstance(p, EstimatePanel)]
    assert [Path(p.form.model.model) for p in estimates] == [target.resolve()]
    assert [path.name for path in opened.folder.iterdir()] == [target.name]  # no checkpoint is left behind


def test_stop_keeps_the_model(opened: Any, qtbot: Any):
    panel = opened.panel
    panel.run()
    opened.slow.gate.set()
    qtbot.waitUntil(lambda: opened.slow.step == 1, timeout=10000)
    panel.run_view.button.click()
    qtbot.waitUntil(lambda: not panel.control.state.busy, timeout=10000)
    assert "Stopped after 1 steps" in panel.run_view.message.text()
    assert [path.name for path in opened.folder.iterdir()] == ["mine.blurmap.safetensors"]


def test_stop_in_the_first_second(opened: Any, qtbot: Any):
    opened.panel.run()
    opened.panel.run_view.button.click()
    qtbot.waitUntil(lambda: not opened.panel.control.state.busy, timeout=10000)
    assert "no model" in opened.panel.run_view.message.text()
    assert not list(opened.folder.iterdir())


def test_nothing_is_overwritten(opened: Any, qtbot: Any):
    target = opened.folder / "mine.blurmap.safetensors"
    target.write_text("somebody's")
    opened.panel.run()
    qtbot.waitUntil(lambda: opened.panel.control.state is RunState.FAILED, timeout=10000)
    assert "exists already" in opened.panel.run_view.message.text()
    assert target.read_text() == "somebody's"


def test_a_failure_is_told(opened: Any, qtbot: Any):
    opened.slow.error = nb.BlurMapError("None of the pictures can be trained on.")
    opened.panel.run()
    opened.slow.gate.set()
    qtbot.waitUntil(lambda: opened.panel.control.state is RunState.FAILED, timeout=10000)
    assert "None of the pictures" in opened.panel.run_view.message.text()


def test_the_preview_is_one_layer_and_goes_away(opened: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("napari_blurmap.plugin.train.job._PREVIEW", 0.0)
    monkeypatch.setattr("napari_blurmap.plugin.train.job._PREVIEW_SHARE", 1e9)
    panel, viewer = opened.panel, opened.viewer
    panel.run()
    opened.slow.gate.set()
    qtbot.waitUntil(lambda: len(viewer.layers) == 2, timeout=20000)
    assert viewer.layers[1].name == "cells sigma (in training)"
    np.testing.assert_allclose(viewer.layers[1].scale, (0.5, 0.5))
    assert viewer.layers[1] not in panel.form.pictures.choices
    opened.layer.name = "renamed"
    opened.slow.gate.set()
    qtbot.wait(200)
    assert len(viewer.layers) == 2
    viewer.layers.remove(opened.layer)
    finish(opened, qtbot)
    assert len(viewer.layers) == 0


def test_what_is_asked_for(opened: Any, qtbot: Any):
    form = opened.panel.form
    shapes = opened.viewer.add_shapes([[[5, 5], [5, 20], [20, 20], [20, 5]]], name="sharp here")
    form.region.value = shapes
    form.network.value = "patch"
    form.classes.value = 7
    form.minutes.value = 2
    form.low.value, form.high.value = 0.5, 2.0
    job = form.job()
    assert job.options["architecture"] == "patch"
    assert job.options["n_classes"] == 7
    assert job.options["sigma_range"] == (0.5, 2.0)
    (region,) = job.regions
    mask = region.mask()
    assert mask.shape == (96, 80)
    assert 0.1 < mask.mean() < 0.15  # 30 x 30 of 96 x 80 pixels: the scale is a half
    compile(job.as_python(), "code", "exec")
    assert "nb.train_model" in job.as_python()


def test_a_volume_of_labels_is_read_in_the_worker(opened: Any, qtbot: Any):
    """It may take seconds: neither choosing nor copying it holds the window up."""
    read: list[bool] = []

    def plane(block: np.ndarray) -> np.ndarray:
        read.append(current_thread() is main_thread())
        return block

    volume = np.zeros((6, 96, 80), np.uint8)
    volume[4, 20:60, 10:30] = 1
    lazy = da.from_array(volume, chunks=(1, 96, 80)).map_blocks(
        plane, dtype=np.uint8, meta=np.empty((0, 0, 0), np.uint8)
    )
    labels = opened.viewer.add_labels(lazy, name="in focus", scale=(1, 0.5, 0.5))
    opened.panel.form.region.value = labels
    qtbot.wait(50)
    read.clear()
    with dask.config.set(scheduler="synchronous"):  # in the thread that asks
        opened.panel.run_view.copies["python"].trigger()
        assert "nb.train_model" in QApplication.clipboard().text()
        assert read == []
        opened.panel.run()
        finish(opened, qtbot)
    np.testing.assert_array_equal(opened.slow.options["masks"][0], volume[4] == 1)
    assert read
    assert not any(read)


def test_names_may_change(opened: Any):
    form = opened.panel.form
    marks = opened.viewer.add_shapes([[[5, 5], [5, 20], [20, 20], [20, 5]]], name="sharp here")
    other = opened.viewer.add_image(np.zeros((64, 64)), name="other")
    form.region.value, form.pictures.value, form.preview.value = marks, [opened.layer], opened.layer
    for layer in (marks, opened.layer, other):
        layer.name = f"new {layer.name}"
    assert form.region.value == marks
    assert form.pictures.value == [opened.layer]
    assert form.preview.value == opened.layer
    opened.viewer.layers.remove(marks)
    assert form.region.value is None


def test_it_starts_with_what_is_selected(viewer: Any, dock: Any):
    layers = [viewer.add_image(np.zeros((64, 64)), name=name) for name in "abc"]
    marks = viewer.add_shapes(name="marks")
    for selected, expected in (
        ({marks}, []),
        (set(layers[:2]) | {marks}, layers[1::-1]),
        (set(layers[2:]), layers[2:]),
    ):
        viewer.layers.selection = selected
        panel = TrainPanel(viewer)
        dock(panel)
        form = panel.form
        assert form.pictures.value == expected
        assert form.preview.value == next(iter(expected), None)
        assert panel.run_view.button.isEnabled() == bool(expected)
    # The preview follows what is trained on, until somebody has chosen another.
    form.pictures.value = layers[:1]
    assert form.preview.value == layers[0]
    form.preview.value = layers[1]
    form.pictures.value = layers[2:]
    assert form.preview.value == layers[1]


def test_what_cannot_be_previewed_is_trained_without(opened: Any, qtbot: Any):
    form = opened.panel.form
    opened.layer.units = "um"  # another unit than that of the strip
    strip = opened.viewer.add_image(np.zeros((16, 200)), name="strip")
    form.preview.value = strip
    assert form.words.text().startswith("No preview of strip. The picture has 16 x 200 pixels")
    opened.panel.run()
    finish(opened, qtbot)
    assert opened.panel.control.state is RunState.DONE
    form.preview.value = opened.layer
    assert form.words.isHidden()
    assert form.job().preview.name == "cells"


def test_a_preview_that_fails_ends_no_training(tmp_path: Path):
    from napari.layers import Image

    picture = LayerPicture.of(Image(np.zeros((16, 200))))  # too small
    job = TrainJob([], None, "default", {"device": "cpu"}, tmp_path / "m", picture, ())
    assert job._preview(SimpleNamespace(preview=lambda: "default")) is None


def test_words_and_names_have_room(opened: Any):
    form = opened.panel.form
    form.target.value = Path("/data/my-pictures.blurmap.safetensors")
    field = form.target.line_edit.native
    assert field.fontMetrics().horizontalAdvance(field.text()) < field.width()
    assert form.folder.line_edit.native.width() > 100
    assert "starts from" in form.model.list.toolTip()


@pytest.mark.window
def test_closed_while_it_trains_it_stays_closed(opened: Any, qtbot: Any):
    opened.panel.run()
    opened.slow.gate.set()
    qtbot.waitUntil(lambda: opened.slow.step == 1, timeout=10000)
    control = opened.panel.control
    opened.viewer.window.remove_dock_widget(opened.panel)
    qtbot.waitUntil(lambda: not control.state.busy, timeout=20000)
    assert not [p for p in opened.viewer.window.dock_widgets.values() if isinstance(p, EstimatePanel)]
    assert not opened.panel.isVisible()


def test_a_name_with_another_ending_is_refused(opened: Any):
    opened.panel.form.target.value = opened.folder / "mine.pt"
    opened.panel.run()
    assert "mine.pt" in opened.panel.run_view.message.text()
    assert not opened.panel.control.state.busy


def test_without_pictures_there_is_no_button(viewer: Any, qtbot: Any):
    panel = TrainPanel(viewer)
    qtbot.addWidget(panel)
    assert not panel.run_view.button.isEnabled()
    assert "Select sharp pictures" in panel.form.words.text()


def test_a_real_training(
    viewer: Any,
    chosen: list[Path],
    dock: Any,
    qtbot: Any,
    tiny_model: Model,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    small_trainings(monkeypatch)
    for number in range(2):
        viewer.add_image(leaves(number, (128, 128)), name=f"picture {number}")
    panel = TrainPanel(viewer)
    dock(panel, "Train blur model (Blur Map)")
    panel.form.pictures.value = list(panel.form.pictures.choices)
    panel.form.model.select(tiny_model.save(tmp_path / "start.blurmap.safetensors"))
    panel.form.minutes.min = panel.form.minutes.value = 0.03
    panel.form.target.value = tmp_path / "real.blurmap.safetensors"
    panel.run()
    qtbot.waitUntil(lambda: not panel.control.state.busy, timeout=120000)
    info: ModelInfo = nb.load_model(tmp_path / "real.blurmap.safetensors").info
    assert info.reference == "added"
    assert info.training["steps"] >= 1
    assert "On held-out pictures" in panel.view.line.text()
    qtbot.waitUntil(lambda: chosen == [tmp_path / "real.blurmap.safetensors"])
