"""Blurs that are not round, against drawn kernels and convolutions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import fft, ndimage

from napari_blurmap.ground.optics import equivalent_sigma
from napari_blurmap.synthesis import motion
from napari_blurmap.synthesis.kernels import Disc, Gaussian, Pupil
from napari_blurmap.synthesis.levels import RoundLevel, shaped_blur
from napari_blurmap.synthesis.motion import Astigmatic, Drift, Moved, Streak, random_shaped_blur
from napari_blurmap.synthesis.spectral import spectral_noise

SHAPE = (128, 128)


def principal(blur):
    """Major and minor sigma, and the angle in degrees, of a constant blur."""
    sigma, (c, s) = blur.sigma[0, 0], blur.anisotropy[:, 0, 0]
    e = np.hypot(c, s)
    return sigma * np.sqrt(1 + e), sigma * np.sqrt(1 - e), np.rad2deg(np.arctan2(s, c)) / 2 % 180


def render(scene, *levels, place=None):
    return shaped_blur(levels, place, scene.shape).render(fft.rfft2(scene), scene.shape)


def drawn(path):
    """A kernel of points, each shared between its four pixels."""
    n = 2 * int(np.abs(path).max() + 2) + 1
    kernel = np.zeros((n, n))
    x, y = path.T + n // 2
    i, j = np.floor(y).astype(int), np.floor(x).astype(int)
    for di, wy in ((0, 1 - y + i), (1, y - i)):
        for dj, wx in ((0, 1 - x + j), (1, x - j)):
            np.add.at(kernel, (i + di, j + dj), wy * wx / len(x))
    return kernel


def line(length, degrees):
    t = np.linspace(-0.5, 0.5, 400)[:, None] * length
    return t * [np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))]


@pytest.mark.parametrize(("length", "degrees"), [(9, 0), (12, 30), (20, 90), (7, 135)])
def test_motion_is_the_mean_along_a_line(length, degrees):
    """The oracle draws the line, from +x towards +y, and convolves."""
    soft = ndimage.gaussian_filter(spectral_noise(SHAPE, np.random.default_rng(0), 1.0), 2.0, mode="wrap")
    expected = ndimage.convolve(soft, drawn(line(length, degrees)), mode="wrap")
    found = render(soft, Moved(RoundLevel(Gaussian(), 0.2), Streak("line", length, degrees)))
    assert np.abs(found - expected).std() < 0.03 * expected.std()


def test_a_drift_is_the_mean_along_its_curve():
    turn = np.linspace(0, 3, 60)
    path = 6 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    path -= path.mean(axis=0)
    soft = ndimage.gaussian_filter(spectral_noise(SHAPE, np.random.default_rng(0), 1.0), 2.0, mode="wrap")
    # The convolution turns its kernel around.
    expected = ndimage.convolve(soft, drawn(path), mode="wrap")
    found = render(soft, Moved(RoundLevel(Gaussian(), 0.2), Drift(path)))
    assert np.abs(found - expected).std() < 0.03 * expected.std()


def test_a_vibration_dwells_at_its_ends():
    """Bessel's function is the transform of a sine in time: its variance is an eighth of the way squared."""
    swing = Streak("swing", 4.0, 0.0)
    f = np.linspace(0, 0.01, 20)
    assert swing.profile(f, 0.0) == pytest.approx(1 - 2 * np.pi**2 * 4.0**2 / 8 * f**2, abs=1e-4)


@pytest.mark.parametrize("degrees", [0, 30, 100, 179])
def test_a_line_is_named_by_its_length(degrees):
    blur = shaped_blur([Moved(RoundLevel(Gaussian(), 0.2), Streak("line", 20.0, degrees))], None, SHAPE)
    major, minor, angle = principal(blur)
    assert major == pytest.approx(0.3144 * 20, rel=0.01)
    assert minor == pytest.approx(0.2, rel=0.02)
    assert abs((angle - degrees + 90) % 180 - 90) < 0.5
    assert blur.sigma[0, 0] == pytest.approx(np.sqrt((major**2 + minor**2) / 2), rel=1e-4)


@pytest.mark.parametrize("family", [Gaussian(), Disc(), Pupil(0.6)])
def test_axes_are_named_by_the_nearest_modulus(family):
    """The oracle is the optimiser of `equivalent_sigma`, on the kernel's own transform."""
    level = Moved(RoundLevel(family, 2.0), Streak("line", 8.0, 0.0))
    major, minor, _ = principal(shaped_blur([level], None, (512, 512)))
    transfer = level.transfer((512, 512))
    f = np.arange(257) / 512
    assert major == pytest.approx(equivalent_sigma(f, transfer[0]), rel=0.02)
    assert minor == pytest.approx(equivalent_sigma(f, transfer[:257, 0]), rel=0.02)


