"""The numbers of one plane, and which of them count."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest

from napari_blurmap.ground.luminance import LUMINANCE
from napari_blurmap.picture.plane import read_plane
from napari_blurmap.picture.stack import as_stack

RNG = np.random.default_rng(3)
PICTURE = np.random.default_rng(0).integers(0, 200, (40, 56)).astype(np.uint8)


def test_luminance_and_alpha():
    colour = np.random.default_rng(1).random((40, 56, 4)) + 0.1
    colour[:5, :, 3] = 0
    plane = read_plane(colour)
    assert not plane.valid[:5].any()
    assert plane.valid[5:].all()
    grey = colour[..., :3] @ np.array(LUMINANCE)
    assert np.corrcoef(plane.picture[5:].ravel(), grey[5:].ravel())[0, 1] > 0.999999


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
