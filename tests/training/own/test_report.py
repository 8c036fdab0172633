"""The figures of a trained model, against numpy's and scipy's own."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_blurmap.training.own.report import RangeRow, TuneReport, make_report

CLASSES = (0.5, 1.0, 2.0)


@given(st.integers(0, 10**6))
def test_the_figures_are_those_of_numpy(seed):
    draw = np.random.default_rng(seed)
    truth = draw.uniform(0.3, 3.0, 500)
    sigma, start = truth + draw.normal(0.1, 0.2, 500), np.hypot(truth, 0.5)
    report = make_report(sigma, truth, classes=CLASSES, start=start, zero=0.5)
    assert report.rmse == pytest.approx(np.sqrt(np.var(sigma - truth) + np.mean(sigma - truth) ** 2))
    assert report.bias == pytest.approx(np.mean(sigma) - np.mean(truth))
    assert report.start_rmse_own == pytest.approx(0, abs=1e-6)
    assert report.start_rmse > 0.04
    edges = [-np.inf, 0.75, 1.5, np.inf]
    expected, _, _ = np.histogram2d(truth, sigma, bins=(edges, edges))
    assert np.array_equal(report.confusion, expected)
    assert sum(row.n for row in report.rows) == 500
    total = sum(row.n * row.rmse**2 for row in report.rows) / 500
    assert total == pytest.approx(report.rmse**2)
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False))["n"] == 500


def test_the_range_that_can_be_read():
    errors = (0.5, 0.1, 0.1, 0.7, 0.1, 1.0)
    rows = tuple(RangeRow(i, i + 1.0, 100, e, 0.0) for i, e in enumerate(errors))
    report = TuneReport(0.1, 0.0, 600, None, None, 0.7, 0.9, rows)
    assert report.usable == (1, 3)
    assert "1 to 3 px" in report.summary_line()
    assert "before" not in report.summary_line()
    few = tuple(RangeRow(i, i + 1.0, 3, 0.1, 0.0) for i in range(3))
    assert TuneReport(0.1, 0.0, 9, None, None, 0.7, 0.9, few).usable is None


@pytest.mark.parametrize(("before", "own", "words"), [(0.4, 0.2, "taken off"), (0.2, 0.2, "0.20 px)")])
def test_the_model_before_is_named(before, own, words):
    for rmse in (0.1, 0.3):
        line = TuneReport(rmse, 0.0, 600, before, own, 0.7, 0.9, ()).summary_line()
        assert words in line
        assert line.endswith("It is no better than the model it started from.") == (rmse == 0.3)


def test_a_report_of_nothing():
    report = make_report([], [], classes=CLASSES)
    assert report.n == 0
    assert report.usable is None
    assert report.to_dict()["rmse"] is None
    assert "nothing" in report.text()
