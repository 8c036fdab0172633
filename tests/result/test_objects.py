"""A row an object of a label image: against skimage's own measurements, in stacks, and what is no label image."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from skimage.draw import disk, line
from skimage.measure import regionprops

from napari_blurmap import BlurMap, BlurMapError, Reference

OPTICS = Reference(1.0, "optics limit", "optics")


def blurmap(shape=(160, 200), seed=0, **changes):
    random = np.random.default_rng(seed)
    sigma = random.uniform(0.5, 4, shape).astype(np.float32)
    fields = {"axes": "tczyx"[-len(shape) :], "scale": [0.5] * len(shape), "units": ["um"] * len(shape)}
    about = fields | {"provenance": {}} | changes
    return BlurMap(sigma, random.uniform(0.01, 0.5, shape) * sigma, random.integers(0, 3, shape), **about)


@pytest.fixture
def labels():
    """Discs that touch, a ring around one, a line, a single pixel; numbers with gaps."""
    found = np.zeros((160, 200), np.uint16)
    for number, place, radius in ((9, (50, 60), 40), (3, (50, 60), 20), (4, (60, 120), 25), (300, (120, 160), 30)):
        found[disk(place, radius, shape=found.shape)] = number
    found[line(150, 0, 130, 90)] = 7
    found[159, 199] = 12
    return found


def test_rows_are_those_of_regionprops(labels):
    shape = {f"ellipticity_{n}": np.full(labels.shape, v) for n, v in (("1", 0.0), ("2", 0.6), ("error", 0.02))}
    m = blurmap(**shape)
    keep = ~np.isnan(m.masked().sigma)
    rows = m.objects(labels, 2.0)
    props = regionprops(labels)
    assert [row["label"] for row in rows] == [p.label for p in props]
    for row, p in zip(rows, props, strict=True):
        y, x = p.coords.T
        sigma = m.sigma[y, x][keep[y, x]]
        assert row["pixels"] == p.area
        assert row["judged_share"] == pytest.approx(keep[y, x].mean())
        if p.label == 12:
            continue
        median = np.median(sigma)
        quartiles = [row[f"quartile_{n}_sigma_px"] for n in (1, 3)]
        assert row["median_sigma_px"] == pytest.approx(median)
        assert quartiles == pytest.approx(np.percentile(sigma, [25, 75]))
        assert row["median_fwhm_um"] == pytest.approx(0.5 * 2.35482 * median, rel=1e-5)
        assert row["times_reference"] == pytest.approx(median / 2)
        # Within one block of 64 pixels all share the picture's look: no surer than one place.
        place = np.median(m.uncertainty[y, x][keep[y, x]])
        assert row["median_sigma_error_px"] == pytest.approx(place, rel=1e-6) or p.label == 9
        assert row["median_fwhm_error_um"] == pytest.approx(0.5 * 2.35482 * row["median_sigma_error_px"], rel=1e-5)
        if p.label != 7:
            assert (row["sigma_major_px"] / row["sigma_minor_px"]) ** 2 == pytest.approx(1.6 / 0.4, rel=0.01)
            assert row["angle_degrees"] == pytest.approx(45)


def test_a_large_object_has_the_error_of_a_picture():
    m = blurmap((300, 330))
    labels = np.zeros((300, 330), int)
    box = np.s_[64:290, 64:320]
    labels[box] = 1
    [row] = m.objects(labels)
    part = BlurMap(
        m.sigma[box], m.uncertainty[box], m.status[box], axes="yx", scale=m.scale, units=m.units, provenance={}
    )
    assert row["median_sigma_error_px"] == part.summary()["median_sigma_error"]
    assert row["verdict"] is row["reference"] is None
    assert m.summary(2.0, where=labels == 1) == part.summary(2.0)


@pytest.mark.parametrize(
    ("sharp", "blurred", "verdict"),
    [(1, 0, "sharp"), (0, 1, "blurred"), (0.5, 0.5, "partly blurred"), (0, 0.25, "blurred"), (0, 0.15, "cannot tell")],
)
@pytest.mark.parametrize("rest", [1, 2])
def test_an_object_of_which_little_is_judged_is_not_called_blurred(sharp, blurred, verdict, rest):
    status = np.full((40, 40), rest)
    sigma = np.full((40, 40), 4.0)
    status[: round(40 * (sharp + blurred))] = 0
    sigma[: round(40 * sharp)] = 1
    labels = np.pad(np.full((40, 40), 5), 30)
    about = {"axes": "yx", "scale": (1, 1), "units": ("px", "px"), "provenance": {}}
    m = BlurMap(np.pad(sigma, 30, constant_values=1), np.full((100, 100), 0.05), np.pad(status, 30), **about)
    [row] = m.objects(labels, OPTICS)
    assert row["verdict"] == verdict
    assert row["judged_share"] == pytest.approx(sharp + blurred)
    assert row["median_fwhm_um"] is None


def test_objects_of_stacks_are_those_of_their_planes(labels):
    m = blurmap((2, 3, 160, 200))
    numbered = np.stack([labels, labels.T.ravel().reshape(labels.shape), np.where(labels == 9, 9, 0)])
    for given, of in (
        (labels, lambda z: labels),
        (labels[None], lambda z: labels),
        (numbered, lambda z: numbered[z]),
        (np.stack([numbered] * 2), lambda z: numbered[z]),
    ):
        rows = m.objects(given, 1.0)
        expected = [
            {"channel": c + 1, "z": z + 1} | row
            for c in (0, 1)
            for z in (0, 1, 2)
            for row in m.at(c=c, z=z).objects(of(z), 1.0)
        ]
        assert rows == expected
        assert rows[0]["z"] == 1


def test_lazy_maps_and_labels_give_the_same(labels):
    m = blurmap((2, 160, 200))
    arrays = (da.from_array(a, chunks=(1, 60, 70)) for a in (m.sigma, m.uncertainty, m.status))
    lazy = BlurMap(*arrays, axes=m.axes, scale=m.scale, units=m.units, provenance={})
    assert lazy.objects(da.from_array(labels, chunks=50), 1.0) == m.objects(labels, 1.0)


def test_what_lazy_maps_share_is_computed_once(labels):
    calls = []

    def network(block):
        calls.append(1)
        return np.stack([block, 0.1 * block])

    both = da.from_array(np.ones((160, 200), np.float32), chunks=(160, 200)).map_blocks(
        network, new_axis=0, chunks=((2,), (160,), (200,)), meta=np.empty((0, 0, 0), np.float32)
    )
    about = {"axes": "yx", "scale": (1, 1), "units": ("px", "px"), "provenance": {}}
    m = BlurMap(both[0], both[1], da.zeros((160, 200), np.uint8), **about)
    assert len(m.objects(labels)) == 6
    assert len(calls) == 1


def test_numbers_may_be_huge(labels):
    m, huge = blurmap(), np.where(labels > 0, labels.astype(np.uint64) + 2**62, 0)
    assert [row["label"] for row in m.objects(huge)] == [row["label"] + 2**62 for row in m.objects(labels)]
    assert m.objects(np.zeros((160, 200), np.uint8)) == []
    [row] = m.objects(np.full((160, 200), 2**40))
    assert (row["label"], row["pixels"]) == (2**40, 32000)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (np.ones((160, 201), int), "shape .160, 201. and the map .160, 200."),
        (np.ones(200, int), "labels of the same picture"),
        (np.ones((2, 160, 200), int), "labels of the same picture"),
        (np.ones((160, 200)), r"holds float64.* labels.astype\(int\)"),
        (np.ones((160, 200), bool), r"skimage.measure.label\(mask\)"),
        (-np.ones((160, 200), int), "holds -1; objects have numbers above 0"),
        ("nuclei.tif", "labels"),
    ],
)
def test_what_is_no_label_image_is_said(wrong, said):
    with pytest.raises(BlurMapError, match=said):
        blurmap().objects(wrong)


@pytest.mark.parametrize("wrong", [np.ones((160, 200)), np.ones((160, 100), bool), np.zeros((160, 200), bool)])
def test_what_is_no_region_is_said(wrong):
    with pytest.raises(BlurMapError, match="where"):
        blurmap().summary(where=wrong)
