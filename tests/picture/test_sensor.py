"""What the sensor adds is found once a picture: the same for all planes, from a sample, or as the user says."""

from __future__ import annotations

import json

import dask.array as da
import numpy as np
import pytest
from scipy import ndimage

import napari_blurmap as nb
from napari_blurmap.picture import sensor
from napari_blurmap.picture.camera_noise import CameraNoise
from napari_blurmap.picture.plane import read_plane
from napari_blurmap.picture.sensor import as_noise, noise_record, sensors_of, typed_noise
from napari_blurmap.picture.stack import as_stack
from napari_blurmap.synthesis.camera import Camera
from napari_blurmap.synthesis.scenes import random_scene

LIGHT = 0.1 + 0.8 * ndimage.gaussian_filter(random_scene((160, 160), 1, kind="nuclei"), 1.0, mode="wrap")


def taken(gain=1.0, seed=0):
    return Camera(16, 4000.0, 5.0, gain=gain, offset=100).expose(LIGHT, np.random.default_rng(seed))


def deviation(grey, gain=1.0):
    """EMVA 1288."""
    return gain * np.sqrt((grey - 100) / gain + 25)


def test_all_planes_have_one_noise_and_each_channel_its_own():
    stack = np.stack([[taken(gain, seed) for gain in (0.5, 4.0)] for seed in range(6)])
    found = sensors_of(as_stack(stack, axes="tcyx"))
    for channel, gain in enumerate((0.5, 4.0)):
        one = found.at((3, channel))
        assert one is found.at((0, channel))
        levels = np.quantile(stack[:, channel], [0.2, 0.8])
        assert one.noise.deviation(levels) == pytest.approx(deviation(levels, gain), rel=0.1)


def test_of_a_lazy_picture_a_sample_is_read(monkeypatch):
    monkeypatch.setattr(sensor, "_SAMPLE", 4 * 96**2)
    monkeypatch.setattr(sensor, "_EDGE", 96)
    read = []

    def plane(block_info=None):
        read.append(block_info[None]["chunk-location"])
        return np.tile(taken(seed=len(read)), (2, 2))[None]

    lazy = da.map_blocks(
        plane, chunks=((1,) * 20, (320,), (320,)), dtype=np.uint16, meta=np.zeros((0, 0, 0), np.uint16)
    )
    found = sensors_of(as_stack(lazy)).at((0,))
    assert len(read) == 4
    assert found.noise.deviation(2000) == pytest.approx(deviation(2000), rel=0.1)


@pytest.mark.parametrize("cut", [0.0, 300.0])
def test_a_ground_that_was_cut_off_does_not_hide_the_noise(cut):
    rng = np.random.default_rng(0)
    dark = np.clip(30 + 800 * (LIGHT - LIGHT.min()) + rng.normal(0, 15, LIGHT.shape) - cut / 10, 0, None)
    assert sensors_of(as_stack(np.rint(dark))).at(()).noise.deviation(300) == pytest.approx(15, rel=0.15)


def test_masked_and_clipped_places_and_colours_are_seen_through():
    picture = np.minimum(taken().astype(float), 2900.0)
    masked = np.ma.masked_array(picture, np.arange(160) < 30 * np.ones((160, 1)))
    for one, channel_axis in ((masked, None), (np.stack([picture] * 3, axis=-1), -1)):
        found = sensors_of(as_stack(one, channel_axis=channel_axis)).at(())
        assert found.noise.deviation(1500) == pytest.approx(deviation(1500), rel=0.15)


@pytest.mark.parametrize(
    "given", [(2.0, 100.0, 3.0), [2, 100, 3], np.array([2, 100, 3]), {"gain": 2, "offset": 100, "read_noise": 3}]
)
def test_a_camera_in_figures(given):
    noise = as_noise(given)
    assert noise.deviation([100, 500]) == pytest.approx(np.sqrt([36, 836]))
    assert noise.deviation(50) == pytest.approx(6)  # below the dark there is still the read noise


