"""Data sets of patches, from good and bad textures."""

from __future__ import annotations

from types import SimpleNamespace

import imageio.v3 as iio
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import napari_blurmap as nb
from benchmarks.textures import read_textures
from napari_blurmap.training.patch_data import SIGMAS_10, SIGMAS_30, PatchDataConfig
from napari_blurmap.training.patches import make_patches

RNG = np.random.default_rng(3)


def noise(height=96, width=128, **options):
    return np.random.default_rng(options.get("seed", 0)).integers(0, 256, (height, width)).astype(np.uint8)


def pictures(count=6):
    return [noise(seed=n) for n in range(count)]


def made(sources, **options):
    dropped = {}
    return make_patches(read_textures(sources, dropped), PatchDataConfig(**options), dropped=dropped)


def test_the_classes_of_the_thesis():
    np.testing.assert_allclose(SIGMAS_10, 0.3 * np.arange(1, 11))
    np.testing.assert_allclose(SIGMAS_30, 0.1 * np.arange(1, 31))


# What MATLAB prints for fspecial("gaussian", 3, 0.5) and ("gaussian", 5, 1), which imgaussfilt uses at these sigmas.
MATLAB = {
    0.5: [[0.0113, 0.0838, 0.0113], [0.0838, 0.6193, 0.0838], [0.0113, 0.0838, 0.0113]],
    1.0: [
        [0.0030, 0.0133, 0.0219, 0.0133, 0.0030],
        [0.0133, 0.0596, 0.0983, 0.0596, 0.0133],
        [0.0219, 0.0983, 0.1621, 0.0983, 0.0219],
        [0.0133, 0.0596, 0.0983, 0.0596, 0.0133],
        [0.0030, 0.0133, 0.0219, 0.0133, 0.0030],
    ],
}


@pytest.mark.parametrize("sigma", MATLAB)
def test_matlab_kernel_is_the_published_one(sigma):
    """A bright pixel of the patches shows the kernel, to the grey level."""
    picture = np.zeros((32, 32), np.uint8)
    picture[15, 16] = 250
    data = made([picture] * 4, sigmas=(sigma, 9.0), kernel="matlab", split="patch", keep=1.0)
    patch = data.train.patches[data.train.labels == 0][0]
    kernel = np.array(MATLAB[sigma])
    r = len(kernel) // 2
    np.testing.assert_allclose(patch[15 - r : 16 + r, 16 - r : 17 + r], 250 * kernel, atol=0.52)
    assert int(patch.astype(int).sum()) == int(patch[15 - r : 16 + r, 16 - r : 17 + r].astype(int).sum())


def test_matlab_border_is_repeated_and_scipy_s_mirrored():
    """A bright line two pixels from the border comes back from a mirror, not from a repeated border."""
    picture = np.zeros((32, 32), np.uint8)
    picture[:, 1] = 250
    edges = {}
    for kernel in ("matlab", "scipy"):
        data = made([picture] * 4, sigmas=(1.0, 9.0), kernel=kernel, split="patch", keep=1.0)
        edges[kernel] = data.train.patches[data.train.labels == 0][0, 10, :2].astype(float)
    assert edges["matlab"][0] < edges["matlab"][1]
    expected = {
        name: nb.apply_blur(picture.astype(float), 1.0, mode=mode, truncate=cut)[10, :2]
        for name, mode, cut in (("matlab", "nearest", "matlab"), ("scipy", "reflect", 4.0))
    }
    for name, values in expected.items():
        np.testing.assert_allclose(edges[name], values, atol=0.5)
    assert edges["scipy"][0] > edges["matlab"][0] + 10


def test_patches_do_not_overlap_and_come_from_their_places():
    """Every patch of an unblurred copy is one of the grid's, and none appears twice."""
    data = made([noise(100, 130)], sigmas=(0.0, 1.0), split="patch", keep=1.0)
    parts = [p.patches[p.labels == 0] for p in (data.train, data.validation, data.test)]
    found = {p.tobytes() for part in parts for p in part}
    picture = noise(100, 130)
    grid = {picture[y : y + 32, x : x + 32].tobytes() for y in (0, 32, 64) for x in (0, 32, 64, 96)}
    assert found == grid
    assert sum(map(len, parts)) == len(grid)


