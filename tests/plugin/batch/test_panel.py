"""The panel "Estimate many pictures" as its user meets it."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QDesktopServices
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog
from shell import run as in_shell

import napari_blurmap as nb
from napari_blurmap.batch import batch as nb_batch
from napari_blurmap.batch import job as batch_job
from napari_blurmap.ground.optics import FWHM_PER_SIGMA
from napari_blurmap.io import folders
from napari_blurmap.picture.stack import as_stack
from napari_blurmap.plugin.batch.form import BatchForm
from napari_blurmap.plugin.batch.job import layers_of
from napari_blurmap.plugin.batch.panel import BatchPanel
from napari_blurmap.plugin.run.control import RunState

SIGMAS = {"A01_s1": 1.0, "A01_s2": 1.2, "A02_s1": 2.0, "B01_s1": 4.0}
BAD = "B02_s1.tif"

pytestmark = pytest.mark.usefixtures("tiny_default")


def write(path: Path, *sigmas: float) -> None:
    """A picture whose blur, as `Known` reads it, is a hundredth of its grey level; several make a stack."""
    data = np.array([np.full((64, 48), 100 * sigma) for sigma in sigmas]).astype(np.uint16)
    axes = {"axes": "ZYX"} if len(data) > 1 else {}
    tifffile.imwrite(path, data if axes else data[0], photometric="minisblack", metadata=axes)


class Known:
    """Stands in for `estimate_blur`: keeps what it was asked for, and waits before the pictures that it holds."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.held: dict[str, Event] = {}

    def __call__(self, picture: Any, *, cancel: Any, pixel_size: Any, unit: Any, **_: Any) -> nb.BlurMap:
        name = Path(picture.source["path"]).stem
        while name in self.held and not self.held[name].wait(0.01):
            if cancel():
                raise nb.Cancelled(None)
        self.asked.append(name)
        stack = as_stack(picture, pixel_size=pixel_size, unit=unit)
        sigma = np.asarray(stack.data[...]) / 100.0
        about = {name: getattr(stack, name) for name in ("axes", "scale", "units", "translate", "affine")}
        return nb.BlurMap(sigma, 0.05 * sigma, 0 * sigma, provenance={"model": "m"}, **about)


@pytest.fixture
def known(monkeypatch: Any) -> Known:
    found = Known()
    monkeypatch.setattr(batch_job, "estimate_blur", found)
    return found


@pytest.fixture
def plate(tmp_path: Path) -> Path:
    """Three wells, one with two sites, and a file that is no picture."""
    folder = tmp_path / "P1"
    folder.mkdir()
    for name, sigma in SIGMAS.items():
        write(folder / f"{name}.tif", sigma)
    (folder / BAD).write_text("a text")
    return folder


def fill(form: BatchForm, plate: Path) -> BatchForm:
    form.pictures.setPlainText(str(plate))
    form.reference.kind.choose("typed")
    form.reference.typed.set_value(1.5 * FWHM_PER_SIGMA)
    return form


@pytest.fixture
def form(qtbot: Any, plugin_settings: Any, plate: Path, known: Known) -> BatchForm:
    """The form without a window."""
    found = BatchForm(None)
    qtbot.addWidget(found)
    return fill(found, plate)


@pytest.fixture
def opened(viewer: Any, dock: Any, plate: Path, known: Known, qtbot: Any) -> Any:
    panel = BatchPanel(viewer)
    dock(panel, "Estimate many pictures (Blur Map)")
    form = fill(panel.form, plate)

    def rest() -> None:
        qtbot.waitUntil(lambda: not any(control.state.busy for control in panel._controls), timeout=20000)

    def run() -> str:
        panel.run_view.button.click()
        rest()
        return str(panel.run_view.message.text())

    def shown() -> list[str]:
        rest()
        return [layer.name for layer in viewer.layers]

    return SimpleNamespace(viewer=viewer, panel=panel, form=form, known=known, run=run, rest=rest, shown=shown)


def cells(opened: Any, column: str) -> list[str]:
    """A column of the table, as it is sorted."""
    model = opened.panel.view.table.model()
    names = [model.headerData(x, Qt.Orientation.Horizontal) for x in range(model.columnCount())]
    return [model.index(y, names.index(column)).data() for y in range(model.rowCount())]


