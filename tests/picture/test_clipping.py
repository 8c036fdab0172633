"""Over-exposure is found by its plateaus, whatever the top value is, and nothing else is taken for it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_blurmap.picture.clipping import saturated_places
from napari_blurmap.picture.sample import take_sample
from napari_blurmap.picture.stack import as_stack
from napari_blurmap.synthesis.camera import Camera
from napari_blurmap.synthesis.scenes import random_scene

CONTAINERS = {
    "12 bit": lambda a: a.astype(np.uint16),
    "left-aligned": lambda a: (a * 16).astype(np.uint16),
    "dark-subtracted": lambda a: np.clip(a - 100, 0, None).astype(np.uint16),
    "float": lambda a: a.astype(np.float32),
    "scaled float": lambda a: a.astype(np.float32) * np.float32(0.0371),
    "negative": lambda a: a / 4095 - 3.0,
    "int32": lambda a: a.astype(np.int32),
    "8 bit in uint16": lambda a: (a // 16).astype(np.uint16),
    "dark 8 bit stretched": lambda a: ((a // 16 - 7).clip(0) * 257).astype(np.uint16),
}


def overexposed(kind="nuclei", sigma=2.0, seed=0):
    """A 12-bit picture and where the light was beyond full scale."""
    scene = ndimage.gaussian_filter(random_scene((192, 192), seed, kind=kind), sigma, mode="wrap")
    light = 4300 * scene / np.quantile(scene, 0.9)
    electrons = np.rint(light + np.sqrt(light + 9) * np.random.default_rng(1).standard_normal(light.shape))
    return np.clip(electrons, 0, 4095).astype(int), electrons >= 4095


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
@pytest.mark.parametrize("kind", ["nuclei", "spots", "power law"])
def test_clipped_light_is_found_in_every_container(container, kind):
    picture, beyond = overexposed(kind)
    assert beyond.mean() > 0.05
    found = saturated_places(container(picture))
    # Few bits make the last levels of light one.
    assert not found[container(picture) != container(np.array([4095]))].any()
    assert found[beyond].mean() > 0.9


def test_plateaus_of_a_few_pixels_count_where_there_are_many():
    beads = np.zeros((192, 192))
    beads[8::16, 8::16] = np.random.default_rng(0).uniform(0.2, 2.0, (12, 12))
    light = 9000 * ndimage.gaussian_filter(beads, 0.8) + 100
    electrons = light + np.sqrt(light) * np.random.default_rng(1).standard_normal(light.shape)
    found = saturated_places(np.minimum(electrons, 1700).astype(np.float32))
    assert 15 < found.sum() <= (electrons >= 1700).sum()
    assert not found[electrons < 1700].any()


@pytest.mark.parametrize("kind", ["plates", "nuclei", "filaments", "spots", "power law", "tissue"])
@pytest.mark.parametrize("camera", [Camera(8, 300.0), Camera(8, 2e5), Camera(12, 5e3), Camera(16, 2e4)], ids=str)
def test_a_good_exposure_is_not_clipped(kind, camera):
    scene = ndimage.gaussian_filter(random_scene((128, 128), 1, kind=kind), 1.0, mode="wrap")
    assert saturated_places(camera.expose(0.9 * scene, np.random.default_rng(0))).mean() < 1e-3


def drawn(radius_of_blur):
    """Noiseless discs of one brightness."""
    y, x = np.mgrid[:96, :96] % 32 - 16
    return np.rint(200 * ndimage.gaussian_filter((np.hypot(y, x) < 10) * 1.0, radius_of_blur, mode="wrap"))


@pytest.mark.parametrize(
    "picture",
    [
        np.eye(50, dtype=bool).repeat(8, 0).repeat(8, 1),
        drawn(0).astype(np.uint8),
        drawn(2.0).astype(np.uint16),
        np.arange(64).reshape(8, 8).repeat(8, 0).repeat(8, 1),  # labels
        (250 * random_scene((96, 96), 1, kind="dead leaves")).astype(np.uint8),
        np.full((40, 40), 254, np.uint8),
        np.zeros((40, 40)),
        np.pad(np.full((12, 12), 180, np.uint8), 20) + np.random.default_rng(0).integers(0, 9, (52, 52), np.uint8) // 8,
    ],
    ids=["mask", "discs", "blurred discs", "labels", "leaves", "grey", "black", "square"],
)
def test_what_is_flat_without_noise_is_not_clipped(picture):
    assert not saturated_places(picture).any()


def test_full_scale_is_clipped_without_noise_too():
    picture = np.full((40, 40), 100, np.uint16)
    picture[3, 3] = 4095  # a hot pixel
    picture[10:15, 10:15] = 4095
    found = saturated_places(picture)
    assert found.sum() == 25
    assert found[12, 12]
    picture[12, 12] = 5000  # so 4095 is not full scale
    assert not saturated_places(picture).any()
    assert saturated_places(np.full((40, 40), 255, np.uint8)).all()


def test_every_colour_has_its_own_top():
    red, beyond = overexposed()
    colour = np.stack([red, np.minimum(red, 3000), red // 3], axis=-1).astype(np.uint16)
    found = saturated_places(colour)
    assert found[beyond, 0].mean() > 0.9
    assert found[red >= 3000, 1].mean() > 0.9
    assert found[..., 1].sum() > found[..., 0].sum()


def test_a_check_of_a_clipped_float_picture_is_clipped_there():
    picture, _ = overexposed()
    assert take_sample(as_stack(picture * 0.25)).digits.high == 4095 * 0.25