@given(st.sampled_from([0.25, 0.5, 1.0]), st.sampled_from(["texture", "patch"]), st.integers(0, 3))
def test_every_class_has_the_same_share(keep, split, seed):
    data = made(pictures(), sigmas=(0.5, 1.0, 2.0), keep=keep, split=split, seed=seed)
    parts = (data.train, data.validation, data.test)
    for part in parts:
        assert len(set(np.bincount(part.labels, minlength=3))) == 1
    assert sum(map(len, parts)) == 6 * 3 * round(keep * 12)
    assert data.mean == pytest.approx(np.mean(data.train.patches))
    assert data.deviation == pytest.approx(np.std(data.train.patches.astype(float)))


def test_half_of_the_patches_are_noisy_up_to_what_is_asked_for():
    flat = [np.full((320, 320), 100, np.uint8)] * 3
    found = made(flat, sigmas=(0.5, 2.0), keep=1.0, blank=0.0, noise=12.0).train.patches.std(axis=(1, 2), dtype=float)
    assert (found == 0).mean() == pytest.approx(0.5, abs=0.15)
    assert 10 < found.max() < 13
    assert np.median(found[found > 0]) == pytest.approx(6, abs=2)


def test_split_by_texture_shares_none_and_by_patch_shares_all():
    """The leak of the author's split: all three sets know every texture."""
    by_texture, by_patch = (made(pictures(), sigmas=(0.5, 1.0), split=s, keep=1.0) for s in ("texture", "patch"))
    sets = [[set(p.sources) for p in (d.train, d.validation, d.test)] for d in (by_texture, by_patch)]
    assert [len(s) for s in sets[0]] == [3, 1, 2]
    assert not sets[0][0] & sets[0][1] | sets[0][0] & sets[0][2] | sets[0][1] & sets[0][2]
    assert all(s == set(range(6)) for s in sets[1])
    assert len(by_patch.test) == pytest.approx(0.3 * 6 * 2 * 12, rel=0.15)


def test_one_seed_gives_equal_sets():
    a, b, c = (made(pictures(), sigmas=(0.5, 1.0), seed=s) for s in (4, 4, 5))
    np.testing.assert_array_equal(a.train.patches, b.train.patches)
    assert not np.array_equal(a.train.patches, c.train.patches)


def test_blank_areas():
    """A blank area costs itself, or its texture where it is the author's rule, even off the grid."""
    holed = noise()
    holed[20:60, 20:60] = 77  # holds a blank window of 32 x 32, but no area of the grid is blank
    by_patch = made([*pictures(3), holed], sigmas=(0.5, 1.0))
    assert by_patch.report.blank == 0
    assert len(by_patch.report.used) == 4
    by_texture = made([*pictures(3), holed], sigmas=(0.5, 1.0), drop="texture")
    assert by_texture.report.used == ["picture 1", "picture 2", "picture 3"]
    assert "blank area" in by_texture.report.dropped["picture 4"]
    holed[32:64, 32:64] = 77
    data = made([*pictures(3), holed], sigmas=(0.0, 1.0), keep=1.0)
    assert (data.report.blank, data.report.areas) == (1, 48)
    assert "1 of them left out as blank (standard deviation below 2 grey levels" in str(data.report)
    everything = np.concatenate([data.train.patches, data.validation.patches, data.test.patches])
    assert everything.std(axis=(1, 2)).min() > 2


def test_blank_limit_is_a_standard_deviation():
    # Halves of two grey levels deviate by half their difference.
    picture = np.tile(np.repeat([100, 103], 16), (96, 4)).astype(np.uint8)
    assert made([picture], sigmas=(0.1, 1.0), split="patch", blank=1.49).report.blank == 0
    with pytest.raises(nb.BlurMapError, match=r"(?s)No usable texture left.*picture 1: all of it is blank"):
        made([picture], sigmas=(0.1, 1.0), split="patch", blank=1.51)


