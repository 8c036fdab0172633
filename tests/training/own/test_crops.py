"""Training crops of the user's own pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from own_pictures import crops_of, leaves, pieces_of
from scipy import ndimage

import napari_blurmap as nb
from napari_blurmap.training.own.crops import CropConfig, TuneCrops
from napari_blurmap.training.synthetic_crops import SyntheticCrops


def unlike_exact(crop, sharp):
    """One minus the correlation of a crop with the sharp picture blurred by its label, whichever way it was turned."""
    (picture, valid, *_), (sigma, *_) = (t.numpy() for t in crop)

    def unlike(turns, mirrored):
        seen, label, known = (np.rot90(a[:, ::-1] if mirrored else a, -turns) for a in (picture, sigma, valid > 0))
        return 1 - np.corrcoef(seen[known], nb.apply_blur(sharp, label)[known])[0, 1]

    return min(unlike(t, m) for t in range(4) for m in (False, True))


def test_a_crop_is_the_picture_blurred_by_its_sigma():
    sharp = ndimage.gaussian_filter(np.random.default_rng(3).normal(size=(64, 64)), 1.5) * 1000
    crops = crops_of(sharp)
    for number in range(8):
        assert unlike_exact(crops[number], sharp) < 1e-4


def test_a_sum_of_two_places_has_the_blur_of_both():
    crops = crops_of(leaves(1), leaves(2), mixed=1.0)
    rng = np.random.default_rng(0)
    for _ in range(4):
        first, other = crops._parts(rng)
        both = first.weight * first.stack + other.weight * other.stack
        inside = np.s_[16:-16, 16:-16]
        for level in (6, 8):
            exact = ndimage.gaussian_filter(both[0], np.sqrt(crops.sigmas[level] ** 2 - crops.sigmas[0] ** 2))
            assert (both[level] - exact)[inside].std() < 0.02 * exact[inside].std()
        assert first.weight**2 + other.weight**2 == pytest.approx(1)
        assert 0.3 < both[0].std() / first.stack[0].std() < 2
        assert abs(np.corrcoef(both[0].ravel(), first.stack[0].ravel())[0, 1]) < 0.99  # there is something of the other


def test_of_a_sum_both_parts_must_be_known():
    """Where the picture is 1 it is known, where it is 0 it is not; so also in a window that was mirrored."""
    mask = np.zeros((96, 96), bool)
    mask[10:80, 5:60] = True
    crops = crops_of(np.where(mask, leaves(1), 0).astype(np.uint8), leaves(2), masks=[mask, None], mixed=1.0, size=90)
    rng, seen = np.random.default_rng(0), 0
    for _ in range(8):
        for part in crops._parts(rng):
            if not (part.distance > 0).all():
                dark = part.stack[0] == part.stack[0].min()
                assert (dark[part.distance == 0]).mean() > 0.92
                seen += 1
    assert seen > 2


def test_a_sum_is_as_noisy_whatever_its_blur():
    draw = np.random.default_rng(1)
    smooth = [ndimage.gaussian_filter(draw.normal(size=(256, 256)), 4) * 1500 for _ in range(2)]
    noisy = [picture + draw.normal(0, level, picture.shape) for picture, level in zip(smooth, (2, 20), strict=True)]
    crops = crops_of(*noisy, size=128, mixed=1.0)
    (quiet,), (loud,) = crops.pictures.values()
    rng = np.random.default_rng(0)
    for first, second in ((quiet, loud), (loud, quiet)):
        parts = [crops._around(first, rng)._replace(weight=0.6), crops._around(second, rng)._replace(weight=0.8)]
        expected = np.hypot(
            0.6 * (2 if first is quiet else 20) / first.unit, 0.8 * (2 if second is quiet else 20) / second.unit
        )
        found = [immerkaer(crops._crop(parts, np.random.default_rng(i))[0]) for i in range(24)]
        # About half of the crops have all of it, whatever their sigma.
        assert np.quantile(found, 0.8) == pytest.approx(expected, rel=0.15)
        assert max(found) == pytest.approx(expected, rel=0.2)


def test_a_sum_stays_within_what_the_camera_records():
    dark = (10 + 100 * (leaves(1) > 150)).astype(np.uint8)
    crops = TuneCrops(CropConfig(0.3, 3.0, 64, 0, mixed=1.0))
    for piece in pieces_of(dark, leaves(2)):
        crops.add(replace(piece, sample=replace(piece.sample, noise=None)))  # noise may pass the end, light may not
    for number in range(24):
        parts = crops._parts(np.random.default_rng(number))
        piece = parts[0].piece
        picture = crops._crop(parts, np.random.default_rng(number))[0]
        grey = piece.middle + piece.unit * picture
        clipped = (grey <= piece.digits.low + 0.5) | (grey >= piece.digits.high - 0.5)
        assert clipped.mean() < 0.02


def immerkaer(picture):
    """Standard deviation of the noise by Immerkaer's Laplacian (1996)."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]])
    return np.abs(ndimage.convolve(picture, kernel)[2:-2, 2:-2]).mean() * np.sqrt(np.pi / 2) / 6


