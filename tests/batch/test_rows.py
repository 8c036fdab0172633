"""Rows of a batch: how they compare with each other and with what counts as sharp, and the page made of them."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from napari_blurmap import BlurMap, OpticsLimit, Reference
from napari_blurmap.batch.image_sets import alike_line, image_sets, sets_of
from napari_blurmap.batch.journal import Done, Journal
from napari_blurmap.batch.measured import measure
from napari_blurmap.batch.names import name_pattern
from napari_blurmap.batch.reference import limit_of, reference_for
from napari_blurmap.batch.report import report_page
from napari_blurmap.batch.rows import columns_of, compare_rows, rows_of, sharpest


def blurmap(sigma, *, seed=0, judged=1.0, error=0.05, **shape):
    rng = np.random.default_rng(seed)
    values = sigma * np.exp(0.2 * rng.standard_normal((96, 96)))
    status = (rng.random((96, 96)) > judged).astype(np.uint8)
    about = {"axes": "yx", "scale": (0.5, 0.5), "units": ("um", "um"), "provenance": {}}
    return BlurMap(values, error * values, status, **shape, **about)


def batch(found):
    """Rows of maps by file."""
    done = {}
    for name, m in found.items():
        file = str(Path(name).absolute())
        picture = np.random.default_rng(1).random((96, 96))
        done[file] = Done(file, {}, None, measure(m, m.summary(), picture))
    return rows_of([Path(name) for name in found], done, {}, name_pattern(None))


@pytest.mark.parametrize("limit", [1.7, 2.0, 2.3, 40.0])
def test_some_places_speak_for_all(limit):
    m = blurmap(2.0, judged=0.6)
    kept = measure(m, m.summary(1.0)).summary(limit)
    for name, value in m.summary(limit).items():
        if isinstance(value, float):
            assert kept[name] == pytest.approx(value, abs=0.01), name
        else:
            assert kept[name] == value


def test_a_journal_gives_back_what_it_was_given(tmp_path):
    m = blurmap(2.0)
    done = Done("a.tif", {"model": "x"}, None, measure(m, m.summary(1.0)), [measure(m, m.summary())], [], {"note": "n"})
    Journal(tmp_path / "j").add(done)
    [again] = Journal(tmp_path / "j").done.values()
    assert json.dumps(asdict(again)) == json.dumps(asdict(done))
    (tmp_path / "j").write_text((tmp_path / "j").read_text().replace('"format": 1', '"format": 2'))
    assert Journal(tmp_path / "j").done == {}


def test_the_sharpest_tenth_of_each_channel():
    sigmas = np.linspace(1, 3, 20)
    files = {f"P1/x_A{n + 1:02d}_s1_w{c}.tif": blurmap(c * s, seed=n) for c in (1, 2) for n, s in enumerate(sigmas)}
    rows = batch(files)
    compare_rows(rows, sharpest(rows, "sharpest tenth", 0.1))
    for c in (1, 2):
        mine = [row for row in rows if row.channel == str(c)]
        medians = sorted(row.figures["median_sigma"] for row in mine)
        [sigma] = {row.figures["reference"]["sigma"] for row in mine}
        assert sigma == pytest.approx(np.mean(medians[:2]))
        assert mine[0].outcome == "pass"
        assert mine[-1].outcome == "fail"
        assert mine[-1].figures["ratio"] == pytest.approx(medians[-1] / sigma)
    columns = columns_of(rows[0])
    assert columns["reference"] == "sharpest tenth of channel 1"
    assert columns["median_fwhm_um"] == pytest.approx(0.5 * 2.3548 * rows[0].figures["median_sigma"], rel=1e-4)
    wide = image_sets(rows)
    assert len(wide) == 20
    assert (wide[3]["Metadata_Plate"], wide[3]["Metadata_Well"], wide[3]["Metadata_Site"]) == ("P1", "A04", "1")
    assert wide[3]["FileName_Ch2"] == "x_A04_s1_w2.tif"
    assert wide[3]["ImageQuality_BlurFWHM_Ch2"] == pytest.approx(2 * wide[3]["ImageQuality_BlurFWHM_Ch1"], rel=1e-3)
    assert wide[-1]["ImageQuality_BlurFlag_Ch1"] == wide[-1]["Metadata_QCFlag"] == 1


def test_files_that_names_do_not_tell_apart_are_image_sets_of_their_own():
    names = [f"P/{well}/{file}.tif" for well in ("A01", "A02") for file in ("img0", "img1")]
    rows = batch({name: blurmap(2.0) for name in names})
    compare_rows(rows, lambda found, channel: None)
    assert [one["FileName_Ch1"] for one in image_sets(rows)] == ["img0.tif", "img1.tif"] * 2
    assert len(set(sets_of(rows))) == 4
    assert "4 files do not tell them apart, such as img0.tif and img1.tif" in alike_line(rows)
    assert alike_line(rows[::2]) == ""


def test_outliers_by_median_and_mad_of_their_plate():
    sigmas = [2.0, 2.1, 1.9, 2.05, 1.95, 2.0, 5.0]
    rows = batch({f"{p}/A{n:02d}/f.tif": blurmap(p * s, error=0.01) for p in (1, 2) for n, s in enumerate(sigmas, 1)})
    compare_rows(rows, lambda found, channel: None)
    logs = np.log([row.figures["median_sigma"] for row in rows[:7]])
    expected = (logs - np.median(logs)) / (1.4826 * np.median(np.abs(logs - np.median(logs))))
    np.testing.assert_allclose([row.outlying for row in rows[:7]], expected, rtol=1e-6)
    assert [row.is_outlier for row in rows] == 2 * ([False] * 6 + [True])
    assert [row.outcome for row in rows] == 2 * ([""] * 6 + ["review"])
    for limit, outcome in ((3.0, "fail"), (20.0, "review")):  # blurred, or only unlike the others
        compare_rows(rows, lambda found, channel, limit=limit: Reference(limit, "limit", "typed"))
        assert rows[6].outcome == outcome


def test_pictures_alike_within_their_error_are_no_outliers():
    rows = batch({f"1/A{n:02d}/f.tif": blurmap(s) for n, s in enumerate([2.0] * 6 + [2.02], 1)})
    compare_rows(rows, lambda found, channel: None)
    assert not any(row.is_outlier for row in rows)


def test_a_file_a_channel_is_compared_with_the_light_of_the_channel_that_its_name_numbers():
    rows = batch({f"P/{name}.tif": blurmap(2.0) for name in ("x_A01_s1_w1", "x_A01_s1_w2", "x_A01_s1_w3", "cells")})
    compare_rows(rows, lambda found, channel: reference_for(found, OpticsLimit(0.8, (450, 520))))
    names = [row.figures["reference"] and row.figures["reference"]["name"] for row in rows]
    assert names == [f"optics limit of NA 0.8 at {nm} nm" for nm in (450, 520)] + [None] * 2
    assert [row.outcome for row in rows[2:]] == ["review"] * 2
    assert "no wavelength for channel 3" in rows[2].problem
    assert "2 wavelengths were given, and the picture has one channel" in rows[3].problem


def test_the_light_of_channels_by_their_names():
    rows = batch({f"e/Pos0/img_000000000_{name}_000.tif": blurmap(2.0) for name in ("DAPI", "FITC", "Cy5")})
    limit = limit_of({"na": 0.8, "wavelength": {"DAPI": 450, "FITC": 520}})
    compare_rows(rows, lambda found, channel: reference_for(found, limit, channel))
    names = [row.figures["reference"] and row.figures["reference"]["name"] for row in rows]
    assert names == [f"optics limit of NA 0.8 at {nm} nm" for nm in (450, 520)] + [None]
    two = replace(rows[0].measured, channel_count=2)
    assert reference_for(two, limit) is None  # of both together
    assert rows[2].problem == "There is no wavelength for channel Cy5: they were given for DAPI, FITC."


def test_what_cannot_be_judged_never_passes():
    rows = batch({"a.tif": blurmap(1.0, judged=0.0), "b.tif": blurmap(1.0)})
    for reference in (None, Reference(50.0, "limit", "typed")):
        compare_rows(rows, lambda found, channel, limit=reference: limit)
        assert rows[0].outcome == "review"
        assert columns_of(rows[0])["review"] == 1
    assert rows[1].outcome == "pass"


def test_what_is_said_of_a_picture_stands_in_its_row():
    m = replace(blurmap(2.0), provenance={"sensor": [{"notes": ["Stripes were taken out."]}]})
    file = str(Path("a.tif").absolute())
    done = Done(file, {}, None, measure(m, m.summary()), about={"note": "72 dots an inch.", "image": "first of 2"})
    rows = rows_of([Path(file)], {file: done}, {}, [])
    assert (
        columns_of(rows[0])["note"] == "72 dots an inch. Only the first of 2 images was read. Stripes were taken out."
    )


def test_the_axes_of_the_blur():
    one = np.ones((96, 96))
    m = blurmap(2.0, ellipticity_1=0 * one, ellipticity_2=0.6 * one, ellipticity_error=0.01 * one)
    [row] = batch({"a.tif": m})
    columns, axes = columns_of(row), m.axes_of_blur
    assert columns["sigma_major_px"] == pytest.approx(np.median(axes.major), rel=0.02)
    assert columns["sigma_minor_px"] == pytest.approx(np.median(axes.minor), rel=0.02)
    assert columns["angle_degrees"] == pytest.approx(45)


def test_a_plate_of_1536_wells():
    rows = batch({f"P/f_{w}_s1_w1.tif": blurmap(s) for w, s in (("A01", 1.0), ("AF48", 4.0))})
    compare_rows(rows, lambda found, channel: None)
    page = report_page(rows, title="plate")
    assert page.count("<rect ") == 32 * 48
    [fwhm] = re.findall("<title>AF48: FWHM ([0-9.]+) px</title>", page)
    assert float(fwhm) == pytest.approx(4 * 2.3548, rel=0.02)


def test_the_report_needs_nothing_else():
    rows = batch({f"P<1>/f_{w}_s1_w1.tif": blurmap(s) for w, s in (("A01", 1.0), ("B12", 4.0), ("P24", 0.8))})
    compare_rows(rows, lambda found, channel: 1.2)
    page = report_page(rows, title="a <plate>")
    assert not re.search(r"""(src|href)=["'](?!data:)|url[(]""", page)
    assert "<plate>" not in page
    assert "P<1>" not in page
    assert page.count("<rect ") == 16 * 24
    assert page.count("<circle ") == page.count('src="data:image/jpeg;base64,/9j/') == 3
    assert (
        page.index("f_B12_s1_w1.tif, channel 1<br>")
        < page.index("f_A01_s1_w1.tif, channel 1<br>")
        < page.index("f_P24_s1_w1.tif, channel 1<br>")
    )


