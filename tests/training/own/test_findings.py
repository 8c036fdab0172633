"""What is wrong with the user's own pictures, in words."""

from __future__ import annotations

import numpy as np
import pytest
from own_pictures import leaves

import napari_blurmap as nb


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


def test_each_picture_with_a_fault_is_a_warning(tiny_model):
    pictures = [leaves(1, (128, 128)), leaves(2, (128, 128)), np.zeros((96, 96))]
    with pytest.warns(UserWarning, match="picture 3 cannot be used") as caught:
        model = nb.train_model(pictures, init=tiny_model, steps=1)
    assert all("picture 3" in str(w.message) for w in caught if "cannot" in str(w.message))
    assert any("picture 3" in text for text in model.info.training["report"]["warnings"])
