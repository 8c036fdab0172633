"""Training in miniature."""

from __future__ import annotations

import math
import multiprocessing
import pickle
import runpy
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import napari_blurmap as nb
from napari_blurmap.models.contrast import slant
from napari_blurmap.models.sizes import DenseConfig
from napari_blurmap.training.checkpoints import read_checkpoint, write_checkpoint
from napari_blurmap.training.crop_reuse import echoed
from napari_blurmap.training.dense import TrainConfig, Training
from napari_blurmap.training.losses import shape_loss

TINY = DenseConfig(bins=16, narrow=4, wide=8, fused=8)


def training(steps, checkpoint=None, **options):
    settings = {"steps": steps, "batch": 4, "size": 64, "workers": 0, **options}
    return Training(TrainConfig(**settings), checkpoint, sizes=TINY)


def test_the_loss_falls():
    steps = list(training(40, rate=1e-2).run())
    assert [s.step for s in steps] == list(range(1, 41))
    first, last = (sum(s.loss for s in part) / 10 for part in (steps[:10], steps[-10:]))
    assert last < first - 0.1


def test_one_seed_gives_equal_weights():
    a, b, c = (training(3, seed=s) for s in (1, 1, 2))
    for t in (a, b, c):
        list(t.run())
    weights = [t.network.state_dict()["head.weight"] for t in (a, b, c)]
    torch.testing.assert_close(weights[0], weights[1], rtol=0, atol=0)
    assert not torch.equal(weights[0], weights[2])


# Python 3.12 says so of a fork beside any other thread, such as that by which pytest-xdist hears of its tests.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("method", sorted({"fork", "spawn"} & set(multiprocessing.get_all_start_methods())))
def test_processes_that_make_the_crops(method):
    """However they are started (what spawn takes forkserver takes as well), also with crops made before."""
    before, losses = multiprocessing.get_start_method(allow_none=True), {}
    multiprocessing.set_start_method(method, force=True)
    try:
        for workers in (0, 1):
            t = training(2, workers=workers)
            crops = t.crops(0, 8)
            assert len(crops[0]) == 2
            t.crops = lambda first, count, crops=crops: crops
            losses[workers] = [s.loss for s in t.run()]
    finally:
        multiprocessing.set_start_method(before, force=True)
    assert losses[1] == losses[0]


def test_resuming_goes_on_where_it_stopped(tmp_path):
    whole = training(6)
    losses = [s.loss for s in whole.run()]
    for step in training(6, tmp_path / "c.pt").run():
        if step.step == 3:
            break  # the caller stops; the checkpoint is written
    rest = training(6, tmp_path / "c.pt")
    assert rest.step == 3
    assert [s.loss for s in rest.run()] == pytest.approx(losses[3:], rel=1e-4)
    assert not list(tmp_path.glob("*.part"))


def test_batch_norms_keep_their_statistics_towards_the_end():
    t = training(6, frozen_from=0.5)
    seen = []
    for _ in t.run():
        seen.append(t.network.trunk_layers[0][1].running_var.clone())
    assert not torch.equal(seen[0], seen[2])
    for later in seen[3:]:
        torch.testing.assert_close(later, t.average.module.trunk_layers[0][1].running_var)
    assert not torch.equal(seen[2], seen[3])  # those of the last batches are not the average


def test_the_model_is_complete(tmp_path):
    t = training(2)
    list(t.run())
    model = t.model("mine", validation=4)
    for name, value in t.average.module.state_dict().items():  # not the last weights
        torch.testing.assert_close(model.network.state_dict()[name], value)
    path = model.save(tmp_path / "mine.blurmap.safetensors")
    info = nb.load_model(path).info
    assert info.calibration["error"] == sorted(info.calibration["error"])
    assert info.calibration["floor"] == [0.03]
    assert info.training["steps"] == 2
    assert info.training["config"]["steps"] == 2
    assert info.training["figures"]
    assert "synthetic" in info.trained_on


def test_starting_from_another_kind_of_model():
    with pytest.raises(nb.BlurMapError, match="patch30 is a patch model; expected a dense one"):
        training(1, init="patch30")


def test_bad_sizes():
    with pytest.raises(nb.BlurMapError, match="multiple"):
        TrainConfig(size=100)
    with pytest.raises(nb.BlurMapError, match="echo is 0; expected 1"):
        TrainConfig(echo=0)


