"""What goes into the panel: pictures of every kind, good and bad, models, objectives that cannot be."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask.array as da
import napari.layers
import numpy as np
import pytest
import tifffile
from qtpy.QtWidgets import QFileDialog

import napari_blurmap as nb
from napari_blurmap.ground.optics import FWHM_PER_SIGMA
from napari_blurmap.ground.status import Status
from napari_blurmap.models.registry import find_model
from napari_blurmap.picture.sensor import noise_record
from napari_blurmap.plugin.run.control import RunState

RNG = np.random.default_rng(3)
PLANE = (200 * nb.apply_blur(RNG.random((70, 90)), 1.5)).astype(np.uint8)


@pytest.fixture
def estimating(opened: Any, tiny_model: Any) -> Any:
    """The panel with a real estimate, by a small network; returns the map that a picture gets."""

    def estimate(picture: Any, **options: Any) -> nb.BlurMap:
        return nb.estimate_blur(picture, **(options | {"model": tiny_model}))

    opened.panel._function = estimate
    opened.slow.gate.set()

    def run(data: Any, **known: Any) -> Any:
        opened.viewer.layers.clear()
        layer = opened.viewer.add_image(data, name="picture", **({"units": "um"} | known))
        opened.run()
        if opened.panel.control.state is not RunState.DONE:
            return None
        sigma = opened.viewer.layers.selection.active
        assert sigma.name.startswith(f"{layer.name} sigma")
        size = np.array(sigma.data.shape) - 1
        for corner in (0 * size, size):
            there = layer.data_to_world(corner)[-sigma.ndim :]
            np.testing.assert_allclose(sigma.data_to_world(corner), there, atol=1e-9)
        assert sigma.units == layer.units[-sigma.ndim :]
        return sigma.metadata["blurmap"]

    opened.estimate = run
    return opened


KINDS: dict[str, tuple[Any, dict[str, Any], str, tuple[int, ...]]] = {
    "2-D": (PLANE, {}, "2-D; 70 x 90 px", (70, 90)),
    "colour": (np.stack([PLANE] * 3, axis=-1), {"rgb": True}, "2-D; colour read as luminance; 70 x 90 px", (70, 90)),
    "stack": (np.stack([PLANE] * 3), {}, "3 planes, a map a plane; 70 x 90 px", (3, 70, 90)),
    "stack with names": (
        np.stack([PLANE] * 3),
        {"axis_labels": ("Z", "Y", "X"), "scale": (2, 0.5, 0.5), "units": "um"},
        "3 planes, a map a plane; 70 x 90 px",
        (3, 70, 90),
    ),
    "time and depth": (
        np.stack([[PLANE] * 2] * 3),
        {"axis_labels": ("t", "z", "y", "x"), "units": ("s", "um", "um", "um")},
        "3 time points x 2 planes, a map a plane; 70 x 90 px",
        (3, 2, 70, 90),
    ),
    "two unknown axes": (
        np.stack([[PLANE] * 2] * 3),
        {"units": ("s", "um", "um", "um")},
        "3 channels x 2 planes, a map a plane; 70 x 90 px",
        (3, 2, 70, 90),
    ),
    "pyramid": ([PLANE, PLANE[::2, ::2]], {"multiscale": True, "scale": (2, 3)}, "2-D; 70 x 90 px", (70, 90)),
    "lazy": (da.from_array(np.stack([PLANE] * 2), chunks=(1, 70, 90)), {}, "2 planes, a map a plane", (2, 70, 90)),
    "flipped and turned": (PLANE, {"scale": (-0.5, 0.5), "rotate": 30, "units": "um"}, "2-D; 70 x 90 px", (70, 90)),
    "smaller than what the network sees": (PLANE[:32, :33], {}, "2-D; 32 x 33 px", (32, 33)),
    "one value": (np.full((50, 60), 7.5), {}, "2-D; 50 x 60 px", (50, 60)),
}


def test_kinds_of_pictures(estimating: Any) -> None:
    for kind, (data, known, words, shape) in KINDS.items():
        m = estimating.estimate(data, **known)
        assert m is not None, f"{kind}: {estimating.panel.run_view.message.text()}"
        assert estimating.panel.form.picture.axes.text().replace("\u00a0", " ").startswith(words), kind
        assert m.sigma.shape == shape, kind
        assert isinstance(m.sigma, np.ndarray), kind
        assert np.isfinite(m.sigma).all(), kind
        line = estimating.panel.view.line.text()
        planes = np.prod(shape[:-2], dtype=int)
        start = f"All {planes} planes: " if planes > 1 else ""
        assert line.startswith((f"{start}Blur FWHM", f"{start}Nothing could be judged")), kind


def test_the_axes_can_be_corrected(estimating: Any, tiny_model: Any) -> None:
    choice = estimating.panel.form.picture
    plane = "2-D; colour read as luminance; 70 x 90 px"
    for data, read, typed, words, shape in (
        (np.stack([PLANE, PLANE // 2, PLANE]), "ZYX", "syx", plane, (70, 90)),
        (np.stack([PLANE, PLANE // 2, PLANE], axis=-1), "", "Y X S", plane, (70, 90)),
        (np.stack([[PLANE] * 3] * 2), "CZYX", "TCYX", "2 time points x 3 channels, a map a plane;", (2, 3, 70, 90)),
        (np.stack([PLANE] * 33, axis=1), "ZYX", "YZX", "33 planes, a map a plane; 70 x 90 px", (33, 70, 90)),
    ):
        layer = estimating.viewer.add_image(data, name=f"to be {typed}", rgb=False)
        assert choice.letters.text() == read
        choice.letters.setText(typed)
        choice.letters.editingFinished.emit()
        assert choice.axes.text().replace("\u00a0", " ").startswith(words)
        assert choice.letters.text() == typed.replace(" ", "").upper()
        estimating.run()
        m = estimating.viewer.layers.selection.active.metadata["blurmap"]
        assert m.sigma.shape == shape
        expected = nb.estimate_blur(layer, model=tiny_model, **choice.how)
        np.testing.assert_array_equal(m.sigma, expected.sigma)
    estimating.viewer.layers.selection.active = layer
    before = layer.axis_labels
    for wrong in ("YX", "ZZYX", "ZTC", "YYX"):
        choice.letters.setText(wrong)
        choice.letters.editingFinished.emit()
        assert "expected 3 different letters" in choice.axes.text()
        assert layer.axis_labels == before


def test_the_camera_in_figures(estimating: Any, qtbot: Any) -> None:
    form, view = estimating.panel.form, estimating.panel.run_view
    for text, given in (("2.2 / 100 / 1.5", (2.2, 100.0, 1.5)), ("1e6", 1e6), ("auto", "auto"), ("", "auto")):
        form.noise.clear()
        qtbot.keyClicks(form.noise, text)
        m = estimating.estimate(PLANE)
        assert m.provenance["parameters"]["noise"] == noise_record(given)
        assert ("The noise given, 1e+06" in estimating.panel.view.line.text()) == (text == "1e6")
        code = form.job().as_python()
        assert (f", noise={given!r}" in code) == (given != "auto")
    before = len(estimating.viewer.layers)
    for text in ("x", "-1", "1/2"):
        form.noise.setText(text)
        view.button.click()
        assert view.message.text().startswith(("noise is", "The noise")), text
        assert estimating.panel.control.state is not RunState.FAILED
        view.copies["python"].trigger()
        view.copies["report"].trigger()
    assert len(estimating.viewer.layers) == before


def test_saturated_everywhere(estimating: Any) -> None:
    m = estimating.estimate(np.full((50, 60), 255, np.uint8))
    assert (m.status == Status.SATURATED).all()
    assert estimating.panel.view.line.text().replace("\u00a0", " ") == "Nothing could be judged: 100 % saturated."
    assert not estimating.panel.view.plot.isVisible()


def test_a_border_without_data(estimating: Any) -> None:
    picture = PLANE.astype(float)
    picture[:8], picture[:, -5:] = np.nan, np.inf
    m = estimating.estimate(picture)
    bad = ~np.isfinite(picture)
    np.testing.assert_array_equal(m.status == Status.INVALID, bad)
    labels = estimating.viewer.layers["picture cannot tell"]
    assert (labels.data[bad] == Status.INVALID).all()


def test_pictures_that_cannot_be_estimated(estimating: Any) -> None:
    for data, known, words in (
        (PLANE[:31], {}, "31 x 90 pixels"),
        (PLANE[:1], {}, "at least 32 x 32"),
        (PLANE, {"units": ("um", "nm")}, "y in micrometer and x in nanometer"),
        (np.full((40, 40), np.nan), {}, "Every pixel"),
    ):
        assert estimating.estimate(data, **known) is None
        assert estimating.panel.control.state is RunState.FAILED
        assert words in estimating.panel.run_view.message.text()
        assert all(layer.name.startswith("picture") for layer in estimating.viewer.layers[1:])
        assert not any("sigma" in layer.name for layer in estimating.viewer.layers)
        if words != "Every pixel":  # is seen without computing anything
            assert words in estimating.panel.form.picture.axes.text()


def test_a_typed_pixel_size_helps_where_units_differ(estimating: Any, qtbot: Any) -> None:
    estimating.viewer.add_image(PLANE, name="picture", units=("um", "nm"))
    qtbot.keyClicks(estimating.panel.form.optics.pixel, "0.2")
    estimating.run()
    assert estimating.panel.control.state is RunState.DONE
    assert estimating.viewer.layers.selection.active.metadata["blurmap"].pixel_size == (0.2, 0.2)


def test_a_typed_pixel_size_belongs_to_its_picture(opened: Any, qtbot: Any) -> None:
    viewer, form = opened.viewer, opened.panel.form
    optics = form.optics
    qtbot.keyClicks(optics.pixel, "0.2")
    second = viewer.add_image(PLANE, name="second")
    assert form.picture.layer == second
    assert optics.pixel.text() == ""
    assert "pixel_size" not in form.job().options
    known = viewer.add_image(PLANE, name="known", scale=(0.5, 0.5), units="um")
    assert optics.pixel.text() == "0.5"
    optics.override.setChecked(True)
    optics.pixel.clear()
    qtbot.keyClicks(optics.pixel, "300")
    optics.unit.choose("nanometer")
    for layer, size in ((opened.layer, (0.2, 0.2, "micrometer")), (second, None), (known, (300, 300, "nanometer"))):
        viewer.layers.selection.active = layer
        assert optics.pixel_size == size, layer.name
    # What is edited in the layer matters where it is its size.
    known.data = PLANE[::-1]
    assert optics.pixel_size == (300, 300, "nanometer")
    known.scale = (0.6, 0.6)
    assert optics.pixel_size == (0.6, 0.6, "micrometer")
    # Removed, and opened again.
    again = viewer.layers.pop("cells")
    viewer.add_layer(again)
    viewer.layers.selection.active = again
    assert form.picture.layer == again
    assert optics.pixel_size is None


class Trap:
    """Leaves a file behind if anybody unpickles it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (open, (str(self.path), "w"))