def click_well(opened: Any, well: str) -> None:
    plot = opened.panel.view.plot
    (spot,) = [spot for spot in plot.wells.points() if spot.data()[0] == well]
    place: QPoint = plot.mapFromScene(plot.getPlotItem().getViewBox().mapViewToScene(spot.pos()))
    QTest.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=place)


def nothing(*_: Any) -> bool:
    return False


def layers(name: str) -> list[str]:
    return [name, f"{name} sigma (m)", f"{name} uncertainty (m)", f"{name} cannot tell"]


@pytest.mark.gui_subset
def test_a_plate_becomes_a_table_that_opens_its_pictures(opened: Any, qtbot: Any, monkeypatch: Any) -> None:
    panel, view, viewer = opened.panel, opened.panel.view, opened.viewer
    out = Path(opened.form.given[0]).with_name("P1 blur")
    assert str(opened.form.out.value) == str(out)
    assert view.isHidden()
    assert opened.run() == f"Done; all that is finished is in {out}."
    assert panel.control.state is RunState.DONE
    # one bad file does not stop the rest, and is named with its reason
    assert view.line.text() == "5 rows, 2 pass, 2 fail, 1 for review. 1 could not be estimated."
    assert BAD in view.said.toPlainText().splitlines()[0]
    assert cells(opened, "picture") == ["A01 1", "A01 2", "A02 1", "B01 1", "B02 1"]
    assert cells(opened, "outcome") == ["pass", "pass", "fail", "fail", "review"]
    assert cells(opened, "judged") == [*["100 %"] * 4, ""]
    widths = [f"{FWHM_PER_SIGMA * sigma:.2f}" for sigma in SIGMAS.values()]
    assert [text.partition(" +- ")[0] for text in cells(opened, "FWHM (px)")] == [*widths, ""]
    assert all(" +- " in text for text in cells(opened, "FWHM (px)")[:4])
    assert "no picture" in cells(opened, "note")[4]
    assert len((out / "qc.csv").read_text().splitlines()) == 6
    # wells
    qtbot.waitUntil(view.plot.isVisible)
    for site in ("s1", "s2", "s1"):  # a click more, the next site
        click_well(opened, "A01")
        assert opened.shown() == layers(f"A01_{site}")
    np.testing.assert_array_equal(viewer.layers["A01_s1 sigma (m)"].data, np.full((64, 48), np.float32(1.0)))
    click_well(opened, "B02")
    assert opened.shown() == layers("A01_s1")
    assert "no picture" in panel.run_view.message.text()
    # rows, however they are sorted
    view.table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    assert cells(opened, "picture") == ["B01 1", "A02 1", "A01 2", "A01 1", "B02 1"]
    row = view.table.visualRect(view.table.model().index(0, 1)).center()
    QTest.mouseClick(view.table.viewport(), Qt.MouseButton.LeftButton, pos=row)
    assert opened.shown() == layers("B01_s1")
    asked: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: asked.append(url.toLocalFile()))
    view.report.click()
    assert asked == [str(out / "qc.html")]
    viewer.theme = "light"
    assert view.plot.backgroundBrush().color().lightness() > 200


def test_cancel_keeps_what_is_finished_and_run_does_the_rest(opened: Any, qtbot: Any) -> None:
    panel, known = opened.panel, opened.known
    known.held = {"A02_s1": Event()}
    panel.run_view.button.click()
    qtbot.waitUntil(lambda: panel.run_view.message.text().startswith("2 of 5 pictures"), timeout=20000)
    panel.run_view.button.click()
    opened.rest()
    assert panel.run_view.message.text().startswith("Cancelled; all that is finished is in ")
    assert cells(opened, "picture") == ["A01 1", "A01 2"]
    table = Path(opened.form.out.value) / "qc.csv"
    assert len(table.read_text().splitlines()) == 3
    known.held["A02_s1"].set()
    known.asked.clear()
    assert opened.run().startswith("Done")
    assert known.asked == ["A02_s1", "B01_s1"]
    assert cells(opened, "picture") == ["A01 1", "A01 2", "A02 1", "B01 1", "B02 1"]
    opened.form.again.value = True
    known.asked.clear()
    opened.run()
    assert known.asked == list(SIGMAS)