def test_invalid_areas_are_left_out():
    holed = noise().astype(np.float32)
    holed[40, 40] = np.nan
    data = made([holed], sigmas=(0.0, 1.0), split="patch", keep=1.0)
    assert data.report.blank == 1


def test_any_folder(tmp_path):
    """Every usual format, depth and colour; what is foreign or broken is skipped, each by its name."""
    grey, colour = noise(), RNG.integers(0, 256, (96, 128, 3)).astype(np.uint8)
    iio.imwrite(tmp_path / "a.tif", grey)
    iio.imwrite(tmp_path / "b.png", colour)
    iio.imwrite(tmp_path / "c.gif", grey)
    iio.imwrite(tmp_path / "d.bmp", grey)
    iio.imwrite(tmp_path / "e.jpg", colour, quality=95)
    iio.imwrite(tmp_path / "f.png", 200 * grey.astype(np.uint16) + 1000)
    iio.imwrite(tmp_path / "small.png", grey[:20])
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "broken.png").write_bytes((tmp_path / "b.png").read_bytes()[:300])
    (tmp_path / "folder").mkdir()
    data = made(tmp_path, sigmas=(0.0, 1.0))
    assert data.report.used == ["a.tif", "b.png", "c.gif", "d.bmp", "e.jpg", "f.png"]
    assert set(data.report.dropped) == {"small.png", "notes.txt", "broken.png"}
    assert "notes.txt" in str(data.report)
    by_name = {t.name: t.planes[0][0] for t in read_textures(tmp_path, {})}
    np.testing.assert_allclose(by_name["a.tif"], grey, atol=0.01)
    np.testing.assert_allclose(by_name["b.png"], colour @ np.array([0.299, 0.587, 0.114]), atol=0.01)
    # 16 bits are stretched to 8: 0.1st and 99.9th percentile to 0 and 255.
    np.testing.assert_allclose(by_name["f.png"], grey, atol=1.5)


def test_pictures_in_memory():
    stack = np.stack([noise(), noise(seed=1)])
    layer = SimpleNamespace(name="cells", data=stack, scale=(1, 1, 1), units=None, rgb=False)
    data = made([layer, RNG.random((64, 70)), RNG.random((64, 64, 3))], sigmas=(0.5, 1.0), keep=1.0)
    assert data.report.used == ["cells", "picture 2", "picture 3"]
    assert data.report.areas == 2 * 12 + 4 + 4
    # The planes of a stack are one texture: they go to one set together.
    sets = [set(p.sources) for p in (data.train, data.validation, data.test)]
    assert sorted(s.pop() for s in sets) == [0, 1, 2]
    assert not any(sets)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"sigmas": (3.0, 0.3)}, "rising"),
        ({"sigmas": (1.0,)}, "two or more"),
        ({"sigmas": (1.0, float("nan"))}, "rising"),
        ({"sigmas": (-1.0, 1.0)}, "not negative"),
        ({"kernel": "octave"}, "kernel"),
        ({"split": "file"}, "split"),
        ({"drop": "all"}, "drop"),
        ({"keep": 0.0}, "keep"),
        ({"test": 0.95}, "something left"),
        ({"noise": -1.0}, "noise"),
    ],
)
def test_bad_options(options, word):
    with pytest.raises(nb.BlurMapError, match=word):
        PatchDataConfig(**options)


def test_too_little_is_said_so(tmp_path):
    with pytest.raises(nb.BlurMapError, match=r"No usable texture(.|\n)*missing cannot be read"):
        made(tmp_path / "missing")
    with pytest.raises(nb.BlurMapError, match="no pictures"):
        made(tmp_path)
    with pytest.raises(nb.BlurMapError, match="too few to train"):
        made([noise(32, 64)], split="patch", keep=1.0)
    with pytest.raises(nb.BlurMapError, match=r"2 usable textures left; expected 3 or more.*cut them"):
        made(pictures(2))