def test_an_elliptic_gaussian_is_scipys_filter():
    scene = spectral_noise(SHAPE, np.random.default_rng(0), 1.0)
    found = render(scene, Moved(RoundLevel(Gaussian(), 1.5), Streak("gaussian", np.sqrt(3.0**2 - 1.5**2), 90.0)))
    np.testing.assert_allclose(found, ndimage.gaussian_filter(scene, (3.0, 1.5), mode="wrap"), atol=0.01 * scene.std())


@pytest.mark.parametrize("degrees", [0.0, 40.0])
def test_an_astigmatic_pupil_has_its_line_foci(degrees):
    """Defocus that cancels one of the two curvatures leaves the other: the sides turn with its sign."""
    cut, strongest = 0.5, len(motion._ASTIGMATISM) - 1
    amount = motion._ASTIGMATISM[strongest]
    for sign, expected in ((1, degrees), (-1, degrees + 90)):
        defocus = int(np.abs(motion._DEFOCUS - sign * amount).argmin())
        major, minor, angle = principal(shaped_blur([Astigmatic(cut, strongest, defocus, degrees)], None, SHAPE))
        assert major > 2 * minor
        assert abs((angle - expected + 90) % 180 - 90) < 1
    level = Astigmatic(cut, 0, int(np.abs(motion._DEFOCUS).argmin()), degrees)
    major, minor, _ = principal(shaped_blur([level], None, SHAPE))
    assert major == pytest.approx(minor, rel=0.02)


def test_between_levels_strength_and_angle_are_followed():
    """Right in the middle between levels the picture is that of the kernel in the middle."""
    levels = [Moved(RoundLevel(Gaussian(), 1.0), Streak("line", 8.0 + i, 5.0 * i)) for i in range(5)]
    scene = spectral_noise(SHAPE, np.random.default_rng(0), 1.0)
    place = np.full(SHAPE, 2.5, np.float32)
    middle = Moved(RoundLevel(Gaussian(), 1.0), Streak("line", 10.5, 12.5))
    found, expected = render(scene, *levels, place=place), render(scene, middle)
    assert np.abs(found - expected).std() < 0.01 * expected.std()
    between, right = (principal(b) for b in (shaped_blur(levels, place, SHAPE), shaped_blur([middle], None, SHAPE)))
    assert between == pytest.approx(right, rel=0.02)


def test_drawn_blurs_are_finite_and_hold_their_sum():
    scene = spectral_noise((64, 64), np.random.default_rng(0), 0.5)
    kinds = set()
    for seed in range(40):
        blur = random_shaped_blur(scene.shape, np.random.default_rng(seed), 30.0)
        kinds.add(type(getattr(blur.levels[0], "motion", blur.levels[0])))
        assert np.isfinite(blur.sigma).all()
        assert 0.1 < blur.sigma.min() <= blur.sigma.max() < 60
        assert (np.hypot(*blur.anisotropy) <= 1).all()
        assert blur.render(fft.rfft2(scene), scene.shape).mean() == pytest.approx(0, abs=0.01)
    assert kinds == {Streak, Drift, Astigmatic}


def test_a_drift_goes_around_where_it_is_named():
    for seed in range(20):
        path = motion._random_drift(np.random.default_rng(seed)).path
        assert path.mean(axis=0) == pytest.approx([0, 0], abs=1e-9)


def test_streaks_turn_and_grow_slowly_and_line_scans_do_not_turn():
    """From level to level the end of a line moves by a pixel at most."""
    counts, turns = [], []
    for seed in range(200):
        levels = motion._streaks(SHAPE, np.random.default_rng(seed), 0.25, 30.0)
        streaks = [level.motion for level in levels]
        angles = np.array([streak.angle for streak in streaks])
        reach = max(s.length for s in streaks) * (3.5 if streaks[0].kind == "gaussian" else 1.0) / 2
        assert (np.deg2rad(np.abs(np.diff(angles))) * reach <= 1.001).all()
        if angles[0] % 90 == 0:
            assert np.ptp(angles) == 0
        counts.append(len(levels))
        turns.append(np.ptp(angles))
    assert set(counts) == {1, 4, 5, 6, 7, 8, 9}
    assert max(turns) > 20


def test_long_motions_are_not_rare():
    """Half of the lines are longer than 12 px: equal shares of all octaves would give a third."""
    draws = [motion._streaks(SHAPE, np.random.default_rng(seed), 0.25, 30.0)[0].motion for seed in range(400)]
    assert np.mean([s.length > 12 for s in draws if s.kind == "line"]) == pytest.approx(0.48, abs=0.08)
