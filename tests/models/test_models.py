"""The network, and model files good and bad."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import napari_blurmap as nb
from napari_blurmap.ground.grid import sigma_grid
from napari_blurmap.models.blocks import Separable
from napari_blurmap.models.calibration import calibrated, calibrated_shape, shape_error, standard_error
from napari_blurmap.models.contrast import local_contrast
from napari_blurmap.models.decode import decode, soft_target
from napari_blurmap.models.dense import DenseNetwork, Level
from napari_blurmap.models.info import read_info
from napari_blurmap.models.sizes import DenseConfig


@pytest.fixture
def saved(tiny_model, tmp_path):
    return tiny_model.save(tmp_path / "tiny.blurmap.safetensors")


def test_folding_changes_nothing(tiny_model):
    picture, valid = torch.rand(1, 1, 64, 96), torch.ones(1, 1, 64, 96)
    with torch.inference_mode():
        plain, folded = tiny_model.network(picture, valid), tiny_model.estimator(picture, valid)
    assert plain.shape == (1, 11, 16, 24)
    torch.testing.assert_close(folded, plain, atol=1e-4, rtol=1e-4)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in tiny_model.estimator.modules())


@pytest.mark.parametrize(("deep", "fine"), [(0, 0), (1, 0), (1, 1), (0, 2)])
def test_halos_hold_all_that_a_place_depends_on(tiny_model, deep, fine):
    """The gradient of one output reaches no further than the halo, and reaches beyond half of it."""
    config = replace(tiny_model.network.config, deep=deep, fine=fine)
    network = DenseNetwork(config).eval() if deep or fine else tiny_model.network
    level = torch.zeros(1, 1, 128, 128, requires_grad=True)
    network.trunk(Level(level + torch.rand(128, 128), None))[0, :, 16, 16].sum().backward()
    rows = torch.nonzero(level.grad[0, 0].abs().sum(dim=1)).ravel()
    assert 64 - config.trunk_halo <= int(rows.min()) < 64 - config.trunk_halo // 2
    assert 67 + config.trunk_halo // 2 < int(rows.max()) <= 67 + config.trunk_halo
    cells = 3 * config.gather_halo // 4
    features = [torch.rand(1, 8, cells >> i, cells >> i, requires_grad=True) for i in range(config.levels)]
    centre = cells // 2 // 2 * 2
    network.gather(features)[0, :, centre // 2, centre // 2].sum().backward()
    rows = torch.nonzero(features[0].grad.abs().sum(dim=(0, 1, 3))).ravel()
    halo = config.gather_halo // 4
    assert centre - halo <= int(rows.min()) < int(rows.max()) <= centre + 1 + halo
    gathered, finest = (torch.rand(1, 8, n, n, requires_grad=True) for n in (32, 64))
    network.finish(gathered, finest, gathered[:, :0])[0, :, 32, 32].sum().backward()
    for features, stride in ((gathered, 8), (finest, 4)):
        rows = stride * torch.nonzero(features.grad.abs().sum(dim=(0, 1, 3))).ravel()
        assert 128 - config.finish_halo <= int(rows.min()) < 128 + stride
        assert 128 - stride <= int(rows.max()) <= 128 + config.finish_halo


def test_deeper_networks_start_from_shallower_ones(tiny_model):
    """Almost as if the new blocks were not there, but with gradients in all of them."""
    torch.manual_seed(0)
    sizes = tiny_model.network.config
    deep = DenseNetwork(replace(sizes, deep=1, fine=1)).eval()
    deep.start_from(tiny_model.network)
    picture, valid = torch.rand(1, 1, 64, 96), torch.ones(1, 1, 64, 96)
    mine, theirs = deep(picture, valid), tiny_model.network(picture, valid)
    assert 0 < (mine - theirs).std() < 0.006 * theirs.std()
    mine.square().sum().backward()
    new = set(deep.state_dict()) - set(tiny_model.network.state_dict())
    assert any(name.startswith("trunk_layers") for name in new)
    assert all(weight.grad.abs().sum() > 0 for name, weight in deep.named_parameters() if name in new)
    deeper = DenseNetwork(replace(sizes, deep=2, fine=2)).eval()
    deeper.start_from(deep)
    for block in ("deep", "fine"):
        old, kept = (getattr(network, block)[0].state_dict() for network in (deep, deeper))
        torch.testing.assert_close({name: kept[name] for name in old}, old)
    for other in (replace(sizes, fine=1), replace(sizes, deep=1), replace(sizes, narrow=5, deep=1, fine=1)):
        with pytest.raises(nb.BlurMapError, match="other sizes"):
            DenseNetwork(other).start_from(deep)


def test_whole_convolutions_start_as_the_two_that_they_replace(tiny_model):
    """The same answers before any training; what is finer than a sixteenth of the resolution keeps its two."""
    torch.manual_seed(0)
    sizes = replace(tiny_model.network.config, deep=1, rank=0.5)
    thin, whole = (DenseNetwork(replace(sizes, whole=each)).eval() for each in (False, True))
    whole.start_from(thin)
    picture, valid = torch.rand(1, 1, 64, 96), torch.ones(1, 1, 64, 96)
    with torch.inference_mode():
        torch.testing.assert_close(whole(picture, valid), thin(picture, valid))
    parts = (whole.top, *whole.down, *whole.deep, whole.trunk_layers)
    assert [any(isinstance(m, Separable) for m in part.modules()) for part in parts] == [
        *(False, False, True),  # the top, and on the way down
        *(False, False, True),  # the blocks
        True,
    ]
    with pytest.raises(nb.BlurMapError, match="other sizes"):
        thin.start_from(whole)


def test_local_contrast_against_numpy():
    """In the middle of a uniform texture: zero mean, unit deviation, whatever the gain and the offset."""
    rng = np.random.default_rng(0)
    picture = torch.from_numpy(rng.normal(size=(1, 1, 256, 256)).astype(np.float32))
    valid = torch.ones_like(picture)
    out = local_contrast(picture, valid, 8.0)[0][0, 0].numpy()
    assert out.mean() == pytest.approx(0, abs=0.01)
    assert out.std() == pytest.approx(1, abs=0.03)
    moved = local_contrast(30000 + 4 * picture, valid, 8.0)[0][0, 0].numpy()
    np.testing.assert_allclose(moved, out, atol=5e-3)


def test_local_contrast_ignores_what_is_invalid():
    picture = torch.rand(1, 1, 96, 96)
    valid = torch.ones_like(picture)
    valid[..., 40:] = 0
    wild = torch.where(valid > 0, picture, torch.tensor(1e4))
    torch.testing.assert_close(local_contrast(wild, valid, 8.0), local_contrast(picture, valid, 8.0))
    assert float(local_contrast(torch.full((1, 1, 64, 64), 7.0), torch.ones(1, 1, 64, 64), 8.0)[0].abs().max()) < 0.05


@pytest.mark.parametrize("sigma", [0.0, 0.31, 1.0, 2.77, 19.0, 24.0, 99.0])
def test_target_and_decode_are_inverse(sigma):
    grid = torch.tensor(sigma_grid(48, 24.0), dtype=torch.float32)
    target = soft_target(torch.full((1, 2, 2), sigma), grid)
    assert float(target.sum(dim=1).max()) == pytest.approx(1)
    output = torch.cat([(target + 1e-9).log(), torch.zeros(1, 1, 2, 2)], dim=1)
    out = decode(output, grid)
    assert float(out.sigma[0, 0, 0]) == pytest.approx(min(sigma, 24.0), abs=1e-3)
    assert float(out.structure[0, 0, 0]) == pytest.approx(0.5)


def test_estimates_do_not_cluster_on_the_grid():
    """A truth between two values of the grid, as it is learnt, comes back; evenly spread truths stay so."""
    grid = torch.tensor(sigma_grid(48, 24.0), dtype=torch.float32)
    truth = torch.linspace(0.3, 12.0, 4000)
    target = soft_target(truth[None, None], grid)
    output = torch.cat([(target + 1e-9).log(), torch.zeros_like(target[:, :1])], dim=1)
    torch.testing.assert_close(decode(output, grid, "median").sigma[0, 0], truth, atol=2e-4, rtol=1e-3)


def test_the_middle_of_a_distribution_is_its_median():
    """Of smooth distributions on the grid, against numpy's quantile of draws from them."""
    grid = torch.tensor(sigma_grid(48, 24.0), dtype=torch.float32)
    rng = np.random.default_rng(0)
    for centre, width in ((12.3, 1.0), (20.0, 2.5), (30.7, 4.0)):
        weights = np.exp(-0.5 * ((np.arange(48) - centre) / width) ** 2)
        weights = 0.96 * weights / weights.sum() + 0.04 * np.eye(48)[-1]
        steps = rng.choice(48, 200_000, p=weights) + rng.uniform(-0.5, 0.5, 200_000)
        expected = np.interp(np.median(steps), np.arange(48), grid.numpy())
        output = torch.cat([torch.tensor(weights + 1e-12).log().float(), torch.zeros(1)]).view(1, -1, 1, 1)
        assert float(decode(output, grid, "median").sigma) == pytest.approx(expected, rel=0.04)