def test_failures_are_shown_while_others_go_on(opened: Any, qtbot: Any) -> None:
    opened.known.held = {"B01_s1": Event()}
    opened.form.pictures.setPlainText("\n".join(str(Path(opened.form.given[0]) / name) for name in (BAD, "B01_s1.tif")))
    opened.panel.run_view.button.click()
    view = opened.panel.view
    qtbot.waitUntil(view.isVisible, timeout=20000)
    assert view.line.text() == "1 could not be estimated; the others go on."
    assert BAD in view.said.toPlainText()
    assert not view.table.isVisible()
    opened.known.held["B01_s1"].set()
    opened.rest()
    assert cells(opened, "outcome") == ["review", "fail"]


@pytest.mark.parametrize(("reference", "sharp"), [("typed", 2), ("optics", 2), ("tenth", 2), ("picture", 3)])
def test_what_is_copied_gives_the_same_table(
    form: BatchForm, plate: Path, monkeypatch: Any, capsys: Any, reference: str, sharp: int
) -> None:
    form.reference.kind.choose(reference)
    form.reference.sharp.value = plate / "A02_s1.tif"
    for field, value in ((form.reference.aperture, 0.5), (form.reference.wavelength, 520), (form.reference.pixel, 0.2)):
        field.set_value(value)
    form.names.setText(r"(?P<well>[AB]\d\d)_s(?P<site>\d)")
    job = form.job()
    table = Path(job.options["table"])

    def tables(function: Any) -> list[bytes]:
        function()
        found = [(table.parent / name).read_bytes() for name in ("qc.csv", "qc.image_sets.csv", "qc.html")]
        for path in table.parent.iterdir():
            path.unlink()
        return found

    def shell() -> None:
        words = shlex.split(job.as_shell())
        assert words[0] == "napari-blurmap"
        assert in_shell(*words[1:]) == 1  # as one of the pictures cannot be read

    batch: list[nb_batch.Batch] = []
    expected = tables(lambda: batch.append(job.run(nothing, nothing, nothing)))
    assert batch[0].counts["pass"] == sharp
    assert tables(lambda: exec(job.as_python(), {})) == expected
    assert tables(shell) == expected


@pytest.mark.parametrize(
    ("field", "text", "options", "line"),
    [
        ("axes", "tzyx", {"axes": "TZYX"}, "--axes TZYX"),
        ("axes", "Y X S", {"axes": "YX", "channel_axis": 2}, "--axes YX --channel-axis 2"),
        ("noise", "2.2 / 100 / 1.5", {"noise": (2.2, 100.0, 1.5)}, "--noise 2.2/100.0/1.5"),
        ("noise", "3", {"noise": 3.0}, "--noise 3.0"),
        ("noise", "auto", {}, ""),
    ],
)
def test_what_is_typed_of_axes_and_noise_reaches_the_job(
    form: BatchForm, field: str, text: str, options: dict[str, Any], line: str
) -> None:
    before = set(form.job().options)
    getattr(form, field).setText(text)
    job = form.job()
    assert {name: value for name, value in job.options.items() if name not in before} == options
    assert line in job.as_shell()
    asked: dict[str, Any] = {}
    job.run(nothing, nothing, nothing, lambda files, **given: asked.update(given))
    assert options.items() <= asked.items()


def test_objects_get_their_table(form: BatchForm, plate: Path, tmp_path: Path, capsys: Any) -> None:
    """The same from the panel and from its line for a terminal; without a table there is no place for them."""
    masks = tmp_path / "masks"
    masks.mkdir()
    objects = np.zeros((64, 48), np.uint8)
    objects[:, :20], objects[10:30, 25:] = 3, 7
    tifffile.imwrite(masks / "A02_s1_labels.tif", objects)
    form.labels.value = masks
    job = form.job()
    job.run(nothing, nothing, nothing)
    table = Path(job.options["table"]).with_name("qc.objects.csv")
    found = table.read_text()
    assert found.count("A02_s1.tif") == len(found.splitlines()) - 1 == 2
    for path in table.parent.iterdir():
        path.unlink()
    in_shell(*shlex.split(job.as_shell())[1:])
    assert table.read_text() == found
    form.table.value = False
    with pytest.raises(nb.BlurMapError, match="Tick the table"):
        form.job()


def test_noise_that_is_none_is_said(form: BatchForm) -> None:
    form.noise.setText("loud")
    with pytest.raises(nb.BlurMapError, match="noise is 'loud'"):
        form.job()