def test_checkpoints_of_other_trainings(tmp_path):
    file = tmp_path / "c.pt"
    list(training(2, file).run())
    assert list(training(1, file).run()) == []  # more is done than is asked for
    with pytest.raises(nb.BlurMapError, match="of another training"):
        Training(TrainConfig(steps=1, batch=4, size=64, workers=0), file, sizes=DenseConfig(bins=16, narrow=8))
    write_checkpoint(file, {"step": 3})
    with pytest.raises(nb.BlurMapError, match="of another training"):
        training(1, file)
    file.write_text("training notes")
    with pytest.raises(nb.BlurMapError, match="cannot be read"):
        training(1, file)


@pytest.mark.parametrize("told", [0, 1], ids=["sigma", "structure"])
def test_what_is_not_valid_teaches_nothing(told):
    """Another truth there changes nothing; where the picture holds data it does."""
    t = training(1)
    (inputs, truth, *rest), *_ = t.batches()
    inputs[:, 1, :, :32] = 0
    truth[:, 1] = 1.0
    with torch.no_grad():
        t.network.head.bias[16] = 3.0  # nearly sure of structure
    losses = []
    for half in (slice(0), slice(0, 32), slice(32, 64)):
        other = truth.clone()
        other[:, told, :, half] = (9.0, 0.0)[told]
        losses.append(t.loss((inputs, other, *rest))[0].item())
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
    assert abs(losses[2] - losses[0]) > 0.02


def test_a_wrong_shape_costs_its_squared_error_and_how_unlikely_it_is():
    """Off by 0.5, where an error of exp(-1) is stated; an error of 0.5 is the likeliest."""
    truth = [torch.full((1, 1, 1), value) for value in (0.3, -0.4)]

    def cost(first, second, error):
        return float(shape_loss(torch.tensor([first, second, error]).view(1, 3, 1, 1), truth))

    assert cost(0.0, 0.0, -1.0) - cost(0.3, -0.4, -1.0) == pytest.approx(60 * 0.5**2 + 2 * 0.5 * math.e, rel=0.01)
    assert cost(0.0, 0.0, math.log(0.5)) < min(cost(0.0, 0.0, math.log(error)) for error in (0.3, 0.4, 0.6, 0.8))


def test_nearly_right_costs_less_than_far_off(monkeypatch):
    """With as much probability on the truth, and the rest beside it rather than at the end of the grid."""
    monkeypatch.setattr("napari_blurmap.training.dense.has_bfloat16", lambda device: False)
    t = training(1)
    (inputs, truth, *rest), *_ = t.batches()
    truth[:, 0], truth[:, 1] = t.grid[5], 1.0
    losses = []
    for where in (6, 15):
        logits = torch.full((17,), -12.0)
        logits[5], logits[where] = 0.0, 1.0
        with torch.no_grad():
            t.network.head.weight.zero_()
            t.network.head.bias.copy_(logits)
        losses.append(t.loss((inputs, truth, *rest))[0].item())
    # The ranked probability score: 0.73 of the probability lies 1 or 10 values off, squared, times its weight.
    assert losses[1] - losses[0] == pytest.approx(0.3 * 9 * 0.731**2, rel=0.02)


class _Bomb:
    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("write", [torch.save, lambda bomb, path: path.write_bytes(pickle.dumps(bomb, 2))])
def test_a_hostile_checkpoint_runs_no_code(tmp_path, write):
    file, trace = tmp_path / "c.pt", tmp_path / "code was run"
    write({"step": _Bomb(trace)}, file)
    torch.load(file, weights_only=False) if write is torch.save else pickle.loads(file.read_bytes())
    assert trace.exists()  # so it does where pickles are trusted
    trace.unlink()
    with pytest.raises(nb.BlurMapError, match="cannot be read"):
        read_checkpoint(file)
    assert not trace.exists()