def test_a_number_holds_everywhere():
    assert as_noise(2.5).deviation([0, 1e4]).tolist() == [2.5, 2.5]
    assert as_noise("auto") is None
    assert as_noise(as_noise(2.5)) == CameraNoise((0, 0), (6.25, 6.25))


ABSURD = [-1, np.nan, np.inf, 1e200, "5", "automatic", None, True, object(), (1, 2), (0, 100, 1), (1, 100, -1)]
ABSURD += [[[1, 2, 3]], {"gain": 1, "dark": 2}, {"offset": 3.0}, {"gain": "2"}, {}]


@pytest.mark.parametrize("given", ABSURD, ids=lambda given: type(given).__name__)
def test_what_is_no_noise(given):
    with pytest.raises(nb.BlurMapError, match="noise"):
        as_noise(given)


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("auto", "auto"),
        ("  ", "auto"),
        ("3", 3.0),
        ("2.2/100/1.5", (2.2, 100.0, 1.5)),
        (" 2.2 / 100 / 1.5 ", (2.2, 100.0, 1.5)),
        ("2.2, 100, 1.5", (2.2, 100.0, 1.5)),
        ("2.2 -100 1e1", (2.2, -100.0, 10.0)),
    ],
)
def test_noise_as_it_is_typed(text, given):
    assert typed_noise(text) == given
    assert as_noise(typed_noise(text)) == as_noise(given)


@pytest.mark.parametrize("text", ["x", "-1", "nan", "1/2", "1,5", "2,2/100/1,5", "0/100/1", "1/100/-1", "1//2", "/"])
def test_typed_noise_that_is_none(text):
    with pytest.raises(nb.BlurMapError, match="noise"):
        typed_noise(text)


@pytest.mark.parametrize(("given", "word"), [(0.01, "below"), (4000.0, "above"), ((50.0, 0, 0), "above"), (30, "")])
def test_noise_that_the_picture_does_not_show_is_used_with_a_word(given, word):
    one = sensors_of(as_stack(taken()), given).at(())
    assert one.noise.deviation(1500) == pytest.approx(as_noise(given).deviation(1500))
    assert (word in " ".join(one.notes)) if word else not one.notes


def test_absurd_noise_of_a_texture_gets_a_word_though_its_own_is_not_certain():
    texture = 128 + 40 * ndimage.gaussian_filter(np.random.default_rng(0).standard_normal((160, 160)), 0.6)
    assert "above" in sensors_of(as_stack(np.rint(texture)), 900.0).at(()).notes[0]


@pytest.mark.parametrize("gain", [1.0, 1e-3, 1e40])
def test_a_plane_is_told_its_noise_in_its_own_unit(gain):
    picture = taken().astype(float)
    plane = read_plane(picture * gain, sensor.Sensor(as_noise((gain, 100 * gain, 5.0))))
    unit = np.std(picture) / np.std(plane.picture)
    np.testing.assert_allclose(plane.noise * unit, deviation(np.maximum(picture, 100)), rtol=1e-3)
    assert plane.averaged == (1.0, 0.5, 0.25)


def test_where_its_square_is_no_number_the_noise_cannot_be_known():
    assert sensors_of(as_stack(taken() * 1e250)).at(()).noise is None


def test_of_what_is_not_certain_half_is_told_and_rounding_at_least():
    sure, unsure, low = (
        read_plane(taken(), sensor.Sensor(CameraNoise((0, 1), (variance, variance), certain=certain))).noise
        for variance, certain in ((36.0, True), (36.0, False), (0.1, False))
    )
    np.testing.assert_allclose(unsure, sure / 2, rtol=1e-5)
    np.testing.assert_allclose(low, sure / 6 / np.sqrt(12), rtol=1e-5)  # a sure 6 levels
    light = taken().astype(np.float32)
    as_float = read_plane(light, sensor.Sensor(CameraNoise((0, 1), (0.1, 0.1), certain=False))).noise
    np.testing.assert_allclose(as_float, sure / 12 * np.sqrt(0.1), rtol=1e-4)


