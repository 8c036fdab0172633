"""Points through lenses, against other renderings and fits of other libraries."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from scipy.optimize import curve_fit

from napari_blurmap.ground.optics import equivalent_sigma
from napari_blurmap.synthesis import points
from napari_blurmap.synthesis.kernels import Disc, Gaussian, Pupil
from napari_blurmap.synthesis.levels import RoundLevel, round_blur, shaped_blur
from napari_blurmap.synthesis.motion import Moved
from napari_blurmap.synthesis.points import Ball, _scattered, point_spectrum, random_points, standing_out

SHAPE = (64, 64)
Y, X = np.mgrid[:64, :64].astype(float)


def bead(blur, place=(32.0, 32.0), *, integrated=False, fine=1):
    spectrum = point_spectrum(np.array([place]), np.ones(1), SHAPE, fine, integrated=integrated)
    return blur.render(spectrum, SHAPE, fine)


def constant(family, sigma):
    return round_blur(family.clamp(np.full(SHAPE, sigma, np.float32)), family)


def gaussian(_, height, y, x, sigma):
    return (height * np.exp(-((Y - y) ** 2 + (X - x) ** 2) / (2 * sigma**2))).ravel()


@pytest.mark.parametrize(("sigma", "fine"), [(0.6, 2), (0.9, 1), (2.0, 1), (5.0, 1)])
def test_a_bead_between_pixels_is_fitted_by_its_sigma_and_place(sigma, fine):
    image = bead(constant(Gaussian(), sigma), (31.3, 33.8), fine=fine)
    fit, _ = curve_fit(gaussian, None, image.ravel(), p0=(1.0, 32.0, 33.0, 1.2 * sigma))
    assert fit[1:] == pytest.approx((31.3, 33.8, sigma), abs=0.01)
    assert image.sum() == pytest.approx(1.0, abs=1e-3)


def test_whole_pixels_are_scipys_filter_of_single_pixels():
    scene = np.zeros(SHAPE)
    scene[[5, 40], [60, 12]] = 1.0, 0.4
    spectrum = point_spectrum(np.argwhere(scene).astype(float), scene[scene > 0], SHAPE, integrated=False)
    found = constant(Gaussian(), 1.7).render(spectrum, SHAPE)
    np.testing.assert_allclose(found, ndimage.gaussian_filter(scene, 1.7, mode="wrap"), atol=1e-6)


def test_a_pixel_sums_the_light_over_its_area():
    """The oracle draws the bead on a grid of 9 x 9 a pixel."""
    fine_y, fine_x = np.mgrid[:576, :576] / 9 - 4 / 9
    drawn = np.exp(-((fine_y - 32.2) ** 2 + (fine_x - 31.6) ** 2) / (2 * 0.7**2))
    expected = drawn.reshape(64, 9, 64, 9).mean(axis=(1, 3))
    found = bead(constant(Gaussian(), 0.7), (32.2, 31.6), integrated=True, fine=2)
    np.testing.assert_allclose(found / found.sum(), expected / expected.sum(), atol=1e-3)


@pytest.mark.parametrize("family", [Disc(), Pupil(0.7, 2), Pupil(0.7, obstructed=True), Pupil(0.9, band=0.03)])
@pytest.mark.parametrize("wanted", [1.5, 4.0])
def test_a_bead_out_of_focus_is_named_by_its_own_transform(family, wanted):
    blur = constant(family, wanted)
    image = bead(blur, integrated=True)
    f = np.arange(33) / 64
    transfer = np.abs(np.fft.rfft2(image)[0])
    seen = f <= min(0.5, family.top) + 1e-9
    found = equivalent_sigma(f[seen], transfer[seen] / np.sinc(f[seen]))
    assert found == pytest.approx(blur.sigma[0, 0], rel=0.06)


def test_a_sphere_widens_its_image():
    """The variance of a uniform sphere along one axis is a fifth of its radius squared."""
    blur = shaped_blur([Moved(RoundLevel(Gaussian(), 2.0), Ball(3.0))], None, SHAPE)
    image = bead(blur)
    assert (image * (X - 32) ** 2).sum() == pytest.approx(2.0**2 + 3.0**2 / 5, rel=0.01)
    assert blur.sigma[0, 0] == pytest.approx(np.sqrt(2.0**2 + 3.0**2 / 5), rel=0.03)
    assert np.abs(blur.anisotropy).max() < 1e-6


def test_points_of_every_density_and_kind_are_drawn(monkeypatch):
    counts, sigmas, drawn, summed = [], [], [], []

    def noted(places, brightness, shape, fine, *, integrated):
        drawn[:] = places, brightness, integrated
        return point_spectrum(places, brightness, shape, fine, integrated=integrated)

    monkeypatch.setattr(points, "point_spectrum", noted)
    for seed in range(60):
        light, blur = random_points(SHAPE, np.random.default_rng(seed), 30.0)
        places, brightness, integrated = drawn
        assert np.isfinite(light).all()
        assert (light.min() >= 0, light.max()) == (True, 1.0)
        sigmas.append(blur.sigma.mean())
        assert blur.sigma.min() > 0.399  # sharper ones are hot pixels
        if sigmas[-1] < 0.8:  # on four samples a pixel it is the same: nothing is folded at the border of the spectrum
            exact = blur.render(point_spectrum(places, brightness, SHAPE, 4, integrated=integrated), SHAPE, 4)
            np.testing.assert_allclose(light, exact.clip(0) / exact.max(), atol=0.06)
        _, is_gaussian = points._random_blur(SHAPE, np.random.default_rng(seed), 30.0)
        summed.append((is_gaussian, integrated))
        counts.append((light > 0.2).mean() / min(1.0, 8 * sigmas[-1] ** 2 / 4096))
    assert min(sigmas) < 0.8 < 12 < max(sigmas)
    assert max(counts) > 20 * min(counts)
    # A lens is named without the pixel, which so has to be in its picture; a Gaussian is what a fit gives, with it.
    assert all(integrated for is_gaussian, integrated in summed if not is_gaussian)
    assert np.mean([integrated for is_gaussian, integrated in summed if is_gaussian]) == pytest.approx(0.25, abs=0.2)


def test_what_stands_out_is_the_whole_disc_of_a_lone_point_and_not_an_even_crowd():
    blur = constant(Disc(), 6.0)
    lone = bead(blur, integrated=True)
    rising = standing_out(lone, blur.sigma)
    disc = lone > 0.5 * lone.max()
    assert disc.sum() > 300
    assert (rising[disc] > 0.6 * lone[disc]).all()
    even = np.ones(SHAPE, np.float32)
    assert standing_out(even, blur.sigma).max() == 0


def test_points_lie_alone_in_clusters_and_aggregates_between_pixels_or_on_them():
    draws = [_scattered(SHAPE, np.random.default_rng(seed))[0] for seed in range(300)]
    assert np.mean([(p == np.floor(p)).all() for p in draws]) == pytest.approx(0.35, abs=0.1)
    aggregates = [p for p in draws if len(p) > 0.031 * 64 * 64]
    assert 0.02 < len(aggregates) / 300 < 0.12
    # Of few points only those of clusters may lie beyond the border.
    beyond = [((p < 0) | (p >= 64)).any() for p in draws if len(p) < 50]
    assert 0.03 < np.mean(beyond) < 0.2


def test_beads_are_smaller_than_their_blur():
    """Larger ones are specimens with a blur of their own."""
    blurs = [points._random_blur(SHAPE, np.random.default_rng(seed), 30.0)[0] for seed in range(300)]
    moved = [blur.levels[0] for blur in blurs if isinstance(blur.levels[0], Moved)]
    beads = [level for level in moved if isinstance(level.motion, Ball)]
    assert 15 < len(beads) < 60
    assert all(level.motion.radius <= max(level.still.sigma, 0.4) for level in beads)