def newer(known: dict[str, str]) -> None:
    known["schema"] = "99"


def with_card(**wrong: Any) -> Callable[[dict[str, str]], None]:
    def change(known: dict[str, str]) -> None:
        known["info"] = json.dumps(json.loads(known["info"]) | wrong)

    return change


def changed(change: Callable[[dict[str, str]], None]) -> Callable[[Path], bytes]:
    """The bundled model with another header."""
    whole = find_model("default").read_bytes()
    size = int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8 : 8 + size])
    change(header["__metadata__"])
    text = json.dumps(header).encode()
    return lambda _: len(text).to_bytes(8, "little") + text + whole[8 + size :]


BAD_MODELS: dict[str, tuple[Any, str]] = {
    "no safetensors": (lambda _: b"no model at all", "safetensors"),
    "empty": (lambda _: b"", "safetensors"),
    "truncated": (lambda _: find_model("default").read_bytes()[:-1000], "truncated"),
    "newer": (changed(newer), "Update napari-blurmap"),
    "an unknown zero": (changed(with_card(reference="foo")), "'foo'"),
    "a grid of words": (changed(with_card(sigma_grid=["a", "b", "c", "d"])), "sigma_grid"),
    "a short grid": (changed(with_card(sigma_grid=[1.0])), "sigma_grid"),
    "pickle": (lambda path: pickle.dumps(Trap(path.with_name("ran"))), "safetensors"),
}