def test_a_far_chance_is_not_all_of_the_spread():
    """Of a log-normal distribution the spread is its width, with and without a chance of a large sigma."""
    grid = torch.tensor(sigma_grid(48, 24.0), dtype=torch.float32)
    places = (grid + 0.35).log()
    weights = torch.exp(-0.5 * ((places - places[20]) / 0.25) ** 2)
    weights /= weights.sum()
    for how, chance, most in (
        ("median", 0.0, 1.01),
        ("median", 0.01, 1.6),
        ("quantiles", 0.0, 1.03),
        ("quantiles", 0.02, 1.08),
    ):
        mixed = (1 - chance) * weights
        mixed[-1] += chance
        found = decode(torch.cat([(mixed + 1e-12).log(), torch.zeros(1)]).view(1, -1, 1, 1), grid, how)
        assert 0.99 < float(found.spread / (found.sigma + 0.35)) / 0.25 < most


def test_what_passes_all_quantiles_at_once_has_a_spread():
    """All of the probability in one value, or in the last one, is as sharp as the grid and no sharper."""
    grid = torch.tensor(sigma_grid(48, 24.0), dtype=torch.float32)
    step = float((grid[30] + 0.35).log() - (grid[29] + 0.35).log())
    for at, expected in ((20, 0.34), (47, 0.17)):
        output = torch.cat([torch.eye(48)[at].add(1e-12).log(), torch.zeros(1)]).view(1, -1, 1, 1)
        found = decode(output, grid, "quantiles")
        assert float(found.spread / (found.sigma + 0.35)) == pytest.approx(expected * step, rel=0.1)


