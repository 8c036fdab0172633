"""A lazy picture that is too large for memory, in the window: its map grows tile by tile, what is seen first."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
import pytest

import napari_blurmap as nb
from napari_blurmap.estimate import Ready
from napari_blurmap.ground.status import Status
from napari_blurmap.io import levels, pyramid
from napari_blurmap.plugin.estimate import filling
from napari_blurmap.plugin.estimate.panel import EstimatePanel
from napari_blurmap.plugin.layers import picture

pytestmark = pytest.mark.usefixtures("tiny_default")


@pytest.fixture
def pixels() -> Any:
    return np.random.default_rng(1).integers(0, 4000, (2, 120, 260)).astype(np.uint16)


@pytest.fixture
def panel(viewer: Any, dock: Any, pixels: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> EstimatePanel:
    """Of a viewer with a lazy stack that counts as large; maps of it have two levels and tiles of 128 pixels."""
    for module, name, value in (
        (picture, "WHOLE", 1000),
        (filling, "_EDGE", 128),
        (filling, "_FIRST", 64),
        (levels, "_CHUNK", 64),
        (pyramid, "_TOP", 140),
    ):
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(filling, "_folder", lambda: tmp_path)
    viewer.add_image(
        da.from_array(pixels, chunks=(*(1,) * (pixels.ndim - 2), 64, 64)), name="slide", contrast_limits=(0, 4000)
    )
    if pixels.ndim == 3:
        viewer.dims.set_point(0, 1)
    viewer.reset_view()
    panel = EstimatePanel(viewer)
    dock(panel, "Estimate blur")
    return panel


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Which tiles are computed, in their order: plane, and the rows and columns where they begin."""
    found: list[Any] = []
    part = Ready.part

    def noted(self: Ready, index: Any, place: Any, tick: Any) -> Any:
        found.append((*index, place[0].start, place[1].start))
        return part(self, index, place, tick)

    monkeypatch.setattr(Ready, "part", noted)
    return found


def layer(viewer: Any, name: str) -> Any:
    return next(one for one in viewer.layers if name in one.name)


def done(panel: EstimatePanel, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: not panel.control.state.busy, timeout=60000)


@pytest.mark.window
def test_the_whole(panel: EstimatePanel, viewer: Any, pixels: Any, computed: list[Any], tiny_model: Any, qtbot: Any):
    panel.run()
    done(panel, qtbot)
    whole = nb.estimate_blur(pixels, model=tiny_model)
    assert [one.name.split(" (")[0] for one in viewer.layers] == [
        "slide",
        "slide sigma",
        "slide uncertainty",
        "slide cannot tell",
    ]
    sigma = layer(viewer, "sigma")
    assert viewer.layers.selection.active.name == sigma.name
    assert "partial" not in sigma.name
    assert [level.shape for level in sigma.data] == [(2, 120, 260), (2, 60, 130)]
    m = sigma.metadata["blurmap"]
    assert "partial" not in m.provenance
    np.testing.assert_array_equal(np.asarray(m.status), whole.status)
    np.testing.assert_allclose(np.asarray(m.sigma), whole.sigma, atol=1e-3)
    small = np.asarray(m.sigma).reshape(2, 60, 2, 130, 2).mean((2, 4))
    judged = np.asarray(sigma.data[1])
    np.testing.assert_allclose(judged, np.where(np.isnan(judged), np.nan, small), atol=1e-5)
    assert computed[0][0] == 1  # next to the middle of the plane that is seen
    assert max(abs(computed[0][1] - 64), abs(computed[0][2] - 128)) <= 64
    # Also on the canvas, whatever napari keeps of levels that were empty when they were added.
    reasons = layer(viewer, "cannot tell")
    reasons.data_level = 1
    reasons.refresh()
    assert not (np.asarray(reasons._slice.image.raw) == Status.INVALID).any()
    assert panel.view.title.text() == "slide"


@pytest.mark.window
@pytest.mark.parametrize("pixels", [np.random.default_rng(2).integers(0, 4000, (120, 260)).astype(np.uint16)])
def test_a_single_plane(panel: EstimatePanel, viewer: Any, qtbot: Any) -> None:
    """Of layers with two axes napari keeps the smallest level, as it was when they were added: empty."""
    panel.run()
    done(panel, qtbot)
    reasons = layer(viewer, "cannot tell")
    reasons.data_level = 1
    reasons.refresh()
    seen = np.asarray(reasons._slice.image.raw)
    assert seen.size
    assert not (seen == Status.INVALID).any()


def test_stopped_and_gone_on_with(panel: EstimatePanel, viewer: Any, computed: list[Any], qtbot: Any) -> None:
    panel.run()
    qtbot.waitUntil(lambda: len(computed) >= 3 and len(viewer.layers) > 1, timeout=60000)
    panel.control.cancel()
    done(panel, qtbot)
    assert panel.view.title.text() == "slide (partial)"
    part = layer(viewer, "sigma")
    assert "partial" in part.name
    there = np.asarray(part.metadata["blurmap"].status) != Status.INVALID
    assert 0 < there.mean() < 1
    count = len(computed)
    panel.run()
    done(panel, qtbot)
    assert len(computed) <= 6 + 2  # two planes of 3 tiles, the first tile, and one that was given up
    assert len(computed) > count
    assert part not in viewer.layers
    assert len(viewer.layers) == 4
    assert (np.asarray(layer(viewer, "sigma").metadata["blurmap"].status) != Status.INVALID).all()
    computed.clear()
    panel.run()
    done(panel, qtbot)
    assert not computed
