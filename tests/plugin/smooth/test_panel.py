"""The panel as its user meets it: preview, apply, cancel, and layers that go away meanwhile."""

from __future__ import annotations

from dataclasses import replace
from threading import Event
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image
from qtpy.QtWidgets import QApplication

from napari_blurmap import BlurMap, Cancelled, add_to_viewer, smooth_sigma
from napari_blurmap.plugin.layers.layers import result_layers
from napari_blurmap.plugin.layers.picture import LayerPicture
from napari_blurmap.plugin.smooth.panel import SmoothPanel
from napari_blurmap.plugin.smooth.piece import LARGEST, Piece, piece_in_view, preview_layer, smoothed_piece
from napari_blurmap.plugin.smooth.preview import NAME as PREVIEW


def a_map(shape: tuple[int, ...] = (96, 128), scale: float = 0.5, probabilities: bool = False) -> BlurMap:
    random = np.random.default_rng(0)
    sigma = random.uniform(1, 3, shape)
    status = (random.random(shape) < 0.1).astype(np.uint8)
    n = len(shape)
    small = (*shape[:-2], 6, -(-shape[-2] // 4), -(-shape[-1] // 4))
    return BlurMap(
        sigma,
        0.1 * sigma,
        status,
        axes=("z", "y", "x")[-n:],
        scale=(scale,) * n,
        units=("micrometer",) * n,
        provenance={"model": "m"},
        probabilities=random.dirichlet(np.ones(6), 1)[0].reshape(6, 1, 1) * np.ones(small) if probabilities else None,
        sigma_grid=np.arange(6.0) if probabilities else None,
    )


@pytest.fixture
def opened(viewer: Any, dock: Any, qtbot: Any) -> Any:
    m = a_map()
    picture = viewer.add_image(np.random.default_rng(1).random((96, 128)), name="cells", scale=(0.5, 0.5), units="um")
    add_to_viewer(viewer, m, picture)
    panel = SmoothPanel(viewer)
    dock(panel, "Smooth blur map")

    def settle() -> None:
        qtbot.waitUntil(lambda: not panel.preview.busy, timeout=20000)

    def applied() -> None:
        qtbot.waitUntil(lambda: not panel.control.state.busy, timeout=20000)

    qtbot.waitUntil(lambda: PREVIEW in names(viewer), timeout=20000)
    settle()
    return SimpleNamespace(viewer=viewer, m=m, picture=picture, panel=panel, settle=settle, applied=applied)


def names(viewer: Any) -> list[str]:
    return [layer.name for layer in viewer.layers]


def test_the_preview_is_what_apply_would_give(opened: Any) -> None:
    assert opened.panel.form.map.value.name == "cells sigma (m)"
    assert opened.panel.form.picture.value.name == "cells"
    for method in ("mean", "edge"):
        opened.panel.form.method.value = method
        opened.settle()
        assert names(opened.viewer).count(PREVIEW) == 1
        expected = smooth_sigma(opened.m, method, image=opened.picture.data).masked().sigma
        shown = opened.viewer.layers[PREVIEW]
        np.testing.assert_allclose(shown.data, expected, rtol=1e-5)
        np.testing.assert_allclose(shown.extent.world, opened.picture.extent.world)


def test_the_slider_updates_the_one_preview(opened: Any, qtbot: Any) -> None:
    before = opened.viewer.layers[PREVIEW].data.copy()
    for strength in (21, 31, 41):
        opened.panel.form.strength.value = strength
    opened.settle()
    assert names(opened.viewer).count(PREVIEW) == 1
    after = opened.viewer.layers[PREVIEW].data
    assert np.nanstd(after) < 0.9 * np.nanstd(before)
    np.testing.assert_allclose(after, smooth_sigma(opened.m, strength=41).masked().sigma, rtol=1e-5)


def test_apply_makes_new_layers_and_changes_none(opened: Any) -> None:
    opened.panel.form.method.value = "edge"
    opened.settle()
    old = opened.viewer.layers["cells sigma (m)"].data.copy()
    for _ in range(2):
        opened.panel.run_view.button.click()
        opened.applied()
    assert PREVIEW not in names(opened.viewer)
    assert {"cells sigma (m, edge 6)", "cells sigma (m, edge 6) [1]"} <= set(names(opened.viewer))
    np.testing.assert_array_equal(opened.viewer.layers["cells sigma (m)"].data, old)
    found = opened.viewer.layers["cells sigma (m, edge 6)"].metadata["blurmap"]
    expected = smooth_sigma(opened.m, "edge", image=opened.picture.data)
    np.testing.assert_allclose(found.sigma, expected.sigma, rtol=1e-5)
    assert found.provenance["smoothed"] == expected.provenance["smoothed"]
    # The next trial starts from the map before, not from the smoothed one, and its result is the one to be seen.
    assert opened.panel.form.map.value.name == "cells sigma (m)"
    shown = [layer.name for layer in opened.viewer.layers if layer.visible]
    assert shown == ["cells", "cells sigma (m, edge 6) [1]", "cells cannot tell [2]"]


def test_the_map_that_was_smoothed_is_hidden_not_the_one_chosen_meanwhile(opened: Any) -> None:
    panel, viewer = opened.panel, opened.viewer
    first = panel.form.map.value
    add_to_viewer(viewer, a_map())
    second = next(layer for layer in panel.form.map.choices if layer not in (None, first))
    panel.form.map.value = first
    opened.settle()
    panel.run_view.button.click()
    panel.form.map.value = second
    opened.applied()
    assert not first.visible
    assert second.visible
    shown = {layer.name for layer in viewer.layers if layer.visible}
    # That of the first map is hidden with it; those of the second and of the smoothed map are seen.
    assert {name for name in shown if "cannot tell" in name} == {"picture cannot tell", "cells cannot tell [1]"}


def test_the_preview_takes_the_unit_of_its_map_and_names_may_change(opened: Any) -> None:
    panel, viewer = opened.panel, opened.viewer
    m = replace(a_map(), scale=(300, 300), units=("nanometer",) * 2)
    add_to_viewer(viewer, m)
    second = next(x for x in panel.form.map.choices if x is not None and x.metadata["blurmap"] is m)
    panel.form.map.value = second
    opened.settle()
    assert viewer.layers[PREVIEW].units == second.units
    second.name = "renamed"
    assert panel.form.map.value == second


@pytest.mark.window
def test_no_preview_is_left_where_none_is_wanted(opened: Any) -> None:
    opened.panel.form.preview.value = False
    assert PREVIEW not in names(opened.viewer)
    opened.panel.form.preview.value = True
    opened.settle()
    assert PREVIEW in names(opened.viewer)
    opened.viewer.window.remove_dock_widget(opened.panel)
    assert PREVIEW not in names(opened.viewer)


def test_without_probabilities_it_says_what_to_do(opened: Any) -> None:
    opened.panel.form.method.value = "mrf"
    opened.settle()
    assert "keep_probabilities=True" in opened.panel.run_view.message.text()
    assert PREVIEW not in names(opened.viewer)
    opened.panel.run_view.button.click()
    opened.applied()
    assert "keep_probabilities=True" in opened.panel.run_view.message.text()
    assert opened.panel.run_view.button.text() == "Apply"


def test_layers_go_away(opened: Any) -> None:
    opened.viewer.layers.clear()
    opened.settle()
    assert opened.panel.form.map.value is None
    assert not opened.panel.run_view.button.isEnabled()
    assert opened.panel.form.purpose.text() == "Estimate a blur map first."
    assert names(opened.viewer) == []


@pytest.mark.window
def test_cancel_and_closing_leave_nothing(opened: Any, qtbot: Any) -> None:
    begun = Event()

    def endless(m: BlurMap, *_: Any, cancel: Any, **__: Any) -> BlurMap:
        begun.set()
        while not cancel():
            pass
        raise Cancelled(m)

    opened.panel._function = endless
    before = names(opened.viewer)
    opened.panel.run_view.button.click()
    assert opened.panel.run_view.button.text() == "Cancel"
    qtbot.waitUntil(begun.is_set)
    opened.panel.run_view.button.click()
    opened.applied()
    assert "Cancelled" in opened.panel.run_view.message.text()
    assert names(opened.viewer) == before
    begun.clear()
    opened.panel.run_view.button.click()
    qtbot.waitUntil(begun.is_set)
    control = opened.panel.control
    opened.viewer.window.remove_dock_widget(opened.panel)
    qtbot.waitUntil(lambda: not control.state.busy, timeout=10000)
    assert PREVIEW not in names(opened.viewer)


def test_the_copied_python_does_the_same(opened: Any) -> None:
    opened.panel.form.method.value = "edge"
    opened.panel.run_view.copies["python"].trigger()
    code = QApplication.clipboard().text()
    exec(code, {"viewer": opened.viewer})
    found = opened.viewer.layers["cells sigma (m) [1]"].metadata["blurmap"]
    assert found.provenance["smoothed"][0]["method"] == "edge"


@pytest.mark.parametrize("turned", [False, True])
def test_a_piece_lies_on_its_map(turned: bool) -> None:
    m = a_map((3, 96, 128))
    place = {"rotate": [[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]], "shear": [0, 0, 0.2]} if turned else {}
    layer = Image(
        np.zeros((3, 96, 128)), scale=(2, 0.5, 0.5), translate=(1, 5, 9), axis_labels=("z", "y", "x"), **place
    )
    sigma = result_layers(m, layer)[0]
    piece = Piece((2,), slice(32, 80), slice(64, 128))
    shown = preview_layer(sigma, m, piece, smoothed_piece(m, piece, None, method="mean", strength=5), "p")
    for corner in ((0, 0, 0), (0, 47, 63)):
        np.testing.assert_allclose(shown.data_to_world(corner), sigma.data_to_world(np.add(corner, piece.origin)))


def test_a_preview_sees_the_mask_of_its_guide() -> None:
    m, rng = a_map((96, 96)), np.random.default_rng(0)
    picture, mask = rng.random((96, 96), np.float32), np.zeros((96, 96), bool)
    mask[30:50, 30:60] = True
    masked = LayerPicture.of(Image(np.zeros((96, 96))))
    masked = replace(masked, data=np.ma.masked_array(np.where(mask, 1e3, picture), mask))
    bare = replace(masked, data=np.where(mask, np.nan, picture))
    pieces = [smoothed_piece(m, Piece((), slice(96), slice(96)), guide, method="edge") for guide in (masked, bare)]
    np.testing.assert_array_equal(pieces[0].sigma, pieces[1].sigma)


def test_a_piece_of_a_map_is_smoothed_as_the_whole() -> None:
    m = a_map((2, 160, 160), probabilities=True)
    piece = Piece((1,), slice(32, 128), slice(64, 160))
    for method in ("mean", "gradient", "mrf"):
        whole = smooth_sigma(m, method, strength=None if method == "mrf" else 5).sigma[1, 32:128, 64:160]
        part = smoothed_piece(m, piece, None, method=method, strength=0.5 if method == "mrf" else 5).sigma
        inside = np.s_[24:-24, 24:-24]
        np.testing.assert_allclose(part[inside], whole[inside], atol=0.02)


def test_a_large_map_is_previewed_in_part() -> None:
    m = a_map((2, 1000, 1600))
    viewer = ViewerModel()
    add_to_viewer(viewer, m)
    viewer.dims.set_current_step(0, 1)
    layer = viewer.layers[0]
    layer.corner_pixels = np.array([[1, 0, 0], [1, 999, 1599]])
    piece = piece_in_view(layer, m, viewer.dims)
    assert piece.index == (1,)
    for part, middle in ((piece.rows, 500), (piece.columns, 800)):
        assert part.start % 32 == 0
        assert LARGEST <= part.stop - part.start <= LARGEST + 32
        assert abs((part.start + part.stop) / 2 - middle) <= 32


def test_a_long_name_does_not_widen_the_panel(opened: Any, qtbot: Any):
    opened.viewer.layers["cells"].name = "2026-11-25 experiment with a long description, well B07, " * 3
    panel = SmoothPanel(opened.viewer)
    qtbot.addWidget(panel)
    panel.show()
    assert panel.form.picture.value.name.startswith("2026")
    assert panel.form.minimumSizeHint().width() < 400
