"""The thesis's network: its layers, the same run densely, its training, and its models in the straight road."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import napari_blurmap as nb
from benchmarks.textures import read_textures
from napari_blurmap.ground.status import Status
from napari_blurmap.models.decode import decode
from napari_blurmap.models.info import ModelInfo
from napari_blurmap.models.model import Model
from napari_blurmap.models.patch import PatchNetwork, started_from
from napari_blurmap.models.patch_sizes import PATCH, STRIDES, PatchConfig
from napari_blurmap.training.evaluation import class_probabilities
from napari_blurmap.training.optimizer import MuonAdamW
from napari_blurmap.training.patch import PatchTrainConfig, PatchTraining
from napari_blurmap.training.patch_data import PatchDataConfig
from napari_blurmap.training.patches import make_patches

#: Fewer channels than the thesis's, the same kernels.
SMALL = PatchConfig(
    classes=3, before=((2, 3), (2, 3), (3, 3), (3, 3), (4, 3), (4, 3), (4, 5)), after=((4, 5),), hidden=(12, 8, 6)
)
SIGMAS = (0.4, 1.2, 2.4)
RNG = np.random.default_rng(2)


def weights(network):
    return sum(p.numel() for p in network.parameters())


def small_model(**changes):
    torch.manual_seed(7)
    network = PatchNetwork(replace(SMALL, mean=120.0, deviation=50.0, **changes)).eval()
    for module in network.modules():  # as He's (ICCV 2015): smaller ones leave nothing of a picture after these layers
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            torch.nn.init.zeros_(module.bias)
    return Model(ModelInfo("small", "patch", asdict(network.config), list(SIGMAS)), network)


def patch_by_patch(network, picture, stride=1):
    """Log-probabilities (K, rows, columns) of every patch of a picture (Y, X), each seen alone."""
    patches = F.unfold(torch.as_tensor(picture)[None, None].float(), PATCH, stride=stride)
    rows, columns = ((n - PATCH) // stride + 1 for n in picture.shape)
    with torch.inference_mode():
        out = torch.cat([network(some.reshape(-1, 1, PATCH, PATCH)) for some in patches[0].T.split(200)])
    return out.T.reshape(-1, rows, columns)


@pytest.fixture(scope="module")
def data():
    noise = [RNG.integers(0, 256, (96, 96)).astype(np.uint8) for _ in range(4)]
    return make_patches(read_textures(noise, {}), PatchDataConfig(sigmas=SIGMAS, keep=1.0))


def training(data, steps=4, **options):
    options = {"batch": 12, "steps": steps} | options
    layers, start, checkpoint = (
        options.pop(n, v) for n, v in (("layers", SMALL), ("start", None), ("checkpoint", None))
    )
    return PatchTraining(data, PatchTrainConfig(**options), layers=layers, start=start, checkpoint=checkpoint)


def test_layers_are_the_thesis_s():
    """3,270,426 weights with 30 classes, and what each layer gives for a patch."""
    network = PatchNetwork()
    assert weights(network) == 3_270_426
    assert weights(PatchNetwork(PatchConfig(classes=10))) == 3_270_426 - 20 * 101
    shapes, x = [], torch.zeros(2, 1, 32, 32)
    for layer in network.before:
        x = layer(x)
        if isinstance(layer, torch.nn.Conv2d):
            shapes.append(tuple(x.shape[1:]))
    assert shapes == [(4, 30, 30), (8, 28, 28), (16, 26, 26), (32, 24, 24), (64, 22, 22), (64, 20, 20), (64, 16, 16)]
    linear = [m for m in network.linear if isinstance(m, torch.nn.Linear)]
    assert [(m.in_features, m.out_features) for m in linear] == [(1024, 1600), (1600, 800), (800, 100), (100, 30)]
    assert [m.kernel_size for m in network.after if isinstance(m, torch.nn.Conv2d)] == [(5, 5)]


def test_output_is_a_distribution_of_grey_levels():
    network = small_model().network
    patches = 255 * torch.rand(3, 1, 32, 32)
    torch.testing.assert_close(network(patches).exp().sum(dim=1), torch.ones(3))
    other = PatchNetwork(replace(network.config, mean=120 + 10.0)).eval()
    other.load_state_dict(network.state_dict())
    torch.testing.assert_close(other(patches + 10), network(patches))


def test_variants_drop_and_normalise():
    config = replace(SMALL, dropout=0.5, batch_norm=True)
    network, patches = PatchNetwork(config), 255 * torch.rand(8, 1, 32, 32)
    network.train()
    assert not torch.equal(network(patches), network(patches))
    network.eval()
    torch.testing.assert_close(network(patches), network(patches), rtol=0, atol=0)
    assert sum(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules()) == 8


@pytest.mark.parametrize("changes", [{}, {"batch_norm": True}, {"before": ((4, 5), (4, 3)), "after": ((4, 3), (4, 3))}])
@pytest.mark.parametrize("stride", [1, 2, 4, 32])
def test_dense_run_gives_the_numbers_of_patch_by_patch(changes, stride):
    network = small_model(stride=stride, **changes).network
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # trained norms are no identities
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
            torch.nn.init.normal_(module.running_mean, 0.0, 0.2)
    inner = 64 if stride == 32 else 12
    picture = 255 * RNG.random((inner + 32 - stride, inner + 2 * stride + 32 - stride))
    with torch.inference_mode():
        dense = network.fused().over(torch.as_tensor(picture)[None, None].float())[0, :-1]
    torch.testing.assert_close(dense, patch_by_patch(network, picture, stride), atol=2e-5, rtol=1e-5)


def test_the_thesis_s_own_layers_run_densely():
    torch.manual_seed(1)
    network, picture = PatchNetwork().eval(), 255 * RNG.random((37, 39))
    with torch.inference_mode():
        dense = network.fused().over(torch.as_tensor(picture)[None, None].float())[0, :-1]
    torch.testing.assert_close(dense, patch_by_patch(network, picture), atol=5e-5, rtol=1e-5)


def test_value_i_covers_pixels_i_minus_15_to_i_plus_16():
    """A change of one pixel reaches the values of the patches that hold it, and no other; the border is reflected."""
    model, picture = small_model(), (255 * RNG.random((48, 52))).astype(np.uint8)
    other = picture.copy()
    other[30, 33] = 255 - other[30, 33]
    maps = [nb.estimate_blur(p, model=model, device="cpu") for p in (picture, other)]
    assert maps[0].sigma.shape == picture.shape
    rows, columns = np.nonzero(np.abs(maps[0].sigma - maps[1].sigma) > 1e-7)
    assert (rows.min(), rows.max()) == (30 - 16, 30 + 15)
    assert (columns.min(), columns.max()) == (33 - 16, 33 + 15)
    extended = np.pad(picture, ((15, 16), (15, 16)), mode="reflect")
    expected = np.tensordot(np.array(SIGMAS), patch_by_patch(model.network, extended).exp().numpy(), axes=(0, 0))
    np.testing.assert_allclose(maps[0].sigma, expected, atol=1e-4)


@pytest.mark.parametrize("stride", [1, 4, 32])
@pytest.mark.parametrize("tile", [1, 48, 64])
def test_tiled_equals_whole(stride, tile):
    model, picture = small_model(stride=stride), RNG.random((75, 131))
    whole, tiled = (nb.estimate_blur(picture, model=model, device="cpu", tile=t) for t in (4096, max(tile, 8)))
    np.testing.assert_allclose(tiled.sigma, whole.sigma, atol=1e-3)
    np.testing.assert_allclose(tiled.uncertainty, whole.uncertainty, atol=1e-3)
    np.testing.assert_array_equal(tiled.status, whole.status)


def test_probabilities_and_decoding():
    """The mean, or the thesis's most probable class; the spread is about what is given."""
    model, picture = small_model(), RNG.random((40, 45))
    mean = nb.estimate_blur(picture, model=model, device="cpu", keep_probabilities=True)
    assert mean.probabilities.shape == (3, 40, 45)
    np.testing.assert_allclose(mean.sigma_grid, SIGMAS)
    np.testing.assert_allclose(mean.sigma, np.tensordot(SIGMAS, mean.probabilities, axes=(0, 0)), atol=1e-5)
    most = nb.estimate_blur(picture, model=model.variant(decode="argmax"), device="cpu")
    np.testing.assert_allclose(most.sigma, np.array(SIGMAS)[mean.probabilities.argmax(axis=0)], atol=1e-6)
    for m in (mean, most):
        square = (np.array(SIGMAS)[:, None, None] - m.sigma) ** 2
        np.testing.assert_allclose(m.uncertainty**2, (mean.probabilities * square).sum(axis=0), atol=1e-5)


