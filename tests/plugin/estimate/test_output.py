"""What the panel gives away: saved maps, Python that runs, class maps, figures and colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels
from qtpy.QtGui import QFont, QFontMetricsF
from qtpy.QtWidgets import QApplication, QFileDialog

from napari_blurmap import BlurMap, estimate_blur
from napari_blurmap.plugin.layers.colormaps import class_colours
from napari_blurmap.plugin.reader import read_result


@pytest.fixture
def save(opened: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Presses Save... and gives the dialog an answer; returns what the panel says."""

    def answered(path: Path, kind: str = "OME-TIFF") -> str:
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), kind))
        opened.panel.run_view.say("")
        opened.panel.view.save.click()
        qtbot.waitUntil(lambda: bool(opened.panel.run_view.message.text()), timeout=60000)
        return str(opened.panel.run_view.message.text())

    return answered


def objective(opened: Any, qtbot: Any, aperture: str = "0.8", pixel: str = "0.2") -> None:
    optics = opened.panel.form.optics
    optics.kind.choose("optics")
    for field, text in ((optics.aperture, aperture), (optics.wavelength, "520"), (optics.pixel, pixel)):
        field.clear()
        qtbot.keyClicks(field, text)
    with qtbot.waitSignal(optics.changed):
        pass


@pytest.mark.parametrize("ending", [".sigma.ome.tif", ".sigma.ome.zarr"])
def test_what_is_saved_opens_as_it_was(opened: Any, qtbot: Any, save: Any, tmp_path: Path, ending: str) -> None:
    opened.layer.scale, opened.layer.translate = (-0.2, 0.2), (3.0, 4.0)
    opened.layer.units = ("um", "um")
    optics = opened.panel.form.optics
    optics.kind.choose("optics")
    optics.aperture.set_value(0.8)
    optics.wavelength.set_value(520)
    opened.run()
    assert save(tmp_path / f"mine{ending}") == f"Saved as {tmp_path / f'mine{ending}'}."
    shown = opened.viewer.layers[1:4]
    again = read_result(tmp_path / "mine.blurmap.json")
    for new, old in zip(again, shown, strict=True):
        assert new.name == old.name
        np.testing.assert_array_equal(np.asarray(new.data), old.data)
        for corner in ((0, 0), (63, 0), (63, 63)):
            np.testing.assert_allclose(new.data_to_world(corner), old.data_to_world(corner))
            np.testing.assert_allclose(new.data_to_world(corner), opened.layer.data_to_world(corner))
    limit = optics.reference().sigma
    assert list(again[0].contrast_limits) == list(shown[0].contrast_limits) == pytest.approx([limit, 16 * limit])
    assert again[0].colormap == shown[0].colormap
    assert again[0].metadata["blurmap"].provenance["contrast"] == "fluorescence"


def test_saving_replaces_only_what_the_dialog_asked_about(opened: Any, save: Any, tmp_path: Path) -> None:
    opened.run()
    whole = tmp_path / "a.sigma.ome.tif"
    assert save(tmp_path / "a") == f"Saved as {whole}."  # the ending is completed
    before = whole.read_bytes()
    assert "exists already" in save(tmp_path / "a")
    assert whole.read_bytes() == before
    assert save(whole) == f"Saved as {whole}."  # typed in full: the dialog has asked
    # It has not asked about the description of another map that lies there.
    beside = tmp_path / "b.blurmap.json"
    beside.write_text("precious")
    assert "exists already" in save(tmp_path / "b.sigma.ome.tif")
    assert beside.read_text() == "precious"
    assert not (tmp_path / "b.sigma.ome.tif").exists()


def test_zarr_is_chosen_by_the_kind_of_file(opened: Any, save: Any, tmp_path: Path) -> None:
    opened.run()
    assert save(tmp_path / "a", "OME-Zarr, for large maps (*.sigma.ome.zarr)").endswith("a.sigma.ome.zarr.")
    assert BlurMap.load(tmp_path / "a.sigma.ome.zarr").sigma.shape == (64, 64)


def test_saving_where_it_is_impossible(opened: Any, save: Any, tmp_path: Path) -> None:
    opened.run()
    assert "no folder" in save(tmp_path / "no" / "a.sigma.ome.tif")
    assert opened.panel.view.save.isEnabled()


