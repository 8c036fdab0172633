"""The noise that is measured is that of the camera: against known cameras, two exposures and other estimators."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from scipy.optimize import nnls

from napari_blurmap.picture.camera_noise import (
    CameraNoise,
    _correlated,
    _line,
    _through,
    estimate_noise,
    grey_step,
    noise_of,
)
from napari_blurmap.synthesis.camera import Camera
from napari_blurmap.synthesis.scenes import random_scene

EDGE = 256


def scene(kind, sigma, seed=1):
    return 0.1 + 0.8 * ndimage.gaussian_filter(random_scene((EDGE, EDGE), seed, kind=kind), sigma, mode="wrap")


def beads(sigma):
    rng = np.random.default_rng(0)
    points = np.zeros((EDGE, EDGE))
    points[rng.integers(0, EDGE, 60), rng.integers(0, EDGE, 60)] = rng.uniform(0.2, 1, 60)
    light = ndimage.gaussian_filter(points, sigma, mode="wrap")
    return 0.05 + 0.9 * light / light.max()


def seen_twice(expose):
    """A picture, and the standard deviation that two of them differ by, at three levels of their own light."""
    first, second = (np.asarray(expose(np.random.default_rng(i)), float) for i in (1, 2))
    light, half = (first + second) / 2, (first - second) / np.sqrt(2)
    ends = np.quantile(light, [0, 0.2, 0.4, 0.6, 0.8, 1.0])
    parts = [(light >= low) & (light <= high) for low, high in (ends[:2], ends[2:4], ends[4:])]
    levels, deviations = zip(*[(light[part].mean(), np.sqrt(np.mean(half[part] ** 2))) for part in parts], strict=True)
    return first, np.array(levels), np.array(deviations)


LIGHT = {
    "beads": beads(1.0),
    "beads far out": beads(5.0),
    "nuclei": scene("nuclei", 1.0),
    "leaves": scene("dead leaves", 1.2),
    "relief": scene("relief", 2.0),
    "texture": scene("power law", 3.0),
    "tissue": scene("tissue", 1.2),
}


@pytest.mark.parametrize("light", LIGHT.values(), ids=LIGHT)
@pytest.mark.parametrize(
    "camera",
    [Camera(8, 3000.0, 5.0, offset=5), Camera(8, 1e6, 5.0), Camera(12, 800.0, 4.0, offset=100), Camera(16, 2e4, 9.0)],
    ids=["8 bit", "8 bit, less noise than a grey level", "12 bit, few photons", "16 bit"],
)
def test_white_noise_is_as_two_exposures_show_it(light, camera):
    picture, levels, deviations = seen_twice(lambda rng: camera.expose(light, rng))
    noise = estimate_noise(picture)
    least = 1 / np.sqrt(12)  # where rounding hides the noise it still errs by that
    assert noise.deviation(levels) == pytest.approx(np.maximum(deviations, least), rel=0.25, abs=0.15)
    assert noise.coarse == (1.0, 1.0)


def test_fine_grain_is_no_noise_where_another_part_shows_how_low_that_is():
    white = np.random.default_rng(0).standard_normal((384, 384))
    grain = [ndimage.gaussian_filter(white, s, mode="wrap") for s in (0.5, 4.0)]
    light = 128 + 40 * np.where(np.arange(384) < 192, *(g / g.std() for g in grain))
    noise = estimate_noise(
        np.clip(light + np.random.default_rng(1).normal(0, 0.5, light.shape), 0, 255).astype(np.uint8)
    )
    assert noise.deviation(128) == pytest.approx(np.hypot(0.5, 1 / np.sqrt(12)), rel=0.1)
    assert noise.certain


def test_where_fine_grain_is_everywhere_the_noise_is_not_certain():
    grain = ndimage.gaussian_filter(np.random.default_rng(0).standard_normal((EDGE, EDGE)), 0.6)
    assert not estimate_noise(np.rint(128 + 40 * grain / grain.std())).certain


def chi_squared(levels, seed=0):
    """Energies of the cosine transforms of blocks of Gaussian noise with these variances, smoothed by 0.6 pixels."""
    waves = np.arange(16) * np.pi / 16
    kept = np.exp(-0.5 * (0.6 * np.hypot(waves[:, None], waves)) ** 2)
    values = np.random.default_rng(seed).standard_normal((levels.size, 16, 16))
    return levels[:, None, None] * (kept * values) ** 2


def test_grey_levels_that_show_detail_everywhere_count_for_little():
    """The brighter half of a photon noise's line is covered by detail: the line is that of the darker half."""
    levels = np.linspace(100, 300, 1200)
    energy = chi_squared(levels).mean(axis=(1, 2))
    clean, ends = (_line(levels, e, 128.0, 1e-9).variance([100, 300]) for e in (energy, energy * (1 + (levels > 220))))
    assert clean[1] / clean[0] == pytest.approx(3, rel=0.1)
    assert ends == pytest.approx(clean, rel=0.15)


