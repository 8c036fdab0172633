"""What the bundled model promises, on pictures that it was never trained on: known blur in, the same number out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage import data
from skimage.measure import block_reduce

import napari_blurmap as nb
from napari_blurmap.ground.status import Status
from napari_blurmap.synthesis.camera import Camera
from napari_blurmap.synthesis.specimens import nuclei
from napari_blurmap.synthesis.textures import dead_leaves

SHARP = dead_leaves((256, 256), np.random.default_rng(90210), radii=(1.5, 60.0), textured=0.3)


def photograph(scene, seed=0, photons=20_000.0):
    return Camera(bits=8, photons=photons).expose(0.9 * scene, np.random.default_rng(seed))


def judged(m):
    return m.masked().sigma


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.0, 4.0, 8.0])
def test_known_blur_comes_back(sigma):
    """The oracle is scipy's Gaussian filter."""
    m = nb.estimate_blur(photograph(ndimage.gaussian_filter(SHARP, sigma, mode="wrap")))
    found = judged(m)
    assert np.isfinite(found).mean() > 0.7
    assert np.nanmedian(found) == pytest.approx(sigma, rel=0.12, abs=0.05)


@pytest.mark.parametrize("sigma", [60.0, 90.0, 160.0])
def test_a_blur_beyond_its_range_is_called_so(sigma):
    scene = dead_leaves((384, 384), np.random.default_rng(1), radii=(20.0, 150.0), textured=0.0)
    light = ndimage.gaussian_filter(scene, sigma, mode="wrap")
    light = (light - light.min()) / np.ptp(light) + np.random.default_rng(0).normal(0, 0.001, light.shape)
    m = nb.estimate_blur(light)
    assert (m.status == Status.BEYOND_RANGE).mean() > 0.5
    assert (m.status == Status.MEASURED).mean() < 0.2


@pytest.mark.parametrize("name", ["gravel", "grass"])
def test_known_blur_comes_back_on_real_textures(name):
    picture = getattr(data, name)()[:256, :256].astype(float)
    ramp = nb.sigma_ramp(picture.shape, 0.8, 3.0)
    m = nb.estimate_blur(np.rint(nb.apply_blur(picture, ramp)).astype(np.uint8))
    found = nb.score(judged(m), ramp)
    assert found.coverage > 0.8
    assert found.rank_correlation > 0.95
    assert found.rmse < 0.35


@pytest.mark.parametrize("name", ["patch10", "patch30"])
def test_the_networks_of_the_thesis_bear_the_noise_of_a_camera(name):
    """Trained without any, they take a noise of one grey level for sharpness."""
    picture = data.grass()[:192, :192].astype(float)
    ramp = nb.sigma_ramp(picture.shape, 0.8, 3.0)
    seen = photograph(nb.apply_blur(picture, ramp) / 255, photons=50_000.0)
    found = nb.score(judged(nb.estimate_blur(seen, model=nb.load_model(name).variant(stride=8))), ramp)
    assert found.coverage > 0.8
    assert found.rank_correlation > 0.95
    assert found.rmse < 0.3


def test_small_pictures_are_read_within_their_errors():
    """Less is around each place, so that it errs more; it has to say so."""
    picture = photograph(ndimage.gaussian_filter(SHARP, 1.0, mode="wrap"))
    whole, off = nb.estimate_blur(picture), []
    for edge in (33, 36, 40, 48):
        place = np.s_[80 : 80 + edge, 120 : 120 + edge]
        m = nb.estimate_blur(picture[place]).masked()
        off.append(((m.sigma - whole.sigma[place]) / np.hypot(m.uncertainty, whole.uncertainty[place])).ravel())
    away = np.abs(np.concatenate(off))
    away = away[np.isfinite(away)]
    assert away.size > 1500
    assert (away < 1).mean() > 0.6
    assert (away < 2).mean() > 0.9


def test_binning_halves_sigma():
    blurred = photograph(ndimage.gaussian_filter(SHARP, 3.0, mode="wrap")).astype(float)
    whole, half = (nb.estimate_blur(p) for p in (blurred, block_reduce(blurred, (2, 2), np.mean)))
    assert np.nanmedian(judged(half)) == pytest.approx(np.nanmedian(judged(whole)) / 2, rel=0.1)