def test_python_runs_and_gives_the_same_call(opened: Any, qtbot: Any) -> None:
    opened.layer.name = 'it\'s "cells"'
    opened.panel.form.device.choose("cpu")
    objective(opened, qtbot)
    opened.panel.run_view.copies["python"].trigger()
    code = QApplication.clipboard().text()
    assert "console" in opened.panel.run_view.message.text()
    names: dict[str, Any] = {"viewer": ViewerModel()}
    picture = names["viewer"].add_image(opened.layer.data, name=opened.layer.name)
    exec(code, names)
    m = names["m"]
    assert (m.pixel_size, m.unit) == ((0.2, 0.2), "micrometer")
    assert m.provenance["device"] == "cpu"
    added = names["viewer"].layers[1]
    assert added.name == f"{picture.name} sigma (default)"
    limit = opened.panel.form.optics.reference().sigma
    assert added.contrast_limits[0] == pytest.approx(limit)
    assert f"sigma={limit!r}" in code
    assert code.count("nb.Reference(") == 1


def test_python_of_a_transparent_specimen_asks_for_no_verdict(opened: Any, qtbot: Any) -> None:
    objective(opened, qtbot)
    opened.panel.form.contrast.choose("transparent")
    assert "m.summary()" in opened.panel.form.job().as_python()


def test_transparent_specimens_get_no_verdict(opened: Any, qtbot: Any) -> None:
    objective(opened, qtbot)
    view = opened.panel.view
    opened.run()
    assert view.verdict.text().startswith("Blurred, beyond 1.5 x the optics limit")
    assert "x the optics limit" in view.line.text()
    opened.panel.form.contrast.choose("transparent")
    qtbot.waitUntil(lambda: view.verdict.text().startswith("No verdict: transparent"), timeout=60000)
    assert "Blur FWHM" in view.line.text()
    assert "optics limit" not in view.line.text()
    assert "blurred" not in view.canvas_text(opened.panel._shown.digest)
    opened.panel.form.contrast.choose("reflected")
    qtbot.waitUntil(lambda: view.verdict.text().startswith("Blurred"), timeout=60000)