@pytest.mark.parametrize("values", ["gaussian", "laplacian"])
def test_what_has_the_spectrum_of_smoothed_noise_but_long_tails_is_detail(values):
    """The fourth moment of Gaussian values is three times their squared second, of Laplace's six times."""
    rng = np.random.default_rng(1)
    energies = chi_squared(np.full(1024, 4.0))
    if values == "laplacian":
        energies *= rng.exponential(1.0, energies.shape)
    found = _correlated(rng.uniform(490, 510, 1024), energies, 1e-9)
    assert bool(found) == (values == "gaussian")


def smoothed(width):
    return lambda white: ndimage.gaussian_filter(white, width, mode="wrap")


def enlarged(white):
    return ndimage.uniform_filter(white[::2, ::2].repeat(2, 0).repeat(2, 1), 2, mode="wrap")


def demosaiced(white):
    around = ndimage.convolve(white, np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]]) / 4, mode="wrap")
    return np.where(np.add.outer(range(EDGE), range(EDGE)) % 2, around, white)


PROCESSED = {
    "0.3": smoothed(0.3),
    "0.5": smoothed(0.5),
    "1": smoothed(1.0),
    "1.5": smoothed(1.5),
    "enlarged": enlarged,
    "demosaiced": demosaiced,
    "median": lambda white: ndimage.median_filter(white, 3, mode="wrap"),
}


def means(values, n):
    return values.reshape(EDGE // n, n, EDGE // n, n).mean(axis=(1, 3))


@pytest.mark.parametrize("process", PROCESSED.values(), ids=PROCESSED)
@pytest.mark.parametrize("lamp", [0, 120])
def test_an_empty_field_of_smoothed_noise_is_noise(process, lamp):
    noise = process(np.random.default_rng(3).standard_normal((EDGE, EDGE)))
    noise *= 12 / noise.std()
    found = estimate_noise(np.rint(900 + np.linspace(-lamp, lamp, EDGE) + noise))
    assert found.certain
    assert found.deviation(900) == pytest.approx(12, rel=0.15)
    for n, factor in zip((2, 4), found.coarse, strict=True):
        assert factor == pytest.approx(max(1, n * means(noise, n).std() / 12), rel=0.15)


@pytest.mark.parametrize("process", [enlarged, demosaiced, smoothed(0.6)], ids=["enlarged", "demosaiced", "smoothed"])
def test_a_specimen_on_smoothed_noise_is_none(process):
    noise = process(np.random.default_rng(3).standard_normal((EDGE, EDGE)))
    points = np.zeros((EDGE, EDGE))
    points[20::90, 30::80] = 1
    light = ndimage.gaussian_filter(points, 2.0)
    picture = 500 + 2000 * light / light.max() + 12 * noise / noise.std()
    found = estimate_noise(np.rint(picture))
    assert found.certain
    assert found.deviation(500) == pytest.approx(12, rel=0.15)


def test_jpeg_leaves_nothing_to_be_measured():
    grey = np.clip(np.random.default_rng(0).normal(120, 4, (EDGE, EDGE)) + 80 * LIGHT["nuclei"], 0, 255)
    buffer = io.BytesIO()
    Image.fromarray(grey.astype(np.uint8)).save(buffer, "JPEG", quality=70)
    assert not estimate_noise(np.asarray(Image.open(buffer))).certain
    assert estimate_noise(grey.astype(np.uint8)).certain


@pytest.mark.parametrize("kind", ["plates", "nuclei", "sparse leaves"])
def test_on_smooth_scenes_it_agrees_with_immerkaer(kind):
    """J. Immerkaer, "Fast noise variance estimation", CVIU 64 (1996)."""
    picture = 1000 * scene(kind, 4.0) + np.random.default_rng(0).normal(0, 7, (EDGE, EDGE))
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]])
    immerkaer = np.sqrt(np.pi / 2) / 6 * np.abs(ndimage.convolve(picture, mask)[1:-1, 1:-1]).mean()
    assert estimate_noise(picture).deviation(500) == pytest.approx(immerkaer, rel=0.08)