def test_without_a_table_there_are_maps(form: BatchForm) -> None:
    form.table.value = False
    job = form.job()
    batch = job.run(nothing, nothing, nothing)
    assert batch.counts == {"pass": 2, "fail": 2, "review": 1}
    assert {path.suffix for path in Path(job.options["out"]).iterdir()} == {".tif", ".json"}
    assert "--limit" in job.as_shell()
    form.reference.kind.choose("tenth")
    with pytest.raises(nb.BlurMapError, match="belong to a table"):
        form.job().as_shell()


def test_a_row_of_a_stack_opens_its_plane(opened: Any, plate: Path) -> None:
    write(plate / "A03_s1.tif", 1.0, 2.0, 3.0)
    opened.form.pictures.setPlainText(str(plate / "A03_s1.tif"))
    opened.run()
    assert cells(opened, "picture") == ["A03 1, z 1", "A03 1, z 2", "A03 1, z 3"]
    opened.panel.view.table.chosen.emit(2)
    assert opened.shown() == layers("A03_s1")
    assert opened.viewer.dims.current_step[0] == 2


def refuse(**_: Any) -> None:
    raise PermissionError(13, "Permission denied")


def test_what_is_wrong_is_said(opened: Any, plate: Path, monkeypatch: Any) -> None:
    form, reference = opened.form, opened.form.reference

    def said() -> str:
        text = opened.run()
        assert opened.panel.run_view.details.isHidden()  # no traceback
        assert opened.panel.view.isHidden()
        return str(text)

    (plate.parent / "empty").mkdir()
    for name, words in (
        (plate / "nowhere", f"There is no {plate / 'nowhere'}"),
        (plate.parent / "empty", "holds no picture"),
        (plate / "*.nd2", "No file fits the pattern"),
    ):
        form.pictures.setPlainText(str(name))
        assert words in said()
    form.pictures.setPlainText(str(plate))
    form.out.value = plate / "maps"
    assert f"Choose a folder outside of {plate}" in said()
    (plate.parent / "file").touch()
    form.out.value = plate.parent / "file" / "maps"
    assert "cannot be made" in said()
    form.out.value = plate.parent / "maps"
    with monkeypatch.context() as patch:
        patch.setattr(folders, "TemporaryFile", refuse)
        assert "cannot be written to (Permission denied)" in said()
    form.names.setText("(")
    assert "no regular expression" in said()
    reference.typed.clear()
    assert said() == "The largest FWHM that you call sharp is missing. Give it, or choose another reference."
    reference.kind.choose("optics")
    assert "needs the NA. " in said()
    reference.aperture.set_value(1.4)
    reference.wavelength.set_value(520)
    assert "NA 1.4 is impossible in air" in said()
    reference.kind.choose("picture")
    assert "The picture that you call sharp is missing" in said()
    assert opened.known.asked == []


def test_what_is_missing_is_said_and_a_folder_proposed(form: BatchForm, plate: Path, monkeypatch: Any) -> None:
    form.pictures.clear()
    assert "Choose a folder or pictures" in form.words.text()
    assert (form.ready, form.job()) == (False, None)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(plate))
    form.folder.click()
    assert (form.given, form.words.text(), form.ready) == ([str(plate)], "", True)
    form.pictures.setPlainText(str(plate / "*_s1.tif"))
    assert form.out.value == plate.with_name("P1 blur")
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(plate / n) for n in os.listdir(plate)], ""))
    form.files.click()
    assert len(form.given) == 5
    form.out.value = plate.parent / "mine"
    form.pictures.setPlainText(f'"{plate}"')  # as Windows copies it
    assert form.given == [str(plate)]
    form.pictures.setPlainText(plate.parent.as_uri())  # as it is dropped
    assert form.given == [str(plate.parent)]
    assert form.out.value == plate.parent / "mine"


def test_a_colour_picture_and_its_map(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((40, 48, 3), np.uint8), photometric="rgb")
    row = {"PathName": str(tmp_path), "FileName": "a.tif", "result": None}
    (layer,) = layers_of(row)
    ViewerModel().add_layer(layer)
    assert (layer.rgb, layer.data.shape, layer.axis_labels) == (True, (40, 48, 3), ("y", "x"))