@pytest.mark.parametrize("turn", [lambda a: a[::-1], lambda a: a[:, ::-1], np.rot90, np.transpose])
def test_turning_the_picture_turns_the_map(turn):
    picture = photograph(nb.apply_blur(SHARP, nb.sigma_ramp(SHARP.shape, 0.5, 3.0)))
    base, turned = nb.estimate_blur(picture), nb.estimate_blur(turn(picture))
    difference = np.abs(turned.sigma - turn(base.sigma)) / turn(np.maximum(base.sigma, 0.5))
    assert np.median(difference) < 0.05


def test_inverted_contrast():
    picture = photograph(ndimage.gaussian_filter(SHARP, 1.5, mode="wrap"))
    base, inverted = nb.estimate_blur(picture), nb.estimate_blur(255 - picture)
    assert np.nanmedian(judged(inverted)) == pytest.approx(np.nanmedian(judged(base)), rel=0.05)


@pytest.mark.parametrize("correlated", [0.0, 0.7])
def test_noise_on_an_empty_field_is_not_sharp(correlated):
    noise = np.random.default_rng(1).normal(0, 1, (256, 256))
    if correlated:
        noise = ndimage.gaussian_filter(noise, correlated)
    m = nb.estimate_blur(np.rint(120 + 4 * noise / noise.std()).astype(np.uint8))
    assert np.isfinite(judged(m)).mean() < 0.1
    assert (m.status == Status.EMPTY).mean() > 0.8
    assert m.summary(1.0)["verdict"] in ("empty", "cannot tell")


def test_a_constant_field_is_empty():
    m = nb.estimate_blur(np.full((128, 128), 37, np.uint16))
    assert (m.status == Status.EMPTY).all()
    assert np.isfinite(m.uncertainty).all()


def test_empty_ground_beside_a_specimen_is_not_judged():
    scene = SHARP.copy()
    scene[:, 128:] = 0.4
    scene = ndimage.gaussian_filter(scene, 1.2)
    m = nb.estimate_blur(photograph(scene, photons=3000))
    seen = np.isfinite(judged(m))
    assert seen[16:-16, 16:104].mean() > 0.7
    assert seen[:, 168:].mean() < 0.2


def test_hot_pixels_are_not_sharp_detail():
    """A few isolated extremes move the median of a blurred picture by less than its tolerance."""
    picture = photograph(ndimage.gaussian_filter(SHARP, 3.0, mode="wrap"))
    hot = picture.copy()
    hot[np.random.default_rng(2).random(hot.shape) < 5e-4] = 255
    assert np.nanmedian(judged(nb.estimate_blur(hot))) == pytest.approx(3.0, rel=0.2)


def test_errors_are_as_large_as_stated():
    """About two thirds within one standard error; a wide margin for one small picture."""
    ramp = nb.sigma_ramp(SHARP.shape, 0.4, 3.0)
    m = nb.estimate_blur(photograph(nb.apply_blur(SHARP, ramp)))
    error = np.abs(judged(m) - ramp) / m.uncertainty
    assert 0.4 < (error[np.isfinite(error)] < 1).mean() < 0.95
    assert (error[np.isfinite(error)] < 2).mean() > 0.8


def test_beyond_range_says_so():
    wide = ndimage.zoom(SHARP[:64, :64], 8, order=1)
    m = nb.estimate_blur(photograph(ndimage.gaussian_filter(wide, 45.0)))
    assert not (judged(m) < 15).any()


def test_brightness_and_contrast_play_no_role():
    """An offset and a gain within a float picture change nothing but the last digits."""
    picture = photograph(nb.apply_blur(SHARP, nb.sigma_ramp(SHARP.shape, 0.5, 3.0))).astype(np.float32)
    base, moved = nb.estimate_blur(picture), nb.estimate_blur(1000 + 0.02 * picture)
    np.testing.assert_allclose(moved.sigma, base.sigma, rtol=0.01, atol=0.01)
    assert (moved.status == base.status).mean() > 0.99