def test_crops_are_used_again_turned_with_their_truth():
    """Every batch comes as it is, then others of crops seen before; each crop keeps its own truth."""
    rows, columns = torch.meshgrid(torch.arange(4.0), torch.arange(4.0), indexing="ij")
    place = (rows * 4 + columns).expand(2, 4, 4)

    def batch(first):
        inputs = torch.stack([100 * number + place for number in range(first, first + 3)])
        return inputs, -inputs

    seen = list(echoed((batch(3 * i) for i in range(40)), 5, "cpu", seed=1, pool=30))
    assert len(seen) == 200
    counts, faces = Counter(), set()
    for number, (inputs, truth) in enumerate(seen):
        assert torch.equal(truth, -inputs)
        crops = (inputs[:, 0].flatten(1).min(dim=1).values / 100).int().tolist()
        counts.update(crops)
        newest = 3 * (number // 5) + 2
        assert newest - 30 < min(crops) <= max(crops) <= newest
        if number % 5 == 0:
            assert torch.equal(inputs, batch(newest - 2)[0])
        faces.update(tuple(crop.flatten().int().tolist()) for crop in inputs[:, 0] % 100)
    assert len(faces) == 8  # four turns, each mirrored or not
    settled = [counts[crop] for crop in range(30, 90)]
    assert sum(settled) / len(settled) == pytest.approx(5, abs=0.5)
    assert [len(x) for x, _ in echoed([batch(0), batch(3)], 1, "cpu", seed=1)] == [3, 3]


@pytest.mark.parametrize("steps", [5, 6])
def test_steps_are_counted_with_each_crop_used_twice(tmp_path, steps):
    for at in training(steps, tmp_path / "c.pt", echo=2).run():
        if at.step == 3:
            break
    asked = []
    rest = training(steps, tmp_path / "c.pt", echo=2)
    crops = rest.crops
    rest.crops = lambda first, count: asked.append((first, count)) or crops(first, count)
    assert [at.step for at in rest.run()] == list(range(4, steps + 1))
    assert asked == [(4, 4 * -(-(steps - 3) // 2))]  # the second batch of four has been used once


def test_what_the_network_is_shown(monkeypatch):
    """Of eight steps three cut their crops to 64 pixels and one to 128; the scenes have shards for the processes."""
    t = Training(TrainConfig(steps=8, batch=1, size=256, workers=0), sizes=TINY)
    loss, shapes = t.loss, []
    monkeypatch.setattr(t, "loss", lambda batch: shapes.append(tuple(batch[0].shape)) or loss(batch))
    list(t.run())
    edges = {1: 64, 4: 64, 6: 64, 7: 128}
    assert shapes == [((256 // e) ** 2, 5, e, e) for e in (edges.get(step, 256) for step in range(8))]
    data = t.crops(0, 5)
    assert (data.shards, data.batch) == (12, 1)


def test_the_long_training_leaves_a_model(root, tmp_path, monkeypatch):
    """On its way to the GPU: the tool goes on from the bundled weights, and finishes from the checkpoint alone."""
    script = str(root / "tools" / "long_training.py")
    tool = runpy.run_path(script)
    options = ["--minutes", "0.001", "--device", "cpu", "--workers", "0", "--batch", "1", "--seed", "3"]
    monkeypatch.setattr(sys, "argv", [script, str(tmp_path), *options])
    tool["main"]()
    monkeypatch.setitem(tool["main"].__globals__, "_VALIDATION", 3)
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--finish"])
    tool["main"]()
    made, bundled = nb.load_model(tmp_path / "default.blurmap.safetensors"), nb.load_model("default")
    sizes = replace(DenseConfig(**bundled.info.sizes), rank=0.625, whole=True, noise=8, shape=True)
    assert DenseConfig(**made.info.sizes) == sizes
    assert made.info.training["config"]["device"] == "cpu"
    assert made.info.training["config"]["frozen_from"] == 0
    picture = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        mine, theirs = (m.estimator(picture, torch.ones_like(picture))[:, :49] for m in (made, bundled))
    # Of a lower rank, and a step further: near the bundled one still.
    assert 0 < (mine - theirs).std() < 0.3 * theirs.std()


@pytest.mark.parametrize("has", [True, False])
def test_half_precision_only_where_the_processor_has_it(monkeypatch, has):
    """Emulated, a step takes ten times as long."""
    monkeypatch.setattr("napari_blurmap.training.dense.has_bfloat16", lambda device: has)
    t, seen = training(1), []
    fuse = t.network.fuse
    monkeypatch.setattr(t.network, "fuse", lambda *parts: seen.append(torch.is_autocast_enabled("cpu")) or fuse(*parts))
    list(t.run())
    assert seen == [has]


def test_the_shape_turns_with_a_crop_that_is_used_again():
    """The structure tensor of the crop itself says along which direction it is smeared."""
    noise = torch.randn(1, 1, 96, 96, generator=torch.Generator().manual_seed(0))
    smeared = sum(torch.roll(noise, (i // 2, i), (2, 3)) for i in range(9))  # at about 27 degrees
    truth = torch.tensor([1.0, 1.0, 0.6, 0.8]).view(1, 4, 1, 1).expand(1, 4, 96, 96)
    kinds = set()
    for picture, turned in echoed([(smeared, truth)] * 12, 3, "cpu", seed=0, pool=4):
        first, second = turned[0, 2:, 0, 0].tolist()
        read = slant(picture, torch.ones_like(picture), 8.0)[0].mean(dim=(1, 2))
        read = (read / read.norm()).tolist()
        assert first * read[0] + second * read[1] > 0.8  # with a wrong sign 0.2 at most
        kinds.add((round(first, 1), round(second, 1)))
        assert turned[0, :2].eq(1).all()
    assert len(kinds) == 4