def test_patterns_are_taken_out_of_every_plane():
    columns = np.where(np.arange(160) % 2, 0.96, 1.04)
    stack = np.stack([taken(seed=i) for i in range(3)]) * columns
    one = sensors_of(as_stack(stack)).at((0,))
    clean, read = (read_plane(a, s).picture for a, s in ((stack[2] / columns, None), (stack[2], one)))
    assert np.corrcoef(clean.ravel(), read.ravel())[0, 1] > 0.9999
    assert "column" in one.notes[0]


@pytest.mark.parametrize("picture", [np.full((64, 64), np.nan), np.full((64, 64), 7), np.eye(64, dtype=bool)])
def test_where_nothing_can_be_known(picture):
    one = sensors_of(as_stack(picture)).at(())
    assert one.noise is None or not one.noise.variances[0] > 1
    assert not one.patterns


def test_provenance_keeps_it():
    m = nb.estimate_blur(taken(), noise=(1.0, 100.0, 5.0))
    [kept] = json.loads(json.dumps(m.provenance["sensor"]))
    assert kept["noise"]["variances"] == [25.0, 26.0]
    assert kept["notes"] == []
    assert nb.estimate_blur(np.full((64, 64), 7)).provenance["sensor"] == [{"noise": None, "notes": []}]
    assert m.provenance["parameters"]["noise"] == noise_record((1.0, 100.0, 5.0)) != noise_record("auto") == "auto"


def test_given_noise_hangs_together_as_the_picture_shows():
    white = ndimage.gaussian_filter(np.random.default_rng(0).standard_normal((160, 160)), 1.0, mode="wrap")
    stack = as_stack(np.rint(500 + 12 * white / white.std()))
    given, found = (sensors_of(stack, noise).at(()).noise for noise in (12.0, "auto"))
    assert given.deviation(500) == pytest.approx(12)
    assert given.coarse == found.coarse
    assert given.coarse[0] > 1.5


def test_a_pattern_is_no_noise():
    chess = np.where(np.add.outer(range(160), range(160)) % 2, 0.99, 1.01)
    plain, chequered = (sensors_of(as_stack(taken() * each)).at(()).noise for each in (1.0, chess))
    assert chequered.deviation([500, 2000]) == pytest.approx(plain.deviation([500, 2000]), rel=0.1)


def test_patterns_of_a_large_picture_count_from_its_first_pixel(monkeypatch):
    columns = np.where(np.arange(320) % 2, 0.98, 1.02)
    large = as_stack(np.tile(taken(), (2, 2)) * columns)
    monkeypatch.setattr(sensor, "_SAMPLE", 4 * 96**2)
    monkeypatch.setattr(sensor, "_EDGE", 96)
    found = sensors_of(large).at(()).patterns.columns
    assert found.offset + found.gain * 1500 == pytest.approx(0.02 * 1500, rel=0.2)


def test_patterns_are_looked_for_where_there_is_something_to_see():
    """Lines of the way back are nowhere seen in an empty plane."""
    scene, empty = taken(), np.random.default_rng(1).normal(500, 20, (160, 160)).round().astype(np.uint16)
    scene[1::2] = np.roll(scene[1::2], 3, axis=1)
    for stack in ([scene, scene, empty, scene], [empty, empty, scene, empty]):
        assert sensors_of(as_stack(np.stack(stack))).at((0,)).patterns.shift == pytest.approx(3, abs=0.1)


def test_what_is_overexposed_does_not_hide_the_noise():
    picture = taken()
    picture[:64] = 65535
    assert sensors_of(as_stack(picture)).at(()).noise.deviation(1500) == pytest.approx(deviation(1500), rel=0.15)