@pytest.mark.parametrize("sigma", [0.8, 1.6])
def test_fewer_photons_do_not_look_like_blur(sigma):
    """Bleaching: at a half to a sixteenth of the light sigma moves by less than its stated error, or is not judged."""
    cells = nuclei((256, 256), np.random.default_rng(4), radius=9.0)
    light = ndimage.gaussian_filter(cells, sigma, mode="wrap")
    frames = [np.random.default_rng(i).poisson(4 + 1600 * light / 2**i) + 100 for i in range(5)]
    maps = [nb.estimate_blur(frame.astype(np.uint16)) for frame in frames]
    bright = maps[0].masked()
    for m in maps[1:]:
        both = np.isfinite(m.masked().sigma) & np.isfinite(bright.sigma)
        difference = np.abs(m.sigma - bright.sigma)[both] / np.hypot(m.uncertainty, bright.uncertainty)[both]
        assert both.sum() < 200 or np.median(difference) < 1


def test_isolated_extremes_on_an_empty_field_are_no_evidence():
    rng = np.random.default_rng(3)
    field = 100 + 3 * rng.standard_normal((256, 256))
    field[rng.random(field.shape) < 3e-4] = 4000
    m = nb.estimate_blur(field.astype(np.uint16))
    assert np.isfinite(judged(m)).mean() < 0.1


@pytest.mark.parametrize("sigma", [1.2, 3.0])
def test_the_default_reads_points_as_wide_as_they_are(sigma):
    """Points blurred by scipy, under photon noise."""
    rng = np.random.default_rng(4)
    points = np.zeros((256, 256))
    points[rng.integers(15, 241, 60), rng.integers(15, 241, 60)] = rng.uniform(0.3, 1, 60)
    light = 3000 * 2 * np.pi * sigma**2 * ndimage.gaussian_filter(points, sigma) + 100
    m = nb.estimate_blur(rng.poisson(light).astype(np.uint16))
    assert m.summary()["median_sigma"] == pytest.approx(sigma, rel=0.15)


@pytest.mark.parametrize("degrees", [20.0, 75.0])
def test_the_default_sees_motion(degrees):
    """A line of 15 px, as a mean of scipy's shifts."""
    way = np.linspace(-7.5, 7.5, 31)[:, None] * [np.sin(np.deg2rad(degrees)), np.cos(np.deg2rad(degrees))]
    moved = np.mean([ndimage.shift(SHARP, step, order=1, mode="grid-wrap") for step in way], axis=0)
    m = nb.estimate_blur(photograph(moved)).masked()
    off = np.abs((m.angle - degrees + 90) % 180 - 90)
    assert np.nanmedian(off) < 10
    assert np.nanmedian(m.sigma) > 2.5  # 3.3 is right
    assert m.summary()["motion"]["angle"] == pytest.approx(degrees, abs=10)


@pytest.mark.parametrize("name", ["brick", "grass", "text"])
def test_the_default_sees_no_motion_where_there_is_none(name):
    picture = getattr(data, name)()[:256, :256].astype(float)
    m = nb.estimate_blur(np.rint(ndimage.gaussian_filter(picture, 1.5)).astype(np.uint8))
    assert m.summary()["motion"] is None


@pytest.mark.parametrize("sigma", [60.0, 90.0, 160.0])
def test_the_default_gives_no_number_beyond_its_range(sigma):
    """In a picture of this size what it reads stops rising at about 85 px."""
    scene = dead_leaves((384, 384), np.random.default_rng(1), radii=(20.0, 150.0), textured=0.0)
    light = ndimage.gaussian_filter(scene, sigma, mode="wrap")
    light = (light - light.min()) / np.ptp(light) + np.random.default_rng(0).normal(0, 0.001, light.shape)
    m = nb.estimate_blur(light)
    assert (m.status == Status.BEYOND_RANGE).mean() > 0.5
    assert (m.status == Status.MEASURED).mean() < 0.2


def test_the_default_reads_far_blur():
    scene = dead_leaves((512, 512), np.random.default_rng(1), radii=(20.0, 150.0), textured=0.0)
    light = ndimage.gaussian_filter(scene, 24.0, mode="wrap")
    light = (light - light.min()) / np.ptp(light) + np.random.default_rng(0).normal(0, 0.001, light.shape)
    found = judged(nb.estimate_blur(light))
    assert np.isfinite(found).mean() > 0.5
    assert np.nanmedian(found) == pytest.approx(24, rel=0.2)
