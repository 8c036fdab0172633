"""Axes, colour and pixel sizes of pictures."""

from __future__ import annotations

import numpy as np
import pytest

import napari_blurmap as nb
from napari_blurmap.picture.stack import as_stack

PICTURE = np.random.default_rng(0).integers(0, 200, (40, 56)).astype(np.uint8)


def test_default_axes():
    assert as_stack(PICTURE).axes == ("y", "x")
    assert as_stack(np.zeros((2, 3, 40, 41))).axes == ("c", "z", "y", "x")
    assert as_stack(np.zeros((1, 1, 1, 1, 1, 1, 40, 41))).axes == ("a0", "a1", "s", "t", "c", "z", "y", "x")


def test_axes_in_any_order():
    stack = as_stack(np.arange(2 * 40 * 50 * 3).reshape(50, 3, 40, 2), axes="XZYT")
    assert stack.axes == ("z", "t", "y", "x")
    assert stack.shape == (3, 2, 40, 50)
    plane = stack.plane((2, 1))
    np.testing.assert_array_equal(plane, np.arange(2 * 40 * 50 * 3).reshape(50, 3, 40, 2)[:, 2, :, 1].T)
    assert len(list(stack.indices())) == 6


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_colour_axis_anywhere(axis):
    colour = np.random.default_rng(1).random((40, 56, 3))
    stack = as_stack(np.moveaxis(colour, -1, axis), channel_axis=axis)
    assert stack.axes == ("y", "x")
    np.testing.assert_array_equal(stack.plane(()), colour)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"image": np.zeros((0, 40))}, "40"),
        ({"image": np.zeros((31, 400))}, "at least 32 x 32"),
        ({"image": np.zeros((1, 400))}, "at least 32 x 32"),
        ({"image": np.zeros(400)}, "two axes"),
        ({"image": 3.0}, "two axes"),
        ({"image": np.zeros((40, 40), complex)}, "real numbers"),
        ({"image": np.zeros((40, 40), object)}, "real numbers"),
        ({"image": np.zeros((40, 40, 3))}, "channel_axis=-1"),
        ({"image": np.zeros((40, 40, 4))}, "channel_axis=-1"),
        ({"image": np.zeros((40, 40, 9)), "channel_axis": 2}, "Fluorescence channels"),
        ({"image": np.zeros((40, 40)), "channel_axis": 5}, "2 axes"),
        ({"image": np.zeros((40, 40)), "channel_axis": "c"}, "channel_axis is 'c'"),
        ({"image": np.zeros((40, 40)), "axes": 5}, "axes is 5"),
        ({"image": np.zeros((40, 40)), "axes": ""}, "expected 2"),
        ({"image": np.zeros((3, 40, 40)), "axes": "YX"}, "expected 3"),
        ({"image": np.zeros((3, 40, 40)), "axes": "ZZY"}, "different names"),
        ({"image": np.zeros((3, 40, 40)), "axes": "YYX"}, "different names"),
        ({"image": np.zeros((40, 40)), "pixel_size": -1.0}, "above 0"),
        ({"image": np.zeros((40, 40)), "pixel_size": 1.0, "unit": "furlong"}, "furlong"),
        ({"image": np.zeros((40, 40)), "unit": "um"}, "no pixel_size"),
    ],
)
def test_bad_input(arguments, word):
    with pytest.raises(nb.BlurMapError, match=word):
        as_stack(arguments.pop("image"), **arguments)


@pytest.mark.parametrize("shape", [(64, 4), (4, 64), (40,)])
def test_a_colour_axis_leaves_y_and_x(shape):
    with pytest.raises(nb.BlurMapError, match=r"beside y and x|two axes|expected 1 to 4"):
        as_stack(np.zeros(shape), channel_axis=-1)
