"""Judging a training while it goes on."""

from __future__ import annotations

import pytest
import torch
from own_pictures import assert_equal, finished, small_tuning, weights

import napari_blurmap as nb
from napari_blurmap.training.evaluation import Read
from napari_blurmap.training.own import learners


def test_nothing_to_judge_by_is_said_before_time_is_spent(tiny_model):
    with pytest.raises(nb.BlurMapError, match=r"0 places can be used for blurs of 17 to 20 px.*smaller range"):
        finished(small_tuning(None, sigma_range=(17, 20)))


def test_the_last_weights_are_kept_that_are_not_ruined(tiny_model, monkeypatch):
    errors = iter([3.0, 1.0, 1.9, 2.1, float("nan")])

    def read(self, weights, *, report):
        truth = torch.ones(64)
        estimate = truth + (0.5 if report else next(errors))
        return Read(estimate, truth, truth, truth, torch.arange(64), torch.empty(64, 0))

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