def test_decode_names_the_most_probable_value():
    output = torch.tensor([0.1, 2.0, 0.3, 0.0]).view(1, 4, 1, 1)
    assert float(decode(output, torch.tensor(SIGMAS), "argmax").sigma) == pytest.approx(1.2)


def test_status_says_what_can_be_said():
    """Flat ground is empty though the network knows no empty, plateaus are saturated, holes invalid, the end beyond."""
    picture = RNG.integers(0, 200, (96, 200)).astype(np.float32)
    picture[:, :64] = 77 + (RNG.random((96, 64)) < 0.1)  # what rounding leaves of a flat ground
    picture[40:60, 140:160] = np.nan
    m = nb.estimate_blur(picture, model=small_model(), device="cpu")
    assert (m.status[:, :48] == Status.EMPTY).all()  # windows of 32 pixels that end before the texture
    assert (m.status[:, 49:] != Status.EMPTY).all()
    hole = np.isnan(picture)
    assert (m.status[hole] == Status.INVALID).all()
    assert np.isnan(m.sigma[hole]).all()
    assert np.isfinite(m.sigma[~hole]).all()
    light = picture.copy()
    light[hole] = 9
    light = light.astype(np.uint8)
    light[10:40, 100:130] = 255
    assert (nb.estimate_blur(light, model=small_model(), device="cpu").status[11:39, 101:129] == Status.SATURATED).all()
    certain = small_model()
    certain.network.linear[-1].bias.data[-1] = 1e3
    assert (nb.estimate_blur(light[:, 64:], model=certain, device="cpu").status == Status.BEYOND_RANGE).any()