def test_a_model_that_counts_added_blur_gets_no_verdict(
    opened: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    estimated = opened.slow.blurmap
    monkeypatch.setattr(opened.slow, "blurmap", lambda stack: estimated(stack, reference="added"))
    objective(opened, qtbot)
    opened.run()
    view = opened.panel.view
    assert view.verdict.text().startswith("No verdict: this model counts blur from the sharpness")
    assert view.line.text().startswith("Added blur FWHM 0.94")
    assert view.canvas_text(opened.panel._shown.digest).startswith("cells\nAdded blur FWHM")
    assert not view.plot._line.isVisible()


@pytest.mark.parametrize("classes", [10, 30])
def test_class_map(opened: Any, classes: int) -> None:
    opened.panel.form.classes.choose(classes)
    opened.run()
    layer = opened.viewer.layers[-1]
    assert layer.name == f"cells blur classes ({classes})"
    assert isinstance(opened.viewer.layers[layer.name].__wrapped__, Labels)
    assert not layer.visible
    width = {10: 0.3, 30: 0.1}[classes]
    assert np.unique(layer.data).tolist() == [round(2.0 / width)]
    row = layer.features.set_index("index").loc[round(2.0 / width)]
    assert row["sigma from (px)"] <= 2.0 <= row["sigma to (px)"]
    assert row["share of judged"] == 1
    opened.run()
    assert opened.viewer.layers[-1].name == f"cells blur classes ({classes}) [1]"


def test_words_on_the_canvas_keep_off_the_colour_bar(opened: Any, qtbot: Any) -> None:
    opened.layer.name = "cells of the third plate, position 7 of 12, in a rather long name"
    objective(opened, qtbot)
    opened.run()
    canvas = opened.viewer.canvas
    assert "blurred" not in canvas.overlays["blurmap"].text  # napari takes long to draw many letters that are new to it
    qtbot.waitUntil(lambda: "blurred" in canvas.overlays["blurmap"].text)
    letters = QFontMetricsF(QFont("Open Sans", 9))
    words = set()
    for width in (900, 500, 280):
        canvas.size = (600, width)
        text = canvas.overlays["blurmap"].text
        lines = text.splitlines()
        # napari draws them by a third larger; beside them 14 pixels of margin, and 75 of the colour bar.
        assert 0 < max(4 / 3 * letters.horizontalAdvance(line) for line in lines) < width - 89
        words.add(" ".join(lines).strip())
    assert len(words) == 1
    assert ": blurred" in text.replace("\n", " ")


def test_the_histogram_has_the_colours_of_the_map(opened: Any) -> None:
    opened.run()
    layer = opened.viewer.layers["cells sigma (m)"]
    low, high = layer.contrast_limits
    on_canvas = layer.colormap.map((2.0 - low) / (high - low))[0]
    bars = opened.panel.view.plot._bars.opts
    fullest = int(np.argmax(bars["height"]))
    drawn = bars["brushes"][fullest].color().getRgbF()
    np.testing.assert_allclose(drawn, on_canvas, atol=0.03)
    np.testing.assert_allclose(class_colours(np.array([2.0]), low)[0], on_canvas, atol=1e-6)


def test_the_value_under_the_pointer(opened: Any, qtbot: Any, tiny_model: Any) -> None:
    opened.layer.scale, opened.layer.units = (0.5, 0.5), ("um", "um")
    opened.run()
    value = opened.panel.view.value
    height = value.height()
    opened.viewer.cursor.position = (10.0, 20.0)
    qtbot.waitUntil(lambda: "FWHM" in value.text(), timeout=60000)
    assert value.text().splitlines() == ["FWHM 4.71 +- 0.47 px", "FWHM 2.35 +- 0.24 um", "sigma 2.00 +- 0.20 px"]
    assert value.height() == height  # nothing below it jumps
    opened.viewer.cursor.position = (100.0, 20.0)
    qtbot.waitUntil(lambda: "Move the pointer" in value.text(), timeout=60000)
    # Over it a map that lies elsewhere, and a projection, to which napari gives the metadata of its stack.
    deep = estimate_blur(np.zeros((2, 64, 64)), model=tiny_model)
    metadata = {"blurmap": deep}
    opened.viewer.add_image(np.zeros((64, 64)), metadata=metadata, units=("um", "um"))
    opened.viewer.add_image(np.zeros((2, 64, 64)), metadata=metadata, translate=(0, 500, 0), units=("um",) * 3)
    opened.viewer.cursor.position = (0.0, 10.0, 20.0)
    qtbot.waitUntil(lambda: "FWHM 2.35 +- 0.24 um" in value.text(), timeout=60000)


def test_several_selected_pictures_are_estimated_one_after_the_other(opened: Any, qtbot: Any) -> None:
    layers, button = opened.viewer.layers, opened.panel.run_view.button
    second = opened.viewer.add_image(np.ones((64, 64)), name="nuclei")
    opened.viewer.add_image(np.ones((64, 64)), name="not asked for")
    assert button.text() == "Run"
    layers.selection = {opened.layer, second}
    assert button.text() == "Run on 2 pictures"
    opened.run()
    qtbot.waitUntil(lambda: "nuclei sigma (m)" in layers, timeout=60000)
    opened.rest()
    assert [layer.name for layer in layers if "sigma" in layer.name] == ["cells sigma (m)", "nuclei sigma (m)"]
    assert button.text() == "Run"


def test_objects_become_features_of_their_layer(opened: Any, qtbot: Any) -> None:
    view, said = opened.panel.view, opened.panel.run_view.message
    opened.run()
    assert not view.measure.isVisible()
    squares = np.zeros((64, 64), np.int32)
    squares[4:30, 4:30], squares[34:60, 4:30] = 1, 4
    layer = opened.viewer.add_labels(squares, name="nuclei", features={"index": [1], "mine": ["kept"]})
    assert view.measure.isVisible()
    view.measure.click()
    qtbot.waitUntil(lambda: "Measured" in said.text(), timeout=60000)
    assert said.text() == "Measured 2 objects of 'nuclei': see its features, blur_..."
    assert layer.features["index"].tolist() == [1, 4]
    assert layer.features["mine"].tolist()[0] == "kept"
    assert layer.features["blur_median_sigma_px"].tolist() == [2.0, 2.0]
    line = "rows = m.objects(viewer.layers['nuclei'].data)"
    assert opened.panel._asked().as_python().splitlines()[-1] == line
    layer.translate = (5, 0)
    assert line not in opened.panel._asked().as_python()
    layer.translate = (0, 0)
    layer.data = np.zeros_like(squares)
    view.measure.click()
    qtbot.waitUntil(lambda: "No object" in said.text(), timeout=60000)
    opened.viewer.layers.remove(layer)
    assert not view.measure.isVisible()
