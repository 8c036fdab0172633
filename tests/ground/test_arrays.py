"""Planes computed one by one, at once or when they are asked for."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from dask.base import compute

from napari_blurmap import BlurMapError, estimate_blur
from napari_blurmap.ground.arrays import blank, map_planes

STACK = np.random.default_rng(0).random((2, 3, 8, 10)).astype(np.float32)


def doubled(stack, *, lazy, seen):
    def work(plane, weight):
        assert isinstance(plane, np.ndarray)
        seen.append(plane.shape)
        return 2 * plane, (plane.sum() * np.arange(4) * weight).astype(np.int32)

    results = [blank(stack.shape, 0, np.float32, lazy=lazy), blank((2, 3, 4), 0, np.int32, lazy=lazy)]
    return map_planes(work, lambda index: (stack[index], 3), results, (2, 3), lazy=lazy)


def test_lazy_planes_are_those_in_memory_and_computed_once():
    (near, sums), seen = doubled(STACK, lazy=False, seen=[]), []
    lazy = doubled(da.from_array(STACK, chunks=(1, 1, 4, 5)), lazy=True, seen=seen)
    assert not seen
    assert [(a.shape, a.dtype) for a in lazy] == [(near.shape, np.float32), (sums.shape, np.int32)]
    found = compute(*lazy)
    assert seen == [(8, 10)] * 6
    np.testing.assert_array_equal(near, 2 * STACK)
    for one, other in zip(found, (near, sums), strict=True):
        np.testing.assert_array_equal(one, other)


def test_one_plane_is_computed_alone():
    seen = []
    lazy, _ = doubled(da.from_array(STACK), lazy=True, seen=seen)
    np.testing.assert_array_equal(lazy[1, 2].compute(), 2 * STACK[1, 2])
    assert len(seen) == 1


@pytest.mark.parametrize("lazy", [False, True])
def test_a_picture_without_leading_axes(lazy):
    (found,) = map_planes(
        lambda plane: [plane + 1],
        lambda index: [STACK[0, 0][index]],
        [blank((8, 10), 0, float, lazy=lazy)],
        (),
        lazy=lazy,
    )
    np.testing.assert_array_equal(np.asarray(found), STACK[0, 0] + 1)


def test_a_lazy_blank_takes_no_memory():
    assert blank((1000, 1000), 1, np.uint8, lazy=True).strides == (0, 0)


class Broken:
    """An array of a reader of somebody else's, whose file is gone or is not as large as it said."""

    dtype, shape = np.dtype("u1"), (40, 48)

    def __init__(self, found):
        self.found = found

    def __getitem__(self, where):
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def failing(block):
    raise ZeroDivisionError


LAZY = da.zeros((2, 40, 48), chunks=(1, 40, 48), dtype="u1")


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (Broken(OSError(5, "Input/output error")), "Input/output"),
        (Broken(np.zeros((3, 3), "u1")), r"\(40, 48\), and what was read has \(3, 3\)"),
        (LAZY.map_blocks(failing, meta=np.zeros((0, 0, 0), "u1")), "ZeroDivisionError"),
        (LAZY.map_blocks(lambda block: block[:, :9], meta=np.zeros((0, 0, 0), "u1")), "planes of a stack"),
    ],
    ids=["no file", "small file", "no computation", "small plane"],
)
def test_pictures_that_cannot_be_read_say_why(tiny_model, picture, said):
    with pytest.raises(BlurMapError, match=said):
        estimate_blur(picture, model=tiny_model)
