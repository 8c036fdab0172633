"""How pictures of every kind are understood."""

from __future__ import annotations

from types import SimpleNamespace

import dask.array as da
import numpy as np
import pytest
import tifffile
import torch
from napari.layers import Image

import napari_blurmap as nb
from napari_blurmap.ground.luminance import LUMINANCE
from napari_blurmap.picture.plane import read_plane
from napari_blurmap.picture.stack import as_stack

RNG = np.random.default_rng(3)
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


def test_luminance_and_alpha():
    colour = np.random.default_rng(1).random((40, 56, 4)) + 0.1
    colour[:5, :, 3] = 0
    plane = read_plane(colour)
    assert not plane.valid[:5].any()
    assert plane.valid[5:].all()
    grey = colour[..., :3] @ np.array(LUMINANCE)
    assert np.corrcoef(plane.picture[5:].ravel(), grey[5:].ravel())[0, 1] > 0.999999


def test_geometry_of_a_layer():
    affine = np.eye(4)
    affine[1, 3] = 7.0
    layer = SimpleNamespace(
        data=np.zeros((3, 40, 50)),
        scale=np.array([2.0, 0.3, 0.4]),
        units=("second", "um", "um"),
        axis_labels=("t", "y", "x"),
        translate=np.array([0.0, 5.0, 6.0]),
        affine=SimpleNamespace(affine_matrix=affine),
        rgb=False,
        multiscale=False,
    )
    stack = as_stack(layer)
    assert stack.axes == ("t", "y", "x")
    assert stack.scale == (2.0, 0.3, 0.4)
    assert stack.units == ("second", "micrometer", "micrometer")
    assert stack.translate == (0.0, 5.0, 6.0)
    assert stack.affine == affine.tolist()
    given = as_stack(layer, pixel_size=(100, 120), unit="nm")
    assert given.scale == (2.0, 100.0, 120.0)
    assert given.units == ("second", "nanometer", "nanometer")


def test_multiscale_and_rgb_layers():
    pyramid = [np.zeros((64, 64, 3), np.uint8), np.zeros((32, 32, 3), np.uint8)]
    layer = SimpleNamespace(data=pyramid, scale=[0.5, 0.5], units=("pixel", "pixel"), rgb=True, multiscale=True)
    stack = as_stack(layer)
    assert stack.shape == (64, 64)
    assert stack.colour == 2


def layer_like(data, **known):
    return SimpleNamespace(data=data, **({"scale": (1.0,) * np.ndim(data)} | known))


def test_a_flipped_layer():
    layer = layer_like(PICTURE, scale=(-0.5, 0.25), translate=(7.0, 3.0), units=("um", "um"))
    stack = as_stack(layer)
    assert stack.scale == (0.5, 0.25)
    row, column = 3, 5
    inside = [7.0 + 0.5 * row, 3.0 + 0.25 * column, 1]
    np.testing.assert_allclose(np.array(stack.affine) @ inside, [7.0 - 0.5 * row, 3.0 + 0.25 * column, 1])


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_colour_axis_of_a_layer_takes_its_size_away(axis):
    shape, scale = [40, 56], [2.0, 4.0]
    for values, colour in ((shape, 3), (scale, 9.0)):
        values.insert(axis, colour)
    labels = ["y", "x"]
    labels.insert(axis, "c")
    stack = as_stack(layer_like(np.zeros(shape), scale=scale, axis_labels=labels, translate=scale), channel_axis=axis)
    assert (stack.axes, stack.scale, stack.translate) == (("y", "x"), (2.0, 4.0), (2.0, 4.0))
    assert np.shape(stack.affine) == (3, 3)


@pytest.mark.parametrize(
    ("known", "word"),
    [
        ({"scale": (1.0, 0.0)}, "other than 0"),
        ({"scale": (1.0, np.nan)}, "other than 0"),
        ({"scale": (1.0,)}, "each of its 2 axes"),
        ({"units": ("um", "nm")}, "y in micrometer and x in nanometer"),
        ({"rgb": True, "data": np.zeros((40, 56, 3))}, "colour axis of this picture is 2"),
    ],
)
def test_layers_that_contradict_themselves(known, word):
    with pytest.raises(nb.BlurMapError, match=word):
        as_stack(layer_like(known.pop("data", PICTURE), **known), channel_axis=0 if "rgb" in known else None)