def test_models_that_cannot_be_used(opened: Any, tmp_path: Path, monkeypatch: Any) -> None:
    """Said below the button; the model chosen before stays, and no code runs."""
    path = tmp_path / "mine.blurmap.safetensors"
    for kind, (content, word) in BAD_MODELS.items():
        path.write_bytes(content(path))
        opened.panel.run_view.say("")
        choose_file(opened, monkeypatch, path)
        assert word in opened.panel.run_view.message.text(), kind
        assert opened.panel.form.model.model == "default", kind
        assert list(tmp_path.iterdir()) == [path], kind
    opened.run()
    assert opened.panel.control.state is RunState.DONE


def test_a_model_from_a_file(opened: Any, tiny_model: Any, tmp_path: Path, monkeypatch: Any) -> None:
    path = tiny_model.save(tmp_path / "mine.blurmap.safetensors")
    choose_file(opened, monkeypatch, path)
    assert opened.panel.form.model.model == str(path)
    assert opened.panel.form.model.info == tiny_model.info
    assert repr(str(path)) in opened.panel.form.job().as_python()
    # It goes away before it is used.
    path.unlink()
    opened.panel._function = None
    opened.run()
    assert opened.panel.control.state is RunState.FAILED
    assert "mine.blurmap.safetensors" in opened.panel.run_view.message.text()


