"""Networks of limited rank, that are told the noise, and that give the shape."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch.nn import functional as F

import napari_blurmap as nb
from napari_blurmap.ground.grid import sigma_grid
from napari_blurmap.models.blocks import Separable
from napari_blurmap.models.contrast import contrast_over_noise, slant
from napari_blurmap.models.decode import decode
from napari_blurmap.models.dense import DenseNetwork
from napari_blurmap.models.model import Model
from napari_blurmap.models.passes import DensePass
from napari_blurmap.models.reading import BEYOND, ERROR, SIGMA, STRUCTURE, _joined
from napari_blurmap.models.sizes import DenseConfig
from napari_blurmap.picture.plane import read_plane


@pytest.fixture
def told(tiny_model):
    """The tiny network with everything that it may have, started from the tiny one."""
    torch.manual_seed(3)
    sizes = replace(tiny_model.network.config, rank=3.0, noise=8, shape=True)
    network = DenseNetwork(sizes)
    network.start_from(tiny_model.network)
    return network.eval()


def test_a_separable_convolution_of_full_rank_is_the_whole_one():
    torch.manual_seed(0)
    whole = torch.nn.Conv2d(8, 12, 3, padding=2, dilation=2, bias=False)
    separable = Separable(8, 12, 3.0, 2)
    for conv, weight in zip(separable, separable.nearest(whole.weight.detach()), strict=True):
        conv.weight.data = weight
    picture = torch.rand(1, 8, 20, 24)
    torch.testing.assert_close(separable(picture), whole(picture), atol=1e-5, rtol=1e-4)
    # Of a third of the rank it is the nearest: what is left out are the smallest singular values.
    first, second = (w.numpy() for w in Separable(8, 12, 1.0, 2).nearest(whole.weight.detach()))
    product = np.einsum("riy,orx->oiyx", first[..., 0], second[:, :, 0])
    values = np.linalg.svd(whole.weight.detach().numpy().transpose(1, 2, 0, 3).reshape(24, 36), compute_uv=False)
    left = np.linalg.norm(product - whole.weight.detach().numpy())
    assert left == pytest.approx(np.sqrt((values[8:] ** 2).sum()), rel=1e-4)


def test_a_network_with_more_starts_as_the_one_it_comes_from(told, tiny_model):
    picture, valid, noise = torch.rand(1, 1, 64, 96), torch.ones(1, 1, 64, 96), torch.full((1, 1, 16, 24), 0.1)
    with torch.inference_mode():
        before = tiny_model.network(picture, valid)
        after = told(picture, valid, noise)
    torch.testing.assert_close(after[:, :11], before, atol=1e-4, rtol=1e-3)
    assert after.shape[1] == 14
    assert float(after[:, 11:].std()) > 0
    with pytest.raises(nb.BlurMapError, match="other sizes"):
        tiny_model.network.start_from(told)


def test_folding_keeps_rank_noise_and_shape(told):
    picture, valid, noise = torch.rand(1, 1, 64, 96), torch.ones(1, 1, 64, 96), torch.rand(1, 1, 16, 24)
    torch.nn.init.normal_(told.told.weight)
    torch.nn.init.normal_(told.head.weight)
    with torch.inference_mode():
        torch.testing.assert_close(
            told.fused()(picture, valid, noise), told(picture, valid, noise), atol=1e-3, rtol=1e-3
        )
        assert (told(picture, valid, noise) - told(picture, valid)).abs().max() > 1e-3
        torch.testing.assert_close(told(picture, valid, torch.zeros_like(noise)), told(picture, valid))


def test_octaves_of_the_contrast_over_the_noise():
    """One octave and a half above the noise: half of each neighbour; not known: nothing; far above: the last."""
    deviation = torch.tensor([2**1.5, 1.0, 1e4, 0.2]).view(1, 1, 1, 4)
    noise = torch.tensor([1.0, 0.0, 1.0, 1.0]).view(1, 1, 1, 4)
    weights = contrast_over_noise(deviation, noise, 4)[0, :, 0].T
    expected = torch.tensor([[0, 0.5, 0.5, 0], [0, 0, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0]]).float()
    torch.testing.assert_close(weights, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("angle", [0, 30, 60, 90, 120, 150])
def test_the_slant_follows_scipys_motion(angle):
    """White noise smeared along a line by `scipy.ndimage`: along it the light changes least, also beside a gap."""
    rng, turn = np.random.default_rng(angle), np.deg2rad(angle)
    shifts = np.linspace(-4, 4, 17)
    noise = ndimage.gaussian_filter(rng.normal(size=(128, 128)), 1.0, mode="wrap")
    smeared = np.mean([ndimage.shift(noise, (t * np.sin(turn), t * np.cos(turn)), mode="wrap") for t in shifts], axis=0)
    picture = torch.from_numpy((smeared / smeared.std()).astype(np.float32))[None, None]
    valid = torch.ones_like(picture)
    valid[..., 40:60, 50:90] = 0
    first, second = slant(picture * valid, valid, 8.0)[0].numpy()
    expected = np.cos(2 * turn), np.sin(2 * turn)
    found = first.mean(), second.mean()
    assert np.hypot(*found) > 0.5
    assert np.dot(found, expected) > 0.97 * np.hypot(*found)
    inside = slant(picture, torch.zeros_like(valid), 8.0)
    assert float(inside.abs().max()) == 0


def test_noise_has_no_slant():
    noise = torch.from_numpy(np.random.default_rng(3).normal(size=(1, 1, 256, 256)).astype(np.float32))
    assert float(slant(noise, torch.ones_like(noise), 8.0).mean(dim=(2, 3)).abs().max()) < 0.02


def test_each_level_is_told_what_its_means_leave_of_the_noise(told):
    """White noise alone: on every level all of the contrast is noise; told as smoothed, the means leave more of it."""
    rng = np.random.default_rng(0)
    picture = torch.from_numpy(rng.normal(0, 0.3, (1, 1, 256, 256)).astype(np.float32))
    noise = torch.full((1, 1, 64, 64), 0.3)
    valid = torch.ones_like(picture)
    for level in told.prepare(picture, valid, noise):
        share = level.told[0, 0, 4:-4, 4:-4]
        assert float(share.mean()) > 0.85
    smooth = F.avg_pool2d(F.pad(picture, (1, 2, 1, 2), mode="circular"), 4, stride=1)
    white, told_so = (
        told.prepare(smooth, valid, torch.full_like(noise, 0.3 / 4), averaged)[2].told[0, 0].mean()
        for averaged in (None, torch.tensor([[1.0, 0.95, 0.66]]))
    )
    assert told_so > white + 0.3


def test_what_is_clipped_is_no_light(told):
    """However high a plateau is cut off, the network sees the same; the coarse copy too."""
    plane = read_plane(np.random.default_rng(1).normal(100, 5, (96, 96)))
    saturated = np.zeros(plane.valid.shape, bool)
    saturated[30:50, 40:70] = True
    low, high = (
        replace(plane, saturated=saturated, picture=np.where(saturated, np.float32(top), plane.picture))
        for top in (1.0, 7.0)
    )
    seen = []
    for one in (low, high):
        use = lambda tile, output: seen.append(output)  # noqa: E731
        steps = DensePass(told.fused()).over(one, np.s_[0:96, 0:96], torch.device("cpu"), 256, use)
        with torch.inference_mode():
            list(steps)
    assert torch.equal(seen[0], seen[1])
    np.testing.assert_array_equal(low.coarser(4).picture, high.coarser(4).picture)
    assert not low.coarser(4).valid[8:12, 10:17].any()


def test_tiles_are_told_the_same_noise(told):
    torch.nn.init.normal_(told.told.weight, std=0.3)
    plane = read_plane(np.random.default_rng(1).normal(100, 5, (160, 200)))
    noise = np.linspace(0.1, 1, plane.picture.size, dtype=np.float32).reshape(plane.picture.shape)
    plane = replace(plane, noise=noise, averaged=(1.0, 0.5, 0.25))
    whole, tiled = (np.zeros((14, 40, 50), np.float32) for _ in range(2))
    with torch.inference_mode():
        for into, edge in ((whole, 256), (tiled, 64)):

            def use(tile, output, into=into):
                y, x = (slice(s.start // 4, s.stop // 4) for s in tile.inner)
                kept = output[0][:, *tile.kept(4)].numpy()
                into[:, y, x] = kept[:, : into.shape[1] - y.start, : into.shape[2] - x.start]

            part = np.s_[0:160, 0:224]
            steps = list(DensePass(told.fused()).over(plane, part, torch.device("cpu"), edge, use, workers=2))
            assert len(steps) == DensePass(told).steps(part, (160, 224), edge)
    np.testing.assert_allclose(tiled, whole, atol=1e-3)


def test_the_shape_is_decoded():
    grid = torch.tensor(sigma_grid(10, 24.0), dtype=torch.float32)
    output = torch.zeros(1, 14, 1, 2)
    output[0, 11:13, 0, 0] = torch.tensor([0.3, -0.4])
    output[0, 11:13, 0, 1] = torch.tensor([30.0, 40.0])
    output[0, 13] = np.log(0.2)
    out = decode(output, grid, "median")
    torch.testing.assert_close(out.anisotropy[0, :, 0, 0], torch.tensor([0.3, -0.4]))
    torch.testing.assert_close(out.anisotropy[0, :, 0, 1], torch.tensor([0.594, 0.792]))
    assert float(out.anisotropy_error[0, 0, 0]) == pytest.approx(0.2)
    assert decode(output[:, :11], grid, "median").anisotropy is None


def test_a_coarse_copy_is_scikit_images():
    from skimage.measure import block_reduce

    picture = np.random.default_rng(0).normal(10, 2, (67, 90))
    picture[:8, :7] = np.nan
    plane = read_plane(picture)
    plane = replace(plane, noise=np.full(picture.shape, 0.5, np.float32), averaged=(1.0, 0.6, 0.4))
    copy = plane.coarser(4)
    expected = block_reduce(plane.picture[:64, :88], (4, 4), np.mean)
    np.testing.assert_allclose(copy.picture[2:], expected[2:], atol=1e-5)
    assert copy.valid.sum() == copy.valid.size - 4  # the second column is a quarter valid, and so not a half
    np.testing.assert_allclose(copy.noise, 0.2)
    assert copy.averaged == (1.0, 0.5, 0.25)


def maps(sigma, structure=1.0, size=8):
    made = torch.zeros(1, 4, size, size)
    made[:, SIGMA], made[:, ERROR], made[:, STRUCTURE] = sigma, 0.1 * sigma, structure
    return made


@pytest.mark.parametrize(
    ("near", "there", "far", "expected"),
    [
        (2.0, 1.0, 1.0, 2.0),  # sharp in both
        (2.0, 1.0, 6.0, 2.0),  # a sharp layer over a blurred one
        (20.0, 1.0, 7.0, 28.0),  # far: the copy
        (3.0, 0.0, 7.0, 28.0),  # nothing in the picture itself, something far in the copy
        (3.0, 0.0, 1.0, 3.0),  # nothing in the picture itself, something near in the copy
    ],
)
def test_what_is_far_is_read_in_the_copy(near, there, far, expected):
    joined = _joined(maps(near, there, 8), maps(far, 1.0, 2), 4)
    torch.testing.assert_close(joined[:, SIGMA], torch.full((1, 8, 8), expected))
    torch.testing.assert_close(joined[:, ERROR], torch.full((1, 8, 8), 0.1 * expected))
    assert float(joined[:, BEYOND].max()) == 0


def test_a_model_with_a_coarse_copy_reads_beyond_its_grid(tiny_model):
    """The same texture four times as large has four times the blur, wherever the copy alone counts."""
    info = replace(tiny_model.info, coarse_copy=4)
    assert info.sigma_range[1] == 40
    small = np.random.default_rng(0).normal(size=(64, 64))
    large = np.kron(small, np.ones((4, 4)))
    model = Model(info, tiny_model.network)
    read = nb.estimate_blur(large, model=model).sigma
    near, copied = (nb.estimate_blur(each, model=tiny_model).sigma for each in (large, small))
    mean = np.sqrt(np.maximum(near, 0.1) * np.maximum(4 * np.kron(copied, np.ones((4, 4))), 0.1))
    inner = np.s_[32:-32, 32:-32]
    assert np.isfinite(read).all()
    sharp = mean[inner] < 6
    np.testing.assert_allclose(read[inner][sharp], near[inner][sharp], rtol=1e-4)
    seen = []
    nb.estimate_blur(large, model=model, progress=lambda done, total, _: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] == len(seen)


def test_the_bundled_network_takes_half_of_the_operations():
    """Multiplications a pixel of today's sizes against those of whole 3x3 convolutions, counted by hooks."""
    counts = []
    for rank, whole in ((0.0, False), (0.625, True)):
        network = DenseNetwork(DenseConfig(deep=1, fine=1, rank=rank, whole=whole)).eval()
        total = []
        for module in network.modules():
            if isinstance(module, torch.nn.Conv2d):
                module.register_forward_hook(
                    lambda m, _, out, total=total: total.append(m.weight.numel() * out.shape[-1] * out.shape[-2])
                )
        with torch.inference_mode():
            network(torch.zeros(1, 1, 128, 128), torch.ones(1, 1, 128, 128))
        counts.append(sum(total) / 128**2)
    assert counts[0] > 29_000
    assert counts[1] < 15_000


def test_the_copy_lies_where_the_picture_does():
    """What is linear in the copy is the same line in the picture, pixel by pixel."""
    far = maps(7.0, 1.0, 8)
    far[:, SIGMA] += ((torch.arange(8.0) + 0.5) * 4 - 0.5) / 31
    joined = _joined(maps(40.0, 1.0, 32), far, 4)[0, SIGMA, :, 2:-2]
    torch.testing.assert_close(joined, (4 * (7 + torch.arange(32.0) / 31)).expand(32, 32)[:, 2:-2])


def test_a_copy_that_shows_nothing_or_is_too_small_does_not_count(tiny_model):
    joined = _joined(maps(20.0, 1.0, 8), maps(7.0, 0.0, 2), 4)
    torch.testing.assert_close(joined[:, SIGMA], torch.full((1, 8, 8), 20.0))
    picture = np.random.default_rng(0).normal(size=(124, 200))
    copied = Model(replace(tiny_model.info, coarse_copy=4), tiny_model.network)
    plain, read = (nb.estimate_blur(picture, model=model).sigma for model in (tiny_model, copied))
    np.testing.assert_array_equal(read, plain)
