"""The loop that all trainings share, on a network of a few weights."""

from __future__ import annotations

import logging

import pytest
import torch
from torch import nn

from napari_blurmap.errors import BlurMapError
from napari_blurmap.training.loop import Recipe, TrainingLoop


class Line(TrainingLoop):
    """Learns y = 2 x, with a batch norm that remembers what it saw; ``spoiled`` is a step whose batch is not finite."""

    def __init__(self, *, spoiled=None, checkpoint=None, steps=6, scale=1.0, **options):
        self.spoiled, self.scale = spoiled, scale
        torch.manual_seed(3)
        network = nn.Sequential(nn.BatchNorm1d(1), nn.Linear(1, 1))
        recipe = Recipe(steps=steps, rate=0.1)
        super().__init__(recipe, network, torch.optim.SGD(network.parameters(), lr=0.1), checkpoint, **options)

    def batches(self):
        while True:
            x = torch.randn(8, 1, generator=torch.Generator().manual_seed(self.step))
            yield (x * float("nan") if self.step == self.spoiled else x), 2 * self.scale * x

    def loss(self, batch):
        x, y = batch
        error = (self.network(x) - y).square().mean()
        return error, {"root": error.sqrt()}


def values(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


def assert_equal(mine, theirs):
    for name, value in mine.items():
        torch.testing.assert_close(value, theirs[name], rtol=0, atol=0)


def test_a_step_that_is_not_finite_is_left_out(caplog):
    """Neither weights nor the statistics of batch norms keep anything of it, and the training goes on."""
    t = Line(spoiled=3)
    seen = [values(t.network)]
    with caplog.at_level(logging.WARNING):
        for _ in t.run():
            seen.append(values(t.network))
    assert_equal(seen[4], seen[3])
    assert not torch.equal(seen[5]["1.weight"], seen[4]["1.weight"])
    assert all(value.isfinite().all() for value in t.weights().values())
    assert [record.getMessage() for record in caplog.records] == [
        "step 4 is left out: its loss or its gradients are not finite"
    ]


def test_gradients_are_shortened():
    """A loss a million times as steep moves the weights by the rate at most: the longest gradient is 1."""
    t = Line(scale=1e6)
    before = torch.cat([p.detach().flatten() for p in t.network.parameters()])
    next(t.run())
    after = torch.cat([p.detach().flatten() for p in t.network.parameters()])
    assert (after - before).norm() == pytest.approx(0.1, rel=1e-3)
    free = Line(scale=1e6, longest=float("inf"))
    next(free.run())
    assert (torch.cat([p.detach().flatten() for p in free.network.parameters()]) - before).norm() > 1e4


def test_a_model_gets_averaged_weights():
    """The average by its formula: of each value so far, the newest with (1 + n) / (10 + n) forgotten."""
    t = Line()
    expected, last = None, None
    for n, _ in enumerate(t.run()):
        last = values(t.network)["1.weight"]
        decay = n and (1 + n) / (10 + n)
        expected = last if expected is None else decay * expected + (1 - decay) * last
    torch.testing.assert_close(t.weights()["1.weight"], expected)
    assert not torch.allclose(expected, last)
    plain = Line(averaged=False)
    list(plain.run())
    assert_equal(plain.weights(), values(plain.network))


def test_the_rate_rises_and_falls():
    t = Line(steps=8, rise=2)
    rates = [t.optimizer.param_groups[0]["lr"] for _ in t.run()]
    expected = [0.05, *(0.1 * (0.5 + 0.5 * torch.cos(torch.tensor(torch.pi * n / 8)).item()) for n in range(1, 8))]
    assert rates == pytest.approx(expected, abs=2e-6)
    constant = Line(steps=3)
    assert [constant.optimizer.param_groups[0]["lr"] for _ in constant.run()] == [0.1] * 3


def test_a_stopped_training_goes_on_as_if_it_had_not_been(tmp_path):
    whole = Line()
    steps = list(whole.run())
    for step in Line(checkpoint=tmp_path / "c.pt").run():
        if step.step == 2:
            break
    rest = Line(checkpoint=tmp_path / "c.pt")
    assert [s.loss for s in rest.run()] == [s.loss for s in steps[2:]]
    assert_equal(rest.weights(), whole.weights())


def test_a_step_tells_where_it_stands():
    steps = list(Line(steps=4).run())
    assert [s.step for s in steps] == [1, 2, 3, 4]
    assert [s.fraction for s in steps] == [0.25, 0.5, 0.75, 1]
    assert steps[-1].seconds_left == 0
    assert all(s.figures["root"] ** 2 == pytest.approx(s.loss, rel=1e-5) for s in steps)
    t = Line()
    t.config = Recipe(minutes=1 / 600)  # a tenth of a second
    timed = list(t.run())
    assert timed[-1].fraction == 1
    assert timed[-1].seconds >= 0.1
    record = t.record({"figure": 1.0})
    assert (record["steps"], record["figures"]) == (len(timed), {"figure": 1.0})


@pytest.mark.parametrize("values", [{"minutes": 0}, {"steps": 0}, {"batch": 0}, {"rate": -1.0}, {"seed": -1}])
def test_bad_recipes(values):
    with pytest.raises(BlurMapError, match="expected"):
        Recipe(**values)