def test_no_file_is_chosen_after_all(opened: Any, monkeypatch: Any) -> None:
    choose_file(opened, monkeypatch, "")
    assert opened.panel.form.model.model == "default"
    assert opened.panel.run_view.button.isEnabled()


def choose_file(opened: Any, monkeypatch: Any, path: Any) -> None:
    """Pick the last entry of the list of models and answer the dialog that it opens."""
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    models = opened.panel.form.model.list
    models.setCurrentIndex(models.count() - 1)
    models.activated.emit(models.count() - 1)


@pytest.fixture
def optics(opened: Any, qtbot: Any) -> Any:
    """The form of the optics limit with all but the aperture typed; returns what types into it."""
    form = opened.panel.form.optics
    form.kind.choose("optics")
    for field, text in ((form.wavelength, "520"), (form.pixel, "0.2")):
        qtbot.keyClicks(field, text)

    def aperture(text: str) -> str:
        form.aperture.clear()
        qtbot.keyClicks(form.aperture, text)
        form._refresh.flush()
        return str(form.limit_text.text())

    return aperture


def test_what_is_no_aperture_is_not_taken(opened: Any, optics: Any) -> None:
    for typed in ("abc ", "nan ", "inf ", "- ", "0", "e"):
        assert "still needs NA" in optics(typed)
    opened.panel.form.optics.aperture.setText("inf")  # past what keys can do
    assert opened.panel.form.optics.aperture.value is None
    opened.run()
    assert opened.panel.view.verdict.text() == ""
    assert opened.panel.control.state is RunState.DONE


def test_an_aperture_that_needs_oil(opened: Any, optics: Any, qtbot: Any) -> None:
    assert "NA 1.4 is impossible in air" in optics("1.4")
    opened.run()
    verdict = opened.panel.view.verdict
    assert verdict.text().startswith("No verdict: NA 1.4 is impossible in air")
    assert "Blur FWHM" in opened.panel.view.line.text()
    opened.panel.form.optics.immersion.choose(1.518)
    qtbot.waitUntil(lambda: verdict.text().startswith("Blurred, beyond 1.5 x the optics limit"), timeout=60000)
    assert opened.panel.form.optics.limit_text.text().startswith("Optics limit: FWHM")