def test_a_typed_pixel_size_helps_where_units_differ():
    stack = as_stack(layer_like(PICTURE, units=("um", "nm")), pixel_size=0.2)
    assert stack.units == ("micrometer", "micrometer")


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
        ({"image": np.zeros((40, 40)), "pixel_size": -1.0}, "above 0"),
        ({"image": np.zeros((40, 40)), "pixel_size": 1.0, "unit": "furlong"}, "furlong"),
        ({"image": np.zeros((40, 40)), "unit": "um"}, "no pixel_size"),
    ],
)
def test_bad_input(arguments, word):
    with pytest.raises(nb.BlurMapError, match=word):
        as_stack(arguments.pop("image"), **arguments)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.int32, np.uint64, np.float16, np.float64])
def test_offset_and_gain_cost_no_digits(dtype):
    base = read_plane(PICTURE.astype(dtype))
    assert np.abs(base.picture).max() == pytest.approx(1, rel=0.1)
    if np.dtype(dtype).itemsize > 2:
        shifted = read_plane(PICTURE.astype(dtype) * 3 + np.dtype(dtype).type(10**8))
        np.testing.assert_allclose(shifted.picture, base.picture, atol=1e-5)


def test_extreme_numbers():
    huge = PICTURE * 1e300
    np.testing.assert_allclose(read_plane(huge).picture, read_plane(PICTURE).picture, atol=1e-5)
    one_wild = PICTURE.astype(float)
    one_wild[3, 3] = 1e250
    others = np.delete(read_plane(one_wild).picture.ravel(), 3 * 56 + 3)
    assert others.std() > 0.3


def test_constant_and_invalid_planes():
    flat = read_plane(np.full((40, 40), 3.5))
    assert (flat.picture == 0).all()
    assert flat.valid.all()
    nothing = read_plane(np.full((40, 40), np.nan))
    assert not nothing.valid.any()
    assert (nothing.picture == 0).all()
    boolean = read_plane(PICTURE > 100)
    assert np.unique(boolean.picture).size == 2


def test_neither_infinity_nor_alpha_hides_saturation():
    picture = np.full((40, 40), 0.5, np.float32)
    picture[:20] = 1
    picture[30, 30] = np.inf
    assert read_plane(picture).saturated[:20].all()
    colour = np.full((40, 40, 4), 1000, np.uint16)
    colour[:20, :, :3] = 4095
    colour[..., 3] = 65535
    assert read_plane(colour).saturated[:20].all()


def test_saturation_of_colours():
    colour = np.full((40, 40, 3), 100, np.uint8)
    colour[5:15, 5:15, 0] = 255  # red alone is less than a third of the luminance
    colour[20:30, 20:30] = 255
    found = read_plane(colour).saturated
    assert found.sum() == 100
    assert found[25, 25]


@pytest.mark.parametrize("wrap", [lambda a: a, lambda a: da.from_array(a, chunks=(30, 40))])
@pytest.mark.parametrize("hidden", [7, 255])
def test_a_mask_hides_neither_clipped_light_nor_eight_bits(wrap, hidden):
    picture = RNG.integers(0, 200, (60, 80)).astype(np.uint8)
    picture[10:20, 10:20] = 255
    mask = np.zeros(picture.shape, bool)
    mask[30:50, 40:70] = True
    bare, masked = read_plane(picture), np.ma.masked_array(np.where(mask, np.uint8(hidden), picture), mask)
    read = read_plane(as_stack(wrap(masked)).plane(()))
    np.testing.assert_array_equal(read.valid, ~mask)
    np.testing.assert_array_equal(read.saturated, bare.saturated)
    np.testing.assert_allclose(read.grey()[~mask], picture[~mask], atol=1e-3)


@pytest.mark.parametrize("number", [-3.4028235e38, -9999.0, 1e20, -1.7e308, 1.7e308])
def test_a_number_that_stands_for_no_data(number):
    picture = PICTURE / 255.0
    holed = picture.copy()
    holed[:2], holed[:, 7] = number, number
    plane = read_plane(holed)
    np.testing.assert_array_equal(plane.valid, holed != number)
    hidden = read_plane(np.ma.array(picture, mask=~plane.valid))
    np.testing.assert_allclose(plane.picture, hidden.picture, atol=1e-5)


@pytest.mark.parametrize(
    "picture",
    [
        np.where(PICTURE > 190, -9999.0, 0.0),  # two numbers only
        np.where(PICTURE > 190, 300.0, PICTURE),
        np.where(PICTURE > 128, 1000.0, 0.0) + PICTURE,
        PICTURE.astype(np.uint16) * 0 + np.uint16(65535) * (PICTURE > 190),
    ],
)
def test_a_picture_with_a_plateau_keeps_it(picture):
    assert read_plane(picture).valid.all()