@pytest.mark.parametrize(("gain", "offset"), [(1, 0), (0.01, -3), (64, 1000), (1e-6, 0), (1e6, 1e9)])
def test_units_and_pedestals_do_not_matter(gain, offset):
    picture = Camera(12, 2000.0, 5.0).expose(LIGHT["nuclei"], np.random.default_rng(0)).astype(float)
    noise, other = estimate_noise(picture), estimate_noise(gain * picture + offset)
    levels = np.quantile(picture, [0.1, 0.5, 0.9])
    assert other.deviation(gain * levels + offset) == pytest.approx(gain * noise.deviation(levels), rel=1e-3)
    assert (other.coarse, other.certain) == (noise.coarse, noise.certain)


def test_clipped_ends_do_not_hide_it():
    picture = np.random.default_rng(0).normal(200, 10, (EDGE, EDGE))
    picture[:160] = 255
    assert estimate_noise(picture, usable=picture < 255).deviation(200) == pytest.approx(10, rel=0.1)


def test_parts_of_a_picture_are_one():
    picture = Camera(12, 2000.0, 5.0).expose(LIGHT["texture"], np.random.default_rng(0)).astype(float)
    everything = np.ones(picture.shape, bool)
    halves = noise_of([(picture[:128], everything[:128]), (picture[128:], everything[128:])])
    levels = np.quantile(picture, [0.2, 0.8])
    assert halves.deviation(levels) == pytest.approx(estimate_noise(picture).deviation(levels), rel=0.1)


@pytest.mark.parametrize("picture", [np.full((64, 64), 5), np.full((64, 64), 1e300), np.zeros((40, 33), np.uint8)])
def test_one_level_tells_nothing(picture):
    assert estimate_noise(picture) is None


def test_nothing_usable_tells_nothing():
    assert estimate_noise(np.eye(64), usable=np.zeros((64, 64), bool)) is None
    assert noise_of([]) is None


def test_holes_are_left_out():
    picture = np.random.default_rng(0).normal(200, 10, (EDGE, EDGE))
    picture[40:60, 40:60] = np.nan
    assert estimate_noise(picture).deviation(200) == pytest.approx(10, rel=0.1)


@pytest.mark.parametrize(
    ("values", "step"),
    [
        (np.arange(2000) % 60 * 16, 16.0),
        (np.float32(0.25) * (np.arange(2000) % 60), 0.25),
        (np.random.default_rng(0).random(2000), 0.0),
        (np.ones(50), 0.0),
    ],
)
def test_steps_between_grey_levels(values, step):
    assert grey_step(values) == step


@pytest.mark.parametrize("width", [0.6, 1.0, 2.0])
def test_its_width_is_the_gaussian_that_made_it(width):
    noise = smoothed(width)(np.random.default_rng(0).standard_normal((EDGE, EDGE)))
    factor = 2 * means(noise, 2).std() / noise.std()
    made = replace(CameraNoise((0, 0), (1, 1)), coarse=(factor, factor))
    assert made.width == pytest.approx(width, rel=0.1)
    assert CameraNoise((0, 0), (1, 1)).width == 0


@pytest.mark.parametrize("y", [[0.1, 0.8, 2.0], [2.0, 0.8, 0.1], [1.0, 1.2, 1.5], [0.0, 0.1, 1.0]])
def test_no_variance_is_below_nothing(y):
    """Lawson and Hanson's least squares without negative values, from scipy."""
    t, weight = np.array([0.0, 0.5, 1.0]), np.array([1.0, 2.0, 4.0])
    design = np.stack([1 - t, t], axis=1) * np.sqrt(weight)[:, None]
    expected, _ = nnls(design, np.array(y) * np.sqrt(weight))
    assert _through(t, np.array(y), weight) == pytest.approx(expected, abs=1e-9)
