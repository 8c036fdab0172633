"""What the menus and the command palette start."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_blurmap import BlurMap
from napari_blurmap.models.registry import find_model
from napari_blurmap.plugin.check.panel import CheckPanel
from napari_blurmap.plugin.commands import DOCK_NAME, estimate_selected, open_panel
from napari_blurmap.plugin.estimate.panel import EstimatePanel
from napari_blurmap.plugin.panels.dock import dock_of
from napari_blurmap.plugin.widgets.preferences import store_preferences

pytestmark = [pytest.mark.gui_subset, pytest.mark.window]


def estimate(picture: Any, **_: Any) -> BlurMap:
    """Stands in for the network: one blur everywhere."""
    sigma = np.full(picture.data.shape, 2.0)
    return BlurMap(
        sigma, 0.1 * sigma, 0 * sigma, axes=("y", "x"), scale=(1, 1), units=("pixel",) * 2, provenance={"model": "m"}
    )


@pytest.fixture
def viewer(viewer: Any, npe2pm: Any) -> Iterator[Any]:
    with npe2pm.tmp_plugin(manifest=str(files("napari_blurmap") / "napari.yaml")):
        yield viewer


def panels(viewer: Any) -> list[str]:
    return [name for name, widget in viewer.window.dock_widgets.items() if isinstance(widget, EstimatePanel)]


def test_there_is_one_panel_however_it_was_opened(viewer: Any) -> None:
    _, first = viewer.window.add_plugin_dock_widget("napari-blurmap", "Estimate blur")
    dock = first.parentWidget()
    dock.hide()
    assert open_panel(viewer) is first
    assert dock.isVisible()
    assert len(panels(viewer)) == 1


def test_the_menu_toggles_the_same_panel(viewer: Any, qtbot: Any) -> None:
    panel = open_panel(viewer)
    qtbot.waitUntil(panel.isVisible)
    assert panels(viewer) == [DOCK_NAME]
    # napari's own action looks for the dock under this name
    from napari._qt._qplugins._qnpe2 import _toggle_or_get_widget

    assert _toggle_or_get_widget("napari-blurmap", "Estimate blur", DOCK_NAME) is None
    assert not panel.isVisible()


def test_a_second_panel_becomes_a_tab(viewer: Any, qtbot: Any) -> None:
    def add(**where: Any) -> tuple[Any, Any]:
        panel = CheckPanel(viewer)
        viewer.window.add_dock_widget(panel, **where)
        qtbot.waitUntil(panel.isVisible)
        qtbot.wait(50)
        return panel, dock_of(panel)

    first, first_dock = add(name="first")
    window = first_dock.parentWidget()
    second, second_dock = add(name="second")
    assert window.tabifiedDockWidgets(first_dock) == [second_dock]
    qtbot.waitUntil(lambda: not second.visibleRegion().isEmpty())
    assert first.visibleRegion().isEmpty()
    # Elsewhere it stays alone, and so does one that its user puts below.
    _, apart_dock = add(name="apart", area="bottom")
    assert window.tabifiedDockWidgets(apart_dock) == []
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, second_dock)
    second_dock.hide()
    second_dock.show()
    qtbot.wait(50)
    assert window.tabifiedDockWidgets(second_dock) == []
    _, third_dock = add(name="third", tabify=True)
    assert len(window.tabifiedDockWidgets(third_dock)) == 1


def test_a_model_file_opens_in_the_panel(viewer: Any, tmp_path: Path) -> None:
    path = tmp_path / "mine.blurmap.safetensors"
    shutil.copy(find_model("default"), path)
    assert viewer.open(str(path), plugin="napari-blurmap") == []
    assert viewer.window.dock_widgets[DOCK_NAME].form.model.model == str(path.resolve())


def test_the_selected_picture_is_estimated(viewer: Any, qtbot: Any) -> None:
    viewer.window.add_dock_widget(EstimatePanel(viewer, estimate=estimate), name=DOCK_NAME)
    chosen = viewer.add_image(np.zeros((64, 64)), name="chosen")
    viewer.add_image(np.ones((64, 64)), name="other")
    viewer.layers.selection = {chosen}
    estimate_selected()
    qtbot.waitUntil(lambda: "chosen sigma (m)" in viewer.layers, timeout=20_000)
    assert panels(viewer) == [DOCK_NAME]
    qtbot.waitUntil(lambda: not viewer.window.dock_widgets[DOCK_NAME].control.state.busy, timeout=20_000)
    third = viewer.add_image(np.ones((64, 64)), name="third")
    viewer.layers.selection = {viewer.layers["other"], third, viewer.layers["chosen sigma (m)"]}
    estimate_selected()
    qtbot.waitUntil(lambda: {"other sigma (m)", "third sigma (m)"} <= {o.name for o in viewer.layers}, timeout=20_000)
    assert "chosen sigma (m) [1]" not in viewer.layers


def test_other_selections_are_explained(viewer: Any, capsys: Any) -> None:
    second = viewer.add_image(np.zeros((64, 64)), name="sigma", metadata={"blurmap": None})
    for selected in (set(), {second}):
        viewer.layers.selection = selected
        estimate_selected()
        assert ("itself a blur map" if selected == {second} else "Select an image") in capsys.readouterr().out
    assert panels(viewer) == []


def test_preferences_change_only_their_own_field(viewer: Any, qtbot: Any) -> None:
    viewer.add_image(np.zeros((64, 64)), name="cells")
    panel = EstimatePanel(viewer, estimate=estimate)
    viewer.window.add_dock_widget(panel, name=DOCK_NAME)
    form, optics = panel.form, panel.form.optics
    optics.kind.choose("optics")
    qtbot.keyClicks(optics.aperture, "0,5")
    assert (optics.aperture.value, optics.aperture.text()) == (0.5, "0.5")
    store_preferences({"compute.tile": 512})
    assert form.tile.value == 512
    assert optics.aperture.value == 0.5
    optics.kind.choose("none")
    form.tile.choose(0)
    panel.run()
    qtbot.waitUntil(lambda: "cells sigma (m)" in viewer.layers, timeout=20_000)
    assert optics.kind.value == "none"
