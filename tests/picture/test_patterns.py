"""Patterns of sensors and scanners are found, taken out, and not seen where there are none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage import data

from napari_blurmap.picture.patterns import Patterns, find_patterns, shifted_back
from napari_blurmap.synthesis.scenes import random_scene

X = np.where(np.arange(256) % 2, -1, 1)[None, :]
Y = X.T
SCENES = {
    "leaves": 300 + 900 * ndimage.gaussian_filter(random_scene((256, 256), 1, kind="dead leaves"), 0.6, mode="wrap"),
    "spots": 100 + 2000 * ndimage.gaussian_filter(random_scene((256, 256), 1, kind="spots"), 1.0, mode="wrap"),
    "brick": data.brick()[:256, :256] * 5.0,
}


def taken(light):
    """With photon noise of a camera of 4 electrons a grey level."""
    noise = np.random.default_rng(0).standard_normal(light.shape)
    return (light + np.sqrt(light / 4 + 1) * noise).astype(np.float32)


@pytest.mark.parametrize("light", SCENES.values(), ids=SCENES)
@pytest.mark.parametrize(
    ("name", "pattern"),
    [("columns", 1 + 0.01 * X), ("columns", 1 + 0.04 * X), ("rows", 1 - 0.03 * Y), ("chess", 1 + 0.008 * X * Y)],
    ids=["columns 2 %", "columns 8 %", "rows", "chess"],
)
def test_alternation_is_found_and_taken_out(light, name, pattern):
    clean = taken(light)
    found = find_patterns(clean * pattern.astype(np.float32))
    [seen] = [n for n in ("columns", "rows", "chess") if getattr(found, n)]
    assert seen == name
    rest = found.removed(clean * pattern) / clean - 1
    # Of the pattern less than a tenth is left, measured by its own correlation.
    assert abs(np.mean(rest * np.sign(pattern - 1))) < 0.1 * np.abs(pattern - 1).max()
    assert found.words().startswith("Taken out of the picture: every second")


def test_stripes_of_a_specimen_in_one_place_do_not_count():
    """Where columns alternate as a sensor's do, and by far more in one corner, the sensor's are found."""
    grey = taken(SCENES["brick"]) * (1 + 0.02 * X)
    alone = find_patterns(grey.astype(np.float32))
    grey[:48, :64] += 400 * X[:, :64]
    beside = find_patterns(grey.astype(np.float32))
    assert beside.columns.gain == pytest.approx(alone.columns.gain, rel=0.05)
    assert beside.columns.offset == pytest.approx(alone.columns.offset, abs=1.0)
    assert (beside.rows, beside.chess) == (None, None)


def test_an_offset_between_columns_is_no_gain():
    found = find_patterns(taken(SCENES["spots"]) + (6 * X).astype(np.float32))
    assert found.columns.offset == pytest.approx(6, rel=0.1)
    assert abs(found.columns.gain) < 2e-3


@pytest.mark.parametrize("light", SCENES.values(), ids=SCENES)
def test_a_raw_colour_mosaic_becomes_its_luminance(light):
    colours = np.select([X * Y > 0, Y > 0], [1.0, 0.5], 0.7)
    clean = taken(light)
    found = find_patterns((clean * colours).astype(np.float32))
    assert found.mosaic
    assert "mosaic" in found.words()
    grey = found.removed(clean * colours)
    assert np.corrcoef(grey.ravel(), clean.ravel())[0, 1] > 0.995


@pytest.mark.parametrize("shift", [0.6, -1.7, 6.0])
@pytest.mark.parametrize("light", SCENES.values(), ids=SCENES)
def test_lines_of_the_way_back_are_put_in_their_place(light, shift):
    moved = light.copy()
    spectrum = np.fft.fft(light[1::2], axis=1) * np.exp(-2j * np.pi * np.fft.fftfreq(256) * shift)
    moved[1::2] = np.fft.ifft(spectrum, axis=1).real
    found = find_patterns(taken(moved))
    assert found.shift == pytest.approx(shift, abs=0.05)
    inside = np.s_[:, 16:-16]
    back = shifted_back(moved.astype(np.float32), found.shift)
    assert np.abs(back - light)[inside].mean() < 0.15 * np.abs(moved - light)[inside].mean()


@pytest.mark.parametrize("kind", ["dead leaves", "power law", "tissue", "nuclei", "filaments", "relief"])
@pytest.mark.parametrize("sigma", [0.5, 3.0])
def test_a_specimen_is_no_pattern(kind, sigma):
    light = 200 + 800 * ndimage.gaussian_filter(random_scene((192, 192), 2, kind=kind), sigma, mode="wrap")
    assert not find_patterns(taken(light))


@pytest.mark.parametrize(
    "grey", [np.zeros((64, 64)), np.full((200, 200), 7.1), np.eye(200)], ids=["small", "flat", "line"]
)
def test_where_there_is_nothing_to_see(grey):
    assert find_patterns(grey.astype(np.float32)) == Patterns()
    assert Patterns().words() == ""


def test_what_is_clipped_or_invalid_shows_no_pattern():
    grey, known = taken(SCENES["leaves"]), np.ones((256, 256), bool)
    grey[:160] *= 1 + 0.04 * X.astype(np.float32)
    known[:160] = False
    assert find_patterns(grey).columns
    assert find_patterns(grey, known) == Patterns()


def test_a_picture_stays_as_it_is_when_its_patterns_are_taken_out():
    grey = taken(SCENES["leaves"]) * (1 + 0.04 * X).astype(np.float32)
    before = grey.copy()
    assert (find_patterns(grey).removed(grey) != before).any()
    np.testing.assert_array_equal(grey, before)
