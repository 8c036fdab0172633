"""The optics limit of each channel is that of its own light."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from napari_blurmap import BlurMap, BlurMapError, OpticsLimit, optics_limit
from napari_blurmap.batch.measured import Measured, measure

LIGHT = (450.0, 600.0)


def blurmap(light=LIGHT, shape=(2, 64, 64)):
    sigma = np.full(shape, 2.0)
    channels = [{"name": "", "emission_nm": nm} for nm in light]
    axes = "cyx"[-len(shape) :]
    about = {"axes": axes, "scale": [0.1] * len(axes), "units": ["um"] * len(axes)}
    return BlurMap(sigma, 0.1 * sigma, 0 * sigma, provenance={"source": {"path": "a", "channels": channels}}, **about)


def limits(found, limit):
    return [one.summary(limit)["reference"]["sigma"] for one in found]


@pytest.mark.parametrize("light", [None, LIGHT, list(LIGHT)])
def test_each_channel_has_its_own(light):
    limit = OpticsLimit(0.8, light)
    expected = pytest.approx([optics_limit(0.8, nm, 100) for nm in LIGHT])
    found = blurmap()
    assert limits(found.channels(), limit) == expected
    kept = [Measured.of(asdict(measure(one, one.summary()))) for one in found.channels()]
    assert limits(kept, limit) == expected
    assert f"{2 / optics_limit(0.8, 600, 100):.2f} x the optics limit" in found.methods_text(limit)


def test_of_all_together_there_is_one_where_they_agree():
    assert blurmap().summary(OpticsLimit(0.8))["reference"] is None
    same = blurmap((520.0, 520.0)).summary(OpticsLimit(0.8))
    assert same["reference"]["sigma"] == pytest.approx(optics_limit(0.8, 520, 100))
    assert blurmap().summary(OpticsLimit(0.8, 520))["reference"]["sigma"] == same["reference"]["sigma"]


def test_what_is_blurred_is_told_channel_by_channel():
    factor = 2 / optics_limit(0.8, 525, 100)  # between both
    regions = blurmap().blurred_regions(OpticsLimit(0.8, LIGHT, factor=factor))
    assert [one["geometry"]["plane"]["c"] for one in regions["features"]] == [0]


@pytest.mark.parametrize(
    ("found", "limit", "words"),
    [
        (blurmap(()), OpticsLimit(0.8), "the file has none"),
        (blurmap((450.0, None)).at(c=1), OpticsLimit(0.8), "the file has none"),
        (blurmap(shape=(3, 64, 64)).at(c=2), OpticsLimit(0.8, LIGHT), "no wavelength for channel 3: 2 were given"),
    ],
)
def test_what_is_missing_is_said(found, limit, words):
    with pytest.raises(BlurMapError, match=words):
        found.summary(limit)
