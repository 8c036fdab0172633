"""The scripts behind docs/experiments.md."""

from __future__ import annotations

import re

import numpy as np
import pytest

from benchmarks.experiments.decode import READINGS
from benchmarks.experiments.floor import with_floor


def test_every_script_is_named_on_the_page_and_every_named_script_is_there(root):
    named = re.findall(r"`(\w+\.py)`", (root / "docs" / "experiments.md").read_text(encoding="utf-8"))
    there = {file.name for file in (root / "benchmarks" / "experiments").glob("[a-z]*.py")}
    assert set(named) == there


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mean", 4.0),
        ("median", 1 + 0.5 * 5 / 6),
        ("mean of the middle 80 %", (0.5 * 1 + 0.3 * 2) / 0.8),
        ("mean of the middle 50 %", (0.35 * 1 + 0.15 * 2) / 0.5),
        ("mean of log(sigma + 0.35)", 1.35**0.6 * 2.35**0.3 * 28.35**0.1 - 0.35),
        ("most probable", 1.0),
    ],
)
def test_readings_of_a_distribution_by_hand(name, expected):
    """Six tenths of it at 1, three at 2, one at 28."""
    weights, grid = np.array([[0.6], [0.3], [0.1]]), np.array([1.0, 2.0, 28.0])
    assert READINGS[name](weights, grid) == pytest.approx([expected])


def test_a_floor_is_put_in_the_place_of_another():
    sigma, rest = np.array([0.5, 3.0]), np.array([0.04, 0.2])
    with_three = np.hypot(rest, 0.03 * (sigma + 0.35))
    np.testing.assert_allclose(with_floor(sigma, with_three, 0.03, 0.0), rest)
    np.testing.assert_allclose(with_floor(sigma, with_three, 0.03, 0.05), np.hypot(rest, 0.05 * (sigma + 0.35)))
