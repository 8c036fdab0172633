"""The picture of a map is understood as it was estimated, or as the map is laid out."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from napari_blurmap.errors import BlurMapError
from napari_blurmap.result.blurmap import BlurMap
from napari_blurmap.result.guide import guide_of

PICTURE = np.random.default_rng(0).random((40, 40)).astype(np.float32)
WIDE = np.random.default_rng(0).random((40, 50)).astype(np.float32)


def map_of(shape=(40, 40), order="yx", **parameters):
    one = np.ones(shape)
    about = {"parameters": {"axes": list(order), **parameters}}
    axes = [a for a in order if a not in "yx"] + ["y", "x"]
    return BlurMap(one, one, one, axes=axes, scale=[1] * len(axes), units=["px"] * len(axes), provenance=about)


def layer(data, labels):
    return SimpleNamespace(data=data, scale=(1.0,) * data.ndim, axis_labels=labels)


@pytest.mark.parametrize(
    ("m", "image", "shown"),
    [
        (map_of(), PICTURE, PICTURE),
        (map_of(order="xy"), PICTURE, PICTURE.T),  # as it was estimated
        (map_of(order="xy"), layer(PICTURE, ("y", "x")), PICTURE),  # it says itself which axis is which
        (map_of(order="xy"), layer(PICTURE, ("x", "y")), PICTURE.T),
        (map_of((40, 50), order="xy"), WIDE, WIDE),  # with the axes of the map: as estimated it would not fit
        (map_of((50, 40), order="xy"), WIDE, WIDE.T),
        (map_of((3, 40, 40), order="xyz").plane((1,)), PICTURE, PICTURE.T),
    ],
)
def test_a_square_picture_stands_as_its_map(m, image, shown):
    np.testing.assert_array_equal(guide_of(m, image).plane(()), shown)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, None])
def test_the_colour_axis_is_where_the_map_remembers_it(axis):
    colour = np.stack([PICTURE] * 3, axis=-1 if axis is None else axis)
    guide = guide_of(map_of(order="xy", channel_axis=axis), colour)
    np.testing.assert_array_equal(guide.plane(())[..., 1], PICTURE.T)


@pytest.mark.parametrize("image", [WIDE, PICTURE[None, None], PICTURE[:, :33], layer(WIDE, ("y", "x"))])
def test_another_picture_is_refused(image):
    with pytest.raises(BlurMapError, match="give the picture that the map was made from"):
        guide_of(map_of(), image)
    with pytest.raises(BlurMapError, match="give the picture that the map was made from"):
        map_of().filled(image)
