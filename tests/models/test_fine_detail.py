"""What has far more fine detail than the camera's noise can make is not empty."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

import napari_blurmap as nb
from napari_blurmap.ground.status import Status
from napari_blurmap.models.fine_detail import REACH, stands_out
from napari_blurmap.picture.camera_noise import estimate_noise
from napari_blurmap.picture.plane import Plane, read_plane
from napari_blurmap.picture.sensor import Sensor, as_noise

RNG = np.random.default_rng(3)
NOISE = 2.0
GROUND = RNG.normal(100, NOISE, (96, 128))
GRAIN = GROUND + ndimage.gaussian_filter(RNG.normal(0, 150, GROUND.shape), 0.8)
SLOPE = GROUND + 40 * np.add.outer(np.arange(96), np.arange(128))
STEP = GROUND + 80 * (np.add.outer(np.arange(96), np.arange(128)) > 110)


def seen(picture, noise=NOISE):
    """Of the inner half."""
    return stands_out(read_plane(picture, Sensor(noise=as_noise(noise))))[24:72, 32:96].numpy()


def test_grain_stands_out_and_neither_noise_nor_a_slope_nor_a_step_does():
    assert seen(GRAIN).all()
    assert not seen(GRAIN, 60.0).any()
    for other in (GROUND, SLOPE, STEP):
        assert not seen(other).any()


def test_noise_that_is_not_known_for_certain_says_nothing():
    plane = read_plane(GRAIN, Sensor(noise=as_noise(NOISE)))
    unknown = (Plane(plane.picture, plane.valid, plane.saturated, noise=plane.noise), read_plane(GRAIN))
    assert not any(stands_out(each).any() for each in unknown)
    # Rounding is all that is seen: the noise of other places may be larger, whatever the unit of the numbers.
    filled = np.where(np.arange(128) < 96, 100, np.rint(GRAIN))
    for picture in (filled, 0.01 * filled):
        noise = estimate_noise(picture)
        assert noise.certain
        assert not stands_out(read_plane(picture, Sensor(noise=noise))).any()


def test_a_part_with_what_lies_around_is_as_the_whole():
    both = np.where(np.arange(128) < 70, GRAIN, GROUND)
    both[40:50, 20:60] = np.nan
    plane = read_plane(both, Sensor(noise=as_noise(NOISE)))
    whole, part = stands_out(plane), stands_out(plane.at(np.s_[32 - REACH :, 32 - REACH : 96 + REACH]))
    assert 0.2 < whole[32:, 32:96].float().mean() < 0.8
    assert (part[REACH:, REACH : REACH + 64] == whole[32:, 32:96]).all()


@pytest.mark.parametrize("edge", [192, 256])
def test_fine_grain_is_not_empty_where_the_rest_of_the_frame_shows_the_noise(edge):
    """40 grey levels of white grain, blurred by 0.8 px; beside it the same, 4 px out of focus, and noise of 0.5."""
    rng = np.random.default_rng(1)
    white = rng.normal(size=(edge, edge))
    sharp, soft = (ndimage.gaussian_filter(white, sigma, mode="wrap") for sigma in (0.8, 4.0))
    both = np.where(np.arange(edge) < edge / 2, sharp, soft)
    taken = np.clip(128 + 40 * both / both.std() + rng.normal(0, 0.5, both.shape), 0, 255).astype(np.uint8)
    status = nb.estimate_blur(taken).status[:, 24 : edge // 2 - 24]
    assert not (status == Status.EMPTY).any()
