"""The result object: what it holds, what it computes, what its summary and the line for people say."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from functools import partial

import dask.array as da
import numpy as np
import pytest
import zarr
from scipy.stats import norm

from napari_blurmap import smooth_sigma
from napari_blurmap.errors import BlurMapError
from napari_blurmap.ground.status import Status
from napari_blurmap.result.blurmap import BlurMap
from napari_blurmap.result.reference import Reference
from napari_blurmap.result.sampling import median_error, sample_map
from napari_blurmap.result.words import summary_line, verdict_words

UM = ("micrometer", "micrometer")
PX = ("pixel", "pixel")


def plane(sigma, uncertainty=None, status=0, **changes):
    sigma = np.asarray(sigma, np.float32)
    uncertainty = 0.1 * sigma if uncertainty is None else uncertainty
    fields = {"axes": ("y", "x"), "scale": (0.5, 0.5), "units": UM, "provenance": {}} | changes
    return BlurMap(sigma, np.broadcast_to(uncertainty, sigma.shape), np.broadcast_to(status, sigma.shape), **fields)


def mixed(shape=(256, 256), seed=0, **changes):
    """Every status, every kind of uncertainty, some NaN."""
    random = np.random.default_rng(seed)
    sigma = random.uniform(0.2, 5, shape)
    sigma[random.random(shape) < 0.05] = np.nan
    return plane(sigma, random.uniform(0.01, 0.6, shape) * 3, random.integers(0, 6, shape), **changes)


def lazy(m, chunks=100):
    fields = {name: getattr(m, name) for name in ("axes", "scale", "units", "provenance")}
    return BlurMap(*(da.from_array(a, chunks=chunks) for a in (m.sigma, m.uncertainty, m.status)), **fields)


def test_types_are_made_uniform():
    m = BlurMap(
        [[1.0, 2.0]],
        np.array([[1, 2]]),
        np.array([[0.0, 5.0]]),
        axes=["y", "x"],
        scale=[1, 2],
        units=["um", "\u03bcm"],
        provenance={"a": (1, 2)},
        translate=np.array([1, 2]),
        affine=np.eye(3),
    )
    assert [a.dtype for a in (m.sigma, m.uncertainty, m.status)] == [np.float32, np.float32, np.uint8]
    assert (m.axes, m.scale, m.units, m.translate) == (("y", "x"), (1.0, 2.0), UM, (1.0, 2.0))
    assert m.affine == np.eye(3).tolist()
    assert m.provenance == {"a": [1, 2]}
    assert repr(m) == "BlurMap(y 1, x 2, pixel 1 x 2 um)"
    with pytest.raises(AttributeError):
        m.sigma = m.uncertainty


ONE = np.ones((4, 5), np.float32)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sigma": ONE[0]}, "at least the axes y and x"),
        ({"sigma": ONE[:0]}, "none of them empty"),
        ({"sigma": "text"}, "no array of numbers"),
        ({"uncertainty": ONE[:3]}, "uncertainty has shape"),
        ({"status": ONE.T}, "status has shape"),
        ({"status": 6 * ONE}, "from 0 to 5"),
        ({"status": -ONE}, "from 0 to 5"),
        ({"status": 0.5 * ONE}, "from 0 to 5"),
        ({"status": np.nan * ONE}, "from 0 to 5"),
        ({"axes": ("x", "y")}, "y"),
        ({"axes": ("Y", "X")}, "y"),
        ({"axes": ("z", "y", "x")}, "axes has 3 entries"),
        ({"scale": (1, 1, 1)}, "scale has 3 entries"),
        ({"scale": (0, 1)}, "above 0"),
        ({"scale": (np.nan, 1)}, "finite"),
        ({"scale": ("a", 1)}, "finite"),
        ({"units": ("pixel",)}, "units has 1 entries"),
        ({"units": ("micrometer", "nanometer")}, "same unit"),
        ({"translate": (1,)}, "translate has 1 entries"),
        ({"affine": [[1, 2]]}, "square"),
        ({"affine": np.eye(4)}, "larger than 3 x 3"),
        ({"provenance": {"a": {1, 2}}}, "JSON"),
        ({"provenance": {"a": float("nan")}}, "JSON"),
        ({"provenance": [1]}, "dictionary"),
        ({"sigma_grid": [1, 2]}, "belong together"),
        ({"probabilities": np.zeros((3, 1, 1)), "sigma_grid": [1, 2]}, "probabilities has shape"),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    fields = {"sigma": ONE, "uncertainty": ONE, "status": 0 * ONE}
    fields |= {"axes": ("y", "x"), "scale": (1, 1), "units": PX, "provenance": {}} | changes
    with pytest.raises(BlurMapError, match=message):
        BlurMap(**fields)


def test_probabilities_are_kept():
    grid, probabilities = np.array([1.0, 2.0]), np.full((2, 1, 2), 0.5)
    m = plane(ONE, probabilities=probabilities, sigma_grid=grid)
    np.testing.assert_array_equal(m.probabilities, probabilities)
    assert np.shares_memory(m.masked().probabilities, m.probabilities)
    np.testing.assert_array_equal(m.masked().sigma_grid, grid)


def test_status_has_words_for_people():
    assert [status.label for status in Status] == [
        "measured",
        "empty",
        "too noisy",
        "saturated",
        "beyond range",
        "invalid",
    ]


def test_fwhm_is_the_width_at_half_maximum():
    sigma = 1.7
    half = plane([[sigma]]).fwhm[0, 0] / 2
    assert norm.pdf(half, scale=sigma) == pytest.approx(norm.pdf(0, scale=sigma) / 2, rel=1e-6)


def test_pixel_size_and_unit():
    m = plane(ONE)
    assert (m.pixel_size, m.unit) == ((0.5, 0.5), "micrometer")
    np.testing.assert_allclose(m.in_unit(), 0.5)
    unknown = plane(ONE, units=PX)
    assert (unknown.pixel_size, unknown.unit) == (None, None)
    with pytest.raises(BlurMapError, match="no pixel size"):
        unknown.in_unit()
    np.testing.assert_allclose(plane(ONE, scale=(0.5, 0.504)).in_unit(), 0.502)
    with pytest.raises(BlurMapError, match="more than 1 %"):
        plane(ONE, scale=(0.5, 0.506)).in_unit()


def test_masked_keeps_exactly_what_was_judged():
    m = mixed()
    masked = m.masked()
    for (i, j), sigma in np.ndenumerate(m.sigma[:20]):
        error = m.uncertainty[i, j]
        keep = m.status[i, j] == 0 and error <= np.float32(0.3) * max(sigma, 0.5) and sigma == sigma
        assert masked.sigma[i, j] == sigma if keep else np.isnan(masked.sigma[i, j])
        assert masked.uncertainty[i, j] == error if keep else np.isnan(masked.uncertainty[i, j])
    np.testing.assert_array_equal(masked.status, m.status)
    assert masked.provenance == {"masked": {"max_relative": 0.3}}
    assert m.provenance == {}
    assert np.isnan(m.masked(0.1).sigma).sum() > np.isnan(masked.sigma).sum()


def test_filled_fills_what_was_not_judged_and_says_so():
    m = mixed((64, 64))
    keep = ~np.isnan(m.masked().sigma)
    filled = m.filled()
    assert np.isfinite(filled.sigma).all()
    np.testing.assert_array_equal(filled.sigma[keep], m.sigma[keep])
    np.testing.assert_array_equal(filled.status, m.status)
    np.testing.assert_array_equal(filled.uncertainty, np.where(keep, m.uncertainty, np.nan))
    assert filled.provenance == {"filled": {"max_relative": 0.3, "guided_by_picture": False}}
    assert m.filled(m.sigma).provenance["filled"]["guided_by_picture"] is True
    # what was filled is still not counted as judged
    assert filled.summary()["judged_pixels"] == m.summary()["judged_pixels"]
    with pytest.raises(BlurMapError, match="shape"):
        m.filled(np.zeros((64, 65)))


@pytest.mark.parametrize("whole", [lambda m: m.filled, lambda m: partial(smooth_sigma, m, "edge")])
def test_a_picture_in_a_zarr_is_a_guide_like_any_other(whole):
    m = mixed((64, 64))
    picture = np.random.default_rng(1).random((64, 64), np.float32)
    expected, found = (whole(m)(image=image) for image in (picture, zarr.array(picture, chunks=(32, 64))))
    assert isinstance(found.sigma, np.ndarray)  # only a lazy map stays one
    np.testing.assert_array_equal(found.sigma, expected.sigma)
    assert found.summary() == expected.summary()


@pytest.mark.parametrize("name", ["sigma", "uncertainty", "status"])
def test_a_summary_takes_maps_that_are_lazy_in_part(name):
    m = mixed((64, 64))
    part = replace(m, **{name: da.from_array(getattr(m, name), chunks=(32, 64))})
    assert part.summary()["median_sigma"] == m.summary()["median_sigma"]
    assert part.summary()["judged_pixels"] == m.summary()["judged_pixels"]


def test_a_mask_of_a_guide_counts():
    m = mixed((64, 64))
    picture = np.random.default_rng(1).random((64, 64), np.float32)
    mask = np.zeros(picture.shape, bool)
    mask[20:40, 20:40] = True
    masked = np.ma.masked_array(np.where(mask, 1e3, picture), mask)
    expected = m.filled(image=np.where(mask, np.nan, picture)).sigma
    for guide in (masked, da.from_array(masked, chunks=(32, 64))):
        np.testing.assert_allclose(m.filled(image=guide).sigma, expected, rtol=1e-6)


def test_probability_below_is_the_normal_distribution():
    m = mixed((64, 64))
    found = m.probability_below(1.5)
    judged = m.status == 0
    expected = norm.cdf(1.5, loc=m.sigma, scale=m.uncertainty)
    np.testing.assert_allclose(found[judged], expected[judged], atol=1e-5)
    assert np.isnan(found[~judged]).all()
    certain = plane([[1.0, 2.0]], 0.0).probability_below(1.5)
    np.testing.assert_array_equal(certain, [[1, 0]])
    for limit in (0, -1, float("nan")):
        with pytest.raises(BlurMapError, match="above 0"):
            m.probability_below(limit)


def test_lazy_stays_lazy_and_gives_the_same():
    m = mixed()
    other = lazy(m)
    results = [
        (m.fwhm, other.fwhm),
        (m.in_unit(), other.in_unit()),
        (m.masked().sigma, other.masked().sigma),
        (m.masked().uncertainty, other.masked().uncertainty),
        (m.filled().sigma, other.filled().sigma),
        (m.probability_below(2), other.probability_below(2)),
        (m.status, other.status),
    ]
    for here, there in results:
        assert isinstance(there, da.Array)
        assert isinstance(here, np.ndarray)
        assert here.dtype == there.dtype
        np.testing.assert_array_equal(here, np.asarray(there))
    a, b = m.summary(2.0), other.summary(2.0)
    for name, value in a.items():
        if name.endswith(("_error", "_error_of_sampling")):
            # other chunks, other blocks to draw from
            assert b[name] == pytest.approx(value, rel=0.5)
        else:
            assert b[name] == (pytest.approx(value) if isinstance(value, float) else value)


def test_summary_against_numpy():
    m = mixed((300, 200))
    keep = ~np.isnan(m.masked().sigma)
    summary = m.summary()
    assert next(iter(summary)) == "judged_share"
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert summary["judged_share"] == keep.mean()
    assert summary["judged_pixels"] == keep.sum()
    assert summary["pixels"] == 60000
    assert summary["median_sigma"] == pytest.approx(np.median(m.sigma[keep]))
    assert summary["quartiles_sigma"] == pytest.approx(np.percentile(m.sigma[keep], [25, 75]))
    assert summary["median_uncertainty"] == pytest.approx(np.median(m.uncertainty[keep]))
    assert summary["median_fwhm"] == pytest.approx(2.3548 * np.median(m.sigma[keep]), rel=1e-4)
    assert summary["median_fwhm_in_unit"] == pytest.approx(0.5 * summary["median_fwhm"])
    assert summary["median_fwhm_in_unit_error"] == pytest.approx(0.5 * 2.35482 * summary["median_sigma_error"])
    assert summary["unit"] == "um"
    for status in Status:
        assert summary["shares"][status.label] == (m.status == status).mean()
    assert summary["uncertain_share"] == pytest.approx((m.status == 0).mean() - keep.mean())
    assert summary["reference"] is summary["verdict"] is summary["ratio"] is None


def test_units_are_left_out_where_they_are_not_known():
    for m in (plane(ONE, units=PX), plane(ONE, scale=(1, 2))):
        summary = m.summary()
        assert summary["unit"] is summary["median_fwhm_in_unit"] is summary["median_fwhm_in_unit_error"] is None


def test_large_maps_are_sampled(monkeypatch):
    m = mixed((300, 200))
    whole = m.summary()
    monkeypatch.setattr("napari_blurmap.result.sampling._SAMPLE_PIXELS", 8000)
    assert sample_map(m.sigma, m.uncertainty, m.status).sigma.size < 8000
    sampled = m.summary()
    assert sampled["judged_pixels"] == whole["judged_pixels"]
    assert sampled["median_sigma"] == pytest.approx(whole["median_sigma"], rel=0.05)


def test_median_error_is_that_of_independent_blocks():
    """Blocks of one value each: the error of a median of n normal values is sqrt(pi/2n)."""
    random = np.random.default_rng(0)
    blocks = [np.full(50, value) for value in random.normal(5, 1, 900)]
    assert median_error(blocks) == pytest.approx(np.sqrt(np.pi / 2 / 900), rel=0.25)
    # more blocks than are drawn from: still the error of all of them
    blocks = [np.full(5, value) for value in random.normal(5, 1, 4000)]
    assert median_error(blocks) == pytest.approx(np.sqrt(np.pi / 2 / 4000), rel=0.25)
    assert median_error(blocks) == median_error(blocks)


def test_median_error_does_not_count_neighbours_as_independent():
    random = np.random.default_rng(0)
    blocks = random.normal(5, 1, (16, 16))
    m = plane(np.kron(blocks, np.ones((64, 64))))
    expected = np.std([np.median(random.choice(blocks.ravel(), 256)) for _ in range(500)])
    found = m.summary()
    assert found["median_sigma_error_of_sampling"] == pytest.approx(expected, rel=0.3)
    # Of a hundred times as many places as one, the median is not ten times as sure: most of the error they share.
    whole = np.hypot(found["median_sigma_error_of_sampling"], 0.8 * found["median_uncertainty"])
    assert found["median_sigma_error"] == pytest.approx(whole)
    # Of one block, it is as sure as one place of it.
    one = plane(np.ones((64, 64))).summary()
    assert one["median_sigma_error_of_sampling"] is None
    assert one["median_sigma_error"] == pytest.approx(one["median_uncertainty"])


def test_the_error_of_a_large_median_is_cheap():
    blocks = sample_map(
        *(np.ones((2048, 2048), np.float32) * k for k in (1, 0.1)), np.zeros((2048, 2048), np.uint8)
    ).blocks
    start = time.process_time()
    median_error(blocks)
    assert time.process_time() - start < 0.5


OPTICS = Reference(0.8, "optics limit", "optics")


@pytest.mark.parametrize(
    ("sigma", "verdict"),
    [(0.8, "sharp"), (1.15, "partly blurred"), (1.25, "partly blurred"), (1.35, "blurred"), (3, "blurred")],
)
def test_verdicts(sigma, verdict):
    m = plane(np.full((64, 64), sigma))
    summary = m.summary(OPTICS)
    assert summary["sharp_share"] == pytest.approx(norm.cdf((1.2 - sigma) / (0.1 * sigma)), abs=1e-4)
    assert summary["ratio"] == pytest.approx(sigma / 0.8)
    assert summary["verdict"] == verdict


def test_half_a_picture_is_partly_blurred():
    sigma = np.full((64, 64), 0.8)
    sigma[:, 32:] = 3
    assert plane(sigma).summary(OPTICS)["verdict"] == "partly blurred"


def test_references():
    assert (OPTICS.factor, OPTICS.threshold) == (1.5, pytest.approx(1.2))
    assert Reference(0.8, "optics limit", "optics", factor=2).threshold == pytest.approx(1.6)
    assert Reference(2, "region", "sharp region").threshold == pytest.approx(2.5)
    assert Reference(2, "limit", "typed").threshold == 2
    given = plane(ONE).summary(2)["reference"]
    assert given == {"name": "limit", "kind": "typed", "sigma": 2.0, "factor": 1.0, "threshold": 2.0}
    for sigma in (0, -1, float("nan"), float("inf")):
        with pytest.raises(BlurMapError, match="above 0"):
            plane(ONE).summary(sigma)
    with pytest.raises(BlurMapError, match="kind is 'guess'; expected one of 'optics'"):
        Reference(1, "x", "guess")
    for factor in (0.9, float("nan"), "two"):
        with pytest.raises(BlurMapError, match="expected a number of 1 or more"):
            Reference(1, "x", "optics", factor)


def test_what_is_sharper_than_the_optics_is_flagged():
    for sigma, kind, flagged in ((0.71, "optics", True), (0.73, "optics", False), (0.4, "typed", False)):
        reference = Reference(0.8, "optics limit", kind)
        summary = plane(np.full((64, 64), sigma)).summary(reference)
        assert bool(summary["warning"]) is flagged
        assert ("check NA, wavelength and pixel size" in summary_line(summary)) is flagged
    assert ", 0.89 x the optics limit." in summary_line(plane(np.full((64, 64), 0.71)).summary(OPTICS))
    assert plane(np.full((64, 64), 0.4)).summary()["warning"] is None


@pytest.mark.parametrize(
    ("rest", "verdict"),
    [(1, "empty"), (2, "cannot tell"), (3, "cannot tell"), (4, "cannot tell"), (5, "cannot tell"), (0, "cannot tell")],
)
def test_a_field_that_cannot_be_judged_never_passes(rest, verdict):
    sigma, status = np.full((128, 128), 0.8), np.full((128, 128), rest)
    uncertainty = np.full((128, 128), 0.5)
    for judged_rows in (0, 5):
        status[:judged_rows] = 0
        uncertainty[:judged_rows] = 0.05
        summary = plane(sigma, uncertainty, status).summary(OPTICS)
        assert summary["judged_pixels"] == 128 * judged_rows
        assert summary["verdict"] == verdict


def test_few_judged_places_are_enough_where_they_are_many_pixels():
    status = np.ones((512, 512))
    status[:12] = 0
    m = plane(np.full((512, 512), 0.8), None, status)
    assert m.summary(OPTICS)["judged_share"] < 0.05
    assert m.summary(OPTICS)["verdict"] == "sharp"


def test_many_pixels_are_few_in_a_very_large_picture():
    status = np.ones((2560, 2560), np.uint8)
    status[:2] = 0
    summary = plane(np.broadcast_to(np.float32(0.8), status.shape), None, status).summary(OPTICS)
    assert summary["judged_pixels"] == 5120
    assert summary["verdict"] == "empty"


@pytest.mark.parametrize("rest", [Status.TOO_NOISY, Status.SATURATED, Status.BEYOND_RANGE, Status.MEASURED])
def test_a_little_judged_does_not_speak_for_much_that_cannot_be(rest):
    """2 % of the picture is sharp, and nothing is known of 47 %; the rest is empty."""
    status, uncertainty = np.full((512, 512), int(Status.EMPTY)), np.full((512, 512), 0.05)
    status[:10] = Status.MEASURED
    status[10:251], uncertainty[10:251] = rest, 0.5
    m = plane(np.full((512, 512), 0.8), uncertainty, status)
    assert m.summary(OPTICS)["sharp_share"] > 0.9
    assert m.summary(OPTICS)["verdict"] == "cannot tell"
    status[10:40], uncertainty[10:40] = Status.MEASURED, 0.05
    status[40:100] = Status.EMPTY
    assert plane(m.sigma, uncertainty, status).summary(OPTICS)["verdict"] == "cannot tell"
    status[100:160] = Status.EMPTY
    assert plane(m.sigma, uncertainty, status).summary(OPTICS)["verdict"] == "sharp"


def test_an_empty_field_is_one_where_most_is_empty():
    for noisy_rows, verdict in ((30, "empty"), (34, "cannot tell")):
        status = np.full((64, 64), int(Status.EMPTY))
        status[:noisy_rows] = Status.TOO_NOISY
        assert plane(np.ones((64, 64)), None, status).summary(OPTICS)["verdict"] == verdict


def test_padding_does_not_decide_what_an_empty_field_is_called():
    status = np.full((64, 64), int(Status.INVALID))
    status[:16] = Status.EMPTY
    assert plane(np.ones((64, 64)), None, status).summary(OPTICS)["verdict"] == "empty"


def test_maps_of_another_zero_are_not_held_against_the_optics():
    m = plane(np.full((64, 64), 0.5), provenance={"reference": "added"})
    summary = m.summary(OPTICS)
    assert summary["verdict"] == "cannot tell"
    assert "not from zero" in summary["note"]
    assert summary["ratio"] is summary["sharp_share"] is None
    assert m.summary(Reference(0.5, "sharp region", "sharp region"))["verdict"] == "sharp"


def line(**changes):
    """The summary line of the house's example, with changes."""
    shares = {"measured": 0.36, "empty": 0.58, "too noisy": 0.04, "saturated": 0.02, "beyond range": 0, "invalid": 0}
    summary = {
        "judged_share": 0.34,
        "median_fwhm": 8.2,
        "median_fwhm_error": 0.5,
        "median_fwhm_in_unit": 0.82,
        "median_fwhm_in_unit_error": 0.05,
        "unit": "um",
        "zero": "absolute",
        "shares": shares,
        "uncertain_share": 0.02,
        "reference": {"name": "optics limit"},
        "ratio": 2.31,
        "sharp_share": 0.71,
        "warning": None,
    }
    return summary_line(summary | changes)