def test_grey_levels_of_every_depth():
    """8 bit as it is, so that contrast counts as in the thesis; any other depth stretched to the same range."""
    model, grey = small_model(), RNG.integers(0, 256, (64, 64)).astype(np.uint8)
    base = nb.estimate_blur(grey, model=model, device="cpu").sigma
    for other in (grey.astype(np.uint16) * 16 + 100, grey / 255.0, grey.astype(np.float64) * 1e6 - 1e9):
        np.testing.assert_allclose(nb.estimate_blur(other, model=model, device="cpu").sigma, base, atol=0.02)
    dim = nb.estimate_blur(grey // 4, model=model, device="cpu").sigma
    assert np.abs(dim - base).max() > 0.05


def test_loss_falls_and_the_model_is_complete(data, tmp_path):
    t = training(data, steps=200, rate=1e-2, vary=False)
    steps = list(t.run())
    assert [s.step for s in steps] == list(range(1, 201))
    assert steps[-1].fraction == 1
    first, last = (np.mean([s.loss for s in part]) for part in (steps[:10], steps[-10:]))
    assert last < first - 0.3
    path = t.model("mine", reference="added").save(tmp_path / "mine.blurmap.safetensors")
    info = nb.load_model(path).info
    assert info.sigma_grid == list(SIGMAS)
    assert info.sigma_range == (0.4, 2.4)
    assert info.reference == "added"
    assert info.training["steps"] == 200
    assert info.training["data"]["split"] == "texture"
    weights, labels = class_probabilities(t.network, data.test)
    right = (weights.argmax(dim=1) == labels).float().mean()
    assert info.training["figures"]["test by texture, accuracy"] == pytest.approx(float(right))
    assert right > 0.6  # of three classes
    assert info.calibration["error"] == sorted(info.calibration["error"])
    assert (info.sizes["mean"], info.sizes["deviation"]) == (pytest.approx(data.mean), pytest.approx(data.deviation))


def test_the_recipe_turns_all_convolutions_but_the_first_by_muon(data):
    """With AdamW for all the published network stays at chance: benchmarks/experiments/few_textures.py measures it."""
    t = training(data, layers=None)
    assert isinstance(t.optimizer, MuonAdamW)
    *_, muon = t.optimizer.param_groups
    assert len(muon["params"]) == 7  # of eight, the first of which has one channel
    assert sum(p.numel() for p in muon["params"]) == sum(
        p.numel() for p in t.network.parameters() if p.ndim == 4 and p.shape[1] > 1
    )
    assert isinstance(training(data, optimiser="adagrad").optimizer, torch.optim.Adagrad)


@pytest.mark.parametrize("optimiser", ["adagrad", "muon"])
def test_one_seed_gives_equal_weights(data, optimiser):
    runs = [training(data, seed=s, optimiser=optimiser, layers=replace(SMALL, dropout=0.3)) for s in (1, 1, 2)]
    for t in runs:
        list(t.run())
    heads = [t.network.linear[-1].weight for t in runs]
    torch.testing.assert_close(heads[0], heads[1], rtol=0, atol=0)
    assert not torch.equal(heads[0], heads[2])


def test_adagrad_is_the_published_one(data):
    """Each weight moves by the rate times its gradient over the root of the sum of all squared ones (Duchi 2011)."""
    t = PatchTraining(data, PatchTrainConfig(steps=3, batch=50, optimiser="adagrad", vary=False), layers=SMALL)
    assert t.config.rate == 1e-3
    bias = t.network.linear[-1].bias
    expected, squares = bias.detach().clone(), torch.zeros_like(bias)
    for _ in t.run():
        squares += bias.grad**2
        expected -= 1e-3 * bias.grad / squares.sqrt()
    torch.testing.assert_close(bias.detach(), expected, rtol=1e-4, atol=1e-8)


def test_resuming_goes_on_where_it_stopped(data, tmp_path):
    losses = [s.loss for s in training(data, 6).run()]
    for step in training(data, 6, checkpoint=tmp_path / "c.pt").run():
        if step.step == 3:
            break
    rest = training(data, 6, checkpoint=tmp_path / "c.pt")
    assert rest.step == 3
    assert [s.loss for s in rest.run()] == pytest.approx(losses[3:], rel=1e-4)
    assert [p.name for p in tmp_path.iterdir()] == ["c.pt"]


def test_a_full_disk_leaves_the_last_checkpoint(data, tmp_path, monkeypatch):
    t = training(data, 2, checkpoint=tmp_path / "c.pt")
    list(t.run())
    whole = (tmp_path / "c.pt").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    more = training(data, 3, checkpoint=tmp_path / "c.pt")
    with pytest.warns(UserWarning, match=r"No space left.*still whole"):
        list(more.run())
    assert more.step == 3
    assert (tmp_path / "c.pt").read_bytes() == whole


@pytest.mark.parametrize("steps", [0, 1])
def test_stop_in_the_first_second_leaves_a_valid_model(data, tmp_path, steps):
    t = training(data, minutes=5, steps=None)
    if steps:
        next(t.run())
    model = nb.load_model(t.model("early").save(tmp_path / "early.blurmap.safetensors"))
    m = nb.estimate_blur(RNG.random((40, 40)), model=model, device="cpu")
    assert np.isfinite(m.sigma).all()
    assert np.isfinite(m.uncertainty).all()


def test_two_trainings_at_once_do_not_disturb_each_other(data):
    alone = [s.loss for s in training(data, 3).run()]
    a, b = training(data, 3).run(), training(data, 3, seed=9).run()
    together = [(next(a).loss, next(b).loss)[0] for _ in range(3)]
    assert together == alone


def test_starting_from_other_classes(data):
    start = small_model()
    two = make_patches(read_textures([RNG.random((64, 64)) for _ in range(3)], {}), PatchDataConfig(sigmas=(1.0, 2.0)))
    t = training(two, start=start, layers=None)
    torch.testing.assert_close(t.network.before[0].weight, start.network.before[0].weight)
    assert t.network.linear[-1].out_features == 2
    assert t.layers.mean == 120.0
    with pytest.raises(nb.BlurMapError, match="other layers"):
        started_from(start.network, replace(SMALL, hidden=(5,)))


def test_starting_from_a_dense_model(data, tiny_model):
    with pytest.raises(nb.BlurMapError, match="cannot start from the dense model"):
        training(data, start=tiny_model)


def test_half_precision_halves_the_file(tmp_path):
    model = small_model()
    whole, half = (model.save(tmp_path / f"{h}.blurmap.safetensors", half=h) for h in (False, True))
    read = nb.load_model(half)
    assert read.hash != model.hash
    assert nb.load_model(whole).hash == model.hash
    for name, value in model.network.state_dict().items():
        assert read.network.state_dict()[name].dtype == torch.float32
        torch.testing.assert_close(read.network.state_dict()[name], value, rtol=1e-3, atol=1e-4)
    numbers = sum(v.numel() for v in model.network.state_dict().values())
    assert whole.stat().st_size - half.stat().st_size == pytest.approx(2 * numbers, abs=64)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"before": ((4, 3),) * 12}, "even number"),
        ({"before": ((4, 4),)}, "even number"),
        ({"after": ((4, 5), (4, 5))}, "at least 1"),
        ({"stride": 3}, "stride"),
        ({"classes": 1}, "classes is 1"),
        ({"classes": "3"}, "classes is '3'"),
        ({"before": "ab"}, "before has a layer|before is"),
        ({"before": ((4, 3, 1),)}, "before is"),
        ({"hidden": (0,)}, "hidden is 0"),
        ({"deviation": float("nan")}, "deviation is nan"),
        ({"dropout": 1.0}, "dropout"),
    ],
)
def test_bad_layers(options, word):
    with pytest.raises(nb.BlurMapError, match=word):
        PatchConfig(**options)


def test_bad_training_and_variants(tiny_model):
    for options in ({"minutes": 0}, {"steps": 0}, {"rate": -1.0}, {"optimiser": "sgd"}):
        with pytest.raises(nb.BlurMapError, match="expected"):
            PatchTrainConfig(**options)
    with pytest.raises(nb.BlurMapError, match="stride is fixed"):
        tiny_model.variant(stride=8)
    with pytest.raises(nb.BlurMapError, match="decode 'mode'"):
        tiny_model.variant(decode="mode")
    assert STRIDES[-1] == PATCH
