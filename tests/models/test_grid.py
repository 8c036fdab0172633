"""Where values lie: a value of a coarse grid stands for the middle of the pixels it was made of."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import napari_blurmap as nb
from napari_blurmap.models.contrast import local_contrast
from napari_blurmap.models.decode import soft_target
from napari_blurmap.models.dense import DenseNetwork, on_one_grid
from napari_blurmap.models.passes import DensePass
from napari_blurmap.models.sizes import DenseConfig
from napari_blurmap.models.tiling import Tile


def ramp(cells, size):
    """What a linear ramp over pixels, 0 at the first one and 1 at the last, is in the middle of every cell."""
    return ((torch.arange(cells, dtype=torch.float32) + 0.5) * size / cells - 0.5) / (size - 1)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_linear_output_gives_a_linear_map(tiny_model, monkeypatch, axis):
    """Sigma from 1 to 3 px over 128 pixels, known at every fourth one, is linear pixel by pixel."""
    grid = torch.tensor(tiny_model.info.sigma_grid)
    cells = (1 + 2 * ramp(32, 128)).expand(32, 32)
    sigma = (cells.T if axis == 0 else cells)[None]
    output = torch.cat([(soft_target(sigma, grid) + 1e-12).log(), torch.full((1, 1, 32, 32), 20.0)], dim=1)
    whole = (slice(0, 128), slice(0, 128))

    def over(self, plane, part, device, edge, use, workers=1):
        yield use(Tile(whole, whole), output)

    monkeypatch.setattr(DensePass, "over", over)
    m = nb.estimate_blur(np.random.default_rng(0).random((128, 128)), model=tiny_model, device="cpu")
    expected = np.broadcast_to(1 + 2 * np.arange(128) / 127, (128, 128))
    found = m.sigma.T if axis == 0 else m.sigma
    np.testing.assert_allclose(found[:, 2:-2], expected[:, 2:-2], atol=1e-3)


def test_what_is_gathered_at_half_the_resolution_is_put_in_its_place():
    """Through the last step of a network that hands one channel on."""
    network = DenseNetwork(DenseConfig(bins=4, narrow=2, wide=4, fused=4)).eval()
    with torch.no_grad():
        for weight in (network.last[0].weight, network.head.weight, network.head.bias):
            weight.zero_()
        network.last[0].weight[0, 0] = network.head.weight[0, 0] = 1
        gathered = ramp(16, 128).expand(1, 4, 16, 16)
        found = network.finish(gathered, torch.zeros(1, 4, 32, 32), torch.zeros(1, 0, 32, 32))[0, 0]
    torch.testing.assert_close(found[:, 1:-1], ramp(32, 128).expand(32, 32)[:, 1:-1], atol=1e-4, rtol=1e-4)


def test_what_a_coarser_level_says_of_direction_is_put_in_its_place():
    """Without it the shape of the blur is shifted against its sigma."""
    fine, coarse = (ramp(cells, 128).expand(1, 2, cells, cells) for cells in (32, 8))
    found = on_one_grid([fine, coarse])[..., 2:-2]
    torch.testing.assert_close(found[:, 2:], found[:, :2])


def test_a_slope_has_no_local_contrast():
    """Its local mean is the slope itself; a mean that lies half a pixel off leaves a twentieth of a grey level."""
    slope = (0.1 * torch.arange(160.0)).expand(1, 1, 160, 160)
    for picture in (slope, slope.mT):
        found, _ = local_contrast(picture, torch.ones_like(picture), 8.0)
        assert float(found[..., 48:-48, 48:-48].abs().max()) < 0.5