def test_each_channel_has_the_limit_of_its_light(estimating: Any, tmp_path: Path, qtbot: Any) -> None:
    light = {"Name": ["DAPI", "GFP"], "EmissionWavelength": [450, 600], "EmissionWavelengthUnit": ["nm", "nm"]}
    tifffile.imwrite(tmp_path / "a.ome.tif", np.stack([PLANE] * 2), metadata={"axes": "CYX", "Channel": light})
    estimating.viewer.layers.clear()
    about = {"axis_labels": ("c", "y", "x"), "scale": (1, 0.1, 0.1), "units": ("pixel", "um", "um")}
    layer = napari.layers.Image(np.stack([PLANE] * 2), name="a", **about)
    layer._source = layer.source.model_copy(update={"path": str(tmp_path / "a.ome.tif")})
    estimating.viewer.add_layer(layer)
    panel, form = estimating.panel, estimating.panel.form.optics
    assert form.wavelength.placeholderText() == "450, 600"
    form.kind.choose("optics")
    qtbot.keyClicks(form.aperture, "0.8")
    form._refresh.flush()
    widths = [FWHM_PER_SIGMA * nb.optics_limit(0.8, nm, 100) for nm in (450, 600)]
    text = f"Optics limit of each channel: FWHM {widths[0]:.3g} px at 450 nm, {widths[1]:.3g} px at 600 nm; sharp up to"
    assert form.limit_text.text().startswith(text)
    estimating.run()
    assert panel.view.verdict.text() == "Each channel has its own optics limit: see the verdict of the plane."
    qtbot.waitUntil(lambda: "Plane c 0" in panel.view.plane.text(), timeout=20000)
    m = estimating.viewer.layers.selection.active.metadata["blurmap"]
    job = panel.form.job()
    assert job.limit == pytest.approx(nb.optics_limit(0.8, 450, 100))
    assert "--wavelength 450,600" in job.as_shell()
    assert "m.summary(nb.OpticsLimit(na=0.8, wavelength=(450.0, 600.0)" in job.as_python()
    found = [one.summary(job.judgement.reference)["reference"]["sigma"] for one in m.channels()]
    assert found == pytest.approx([width / FWHM_PER_SIGMA for width in widths])
    form.wavelength.set_value(520)
    form._refresh.flush()
    assert form.reference().sigma == pytest.approx(nb.optics_limit(0.8, 520, 100))


def test_the_plane_or_the_stack_that_is_seen(estimating: Any, tmp_path: Path) -> None:
    light = {"Name": ["DAPI", "GFP"], "EmissionWavelength": [450, 600], "EmissionWavelengthUnit": ["nm", "nm"]}
    data = np.stack([np.stack([PLANE] * 2, axis=0)] * 3, axis=0)
    tifffile.imwrite(tmp_path / "a.ome.tif", data, metadata={"axes": "ZCYX", "Channel": light})
    about = {"axis_labels": tuple("zcyx"), "scale": (1, 1, 0.1, 0.1), "units": ("um", "pixel", "um", "um")}
    layer = napari.layers.Image(data, name="a", **about)
    layer._source = layer.source.model_copy(update={"path": str(tmp_path / "a.ome.tif")})
    estimating.viewer.layers.clear()
    estimating.viewer.add_layer(layer)
    form, panel = estimating.panel.form, estimating.panel
    form.optics.kind.choose("optics")
    form.optics.aperture.set_value(0.8)
    estimating.viewer.dims.set_point((0, 1), (2, 1))
    assert form.planes.choices == ("all", "stack", "plane")
    shapes = {"stack": (3, 1, *PLANE.shape), "plane": (1, 1, *PLANE.shape), "all": data.shape}
    for kind, shape in shapes.items():
        form.planes.choose(kind)
        estimating.viewer.layers.selection.active = layer
        assert form.job().picture.data.shape == shape
    form.planes.choose("stack")
    estimating.run()
    assert panel.view.title.text() == "a (c 1)"
    assert "at 600 nm" in panel.view.line.text() + panel.view.verdict.text()
    assert panel._shown.judgement.reference.given == [600.0]
    estimating.viewer.add_image(PLANE)
    assert form.planes.choices == ("all",)


