"""Axes, angle and motion of a blur: against eigenvalues of covariances, and against drawn lines."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from scipy import ndimage

import napari_blurmap as nb
from napari_blurmap.ground.optics import equivalent_sigma
from napari_blurmap.result.motion import LINE_SIGMA, candidate_lines
from napari_blurmap.result.shape import principal_axes

ABOUT = {"axes": "yx", "scale": (1, 1), "units": ("px", "px"), "provenance": {"model": "m"}}


def shaped(covariances, error=0.005, uncertainty=0.05):
    """Map of blurs with these covariances, (Y, X, 2, 2) in the order x, y."""
    xx, yy, xy = covariances[..., 0, 0], covariances[..., 1, 1], covariances[..., 0, 1]
    sigma = np.sqrt((xx + yy) / 2)
    return nb.BlurMap(
        sigma,
        np.full_like(sigma, uncertainty),
        np.zeros(sigma.shape),
        ellipticity_1=(xx - yy) / (xx + yy),
        ellipticity_2=2 * xy / (xx + yy),
        ellipticity_error=np.full_like(sigma, error),
        **ABOUT,
    )


def covariances(shape, seed=0):
    rng = np.random.default_rng(seed)
    roots = rng.normal(size=(*shape, 2, 2)) * 2
    return roots @ roots.swapaxes(-1, -2) + 0.3 * np.eye(2)


def test_axes_against_eigenvalues():
    cov = covariances((40, 50))
    m = shaped(cov)
    values, vectors = np.linalg.eigh(cov)
    np.testing.assert_allclose(m.sigma_major, np.sqrt(values[..., 1]), rtol=1e-3)
    np.testing.assert_allclose(m.sigma_minor, np.sqrt(values[..., 0]), rtol=2e-2)
    np.testing.assert_allclose((m.sigma_major**2 + m.sigma_minor**2) / 2, m.sigma**2, rtol=1e-4)
    x, y = vectors[..., 0, 1], vectors[..., 1, 1]
    expected = np.degrees(np.arctan2(y, x)) % 180
    told = np.isfinite(m.angle)
    assert told.mean() > 0.95
    off = np.abs((m.angle - expected + 90) % 180 - 90)[told]
    assert off.max() < 0.1
    assert m.angle[told].min() >= 0
    assert m.angle[told].max() < 180


def test_the_angle_is_from_x_down_to_y():
    """Scipy's blur along the diagonal from the upper left to the lower right."""
    picture = np.zeros((65, 65))
    picture[range(27, 38), range(27, 38)] = 1
    y, x = np.mgrid[:65, :65] - 32
    cov = np.array([[(picture * a * b).sum() / picture.sum() for a in (x, y)] for b in (x, y)])
    assert float(shaped(cov[None, None]).angle[0, 0]) == pytest.approx(45)


def test_round_within_the_errors_has_no_angle():
    m = shaped(np.broadcast_to(np.eye(2) * 4, (8, 8, 2, 2)))
    assert np.isnan(m.angle).all()
    np.testing.assert_allclose(m.sigma_major, 2)
    np.testing.assert_allclose(m.sigma_minor, 2)
    nearly = shaped(np.broadcast_to(np.diag([4.0, 3.8]), (8, 8, 2, 2)), error=0.05)
    assert np.isnan(nearly.angle).all()
    np.testing.assert_allclose(nearly.sigma_major, nearly.sigma_minor)