@pytest.mark.parametrize("dtype", [np.float64, np.longdouble])
@pytest.mark.parametrize("scale", [9e307, -1.7e308, 1e-300])
def test_numbers_at_the_ends_of_a_type_stay_finite(dtype, scale):
    for picture in (np.full((40, 40), scale, dtype), (PICTURE / 300.0).astype(dtype) * dtype(scale)):
        plane = read_plane(picture)
        assert plane.valid.all()
        assert np.isfinite(plane.picture).all()
        assert np.isfinite(plane.grey()).all()
    shaped = read_plane(picture).picture * np.sign(scale)
    np.testing.assert_allclose(shaped, read_plane(PICTURE / 300.0).picture, atol=1e-5)


def test_what_float64_cannot_hold_is_invalid():
    if np.finfo(np.longdouble).max > np.finfo(float).max:
        picture = PICTURE.astype(np.longdouble)
        picture[5] = np.longdouble(10) ** 400
        assert not read_plane(picture).valid[5].any()
        assert read_plane(picture).valid[6:].all()


def test_arrays_that_users_have():
    lists = PICTURE.tolist()
    tensor = torch.from_numpy(PICTURE.astype(np.float32)).requires_grad_()
    pyramid = [PICTURE, PICTURE[::2, ::2]]
    levels = Image(pyramid, multiscale=True).data
    for image in (lists, tensor, pyramid, tuple(pyramid), levels, SimpleNamespace(data=levels, scale=(1, 1))):
        np.testing.assert_allclose(
            read_plane(as_stack(image).plane(())).picture, read_plane(PICTURE).picture, atol=1e-5
        )
    assert as_stack([PICTURE, PICTURE]).shape == (2, *PICTURE.shape)


def test_a_path_is_read(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, PICTURE, resolution=(1e5, 1e5), resolutionunit="CENTIMETER")
    for image in (path, str(path)):
        stack = as_stack(image)
        np.testing.assert_array_equal(stack.plane(()), PICTURE)
        assert stack.units == ("micrometer", "micrometer")
        assert stack.source == {"path": str(path)}


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ([[1, 2], [3]], "cannot be read as an array of numbers"),
        ([PICTURE, PICTURE[:, :40], PICTURE], "cannot be read as an array of numbers"),
        (torch.zeros(40, 40, dtype=torch.bfloat16), "cannot be read as an array of numbers"),
        ("missing.tif", "missing.tif"),
        (b"bytes", "real numbers"),
        (da.from_array(PICTURE)[da.from_array(PICTURE[:, 0] > 9)], "compute_chunk_sizes"),
        (object(), "real numbers"),
        (layer_like(PICTURE, scale=("a", "b")), "The layer's scale"),
        (layer_like(PICTURE, scale=None), "The layer's scale"),
        (layer_like(PICTURE, scale=[[1, 1], [1]]), "The layer's scale"),
        (layer_like(PICTURE, translate=(0, np.inf)), "The layer's translate"),
        (layer_like(PICTURE, translate=5), "The layer's translate"),
        (layer_like(PICTURE, rotate="left"), "rotate, shear or affine"),
        (layer_like(PICTURE, affine=np.eye(2)), "rotate, shear or affine"),
        (layer_like(PICTURE, affine=np.full((3, 3), np.nan)), "rotate, shear or affine"),
        (layer_like(PICTURE, shear=np.ones(7)), "rotate, shear or affine"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(image, words):
    with pytest.raises(nb.BlurMapError, match=words):
        as_stack(image)


@pytest.mark.parametrize("shape", [(64, 4), (4, 64), (40,)])
def test_a_colour_axis_leaves_y_and_x(shape):
    with pytest.raises(nb.BlurMapError, match=r"beside y and x|two axes|expected 1 to 4"):
        as_stack(np.zeros(shape), channel_axis=-1)


@pytest.mark.parametrize("known", [{"units": 5}, {"units": np.zeros(2)}, {"axis_labels": 3.0}, {"rgb": np.ones(2)}])
def test_what_a_layer_says_oddly_is_left_out(known):
    stack = as_stack(layer_like(PICTURE, **known))
    assert (stack.axes, stack.units, stack.colour) == (("y", "x"), ("pixel", "pixel"), None)