def test_calibration_makes_two_thirds_of_the_errors_smaller(tiny_model):
    generator = torch.Generator().manual_seed(0)
    truth = 0.5 + torch.rand(40000, generator=generator) * 3
    spread = 0.12 + 0.7 * torch.rand(40000, generator=generator)
    true_error = 0.4 * spread * (truth / 2)  # honest in order, wrong in size, and worst where it is blurred
    sigma = (truth + true_error * torch.randn(40000, generator=generator)).clamp_min(0)
    info = calibrated(tiny_model.info, sigma, spread, truth)
    error = standard_error(info.calibration, sigma, spread)
    within = ((sigma - truth).abs() < error).float()
    assert float(within.mean()) == pytest.approx(0.683, abs=0.03)
    relative = spread / (sigma + 0.35)
    for part in (relative < 0.1, relative > 0.3, sigma < 1, sigma > 2.5):
        assert float(within[part].mean()) == pytest.approx(0.683, abs=0.08)


def test_what_held_out_places_cannot_tell_comes_on_top(tiny_model):
    """In quadrature, relative to sigma + 0.35 px."""
    sigma, spread = torch.rand(2, 3000, generator=torch.Generator().manual_seed(0))
    truth = sigma * (1 + 0.1 * spread)
    plain, more = (calibrated(tiny_model.info, sigma, spread, truth, floor=floor) for floor in (None, 0.2))
    alone, both = (standard_error(info.calibration, sigma, spread) for info in (plain, more))
    torch.testing.assert_close(both, torch.hypot(alone, 0.2 * (sigma + 0.35)))


def test_shape_errors_are_those_that_were_made(tiny_model):
    rng = np.random.default_rng(5)
    true = np.exp(rng.uniform(np.log(0.02), np.log(0.6), 100_000))
    wrong = true[:, None] * rng.normal(size=(100_000, 2))
    wrong[rng.random(100_000) < 0.7] = 0  # most places are round, and known to be
    stated = torch.from_numpy(3 * true)
    info = calibrated_shape(tiny_model.info, torch.from_numpy(wrong), stated)
    for error in (0.03, 0.1, 0.5):
        read = float(shape_error(info.calibration, torch.tensor(3 * error)))
        assert read == pytest.approx(np.sqrt(0.3) * error, rel=0.1)
    assert torch.equal(shape_error({}, stated), stated)
    assert calibrated_shape(tiny_model.info, torch.empty(0, 2), torch.empty(0)) == tiny_model.info


def test_without_places_nothing_is_calibrated(tiny_model):
    nothing = torch.empty(0)
    info = calibrated(tiny_model.info, nothing, nothing, nothing, floor=0.03)
    spread = torch.tensor([0.2])
    assert standard_error(info.calibration, torch.ones(1), spread) == spread


def test_bundled_models_are_small_and_documented():
    cards = nb.list_models()
    assert "default" in cards
    for name in cards:
        model = nb.load_model(name)
        info, stated = read_info(model.path)
        assert stated == model.hash
        assert model.path.stat().st_size <= (5e6 if name == "default" else 7e6)
        assert info.reference == "absolute"
        for word in ("px", info.trained_on, info.limits):
            assert word
            assert word in info.card()
    assert "added to them" in replace(info, reference="added").card()


def test_config_counts_are_whole():
    assert DenseConfig().total_stride == 32
    assert DenseConfig().gather_halo % 32 == DenseConfig(fine=1).finish_halo % 8 == 0
    assert DenseConfig().trunk_halo % 4 == 0
