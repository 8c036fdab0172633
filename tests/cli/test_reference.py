"""What counts as sharp, from the options of the command line."""

from __future__ import annotations

import numpy as np
import pytest
import typer

from napari_blurmap import BlurMap, optics_limit
from napari_blurmap.cli.reference import Sharp, compared


def blurmap(scale, zero="absolute"):
    flat = np.ones((64, 64))
    about = {"units": ("um", "um"), "provenance": {"reference": zero}}
    return BlurMap(flat, 0.1 * flat, 0 * flat, axes=("y", "x"), scale=scale, **about)


def test_a_pixel_that_is_not_square_has_no_optics_limit():
    found = compared(blurmap((0.4, 0.2)), Sharp(0.8, 520))
    assert "Pixels are 0.4 x 0.2 um (y, x)" in found["problem"]
    assert found["summary"]["verdict"] is None
    # A limit in pixels needs no length.
    assert compared(blurmap((0.4, 0.2)), Sharp(limit=1.5))["summary"]["verdict"] == "sharp"


def test_a_nearly_square_pixel_counts_by_its_mean():
    found = compared(blurmap((0.201, 0.2)), Sharp(0.8, 520))
    assert "problem" not in found
    assert found["summary"]["reference"]["sigma"] == pytest.approx(optics_limit(0.8, 520, 200.5))


def test_a_typed_limit_gives_a_model_of_added_blur_its_verdict():
    assert compared(blurmap((0.2, 0.2), "added"), Sharp(limit=1.5))["summary"]["verdict"] == "sharp"
    optics = compared(blurmap((0.2, 0.2), "added"), Sharp(0.8, 520))
    assert optics["summary"]["verdict"] == "cannot tell"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((0.8, 520, 1.0, 1.5), "--limit"),
        ((0.8, None, 1.0, None), "both"),
        ((None, None, 1.5, None), "--na and --wavelength"),
        ((None, None, 1.5, 1.2), "--na and --wavelength"),
    ],
)
def test_one_thing_counts_as_sharp(options, words):
    with pytest.raises(typer.BadParameter, match=words):
        Sharp(*options)
