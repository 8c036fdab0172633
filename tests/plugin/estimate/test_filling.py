"""A lazy picture that is too large for memory, in the window: its map grows tile by tile, what is seen first."""

from __future__ import annotations

import gc
from time import sleep
from typing import Any
from weakref import WeakValueDictionary

import dask.array as da
import numpy as np
import pytest

import napari_blurmap as nb
from napari_blurmap.errors import Cancelled
from napari_blurmap.estimate import prepare
from napari_blurmap.ground.status import Status
from napari_blurmap.io import levels, pyramid
from napari_blurmap.models.parts import Parts
from napari_blurmap.picture import plane
from napari_blurmap.plugin.estimate import filling
from napari_blurmap.plugin.estimate.panel import EstimatePanel
from napari_blurmap.plugin.layers import picture
from napari_blurmap.plugin.run.control import RunState

pytestmark = pytest.mark.usefixtures("tiny_default")


@pytest.fixture
def pixels() -> Any:
    return np.random.default_rng(1).integers(0, 4000, (2, 260, 120)).astype(np.uint16)


@pytest.fixture
def panel(viewer: Any, dock: Any, pixels: Any, monkeypatch: pytest.MonkeyPatch) -> EstimatePanel:
    """Of a viewer with a lazy stack that counts as large; maps of it have two levels and tiles of 128 pixels."""
    for module, name, value in (
        (picture, "WHOLE", 1000),
        (filling, "_EDGE", 128),
        (filling, "_GLANCE", 64),
        (filling, "_STORES", WeakValueDictionary()),
        (levels, "_CHUNK", 64),
        (pyramid, "_TOP", 140),
    ):
        monkeypatch.setattr(module, name, value)
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
    maps = Parts.maps

    def noted(self: Parts, index: Any, place: Any, tick: Any, **how: Any) -> Any:
        found.append((*index, place[0].start, place[1].start))
        return maps(self, index, place, tick, **how)

    monkeypatch.setattr(Parts, "maps", noted)
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
    assert [level.shape for level in sigma.data] == [(2, 260, 120), (2, 130, 60)]
    m = sigma.metadata["blurmap"]
    assert "partial" not in m.provenance
    np.testing.assert_array_equal(np.asarray(m.status), whole.status)
    np.testing.assert_allclose(np.asarray(m.sigma), whole.sigma, atol=1e-3)
    small = np.asarray(m.sigma).reshape(2, 130, 2, 60, 2).mean((2, 4))
    np.testing.assert_allclose(np.asarray(sigma.metadata["blurmap_store"].maps()[1]["sigma"]), small, atol=1e-5)
    # A glance next to the middle of the plane that is seen, then tile by tile from there.
    assert computed[0][:2] == (1, 128)
    assert computed[1:] == [(plane, y, 0) for plane in (1, 0) for y in (128, 0, 256)]
    # Also on the canvas, whatever napari keeps of levels that were empty when they were added.
    reasons = layer(viewer, "cannot tell")
    reasons.data_level = 1
    reasons.refresh()
    assert not (np.asarray(reasons._slice.image.raw) == Status.INVALID).any()
    assert panel.view.title.text() == "slide"


@pytest.mark.window
@pytest.mark.parametrize("pixels", [np.random.default_rng(2).integers(0, 4000, (120, 260)).astype(np.uint16)])
def test_a_single_plane(panel: EstimatePanel, viewer: Any, pixels: Any, tiny_model: Any, qtbot: Any) -> None:
    """Of layers with two axes napari keeps the smallest level, as it was when they were added: empty."""
    panel.run()
    done(panel, qtbot)
    whole = nb.estimate_blur(pixels, model=tiny_model)
    np.testing.assert_allclose(np.asarray(layer(viewer, "sigma").metadata["blurmap"].sigma), whole.sigma, atol=1e-3)
    reasons = layer(viewer, "cannot tell")
    reasons.data_level = 1
    reasons.refresh()
    seen = np.asarray(reasons._slice.image.raw)
    assert seen.size
    assert not (seen == Status.INVALID).any()
    figures = panel.view.line.text()
    assert "of the picture" in figures or "Nothing could be judged:" in figures
    assert reasons.features["reason"][int(Status.INVALID)] == "invalid"
    assert reasons.features["share of the picture"].sum() == pytest.approx(1, abs=1e-3)
    assert reasons.colormap.map(int(Status.INVALID))[..., 3].all()


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
    assert "estimated so far" in panel.view.line.text()
    assert "invalid" not in panel.view.line.text()
    reasons = layer(viewer, "cannot tell")
    assert reasons.features["reason"][int(Status.INVALID)] == "not estimated yet"
    assert reasons.features["share of the picture"].sum() == pytest.approx(1, abs=1e-3)
    assert not reasons.colormap.map(int(Status.INVALID))[..., 3].any()
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


def test_stopped_in_the_first_tile(
    panel: EstimatePanel, viewer: Any, computed: list[Any], qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is shown before it is soon there, for little is read around it, but no part of the map."""
    shown, maps = [], Parts.maps

    def late(self: Parts, *where: Any, **how: Any) -> Any:
        while "margin" not in how and panel.control.state is RunState.RUNNING:
            sleep(0.01)
        return maps(self, *where, **how)

    monkeypatch.setattr(Parts, "maps", late)
    viewer.layers.events.inserted.connect(lambda event: shown.append(event.value))
    panel.run()
    qtbot.waitUntil(lambda: bool(shown), timeout=60000)
    store = shown[0].metadata["blurmap_store"]
    panel.control.cancel()
    done(panel, qtbot)
    assert len(computed) == 2
    assert (np.asarray(shown[0].metadata["blurmap"].status) == Status.INVALID).all()
    assert not list(store.path.glob("0/c/**/[0-9]*/*.*"))
    assert [one.name for one in viewer.layers] == ["slide"]
    assert panel.run_view.message.text() == "Cancelled before any of it was finished."


@pytest.mark.parametrize("pixels", [np.zeros((100, 150), np.uint16)])
def test_the_folder_goes_with_its_layers(panel: EstimatePanel, viewer: Any, qtbot: Any) -> None:
    panel.run()
    done(panel, qtbot)
    folder = layer(viewer, "sigma").metadata["blurmap_store"].path.parent
    gc.collect()
    assert folder.exists()
    viewer.layers.clear()
    qtbot.waitUntil(lambda: gc.collect() >= 0 and not folder.exists(), timeout=10000)
    assert not panel.view.isVisible()


def test_a_large_tile_is_stopped_before_all_of_it_is_read(tiny_model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read for the coarse copy of a tile takes seconds: who cancels meanwhile does not wait for it."""
    monkeypatch.setattr(plane, "WHOLE", 1000)
    ready = prepare(da.zeros((512, 512), np.uint16, chunks=128), model=tiny_model)
    pieces = []

    def cancel() -> None:
        pieces.append(1)
        raise Cancelled(None)

    monkeypatch.setattr(plane, "read_plane", lambda *_: pieces.append(2))
    with pytest.raises(Cancelled):
        Parts(ready.stack, ready.sensors, ready.reader).maps((), (slice(0, 512), slice(0, 512)), cancel)
    assert pieces == [1]