def test_a_blurred_crop_is_as_noisy_as_the_picture():
    draw = np.random.default_rng(1)
    smooth = ndimage.gaussian_filter(draw.normal(size=(256, 256)), 4) * 1500
    crops = crops_of(smooth + draw.normal(0, 3, smooth.shape), size=128, low=1.0)
    unit = crops.pictures[0][0].unit
    noises = [unit * immerkaer(crops[i][0][0].numpy()) for i in range(60)]
    assert max(noises) == pytest.approx(3, rel=0.1)
    # About half of the crops have all of it, some have none.
    assert np.quantile(noises, 0.7) == pytest.approx(3, rel=0.1)
    assert min(noises) < 1


def test_no_noise_passes_for_structure():
    draw = np.random.default_rng(1)
    picture = draw.normal(100, 5, (128, 128))
    picture[:, :64] += 1.0 * leaves(2, (128, 64))
    crops = crops_of(picture, size=128, high=0.5)  # so little blur leaves nearly all of the noise
    shares = []
    for number in range(12):
        structure, where = crops[number][1][1].numpy(), crops[number][0][1].numpy() > 0
        shares.append((structure[where] > 0.7).mean())
    assert 0.3 < np.mean(shares) < 0.65


def test_what_is_not_known_stays_unknown():
    mask = np.zeros((96, 96), bool)
    mask[20:70, 10:80] = True
    crops = crops_of(leaves(1), masks=[mask], size=96)
    for number in range(6):
        (_, valid, *_), (sigma, *_) = crops[number]
        assert 0 < float(valid.sum()) <= mask.sum()
        # the blur carries light over the border of what is known, as far as three sigma
        lost = 2 * int(3 * float(sigma.min()))
        assert float(valid.sum()) <= (50 - lost) * (70 - lost)


def test_crops_of_small_pictures_are_filled_up():
    picture, truth = crops_of(leaves(1, (70, 66)), size=96)[0]
    assert (picture.shape, truth.shape) == ((5, 96, 96), (4, 96, 96))
    assert float(picture[1].sum()) <= 70 * 66


def test_a_blurrier_picture_counts_with_what_it_is_blurrier():
    """Labelled from the sharp picture's zero, a crop of a blurred copy is the sharp one blurred by its label."""
    sharp = ndimage.gaussian_filter(np.random.default_rng(3).normal(size=(96, 96)), 1.0) * 1000
    [piece] = pieces_of(ndimage.gaussian_filter(sharp, 1.2))
    crops = TuneCrops(CropConfig(0.3, 3.0, 96, 0))
    crops.add(replace(piece, blur=1.2))
    for number in range(8):
        assert crops[number][1][0].min() > 1.2
        assert unlike_exact(crops[number], sharp) < 3e-4


def test_of_a_sum_both_blurs_count():
    pieces = [replace(p, blur=b) for p, b in zip(pieces_of(leaves(1), leaves(2)), (0.0, 2.0), strict=True)]
    crops = TuneCrops(CropConfig(0.3, 3.0, 64, 0, mixed=1.0))
    for piece in pieces:
        crops.add(piece)
    (sharp,), (soft,) = crops.pictures.values()
    rng = np.random.default_rng(0)
    parts = [crops._around(sharp, rng)._replace(weight=0.8), crops._around(soft, rng)._replace(weight=-0.6)]
    sigma = crops._crop(parts, np.random.default_rng(5))[5]
    alone = crops._crop(parts[:1], np.random.default_rng(5))[5]
    np.testing.assert_allclose(sigma**2 - alone**2, 0.36 * 4, rtol=1e-5)


def test_synthetic_crops_count_from_the_same_zero():
    crops = crops_of(leaves(1), rehearsal=0.25, zero=0.6)
    synthetic = SyntheticCrops(64, count=9, seed=2 * 10**6, largest=30.0)
    for number, index in enumerate((3, 7, 11)):
        inputs, truth = synthetic[number]
        torch.testing.assert_close(crops[index][0], inputs)
        total = (crops[index][1][0] ** 2 + 0.6**2).sqrt()
        torch.testing.assert_close(total, truth[0].clamp_min(0.6))
        torch.testing.assert_close(crops[index][1][1], truth[1])


def test_a_crop_depends_on_seed_and_number_alone():
    a, b, c = (crops_of(leaves(1), leaves(2), seed=s) for s in (0, 0, 1))
    assert torch.equal(a[5][0], (b[2], b[5])[1][0])
    assert not torch.equal(a[5][0], c[5][0])


def test_units_of_the_grey_levels_do_not_matter():
    rng = np.random.default_rng(0)
    sharp = leaves(1).astype(float) + rng.normal(0, 4, (96, 96))
    many = [crops_of(unit * sharp + offset)[3] for unit, offset in ((1.0, 0.0), (1e-6, 0.0), (1e25, 0.0), (1.0, 1e5))]
    assert (many[0][1][1] > 0.5).float().mean() > 0.3
    for picture, truth in many[1:]:
        torch.testing.assert_close(picture, many[0][0], rtol=1e-2, atol=1e-2)
        torch.testing.assert_close(truth, many[0][1], rtol=1e-2, atol=1e-2)