def test_the_line_for_people():
    assert line() == (
        "Blur FWHM 0.82 +- 0.05 um (median), 2.3 x the optics limit. Judged 34 % of the picture: 71 % of that sharp. "
        "Not judged: 58 % empty, 4 % too noisy, 2 % saturated, 2 % too uncertain."
    )
    nothing = {"ratio": None, "sharp_share": None, "reference": None}
    assert line(**nothing, unit=None).startswith("Blur FWHM 8.2 +- 0.5 px (median). Judged 34 % of the picture. Not")
    full = plane(np.ones((64, 64)), units=PX).summary(1)
    assert summary_line(full) == (
        "Blur FWHM 2.4 +- 0.2 px (median), 1.0 x the limit. Judged 100 % of the picture: 50 % of that sharp."
    )


def test_the_line_ends_with_the_verdict_where_it_is_wanted():
    assert line(verdict="blurred") == line()
    full = plane(np.full((64, 64), 3.0), units=PX)
    assert summary_line(full.summary(OPTICS), verdict=True).endswith(
        "<1 % of that sharp. Verdict: blurred, beyond 1.5 x the optics limit."
    )
    assert "Verdict" not in summary_line(full.summary(), verdict=True)


@pytest.mark.parametrize(
    ("sigma", "status", "reference", "words"),
    [
        (0.8, 0, Reference(0.8, "optics limit", "optics", 1.3), "sharp, within 1.3 x the optics limit."),
        (1.2, 0, OPTICS, "partly blurred, only in part within 1.5 x the optics limit."),
        (3.0, 0, Reference(2, "limit", "typed"), "blurred, beyond the limit."),
        (1.0, 1, OPTICS, "empty, with nothing to compare with the optics limit."),
        (1.0, 2, OPTICS, "cannot tell, for too little could be judged to compare it with the optics limit."),
    ],
)
def test_the_verdict_says_what_it_is_compared_with(sigma, status, reference, words):
    m = plane(np.full((64, 64), sigma), None, np.full((64, 64), status))
    assert verdict_words(m.summary(reference)) == words