def test_stated_errors_are_those_of_noise_put_in():
    """Draw sigma and ellipticity with their errors many times: the axes scatter as stated."""
    rng = np.random.default_rng(1)
    n, cov = 4000, np.array([[9.0, 2.0], [2.0, 3.0]])
    clean = shaped(np.broadcast_to(cov, (1, n, 2, 2)), error=0.03, uncertainty=0.06)
    noisy = nb.BlurMap(
        clean.sigma + rng.normal(0, 0.06, (1, n)),
        clean.uncertainty,
        clean.status,
        ellipticity_1=clean.ellipticity_1 + rng.normal(0, 0.03, (1, n)),
        ellipticity_2=clean.ellipticity_2 + rng.normal(0, 0.03, (1, n)),
        ellipticity_error=clean.ellipticity_error,
        **ABOUT,
    )
    for name in ("sigma_major", "sigma_minor", "angle"):
        stated = float(getattr(noisy, f"uncertainty_{name.removeprefix('sigma_')}").mean())
        assert float(np.std(getattr(noisy, name))) == pytest.approx(stated, rel=0.1)


def test_what_is_masked_or_filled_is_so_in_every_map():
    m = shaped(covariances((40, 50)), uncertainty=0.1)
    m.status[:20] = 1
    assert np.isnan(m.masked().sigma_major[:20]).all()
    assert np.isfinite(m.masked(10).sigma_major[20:]).all()
    assert np.isnan(m.filled().angle[:20]).all()
    for kept in (m.masked(10), m.filled()):  # where it was judged, the axes stay as they were
        np.testing.assert_allclose(kept.angle[20:], m.angle[20:])
        np.testing.assert_allclose(kept.sigma_major[20:], m.sigma_major[20:], rtol=1e-6)
    # A place between others of one shape is given that shape.
    one = shaped(np.broadcast_to([[9.0, 2.0], [2.0, 3.0]], (8, 9, 2, 2)))
    one.status[3:5, 4:6] = 1
    for name in ("ellipticity_1", "ellipticity_2"):
        np.testing.assert_allclose(getattr(one.filled(), name), getattr(one, name), rtol=1e-5)


@pytest.mark.parametrize("ending", ["tif", "zarr"])
def test_files_keep_the_shape(tmp_path, ending):
    m = shaped(covariances((40, 50)))
    path = m.save(tmp_path / f"a.sigma.ome.{ending}")
    again = nb.BlurMap.load(path)
    for name in ("sigma", "uncertainty", "status", "ellipticity_1", "ellipticity_2", "ellipticity_error"):
        np.testing.assert_array_equal(np.asarray(getattr(again, name)), getattr(m, name))
    np.testing.assert_allclose(np.asarray(again.angle), m.angle)


def test_the_channels_of_today_come_first(tmp_path):
    import tifffile

    m = shaped(covariances((40, 50)))
    stored = tifffile.imread(m.save(tmp_path / "a.sigma.ome.tif"))
    for number, name in enumerate(("sigma", "uncertainty", "status", "ellipticity_1")):
        np.testing.assert_array_equal(stored[number], getattr(m, name))


def test_lazy_stays_lazy():
    m = shaped(covariances((40, 50)))
    names = ("sigma", "uncertainty", "status", "ellipticity_1", "ellipticity_2", "ellipticity_error")
    lazy = nb.BlurMap(**{name: da.from_array(getattr(m, name), chunks=20) for name in names}, **ABOUT)
    assert isinstance(lazy.angle, da.Array)
    np.testing.assert_allclose(lazy.angle.compute(), m.angle)


def test_a_map_without_shape_says_so():
    m = nb.BlurMap(np.ones((40, 40)), np.ones((40, 40)), np.zeros((40, 40)), **ABOUT)
    for name in ("sigma_major", "angle", "uncertainty_minor"):
        with pytest.raises(nb.BlurMapError, match="no shape"):
            getattr(m, name)
    with pytest.raises(nb.BlurMapError, match="together"):
        nb.BlurMap(*(np.ones((40, 40)),) * 2, np.zeros((40, 40)), ellipticity_1=np.ones((40, 40)), **ABOUT)


def test_a_line_is_named_by_the_mtf_along_it():
    """The sinc of a line, named as every kernel is; along it, not over all directions."""
    frequency = np.linspace(0, 0.5, 4001)
    for length in (8.0, 15.0, 25.0):
        assert equivalent_sigma(frequency, np.sinc(length * frequency)) / length == pytest.approx(LINE_SIGMA, rel=0.02)