def test_a_layer_that_knows_nothing_is_read_as_its_file(estimating: Any, tmp_path: Path) -> None:
    pixel = {f"PhysicalSize{axis}": 100 for axis in "XY"} | {f"PhysicalSize{axis}Unit": "nm" for axis in "XY"}
    data = np.stack([[PLANE] * 3] * 2)
    tifffile.imwrite(tmp_path / "a.ome.tif", data, metadata={"axes": "ZCYX", **pixel})
    layer = napari.layers.Image(data, name="a")
    layer._source = layer.source.model_copy(update={"path": str(tmp_path / "a.ome.tif")})
    estimating.viewer.add_layer(layer)
    form = estimating.panel.form
    assert form.picture.axes.text().startswith("2 planes x 3 channels, a map a plane")
    options = form.job().options
    assert (options["pixel_size"], options["unit"]) == (100, "nanometer")
    form.optics.pixel.set_value(None)
    estimating.viewer.layers.selection.active = estimating.viewer.layers[0]
    estimating.viewer.layers.selection.active = layer
    assert "pixel_size" not in form.job().options  # taken out by the user


def test_the_limit_of_a_scanned_microscope(opened: Any, optics: Any, qtbot: Any) -> None:
    form = opened.panel.form.optics
    assert optics("0.8").endswith("sharp up to 1.5 x that")
    rows = {name: getattr(form, name).parentWidget() for name in ("excitation", "pinhole")}
    for mode, shown in (("widefield", []), ("confocal", ["excitation", "pinhole"]), ("two-photon", ["excitation"])):
        form.microscope.choose(mode)
        assert [name for name, row in rows.items() if row.isVisibleTo(form)] == shown
    assert form.factor.value == 1.5
    for field, text in ((form.excitation, "920"), (form.factor, "2")):
        field.clear()
        qtbot.keyClicks(field, text)
    assert optics("0.8").startswith("Two-photon optics limit: FWHM")
    expected = nb.optics_limit(0.8, 520, 200, mode="two-photon", excitation_wavelength=920)
    reference = form.reference()
    assert (reference.sigma, reference.threshold) == pytest.approx((expected, 2 * expected))
    assert eval(f"nb.{reference!r}", {"nb": nb}) == reference
    form.microscope.choose("confocal")
    assert "in a confocal microscope the former is no longer than the latter" in optics("0.8")
    form.excitation.clear()
    qtbot.keyClicks(form.pinhole, "12")
    assert "The pinhole is 12.0; expected its diameter in Airy units" in optics("0.8")


def test_an_aperture_that_nothing_allows(opened: Any, optics: Any) -> None:
    opened.panel.form.optics.immersion.choose(1.518)
    assert "impossible in oil" in optics("1.7")


def test_a_limit_as_a_length_needs_the_pixel_size(opened: Any, qtbot: Any) -> None:
    form = opened.panel.form.optics
    form.kind.choose("typed")
    form.typed_unit.choose("length")
    qtbot.keyClicks(form.typed, "0.8")
    with qtbot.waitSignal(form.changed):
        pass
    assert "needs the pixel size" in form.limit_text.text()
    qtbot.keyClicks(form.pixel, "0.1")
    with qtbot.waitSignal(form.changed):
        pass
    assert form.limit_text.text().startswith("Limit: FWHM 8 px = 0.8 um")
    opened.run()
    assert opened.panel.view.verdict.text() == "Sharp, within the limit."
    opened.layer.scale, opened.layer.units = (100, 100), ("nm", "nm")
    with qtbot.waitSignal(form.changed):
        pass
    assert form.limit_text.text().startswith("Limit: FWHM 8 px = 800 nm")


def test_probabilities_are_kept_for_smoothing_where_they_are_small(
    estimating: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    m = estimating.estimate(PLANE)
    assert nb.smooth_sigma(m, "mrf").sigma.shape == PLANE.shape
    monkeypatch.setattr("napari_blurmap.plugin.estimate.job._KEPT", 100)
    assert estimating.estimate(PLANE).probabilities is None