def test_the_line_of_a_map_of_another_zero():
    m = plane(np.full((64, 64), 0.5), units=PX, provenance={"reference": "added"})
    summary = m.summary(OPTICS)
    said = summary_line(summary, verdict=True)
    assert said.startswith("Added blur FWHM 1.2 +- 0.1 px (median). ")
    assert said.endswith(f"Verdict: cannot tell. {summary['note']}")


def test_the_line_when_nothing_is_judged():
    status = np.ones((64, 64))
    status[:32] = Status.TOO_NOISY
    empty = plane(np.ones((64, 64)), None, status).summary(OPTICS)
    assert summary_line(empty) == "Nothing could be judged: 50 % empty, 50 % too noisy."


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.82, 0.05, "0.82 +- 0.05 um"),
        (0.82, 0.0004, "0.820 +- 0.001 um"),
        (820, 52, "820 +- 52 um"),
        (1.26, 0.4, "1.3 +- 0.4 um"),
        (1.26, 0.097, "1.3 +- 0.1 um"),
        (0.00082, 0.00005, "0.82 +- 0.05 nm"),
        (1.26, None, "1.26 um"),
        (1.26, 0.0, "1.26 um"),
        (12.6, 3, "13 +- 3 um"),
        (0.0, None, "0.00 um"),
    ],
)
def test_digits_follow_the_error(value, error, text):
    shown = line(median_fwhm_in_unit=value, median_fwhm_in_unit_error=error)
    assert shown.startswith(f"Blur FWHM {text} (median)")