@pytest.mark.parametrize(("length", "angle"), [(9, 0), (15, 30), (25, 90), (5, 150)])
def test_motion_gives_the_line_back(length, angle):
    """A line and a round blur of 1 px: length, direction, and the nearest of the candidates."""
    turn = np.radians(angle)
    along = np.array([np.cos(turn), np.sin(turn)])
    cov = np.eye(2) + (LINE_SIGMA * length) ** 2 * np.outer(along, along)
    motion = shaped(np.broadcast_to(cov, (16, 16, 2, 2)), uncertainty=0.02).motion()
    assert float(motion.length[0, 0]) == pytest.approx(length, rel=0.02)
    assert float(motion.angle[0, 0]) == pytest.approx(angle, abs=0.5)
    assert motion.probabilities.shape == (73, 4, 4)
    np.testing.assert_allclose(motion.probabilities.sum(axis=0), 1, rtol=1e-5)
    nearest = motion.candidates[int(motion.probabilities[:, 0, 0].argmax())]
    assert (nearest.length, nearest.angle) == (length, angle)


def test_where_no_direction_is_known_none_is_more_probable():
    nearly_round = np.broadcast_to(np.diag([5.2, 2.8]), (16, 16, 2, 2))
    motion = shaped(nearly_round, error=0.2).motion([(3, 0), (3, 90), (9, 0), (9, 90)])
    assert np.isnan(motion.angle).all()
    np.testing.assert_allclose(motion.probabilities[0], motion.probabilities[1], rtol=1e-6)
    np.testing.assert_allclose(motion.probabilities[2], motion.probabilities[3], rtol=1e-6)
    assert (motion.probabilities[0] > motion.probabilities[2]).all()


def test_candidates():
    assert len(candidate_lines()) == 73  # Sun et al. 2015
    m = shaped(covariances((16, 16)))
    assert m.motion([(9, 0), (9, 90)]).probabilities.shape == (2, 4, 4)
    for wrong in ([], [(0, 10)], [(np.nan, 3)]):
        with pytest.raises(nb.BlurMapError, match="candidates"):
            m.motion(wrong)


def test_ndimage_agrees_with_the_covariance():
    """The second moments of a point blurred by scipy in x and y by different sigmas are those of the map."""
    point = np.zeros((101, 101))
    point[50, 50] = 1
    seen = ndimage.gaussian_filter(point, (2.0, 4.0))
    y, x = np.mgrid[:101, :101] - 50
    cov = np.array([[(seen * a * b).sum() for a in (x, y)] for b in (x, y)])
    m = shaped(cov[None, None])
    assert (float(m.sigma_major[0, 0]), float(m.sigma_minor[0, 0])) == pytest.approx((4, 2), rel=0.01)
    assert float(m.angle[0, 0]) % 180 == pytest.approx(0, abs=0.01)


def test_results_of_the_first_schema_load(tmp_path):
    m = nb.BlurMap(np.ones((40, 40)), np.ones((40, 40)), np.zeros((40, 40)), **ABOUT)
    m.save(tmp_path / "a.sigma.ome.tif")
    sidecar = tmp_path / "a.blurmap.json"
    written = sidecar.read_text()
    sidecar.write_text(written.replace('"schema": 2', '"schema": 1'))
    assert sidecar.read_text() != written
    np.testing.assert_array_equal(nb.BlurMap.load(sidecar).sigma, m.sigma)


def test_the_minor_axis_of_a_line_is_as_uncertain_as_its_square():
    """Its square is 2 sigma**2 (1 - e) / 2, and e may be less than 1 by its error."""
    axes = principal_axes(*(np.array([value]) for value in (3.0, 0.1, 1.0, 0.0, 0.04)))
    assert float(axes.minor_error[0]) == pytest.approx(3.0 * np.sqrt(0.04), rel=0.01)
