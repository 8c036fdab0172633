"""Motion in the summary: only where the blur is surely not round, never for a round one."""

from __future__ import annotations

import json

import dask.array as da
import numpy as np
import pytest
from scipy import ndimage

import napari_blurmap as nb
from napari_blurmap.ground.optics import equivalent_sigma

ABOUT = {"axes": "yx", "scale": (0.5, 0.5), "units": ("um", "um"), "provenance": {"model": "m"}}


def a_map(first, second, *, sigma=3.0, error=0.05, status=0, **about):
    one = np.ones((256, 256))
    shape = {"ellipticity_1": first * one, "ellipticity_2": second * one, "ellipticity_error": error * one}
    return nb.BlurMap(sigma * one, 0.05 * one, status * one, **shape, **(ABOUT | about))


def moved(length, angle, round_sigma=1.0):
    """Line and Gaussian: sigma of both and ellipticity, the line's from its own MTF."""
    frequency = np.linspace(0, 0.5, 2001)
    square = equivalent_sigma(frequency, np.sinc(length * frequency)) ** 2
    sigma = np.sqrt(round_sigma**2 + square / 2)
    e = square / (2 * sigma**2)
    return sigma, e * np.cos(np.radians(2 * angle)), e * np.sin(np.radians(2 * angle))


@pytest.mark.parametrize(("length", "angle"), [(5, 0), (12, 35), (25, 179)])
def test_motion_is_named(length, angle):
    sigma, first, second = moved(length, angle)
    summary = a_map(first, second, sigma=sigma, error=0.02).summary()
    found = summary["motion"]
    assert found["share"] == 1
    assert found["length"] == pytest.approx(length, rel=0.03)
    assert found["length_in_unit"] == pytest.approx(length / 2, rel=0.03)
    assert found["angle"] == pytest.approx(angle, abs=0.5)
    assert found["angle_spread"] < 0.1
    assert json.loads(json.dumps(summary)) == summary
    line = nb.summary_line(summary)
    assert "Not round at 100 % of the judged places: as by motion of" in line
    assert f"at {angle} degrees from +x towards +y." in line
    assert " um) " in line


def test_a_line_that_is_a_length_in_pixels_only_without_a_pixel_size():
    line = nb.summary_line(a_map(0.9, 0.0, units=("px", "px")).summary())
    assert line.endswith("as by motion of 12.8 +- 0.3 px at 0 degrees from +x towards +y.")


@pytest.mark.parametrize("reach", [0, 8, 40])
@pytest.mark.parametrize("seed", range(3))
def test_noise_of_a_round_blur_is_no_motion(reach, seed):
    """As noisy as stated, from place to place or shared over tens of pixels."""
    rng = np.random.default_rng(seed)
    noise = [ndimage.gaussian_filter(rng.standard_normal((256, 256)), reach, mode="wrap") for _ in range(2)]
    first, second = (0.2 * values / values.std() for values in noise)
    summary = a_map(first, second, error=0.2).summary()
    assert summary["motion"] is None
    assert "ound" not in nb.summary_line(summary)


def test_the_detail_of_a_specimen_is_no_motion_however_small_the_error():
    assert a_map(0.1, 0.0, error=0.001).summary()["motion"] is None


def test_only_judged_places_count():
    moving = np.zeros((256, 256))
    moving[:128] = 0.8
    status = np.zeros((256, 256))
    assert a_map(moving, 0.0).summary()["motion"]["share"] == 0.5
    status[:128] = 1
    assert a_map(moving, 0.0, status=status).summary()["motion"] is None
    assert a_map(moving, 0.0, status=1 - status).summary()["motion"]["share"] == 1
    assert a_map(moving, 0.0, status=1).summary()["motion"] is None


def test_rotation_has_no_one_direction():
    y, x = np.mgrid[:256, :256] - 127.5
    turn = 2 * np.arctan2(x, -y)
    summary = a_map(0.8 * np.cos(turn), 0.8 * np.sin(turn)).summary()
    assert summary["motion"]["angle"] is None
    assert "in several directions." in nb.summary_line(summary)


def test_directions_about_0_are_not_averaged_to_90():
    angle = np.where(np.arange(256) // 16 % 2, 5.0, 175.0)
    turn = np.radians(2 * angle)
    found = a_map(0.8 * np.cos(turn), 0.8 * np.sin(turn)).summary()["motion"]
    assert (found["angle"] + 90) % 180 == pytest.approx(90, abs=0.1)
    assert found["angle_spread"] == pytest.approx(5, rel=0.05)


def test_lazy_and_stacks_and_maps_without_shape():
    m = a_map(0.8, 0.0)
    arrays = {**m.numbers, "status": m.status}
    lazy = nb.BlurMap(**{name: da.from_array(values, chunks=100) for name, values in arrays.items()}, **ABOUT)
    assert lazy.summary()["motion"]["length"] == pytest.approx(m.summary()["motion"]["length"])
    stack = nb.BlurMap(
        **{name: np.stack([values] * 2) for name, values in arrays.items()},
        axes="zyx",
        scale=(1, 1, 1),
        units=["um"] * 3,
        provenance={},
    )
    assert stack.summary()["motion"]["share"] == 1
    bare = nb.BlurMap(m.sigma, m.uncertainty, m.status, **ABOUT)
    assert bare.summary()["motion"] is None
    assert lazy.ellipticities[0].shape == m.sigma.shape
    assert bare.ellipticities == ()


def test_what_the_sensor_says_ends_the_line():
    sensor = [{"noise": None, "notes": ["One."]}, {"noise": None, "notes": []}]
    one = np.ones((2, 64, 64))
    about = {"axes": "cyx", "scale": (1, 1, 1), "units": ["px"] * 3}
    m = nb.BlurMap(one, 0.1 * one, 0 * one, provenance={"sensor": sensor}, **about)
    assert m.summary()["sensor_notes"] == ["Channel 1: One."]
    assert nb.summary_line(m.summary()).endswith(" Channel 1: One.")
    assert [channel.sensor_notes for channel in m.channels()] == [["One."], []]
    same = nb.BlurMap(one, 0.1 * one, 0 * one, provenance={"sensor": [sensor[0]] * 2}, **about)
    assert same.sensor_notes == ["One."]
    assert nb.BlurMap(one, one, one, provenance={"sensor": []}, **about).sensor_notes == []