def test_shares_never_round_to_nothing_or_all():
    shares = {"measured": 0.998, "empty": 0.002, "too noisy": 0.0}
    shown = line(judged_share=0.998, shares=shares, uncertain_share=0.0)
    assert "Judged >99 % of the picture" in shown
    assert shown.endswith("Not judged: <1 % empty.")


def test_what_is_not_estimated_yet_is_no_part_of_the_figures():
    """Of a part of a map the shares are of what is there, and in words it is not called invalid."""
    sigma, status = np.full((64, 64), 2.0), np.full((64, 64), Status.INVALID)
    status[:16], status[:4] = Status.MEASURED, Status.EMPTY
    about = {"axes": "yx", "scale": (1, 1), "units": ("px", "px")}
    m = BlurMap(sigma, 0.1 * sigma, status, **about, provenance={"partial": True})
    found = m.summary()
    assert (found["pixels"], found["estimated_share"], found["judged_share"]) == (1024, 0.25, 0.75)
    assert found["shares"] == {"measured": 0.75, "empty": 0.25} | dict.fromkeys(
        ("too noisy", "saturated", "beyond range", "invalid"), 0
    )
    assert summary_line(found).endswith(
        "Judged 75 % of what is estimated so far (25 % of the picture). Not judged: 25 % empty."
    )
    nothing = BlurMap(sigma, sigma, np.full_like(status, Status.INVALID), **about, provenance={"partial": True})
    assert summary_line(nothing.summary()) == "Nothing is estimated yet."
    assert replace(m, provenance={}).summary()["shares"]["invalid"] == 0.75
