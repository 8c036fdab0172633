"""What the canvas really draws: nothing over places without a sigma, and the right colours elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from napari.utils.colormaps import ensure_colormap

from napari_blurmap import BlurMap, add_to_viewer
from napari_blurmap.plugin.layers.colormaps import blur_colormap

N = 90
GREY = 100


def screenshot(viewer: object, qapp: object) -> np.ndarray:
    """What the canvas shows, as values from 0 to 1."""
    for _ in range(5):
        qapp.processEvents()
    return viewer.screenshot(canvas_only=True, flash=False)[..., :3] / 255.0


def at(picture: np.ndarray, row: float, column: float) -> np.ndarray:
    """Colour at a place of the layer that fills the middle of the canvas, given from 0 to 1."""
    height, width = picture.shape[:2]
    side = 0.5 * min(height, width)
    return picture[int(height / 2 + (row - 0.5) * side), int(width / 2 + (column - 0.5) * side)]


@pytest.mark.gui_subset
def test_places_without_a_sigma_show_the_picture(make_napari_viewer_proxy, qapp) -> None:
    # Three columns: invalid (NaN), measured as 2 px, beyond the colours; and everywhere a picture of one grey.
    column = np.indices((N, N))[1] // (N // 3)
    sigma = np.choose(column, [np.nan, 2.0, 20.0])
    status = np.where(column == 0, 5, 0)
    m = BlurMap(sigma, 0.1 * sigma, status, axes=("y", "x"), scale=(1, 1), units=("um", "um"), provenance={})
    viewer = make_napari_viewer_proxy(show=True)
    viewer.window.resize(700, 500)
    source = viewer.add_image(np.full((N, N), GREY, np.uint8), contrast_limits=(0, 255), units=("um", "um"))
    layer, _, labels = add_to_viewer(viewer, m, source)
    labels.visible = False
    layer.colorbar.visible = False
    viewer.scene.camera.center = (N / 2 - 0.5, N / 2 - 0.5)
    viewer.scene.camera.zoom = 0.5 * min(screenshot(viewer, qapp).shape[:2]) / N

    shown = screenshot(viewer, qapp)
    grey = np.full(3, GREY / 255)
    np.testing.assert_allclose(at(shown, 0.5, 0.15), grey, atol=0.02)
    low, high = layer.contrast_limits
    colour = blur_colormap().map((2.0 - low) / (high - low))[0, :3]
    np.testing.assert_allclose(at(shown, 0.5, 0.5), 0.6 * colour + 0.4 * grey, atol=0.03)
    beyond = blur_colormap().map(1.0)[0, :3]
    assert np.abs(beyond - ensure_colormap("viridis").map(1.0)[0, :3]).max() > 0.3
    np.testing.assert_allclose(at(shown, 0.5, 0.85), 0.6 * beyond + 0.4 * grey, atol=0.03)
    sharpest = ensure_colormap("viridis").map(0.0)[0, :3]
    assert np.abs(at(shown, 0.5, 0.15) - (0.6 * sharpest + 0.4 * grey)).max() > 0.1

    labels.visible = True
    shown = screenshot(viewer, qapp)
    assert np.abs(at(shown, 0.5, 0.15) - grey).max() > 0.1
    assert np.abs(at(shown, 0.5, 0.15) - (0.6 * sharpest + 0.4 * grey)).max() > 0.1
    np.testing.assert_allclose(at(shown, 0.5, 0.5), 0.6 * colour + 0.4 * grey, atol=0.03)
