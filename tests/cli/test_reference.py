"""What counts as sharp, from the options of the command line."""

from __future__ import annotations

import numpy as np
import pytest
import typer

from napari_blurmap import BlurMap, BlurMapError, optics_limit
from napari_blurmap.batch.reference import OpticsLimit, compared, limit_of
from napari_blurmap.cli.reference import typed_reference


def blurmap(scale, zero="absolute"):
    flat = np.ones((64, 64))
    about = {"units": ("um", "um"), "provenance": {"reference": zero}}
    return BlurMap(flat, 0.1 * flat, 0 * flat, axes=("y", "x"), scale=scale, **about)


def test_a_pixel_that_is_not_square_has_no_optics_limit():
    found = compared(blurmap((0.4, 0.2)), OpticsLimit(0.8, 520))
    assert "Pixels are 0.4 x 0.2 um (y, x)" in found["problem"]
    assert found["summary"]["verdict"] is None
    # A limit in pixels needs no length.
    assert compared(blurmap((0.4, 0.2)), limit_of(1.5))["summary"]["verdict"] == "sharp"


def test_a_nearly_square_pixel_counts_by_its_mean():
    found = compared(blurmap((0.201, 0.2)), OpticsLimit(0.8, 520))
    assert "problem" not in found
    assert found["summary"]["reference"]["sigma"] == pytest.approx(optics_limit(0.8, 520, 200.5))


def test_a_typed_limit_gives_a_model_of_added_blur_its_verdict():
    assert compared(blurmap((0.2, 0.2), "added"), limit_of(1.5))["summary"]["verdict"] == "sharp"
    optics = compared(blurmap((0.2, 0.2), "added"), OpticsLimit(0.8, 520))
    assert optics["summary"]["verdict"] == "cannot tell"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"limit": 1.5, "na": 0.8, "wavelength": 520}, "--limit"),
        ({"na": 0.8, "wavelength": "450;520"}, "one a channel"),
        ({"na": 0.8, "wavelength": "DAPI=450,FITC"}, "DAPI=450,FITC=520"),
        ({"wavelength": "520"}, "--wavelength is part"),
        ({"refractive_index": 1.5}, "--refractive-index is part"),
        ({"mode": "confocal", "limit": 1.5}, "--mode"),
        ({"excitation": 488, "limit": 1.5}, "--excitation"),
        ({"pinhole": 1}, "--pinhole"),
        ({"factor": 2, "limit": 1.5}, "--sharp-factor"),
        ({"sharp": "tenth", "limit": 1.5}, "--sharp"),
    ],
)
def test_one_thing_counts_as_sharp(options, words):
    with pytest.raises(typer.BadParameter, match=words):
        typed_reference(**{"limit": None, "sharp": None} | options)


def test_the_optics_limit_is_that_of_the_microscope():
    scanned = OpticsLimit(0.8, 520, mode="confocal", excitation=488, pinhole=0.7, factor=2)
    found = compared(blurmap((0.1, 0.1)), scanned)
    limit = optics_limit(0.8, 520, 100, mode="confocal", excitation_wavelength=488, pinhole=0.7)
    reference = found["summary"]["reference"]
    assert reference["sigma"] == pytest.approx(limit)
    assert reference["threshold"] == pytest.approx(2 * limit)
    assert "Verdict: sharp, within 2 x the confocal optics limit of NA 0.8 at 520 nm." in found["line"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mode": "sted"}, "mode is 'sted'; expected one of 'widefield', 'confocal'"),
        ({"mode": "confocal", "excitation": 0.488}, "excitation is 0.488 nm.*give 488"),
        ({"pinhole": 1}, "widefield microscope has no pinhole"),
        ({"factor": 0.5}, "The factor is 0.5; expected a number of 1 or more"),
    ],
)
def test_an_impossible_microscope_is_refused_before_the_work(options, words):
    with pytest.raises(BlurMapError, match=words):
        OpticsLimit(0.8, 520, **options)
