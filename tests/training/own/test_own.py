"""Training on a user's own pictures, in miniature."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from types import SimpleNamespace

import dask.array as da
import numpy as np
import pytest
import tifffile
import torch
from PIL import Image
from scipy import ndimage

import napari_blurmap as nb
from napari_blurmap import estimate
from napari_blurmap.models.dense import DenseNetwork
from napari_blurmap.models.sizes import DenseConfig
from napari_blurmap.synthesis.scenes import random_scene
from napari_blurmap.training import checkpoints
from napari_blurmap.training.evaluation import Read
from napari_blurmap.training.initial import draw_weights
from napari_blurmap.training.own import learners, pictures
from napari_blurmap.training.own import session as tuning
from napari_blurmap.training.own.config import TuneConfig
from napari_blurmap.training.own.crops import CropConfig, TuneCrops, split_pieces
from napari_blurmap.training.own.own_blur import zero_of
from napari_blurmap.training.own.pictures import Finding, list_sources, read_pictures
from napari_blurmap.training.own.session import Tuning
from napari_blurmap.training.synthetic_crops import SyntheticCrops


def leaves(seed, shape=(96, 96)):
    """A sharp picture of 8 bit."""
    return (250 * random_scene(shape, np.random.default_rng(seed), kind="dead leaves")).astype(np.uint8)


def pieces_of(*pictures, masks=None):
    return [piece for _, found in read_pictures(list_sources(list(pictures), masks)) for piece in found]


def crops_of(*pictures, masks=None, size=64, seed=0, low=0.3, high=3.0, **options):
    crops = TuneCrops(CropConfig(low, high, size, seed, **options))
    for piece in pieces_of(*pictures, masks=masks):
        crops.add(piece)
    return crops


@pytest.fixture(autouse=True)
def _small(monkeypatch, tiny_model):
    """Few and small crops, and a tiny network in the place of the bundled one."""
    monkeypatch.setattr(tuning, "_BATCH", 2)
    monkeypatch.setattr(tuning, "_EDGE", 64)
    monkeypatch.setattr(learners, "_WATCHING", 2)
    monkeypatch.setattr(learners, "_REPORTING", 4)
    monkeypatch.setattr(learners, "_WATCHING_PATCHES", 20)
    monkeypatch.setattr(learners, "_REPORTING_PATCHES", 40)
    monkeypatch.setattr(estimate, "load_model", lambda name: tiny_model if name == "default" else name)


def small_tuning(tiny_model, steps=3, pictures=(1, 2, 3), **options):
    settings = {k: options.pop(k) for k in ("seed", "sigma_range") if k in options}
    return Tuning([leaves(i) for i in pictures], TuneConfig(steps=steps, **settings), init=tiny_model, **options)


def finished(training):
    for _ in training.run():
        pass
    return training


def weights(training):
    return training.learner.weights()


def assert_equal(a, b):
    assert all(torch.equal(a[name], b[name]) for name in a)


# Pictures


def test_every_picture_that_cannot_be_used_is_named_with_the_reason(tmp_path):
    Image.fromarray(leaves(1)).save(tmp_path / "good.png")
    Image.fromarray(np.dstack([leaves(2)] * 3)).save(tmp_path / "colour.png")
    Image.fromarray(leaves(3, (40, 200))).save(tmp_path / "small.png")
    Image.fromarray(np.full((96, 96), 7, np.uint8)).save(tmp_path / "flat.png")
    Image.fromarray(np.full((96, 96), 255, np.uint8)).save(tmp_path / "white.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "good.png").read_bytes()[:300])
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden").write_text("")
    (tmp_path / "folder").mkdir()
    found = {f.name: f.problem for f in nb.inspect_images(tmp_path)}
    assert found.pop("good.png") == found.pop("colour.png") == ""
    expected = {
        "small": "at least 64",
        "flat": "flat",
        "white": "saturated",
        "broken": "damaged",
        "notes": "no picture",
    }
    assert {name.partition(".")[0] for name in found} == set(expected)
    for name, problem in found.items():
        assert expected[name.partition(".")[0]] in problem


def test_white_noise_is_no_texture():
    noise = np.random.default_rng(0).normal(100, 10, (128, 128))
    assert "flat or empty" in nb.inspect_images(noise)[0].problem


def test_what_is_wrong_with_usable_pictures_is_said(monkeypatch):
    monkeypatch.undo()  # the real model tells how blurred a picture is
    clipped = leaves(4)
    clipped[:30, :40] = 255
    empty = np.random.default_rng(0).normal(100, 1, (256, 256))
    empty[:40, :40] += leaves(5)[:40, :40]
    blurred = nb.apply_blur(leaves(6, (128, 128)).astype(float), 2.5)
    sharp = leaves(7, (128, 128))
    small, sparse, soft, fine = nb.inspect_images([clipped, empty, blurred, sharp])
    assert any("saturated" in text for text in small.warnings)
    assert any("96 x 96" in text for text in small.warnings)
    assert any("the rest is empty" in text for text in sparse.warnings)
    assert soft.own_sigma == pytest.approx(2.5, abs=0.7)
    assert any("already blurred" in text for text in soft.warnings)
    assert fine.warnings == ()
    assert fine.own_sigma < 1


def test_what_is_blurrier_than_most_counts_so_and_what_is_far_blurrier_is_left_out(monkeypatch):
    monkeypatch.undo()  # the real model tells how blurred a picture is
    monkeypatch.setattr(tuning, "_EDGE", 64)
    monkeypatch.setattr(tuning, "_BATCH", 2)
    sharp = [leaves(i, (160, 160)) for i in range(10, 15)]
    soft, far = (nb.apply_blur(leaves(i, (160, 160)).astype(float), s) for i, s in ((15, 1.8), (16, 5.0)))
    training = Tuning([*sharp[:2], soft, *sharp[2:], far], TuneConfig(steps=1), init=None)
    learnt = []
    monkeypatch.setattr(
        TuneCrops, "add", lambda self, piece, add=TuneCrops.add: (learnt.append(piece), add(self, piece))
    )
    next(at for at in training.run() if at.step)
    assert training.zero < 0.9
    blurs = {piece.picture: piece.blur for piece in learnt}
    assert blurs.pop(2) == pytest.approx(1.8, abs=0.4)
    assert blurs == dict.fromkeys((0, 1, 3, 4, 5), 0.0)
    assert "the difference counts as blur added" in " ".join(training.findings[2].warnings)
    assert "no blur of 3 px or less" in training.findings[6].problem
    assert not any("counts as blur" in line for i in (0, 1, 3, 4, 5) for line in training.findings[i].lines())
    report = "\n".join(training.model().info.training["report"]["warnings"])
    assert re.search("picture 3: the bundled model reads sigma 1.[6-9] px .* the difference counts", report)


def test_most_of_two_pictures_is_the_sharper_one():
    one, other = (Finding(name, own_sigma=s) for name, s in (("a", 2.0), ("b", 0.5)))
    assert zero_of([one, other, Finding("c")]) == 0.5
    assert zero_of([Finding("c")]) is None


def test_types_sizes_and_stacks_are_all_read():
    pictures = [leaves(i, (96 + 16 * i, 100)) for i in range(4)]
    mixed = [pictures[0] / 255, pictures[1].astype(np.uint16) * 200, np.stack([pictures[2]] * 2), pictures[3]]
    assert [f.problem for f in nb.inspect_images(mixed)] == [""] * 4
    assert len(pieces_of(mixed[2])) == 2


def test_colour_of_any_plain_array_is_colour():
    colour = np.stack([leaves(1)] * 3, axis=-1)
    for array in (colour, da.from_array(colour, chunks=40), np.stack([colour, colour])):
        assert [f.problem for f in nb.inspect_images([array])] == [""]


def test_maps_in_the_folder_are_no_pictures(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", leaves(1))
    nb.estimate_blur(leaves(1)).save(tmp_path / "a.sigma.ome.tif")
    assert [f.name for f in nb.inspect_images(tmp_path)] == ["a.tif"]


def test_numbers_of_numpy_can_be_saved(tiny_model, tmp_path):
    pictures = [leaves(i, (128, 128)) for i in (1, 2)]
    model = nb.train_model(pictures, init=tiny_model, steps=np.int64(1), seed=np.int64(3), name="a")
    assert model.save(tmp_path / "a.blurmap.safetensors")
    with pytest.raises(nb.BlurMapError, match="whole number"):
        nb.train_model([leaves(1)], steps=1.5)


def test_a_large_picture_is_taken_in_part(monkeypatch):
    monkeypatch.setattr(pictures, "MOST_PIXELS", 5 * 128 * 128)
    monkeypatch.setattr(pictures, "LARGEST", 128)
    pieces = pieces_of(leaves(1, (512, 512)))
    assert 1 <= sum(p.usable.size for p in pieces) / 128**2 <= 5
    monkeypatch.setattr(pictures, "MOST_PICTURES", 2)
    found = nb.inspect_images([leaves(i) for i in range(4)])
    assert sum("taken at random" in f.problem for f in found) == 2


def test_files_beside_the_pictures_take_no_place(tmp_path, monkeypatch):
    for i in range(4):
        tifffile.imwrite(tmp_path / f"{i}.tif", leaves(i))
        (tmp_path / f"{i}.json").write_text("{}")
    monkeypatch.setattr(pictures, "MOST_PICTURES", 4)
    looked = []
    monkeypatch.setattr(pictures, "own_blur", lambda *_: looked.append(1))
    found = nb.inspect_images(tmp_path)
    assert [bool(f.problem) for f in found] == [True, False] * 4  # each .json comes first
    assert all("no picture" in f.problem for f in found[::2])
    assert len(looked) == 4


def test_masks():
    picture, mask = leaves(1), np.zeros((96, 96), int)
    mask[:, :48] = 3
    for given in ([(picture, mask)], [picture]):
        [piece] = pieces_of(*given, masks=None if isinstance(given[0], tuple) else [mask])
        assert piece.usable[:, :48].all()
        assert not piece.usable[:, 48:].any()
    for one in (mask, [mask]):  # of a single picture
        assert "textured" in vars(nb.inspect_images(picture, masks=one)[0])
        assert not nb.inspect_images(picture, masks=one)[0].problem
    assert "region is empty" in nb.inspect_images([picture], masks=[0 * mask])[0].problem
    assert "mask has the shape" in nb.inspect_images([picture], masks=[mask[1:]])[0].problem
    with pytest.raises(nb.BlurMapError, match="2 images and 1 masks"):
        nb.inspect_images([picture, picture], masks=[mask])


def test_a_mask_is_laid_out_as_its_picture(tiny_model):
    from napari.layers import Image as Layer
    from napari.layers import Shapes

    sharp = leaves(1, (96, 128))
    mask = np.zeros((2, 96, 128), int)
    mask[:, :, :64] = 1
    stack = Layer(np.stack([sharp, sharp]).transpose(2, 0, 1), axis_labels=("x", "z", "y"))
    [*pieces] = pieces_of(stack, masks=[mask.transpose(2, 0, 1)])
    for piece in pieces:
        np.testing.assert_array_equal(piece.sample.grey, sharp)
        assert piece.usable[:, :64].all()
        assert not piece.usable[:, 64:].any()
    outlines = Shapes([np.zeros((3, 2)), np.zeros((5, 2))], shape_type="polygon")
    [finding] = nb.inspect_images([sharp], masks=[outlines])
    assert "Labels layer" in finding.problem


@pytest.mark.parametrize("given", [{"device": "gpu"}, {"seed": -1}, {"seed": 0.5}])
def test_settings_are_not_taken_for_faults_of_the_pictures(given):
    [name] = given
    for call in (nb.inspect_images, nb.train_model):
        with pytest.raises(nb.BlurMapError, match=f"^{name} is"):
            call([leaves(1)], **given)


def test_looking_through_can_be_stopped():
    told = []
    with pytest.raises(nb.Cancelled) as stopped:
        nb.inspect_images([leaves(1), leaves(2)], progress=lambda *a: told.append(a), cancel=lambda: True)
    assert len(stopped.value.partial) == 1
    assert told == [(1, 2, "picture 1")]


# Crops


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
    crops = crops_of(dark, leaves(2), mixed=1.0)
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


def test_held_out_is_by_picture_or_by_region():
    learnt, held = split_pieces(pieces_of(*(leaves(i) for i in range(7))), 0)
    assert {p.picture for p in learnt} | {p.picture for p in held} == set(range(7))
    assert len({p.picture for p in held}) == 1
    one = leaves(1, (200, 150))
    [rest], [strip] = split_pieces(pieces_of(one), 0)
    assert rest.usable.size + strip.usable.size == one.size
    whole = sorted(np.concatenate([rest.sample.grey.ravel(), strip.sample.grey.ravel()]))
    assert whole == sorted(one.ravel().tolist())
    with pytest.raises(nb.BlurMapError, match="Add another"):
        split_pieces(pieces_of(leaves(1, (80, 80))), 0)


def test_what_is_blurrier_than_most_is_not_what_is_judged_by():
    """Neither of several pictures, nor where a single sharp one is left, which is then cut."""
    pieces = [replace(p, blur=1.0 if p.picture < 5 else 0.0) for p in pieces_of(*(leaves(i) for i in range(7)))]
    for seed in range(6):
        assert {p.picture for p in split_pieces(pieces, seed)[1]} <= {5, 6}
    one = pieces_of(leaves(1, (200, 150)), leaves(2, (300, 300)))
    learnt, held = split_pieces([one[0], replace(one[1], blur=1.0)], 0)
    assert {p.picture for p in held} == {0}
    assert {p.picture for p in learnt} == {0, 1}


def test_of_a_stack_the_same_part_of_all_planes_is_held_out():
    sharp = leaves(1, (160, 192))
    learnt, held = split_pieces(pieces_of(np.stack([sharp, sharp // 2, sharp // 3])), 0)
    assert len(learnt) == len(held) == 3
    for one in held:
        for other in learnt:
            assert one.sample.grey.shape[0] + other.sample.grey.shape[0] in (160, 320)
            assert one.sample.grey.shape[1] + other.sample.grey.shape[1] in (192, 384)


def test_of_a_marked_part_a_fifth_is_held_out():
    sharp = leaves(1, (320, 320))
    mask = np.zeros(sharp.shape, int)
    mask[64:256, 80:272] = 1
    [rest], [strip] = split_pieces(pieces_of(sharp, masks=[mask]), 0)
    shares = [part.textured.sum() for part in (rest, strip)]
    assert 0.15 < shares[1] / sum(shares) < 0.3


def test_a_picture_with_hardly_a_mark_is_not_what_is_judged_by():
    mask = np.zeros((160, 160), int)
    mask[70:82, 70:82] = 1
    pictures = [leaves(i, (160, 160)) for i in (1, 2)]
    for seed in range(4):
        _, held = split_pieces(pieces_of(*pictures, masks=[mask, None]), seed)
        assert {p.name for p in held} == {"picture 2"}


def test_units_of_the_grey_levels_do_not_matter():
    rng = np.random.default_rng(0)
    sharp = leaves(1).astype(float) + rng.normal(0, 4, (96, 96))
    many = [crops_of(unit * sharp + offset)[3] for unit, offset in ((1.0, 0.0), (1e-6, 0.0), (1e25, 0.0), (1.0, 1e5))]
    assert (many[0][1][1] > 0.5).float().mean() > 0.3
    for picture, truth in many[1:]:
        torch.testing.assert_close(picture, many[0][0], rtol=1e-2, atol=1e-2)
        torch.testing.assert_close(truth, many[0][1], rtol=1e-2, atol=1e-2)


# Training


def test_nothing_to_judge_by_is_said_before_time_is_spent(tiny_model):
    with pytest.raises(nb.BlurMapError, match=r"0 places can be used for blurs of 17 to 20 px.*smaller range"):
        finished(small_tuning(None, sigma_range=(17, 20)))


def test_weights_are_drawn_without_disturbing_others():
    networks = [DenseNetwork(DenseConfig(narrow=4, wide=8, fused=8)) for _ in range(3)]
    before = torch.get_rng_state()
    for network, seed in zip(networks, (1, 1, 2), strict=True):
        draw_weights(network, seed)
    assert torch.equal(torch.get_rng_state(), before)
    a, b, c = (network.state_dict() for network in networks)
    assert_equal(a, b)
    assert not torch.equal(a["head.bias"], c["head.bias"])
    # PyTorch's own spread: uniform up to one over the root of what a value is made of
    assert float(a["top.0.0.weight"].abs().max()) == pytest.approx((8 * 9) ** -0.5, rel=0.02)


def test_one_seed_gives_equal_weights_also_beside_another_training(tiny_model):
    before = torch.get_rng_state()
    alone, other = (finished(small_tuning(tiny_model, seed=s)) for s in (0, 1))
    assert not torch.equal(weights(alone)["head.weight"], weights(other)["head.weight"])
    both = [small_tuning(tiny_model, seed=s) for s in (0, 1)]
    for _ in zip(*(t.run() for t in both), strict=True):
        torch.rand(3)  # somebody else draws in between
    torch.set_rng_state(before)
    assert_equal(weights(both[0]), weights(alone))
    assert_equal(weights(both[1]), weights(other))
    assert_equal(both[0].model().network.state_dict(), alone.model().network.state_dict())


def test_what_is_held_out_is_judged_as_it_is(tiny_model, monkeypatch):
    made = []

    def recorded(config):
        made.append(config)
        return TuneCrops(config)

    monkeypatch.setattr(learners, "TuneCrops", recorded)
    finished(small_tuning(tiny_model, steps=1))
    learnt, held_out = made
    assert min(learnt.mixed, learnt.rehearsal) > 0
    assert held_out.mixed == held_out.rehearsal == 0
    assert held_out.seed != learnt.seed


def test_it_learns(monkeypatch):
    monkeypatch.setattr(tuning, "_BATCH", 8)
    training = Tuning([leaves(i, (128, 128)) for i in range(4)], TuneConfig(steps=60), init=None)
    steps = [at for at in training.run() if at.step]
    assert [at.step for at in steps] == list(range(1, 61))
    losses = [at.loss for at in steps]
    assert np.mean(losses[-10:]) < np.mean(losses[:10]) - 0.3
    assert steps[-1].error < 0.8 * steps[0].error
    assert steps[-1].seconds_left == 0
    assert steps[-1].fraction == 1


def test_the_last_weights_are_kept_that_are_not_ruined(tiny_model, monkeypatch):
    errors = iter([3.0, 1.0, 1.9, 2.1, float("nan")])

    def read(self, weights, *, report):
        truth = torch.ones(64)
        return Read(
            truth + (0.5 if report else next(errors)), truth, truth, truth, torch.arange(64), torch.empty(64, 0)
        )

    monkeypatch.setattr(learners.DenseLearner, "read", read)
    training = small_tuning(tiny_model, steps=4)
    steps, found = [], []
    for at in training.run():
        if at.step:
            steps.append(at)
            found.append(weights(training))
    # the pictures' own blur is taken off what the model before reads
    assert steps[0].start_error == pytest.approx((16 - (training.zero or 0) ** 2) ** 0.5 - 1)
    kept = training.model().network.state_dict()
    assert_equal(kept, found[1])
    assert not torch.equal(kept["head.weight"], found[3]["head.weight"])


def test_weights_that_are_ruined_read_badly_but_break_nothing(tiny_model):
    start = tiny_model.variant(decode="median")
    training = finished(small_tuning(start, steps=1))
    ruined = {name: value * float("nan") for name, value in weights(training).items()}
    assert training.learner.read(ruined, report=False).sigma.isfinite().all()


def test_a_trained_network_keeps_the_statistics_of_its_norms(tiny_model):
    training = finished(small_tuning(tiny_model))
    name = "trunk_layers.0.1.running_mean"
    assert torch.equal(weights(training)[name], tiny_model.network.state_dict()[name])
    new = finished(Tuning([leaves(1), leaves(2)], TuneConfig(steps=2), init=None))
    assert weights(new)[name].abs().max() > 0


def test_the_model_is_complete(tiny_model, tmp_path):
    training = finished(small_tuning(tiny_model))
    model = training.model("mine")
    loaded = nb.load_model(model.save(tmp_path / "mine.blurmap.safetensors"))
    info = loaded.info
    assert (info.name, info.reference, info.sigma_grid) == ("mine", "added", tiny_model.info.sigma_grid)
    assert info.training["steps"] == 3
    assert info.training["started_from"] == {"name": "tiny", "hash": tiny_model.hash}
    assert info.training["report"]["rmse"] == training.report.rmse == info.training["figures"]["held-out RMSE px"]
    assert "2 pictures" in info.trained_on
    assert "your own training pictures" in info.card()
    m = nb.estimate_blur(leaves(9), model=loaded)
    assert m.provenance["reference"] == "added"
    assert info.calibration["error"] == sorted(info.calibration["error"])


def test_there_is_a_model_at_any_time(tiny_model):
    training = small_tuning(tiny_model)
    with pytest.raises(nb.BlurMapError, match="Nothing is prepared"):
        training.preview()
    for at in training.run():
        if at.step:
            assert training.preview().info.reference == "added"
            break
    assert training.model().info.training["steps"] == 1


def test_progress_and_stop(tiny_model):
    pictures, told = [leaves(i, (128, 128)) for i in (1, 2)], []
    with pytest.raises(nb.Cancelled) as stopped:
        nb.train_model(pictures, init=tiny_model, cancel=lambda: True)
    assert stopped.value.partial is None
    model = nb.train_model(
        pictures,
        init=tiny_model,
        progress=lambda *a: told.append(a),
        cancel=lambda: "left" in told[-1][2],
        name="stopped",
    )
    assert model.info.training["steps"] == 1
    assert model.info.name == "stopped"
    assert "reading" in told[0][2]
    assert all(0 <= done <= total == 1000 for done, total, _ in told)


def test_a_time_budget_is_kept(tiny_model):
    from time import perf_counter

    begun = perf_counter()
    model = nb.train_model([leaves(i, (128, 128)) for i in (1, 2)], init=tiny_model, minutes=0.05)
    assert model.info.training["steps"] >= 1
    assert perf_counter() - begun < 60


def test_each_picture_with_a_fault_is_a_warning(tiny_model):
    pictures = [leaves(1, (128, 128)), leaves(2, (128, 128)), np.zeros((96, 96))]
    with pytest.warns(UserWarning, match="picture 3 cannot be used") as caught:
        model = nb.train_model(pictures, init=tiny_model, steps=1)
    assert all("picture 3" in str(w.message) for w in caught if "cannot" in str(w.message))
    assert any("picture 3" in text for text in model.info.training["report"]["warnings"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sigma_range": (3.0, 0.3)}, "smallest and then the largest"),
        ({"sigma_range": (0.3, 40.0)}, "21.9 px at most"),
        ({"sigma_range": (0.3, float("nan"))}, "sigma_range"),
        ({"sigma_range": 3.0}, "two numbers"),
        ({"n_classes": 10}, "only with architecture='patch'"),
        ({"architecture": "patch", "n_classes": 1}, "2 or more"),
        ({"architecture": "patch", "init": None, "sigma_range": (0.3, 12.0)}, "8 px at most"),
        ({"architecture": "wide"}, "'dense', 'patch'"),
        ({"minutes": 0}, "above 0"),
        ({"steps": 0}, "above 0"),
        ({"architecture": "patch", "init": "default.blurmap"}, "no model called"),
    ],
)
def test_bad_settings(options, words):
    with pytest.raises(nb.BlurMapError, match=words):
        nb.train_model([leaves(1)], **options)


def test_a_model_of_another_kind_is_no_start(tiny_model):
    with pytest.raises(nb.BlurMapError, match="dense model"):
        nb.train_model([leaves(1)], architecture="patch", init=tiny_model)


def test_nothing_to_train_on(tmp_path):
    with pytest.raises(nb.BlurMapError, match="no pictures"):
        nb.train_model([])
    with pytest.raises(nb.BlurMapError, match="no pictures"):
        nb.train_model(tmp_path)
    with pytest.raises(nb.BlurMapError, match=r"missing\.tif cannot be read") as refused:
        nb.train_model([np.zeros((96, 96)), tmp_path / "missing.tif"])
    assert "picture 1 cannot be used: it is flat" in str(refused.value)


# Checkpoints


def test_resuming_goes_on_where_it_broke_off(tiny_model, tmp_path):
    whole = finished(small_tuning(tiny_model, 4))
    for at in small_tuning(tiny_model, 4, checkpoint=tmp_path / "c.pt").run():
        if at.step == 2:
            break
    again = small_tuning(tiny_model, 4, checkpoint=tmp_path / "c.pt")
    assert [at.step for at in again.run() if at.step] == [3, 4]
    assert_equal(weights(again), weights(whole))
    assert again.start_error == whole.start_error
    assert not list(tmp_path.glob("*.part"))
    # One that was done is done at once.
    done = small_tuning(tiny_model, 4, checkpoint=tmp_path / "c.pt")
    assert not [at.step for at in done.run() if at.step]
    assert_equal(done.model().network.state_dict(), whole.model().network.state_dict())


@pytest.mark.parametrize(
    ("change", "words"),
    [({"pictures": (1, 2, 4)}, "pictures"), ({"sigma_range": (0.3, 2)}, "sigma_range"), ({"seed": 5}, "seed")],
)
def test_a_checkpoint_of_another_training_is_refused(tiny_model, tmp_path, change, words):
    finished(small_tuning(tiny_model, 1, checkpoint=tmp_path / "c.pt"))
    with pytest.raises(nb.BlurMapError, match=f"{words}.* differ"):
        finished(small_tuning(tiny_model, 2, checkpoint=tmp_path / "c.pt", **change))


def test_a_damaged_checkpoint_is_refused(tiny_model, tmp_path):
    path = tmp_path / "c.pt"
    path.write_bytes(b"PK not a checkpoint")
    with pytest.raises(nb.BlurMapError, match="cannot be read"):
        finished(small_tuning(tiny_model, 1, checkpoint=path))
    assert path.read_bytes() == b"PK not a checkpoint"


def test_a_full_disk_costs_neither_the_last_checkpoint_nor_the_training(tiny_model, tmp_path, monkeypatch):
    path = tmp_path / "c.pt"
    finished(small_tuning(tiny_model, 2, checkpoint=path))
    good = path.read_bytes()

    def full(target, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "write_file", full)
    monkeypatch.setattr(tuning, "_SAVING", 0.0)
    resumed = small_tuning(tiny_model, 4, checkpoint=path)
    with pytest.warns(UserWarning, match="No space left.*still whole"):
        finished(resumed)
    assert resumed.step == 4
    assert path.read_bytes() == good
    assert checkpoints.read_checkpoint(path)["training"]["step"] == 2


# The patch network


def test_a_patch_network_of_the_users_pictures(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # small pictures
        model = nb.train_model(
            [leaves(1, (192, 192))], architecture="patch", init=None, n_classes=3, sigma_range=(0.5, 2.5), steps=1
        )
    assert model.info.sigma_grid == [0.5, 1.5, 2.5]
    assert model.info.reference == "added"
    assert np.shape(model.info.training["report"]["confusion"]) == (3, 3)
    loaded = nb.load_model(model.save(tmp_path / "p.blurmap.safetensors"))
    assert loaded.info.sizes["classes"] == 3


def test_a_patch_network_takes_blurrier_pictures_as_they_are(monkeypatch):
    monkeypatch.setattr(pictures, "own_blur", lambda piece, device: 5.0 if piece.picture == 3 else 0.5)
    config = TuneConfig(steps=1, architecture="patch", sigma_range=(0.5, 2.5), n_classes=3)
    training = Tuning([leaves(i, (96, 96)) for i in range(4)], config, init=None)
    next(at for at in training.run() if at.step)
    assert sorted(training.learner.training.data.report.used) == [f"picture {i}" for i in range(1, 5)]
    assert not training.findings[3].problem


@pytest.mark.parametrize("unit", [1, 200])
def test_patches_are_as_noisy_as_the_pictures(unit):
    """Of 16 bit the grey levels are stretched to 0 to 255, and the noise with them."""
    draw = np.random.default_rng(0)
    clean = [ndimage.gaussian_filter(leaves(i, (160, 160)).astype(float), 1.5) for i in (1, 2, 3)]
    noisy = [unit * (40 + 0.7 * c + draw.normal(0, 5, c.shape)) for c in clean]
    pictures = [np.rint(p).astype(np.uint8 if unit == 1 else np.uint16) for p in noisy]
    config = TuneConfig(steps=1, architecture="patch", sigma_range=(0.5, 2.5), n_classes=3)
    training = Tuning(pictures, config, init=None)
    next(at for at in training.run() if at.step)
    low, high = (np.mean([np.quantile(p, q) for p in pictures]) for q in (0.001, 0.999))
    expected = 5 if unit == 1 else 5 * 255 * unit / (high - low)
    assert training.learner.training.data.config.noise / 1.5 == pytest.approx(expected, rel=0.2)


def test_the_classes_of_the_thesis():
    from napari_blurmap.training.patch_data import SIGMAS_10, SIGMAS_30

    assert TuneConfig("patch").sigmas == SIGMAS_10
    assert TuneConfig("patch", (0.1, 3.0), 30).sigmas == SIGMAS_30


def test_a_tuple_of_two_is_a_picture_with_its_mask():
    picture, other = np.random.default_rng(0).random((2, 64, 64))
    mask = picture > 0.5
    labels = SimpleNamespace(data=np.arange(9).reshape(3, 3), scale=(1, 1))
    for second in (mask, mask.astype(np.uint8) * 255, labels):
        (source,) = list_sources((picture, second))
        assert source.image is picture
        assert source.mask is second
    assert [s.mask for s in list_sources(("a.tif", "b.tif"))] == [None, None]
    with pytest.raises(nb.BlurMapError, match=r"as a list, \[a, b\]"):
        list_sources((picture, other))
