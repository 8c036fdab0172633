"""Choosing a device; the meta device stands in for a GPU that computes nothing."""

from __future__ import annotations

import pytest
import torch

from napari_blurmap.errors import BlurMapError
from napari_blurmap.models import devices


def test_unknown_and_missing_devices(tiny_model, monkeypatch):
    with pytest.raises(BlurMapError, match="expected one of"):
        devices.choose_device("gpu", tiny_model.estimator)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BlurMapError, match="finds none here"):
        devices.choose_device("cuda", tiny_model.estimator)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert devices.choose_device("auto", tiny_model.estimator).type == "cpu"


class _Faulty(torch.nn.Module):
    """Works on the CPU; elsewhere it fails, or gives other numbers."""

    def __init__(self, fault):
        super().__init__()
        self.fault, self.moved = fault, False

    def to(self, device):
        self.moved = device != "cpu"
        return self

    def forward(self, picture, valid):
        if self.moved and self.fault == "raises":
            raise RuntimeError("no kernel image is available")
        return picture + (5.0 if self.moved and self.fault == "wrong" else 0.0)


@pytest.mark.parametrize("fault", ["raises", "wrong", None])
def test_a_gpu_is_tested_before_it_is_trusted(fault, monkeypatch):
    monkeypatch.setattr(devices, "_available", lambda name: True)
    monkeypatch.setattr(torch.Tensor, "to", lambda self, *a, **k: self)
    network = _Faulty(fault)
    if fault is None:
        assert devices.choose_device("auto", network).type == "cuda"
    else:
        with pytest.warns(UserWarning, match="the CPU is used instead"):
            assert devices.choose_device("auto", network).type == "cpu"
    assert not network.moved
