"""Parts of a picture that other layers mark, and where the sliders stand, in its pixels."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer, Shapes
from skimage.draw import ellipse, polygon2mask

import napari_blurmap as nb
from napari_blurmap.picture.stack import as_stack
from napari_blurmap.plugin.layers.picture import LayerPicture
from napari_blurmap.plugin.layers.position import in_data, plane_shown
from napari_blurmap.plugin.layers.regions import Region


def mask_of(region: Layer, picture: Image) -> np.ndarray:
    return Region.of(region, picture, as_stack(LayerPicture.of(picture))).mask()


@pytest.mark.parametrize("flip", [1.0, -1.0])
def test_shapes_mark_what_lies_under_them(flip: float):
    """Polygons and ellipses drawn in the world, on a picture that is scaled, shifted and turned over."""
    picture = Image(np.zeros((3, 60, 50)), scale=(1, 0.5, 0.5 * flip), translate=(0, 10, 20))
    corners = np.array([[10, 5], [10, 30], [40, 30]])
    world = corners * (0.5, 0.5 * flip) + (10, 20)
    shapes = Shapes([world], shape_type="polygon")
    expected = polygon2mask((60, 50), corners)
    assert (mask_of(shapes, picture) == expected).mean() > 0.99
    box = np.array([[10, 10], [10, 40], [50, 40], [50, 10]]) * (0.5, 0.5 * flip) + (10, 20)
    round_ = Shapes([box], shape_type="ellipse")
    disc = np.zeros((60, 50), bool)
    disc[ellipse(30, 25, 20, 15)] = True
    assert (mask_of(round_, picture) == disc).mean() > 0.97


def test_layers_may_have_units_of_their_own():
    picture = Image(np.zeros((60, 50)), scale=(0.5, 0.5), units="um")
    corners = np.array([[10, 5], [10, 30], [40, 30]])
    shapes = Shapes([corners * 500.0], shape_type="polygon", units="nm")
    expected = polygon2mask((60, 50), corners)
    assert (mask_of(shapes, picture) == expected).mean() > 0.99
    coarse = np.zeros((30, 25), np.uint8)
    coarse[5:10, 5:20] = 3
    labels = Labels(coarse, scale=(1000, 1000), translate=(250, 250), units="nm")
    expected = np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1) != 0
    np.testing.assert_array_equal(mask_of(labels, picture), expected)


def test_places_are_found_where_layers_disagree_about_the_unit():
    viewer = ViewerModel()
    layer = viewer.add_image(np.zeros((5, 60, 50)), scale=(2.0, 0.5, 0.5), units="um")
    viewer.add_image(np.zeros((60, 50)))
    assert viewer.dims.units is None
    viewer.dims.set_point(0, 6.0)
    assert in_data(layer, np.array(viewer.dims.point), viewer.dims.units)[0] == 3


def test_labels_mark_what_lies_under_them():
    picture = Image(np.zeros((60, 50)), scale=(0.5, 0.5), translate=(10, 20))
    coarse = np.zeros((30, 25), np.uint8)
    coarse[5:10, 5:20] = 3
    labels = Labels(coarse, scale=(1, 1), translate=(10.25, 20.25))  # each label covers 2 x 2 pixels
    expected = np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1) != 0
    np.testing.assert_array_equal(mask_of(labels, picture), expected)
    with pytest.raises(nb.BlurMapError, match="Nothing in the layer"):
        mask_of(Labels(coarse, translate=(1000, 0)), picture)


def test_the_plane_shown_is_the_nearest_one():
    viewer = ViewerModel()
    deep = viewer.add_image(np.zeros((3, 5, 40, 40)), scale=(1, 2.0, 1, 1), translate=(0, 10, 0, 0))
    viewer.dims.set_point((0, 1), (2, 16.9))
    assert plane_shown(deep, (0, 1), (3, 5), viewer.dims) == (2, 3)
    assert plane_shown(deep, (1,), (5,), viewer.dims) == (3,)
    flat = viewer.add_image(np.zeros((2, 40, 40)))  # whose planes lie beside the slider
    assert plane_shown(flat, (0,), (2,), viewer.dims) == (1,)