def places(page):
    """Where the rows of a trend lie, by file."""
    found = re.findall(r'<circle cx="([\d.]+)"[^>]*><title>(\S+):', page)
    return [(name, float(x)) for x, name in found]


def test_the_trend_is_over_the_time_of_acquisition_where_all_tell_it():
    times = {"a.tif": "2026-01-01T10:00:00", "b.tif": "2026-01-01T12:00:00", "c.tif": "2026-01-01T11:30:00"}
    done = {}
    for name, time in times.items():
        m = blurmap(2.0)
        file = str(Path(name).absolute())
        done[file] = Done(file, {}, None, measure(m, m.summary()), about={"acquired": time})
    files = [Path(name) for name in times]
    rows = rows_of(files, done, {}, name_pattern(None))
    compare_rows(rows, lambda *_: None)
    page = report_page(rows, title="a")
    assert "over the time of acquisition, 2026-01-01 10:00:00 to 2026-01-01 12:00:00" in page
    assert places(page) == [("a.tif", 50), ("b.tif", 950), ("c.tif", 50 + 900 * 0.75)]
    assert [columns_of(row)["acquired"] for row in rows] == list(times.values())
    done[str(files[1].absolute())].about.clear()
    rows = rows_of(files, done, {}, name_pattern(None))
    compare_rows(rows, lambda *_: None)
    assert "in the order of the files" in report_page(rows, title="a")


def test_planes_of_a_time_lapse_have_times_of_their_own():
    values = np.ones((2, 96, 96))
    about = {"axes": "tyx", "scale": (1, 1, 1), "units": ["pixel"] * 3, "provenance": {}}
    m = BlurMap(values, 0.1 * values, 0 * values, **about)
    planes = [measure(one, one.summary()) for one in (m.at(t=0), m.at(t=1))]
    file = str(Path("a.tif").absolute())
    known = {"acquired": "2026-01-01T10:00:00", "seconds": [0.5, 60.5]}
    rows = rows_of([Path(file)], {file: Done(file, {}, None, planes[0], [], planes, known)}, {}, [])
    assert [row.acquired.isoformat() for row in rows] == ["2026-01-01T10:00:00.500000", "2026-01-01T10:01:00.500000"]
