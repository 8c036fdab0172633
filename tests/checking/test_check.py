"""The check on a user's own picture: its figures, its sentence, its bad input, and its command."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace

import dask.array as da
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from shell import run

import napari_blurmap as nb
from napari_blurmap import BlurMap, BlurMapError, Cancelled, Status, apply_blur
from napari_blurmap.checking import check
from napari_blurmap.checking.figure import check_figure, save_check
from napari_blurmap.checking.report import CheckReport, CheckRow
from napari_blurmap.cli import app as cli
from napari_blurmap.models.model import Model
from napari_blurmap.picture.sample import take_sample
from napari_blurmap.picture.stack import as_stack
from napari_blurmap.synthesis.camera import Camera
from napari_blurmap.synthesis.scenes import random_scene


class Reader:
    """Stands in for the network: reads every picture in its own wrong way, and remembers what it saw."""

    def __init__(self, judged=0.8):
        self.judged, self.seen, self.maps, self.before = judged, [], [], lambda: None

    def __call__(self, picture, *, model, channel_axis, device, progress, cancel):
        self.before()
        if cancel is not None and cancel():
            raise Cancelled(None)
        progress(1, 2, "tile")
        rng = np.random.default_rng(len(self.seen))
        shape = picture.shape[:2]
        sigma = rng.uniform(0.3, 1.2, shape) * (1 + len(self.seen))
        status = np.where(rng.random(shape) < self.judged, Status.MEASURED, Status.EMPTY)
        about = {"model": "m", "model_hash": "h", "reference": model.info.reference, "device": device}
        units = ("pixel",) * 2
        m = BlurMap(sigma, 0.1 * sigma, status, axes=("y", "x"), scale=(1, 1), units=units, provenance=about)
        self.seen.append(np.array(picture))
        self.maps.append(m)
        progress(2, 2, "tile")
        return m


@pytest.fixture
def reader(monkeypatch, tiny_model):
    stub = Reader()
    monkeypatch.setattr(check, "estimate_blur", stub)
    monkeypatch.setattr(check, "load_model", lambda name: name if isinstance(name, Model) else tiny_model)
    return stub


@pytest.fixture(scope="module")
def exposed():
    scene = apply_blur(random_scene((96, 112), 2, kind="dead leaves"), 0.6)
    return Camera(12, 3000.0, 5.0, offset=100).expose(scene, np.random.default_rng(0))


@pytest.fixture
def picture(exposed):
    return exposed.copy()


def row(added, *, rmse=0.1, judged=0.9, n=100):
    figures = dict.fromkeys(CheckRow.__dataclass_fields__, 0.5)
    figures |= {"added": added, "truth": added, "estimate": added, "low": 0.9 * added, "high": 1.1 * added}
    return CheckRow(**figures | {"rmse": rmse, "n": n, "judged_of_sample": judged})


@pytest.mark.parametrize("reference", ["absolute", "added"])
def test_figures_equal_those_computed_elsewhere(reader, picture, tiny_model, reference):
    model = Model(replace(tiny_model.info, reference=reference), tiny_model.network)
    report = nb.check_on_image(picture, model=model, sigmas=[2.0, 1.0, 1.0])
    assert [r.added for r in report.rows] == [1.0, 2.0]
    before = reader.maps[0].masked()
    for found, after in zip(report.rows, reader.maps[1:], strict=True):
        own = np.minimum(before.sigma, 0.7) if reference == "absolute" else 0 * before.sigma
        truth = np.sqrt(found.added**2 + own**2)  # NaN where the picture as it is was not judged
        masked = after.masked()
        score = nb.score(masked.sigma, truth)
        raw = nb.score(masked.sigma, np.where(np.isnan(truth), np.nan, found.added))
        every = nb.score(masked.sigma, np.hypot(found.added, before.sigma))
        assert (found.rmse, found.bias) == pytest.approx((score.rmse, score.bias), rel=1e-5)
        assert (found.rmse_added, found.bias_added) == pytest.approx((raw.rmse, raw.bias), rel=1e-5)
        assert found.rmse_own == pytest.approx(every.rmse, rel=1e-5)
        assert (found.n, found.judged_of_sample) == (score.n, pytest.approx(score.coverage))
        assert found.judged_of_all == pytest.approx(after.summary()["judged_share"])
        both = np.isfinite(truth) & np.isfinite(masked.sigma)
        errors = np.abs(masked.sigma - truth)[both] / masked.uncertainty[both]
        assert found.within_one == pytest.approx(np.mean(errors <= 1))
        assert found.within_two == pytest.approx(np.mean(errors <= 2))
        quantiles = np.quantile(masked.sigma[both], [0.16, 0.5, 0.84])
        assert (found.low, found.estimate, found.high) == pytest.approx(tuple(quantiles), rel=1e-5)
        assert found.truth == pytest.approx(np.median(truth[both]))
        assert found.uncertainty == pytest.approx(np.median(masked.uncertainty[both]))
    assert report.own_sigma == pytest.approx(np.nanmedian(before.sigma))


def test_the_picture_is_blurred_by_that_much_and_not_changed(reader, picture):
    kept = picture.copy()
    picture.setflags(write=False)
    nb.check_on_image(picture, sigmas=[1.5, 3.0])
    np.testing.assert_array_equal(picture, kept)
    np.testing.assert_array_equal(reader.seen[0], kept)
    for again, sigma in zip(reader.seen[1:], (1.5, 3.0), strict=True):
        # under the noise lies that blur and no other: a further one shows it
        tried = np.linspace(0.8, 1.2, 9) * sigma
        misfit = [np.std(apply_blur(again, 3.0) - apply_blur(kept, np.hypot(t, 3.0))) for t in tried]
        assert tried[np.argmin(misfit)] == pytest.approx(sigma, rel=0.051)
        assert np.std(again - apply_blur(kept, sigma)) > 10


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "float16", "float32", "float64"])
def test_type_and_full_scale_are_kept(reader, dtype, picture):
    typed = (picture // 16 if dtype == "uint8" else picture).astype(dtype)
    nb.check_on_image(typed, sigmas=[0.5])
    assert reader.seen[1].dtype == typed.dtype


def test_a_cameras_steps_and_full_scale_are_kept(reader, picture):
    shifted = np.minimum(picture, 1023) * 16  # 10 bit at the top of 14
    shifted[:40, :40] = 16383
    nb.check_on_image(shifted, sigmas=[0.5])
    nb.check_on_image(np.minimum(picture, 1023) * 16, sigmas=[0.5])
    assert reader.seen[1].max() == 16383
    assert take_sample(as_stack(shifted)).digits.high == 16383
    assert take_sample(as_stack(picture)).digits.high == 65535
    assert not (reader.seen[3] % 16).any()
    assert len(np.unique(reader.seen[3])) > 100


def test_a_mask_of_a_picture_counts(picture):
    mask = np.zeros(picture.shape, bool)
    mask[20:40, 20:40] = True
    masked = np.ma.masked_array(np.where(mask, 65535, picture), mask)
    for image in (masked, da.from_array(masked, chunks=50)):
        found = take_sample(as_stack(image), region=(0, 96, 0, 96))
        np.testing.assert_array_equal(found.valid, ~mask[:96, :96])


def test_a_mask_changes_neither_steps_nor_full_scale(picture):
    full = picture.copy()
    full[50:62, 50:62] = full.max()
    mask = np.zeros(picture.shape, bool)
    mask[20:40, 20:40] = True
    masked = np.ma.masked_array(np.where(mask, np.iinfo(full.dtype).max, full).astype(full.dtype), mask)
    bare, hidden = (take_sample(as_stack(image), region=(0, 96, 0, 96)) for image in (full, masked))
    assert hidden.digits == bare.digits
    np.testing.assert_array_equal(hidden.saturated, bare.saturated)
    assert hidden.noise is not None


def test_no_data_stays_no_data(reader, picture):
    holes = picture.astype(np.float32)
    holes[20:30, 10:50] = np.nan
    holes[0, 0] = np.inf
    nb.check_on_image(holes, sigmas=[2.0])
    np.testing.assert_array_equal(np.isfinite(reader.seen[1]), np.isfinite(holes))


def test_colour_is_checked_as_luminance(reader, picture):
    grey = (picture // 16).astype(np.uint8)
    colour = np.stack([grey] * 3 + [np.full_like(grey, 255)], axis=-1)
    colour[:10, :10, 3] = 0
    report = nb.check_on_image(colour, channel_axis=-1, sigmas=[1.0])
    assert any("luminance" in note for note in report.notes)
    assert reader.seen[1].shape == grey.shape
    assert np.isnan(reader.seen[1][:10, :10]).all()
    np.testing.assert_allclose(
        apply_blur(np.nan_to_num(reader.seen[1]), 4.0)[40:, 40:].mean(), grey[40:, 40:].mean(), 0.02
    )


def test_the_seed_decides_the_noise(reader, picture):
    for seed in (0, 0, 1):
        nb.check_on_image(picture, sigmas=[1.0], seed=seed)
    np.testing.assert_array_equal(reader.seen[1], reader.seen[3])
    assert (reader.seen[1] != reader.seen[5]).any()


def test_the_sharpest_plane_is_taken_or_the_one_that_is_named(picture):
    rng = np.random.default_rng(0)
    noise = rng.normal(picture.mean(), 2 * picture.std(), picture.shape)
    stack = np.stack([apply_blur(picture, 3.0), noise, picture, apply_blur(picture, 1.0)])
    found = take_sample(as_stack(stack, axes="ZYX"))
    assert found.plane == {"z": 2}
    assert "z = 2" in found.notes[0]
    np.testing.assert_array_equal(take_sample(as_stack(stack), plane=[3]).original, stack[3])
    with pytest.raises(BlurMapError, match="one for each leading axis"):
        take_sample(as_stack(stack), plane=[4])
    with pytest.raises(BlurMapError, match="one for each leading axis"):
        take_sample(as_stack(stack), plane=[])
    for name in ("plane", "region"):
        with pytest.raises(BlurMapError, match=f"{name} is 0; expected whole numbers"):
            take_sample(as_stack(stack), **{name: 0})


def test_of_a_large_picture_the_part_with_detail_is_taken():
    large = np.full((1500, 2300), 50, np.uint8)
    texture = (200 * random_scene((700, 700), 1, kind="dead leaves")).astype(np.uint8)
    large[760:1460, 1560:2260] = texture
    found = take_sample(as_stack(large))
    y0, y1, x0, x1 = found.region
    assert (y1 - y0) * (x1 - x0) <= 2**20
    assert y0 <= 760 < 1460 <= y1
    assert x0 <= 1560 < 2260 <= x1
    np.testing.assert_array_equal(found.original, large[y0:y1, x0:x1])
    assert f"rows {y0} to {y1}" in found.notes[0]
    assert take_sample(as_stack(large), region=[0, 64, 32, 200]).original.shape == (64, 168)


@pytest.mark.parametrize("region", [[0, 64, 0], [0, 20, 0, 64], [-1, 64, 0, 64], [0, 97, 0, 64], [64, 0, 0, 64]])
def test_a_region_that_is_none(picture, region):
    with pytest.raises(BlurMapError, match="rows from and to"):
        take_sample(as_stack(picture), region=region)


def test_a_seed_that_is_none(picture):
    with pytest.raises(BlurMapError, match="seed is -1; expected a whole number of 0 or more"):
        nb.check_on_image(picture, seed=-1)


def test_a_region_that_is_too_large():
    with pytest.raises(BlurMapError, match="smaller"):
        take_sample(as_stack(np.zeros((1100, 1100), np.uint8)), region=[0, 1100, 0, 1100])


@pytest.mark.parametrize("sigmas", [[], [0.0], [-1.0], [np.nan], [np.inf], [25.0], ["x"], 3.0])
def test_blurs_that_are_none(reader, picture, sigmas):
    with pytest.raises(BlurMapError, match="above 0"):
        nb.check_on_image(picture, sigmas=sigmas)


def test_default_blurs_rise_by_equal_factors_within_model_and_picture(reader, picture, tiny_model):
    reader.judged = 0.0
    small = nb.check_on_image(picture).asked
    large = nb.check_on_image(np.zeros((512, 512), np.uint8)).asked
    assert small[0] == large[0] == 0.5
    assert small[-1] == 96 / 16
    assert large[-1] == pytest.approx(0.8 * tiny_model.info.sigma_range[1], rel=0.05)
    assert np.std(np.diff(np.log(large))) < 0.03


def test_an_empty_picture_cannot_be_checked(reader, picture):
    reader.judged = 0.0
    report = nb.check_on_image(picture)
    assert report.rows == ()
    assert report.complete
    assert report.summary_line() == "This picture cannot be checked: hardly anything in it can be judged (100 % empty)."
    assert len(reader.seen) == 1
    with pytest.raises(BlurMapError, match="NaN"):
        nb.check_on_image(np.full((64, 64), np.nan))


def test_what_weakens_a_check_is_said(reader, picture):
    told = " ".join(nb.check_on_image(picture, sigmas=[20.0]).warnings)
    assert "itself blurred" in told  # the reader's first map goes from 0.3 to 1.2 px
    assert "only 96 x 112 px" in told
    assert "saturated" not in told
    reader.judged = 0.1
    reader.seen.clear()
    clipped = picture.copy()
    clipped[:50] = 65535
    told = " ".join(nb.check_on_image(clipped, sigmas=[1.0]).warnings)
    assert "as it is" in told
    assert "52 % of the picture is saturated" in told
    everything = np.full((64, 64), 65535, np.uint16)
    assert "could not be measured" in " ".join(nb.check_on_image(everything, sigmas=[1.0]).warnings)


def test_a_sharp_picture_gets_no_warning(reader, monkeypatch):
    picture = Camera(8).expose(0.9 * random_scene((256, 256), 4), np.random.default_rng(0))

    def sharp(*arguments, **options):
        m = reader(*arguments, **options)
        return replace(m, sigma=np.full_like(m.sigma, 0.5), uncertainty=np.full_like(m.sigma, 0.05))

    monkeypatch.setattr(check, "estimate_blur", sharp)
    assert nb.check_on_image(picture, sigmas=[1.0]).warnings == ()


def test_progress_rises_to_its_end_and_every_report_is_told(reader, picture):
    steps, reports = [], []
    report = nb.check_on_image(
        picture, sigmas=[1, 2, 3], progress=lambda *step: steps.append(step), update=reports.append
    )
    done = [d for d, _, _ in steps]
    assert done == sorted(done)
    assert steps[-1][:2] == (400, 400)
    assert "blur 3 of 3, 3 px" in steps[-1][2]
    assert [len(r.rows) for r in reports] == [0, 1, 2, 3]
    assert reports[-1] == report


@pytest.mark.parametrize("calls", [0, 1, 3])
def test_cancelling_keeps_the_blurs_that_were_done(reader, picture, calls):
    with pytest.raises(Cancelled) as stopped:
        nb.check_on_image(picture, sigmas=[1, 2, 3], cancel=lambda: len(reader.seen) >= calls)
    partial = stopped.value.partial
    assert len(partial.rows) == max(0, calls - 1)
    if calls == 0:
        assert "before the first estimate" in partial.summary_line()
    else:
        assert not partial.complete
        assert partial.summary_line().startswith(f"Stopped after {calls - 1} of 3 blurs.")


@given(st.lists(st.booleans(), min_size=1, max_size=9))
def test_the_usable_range_is_the_widest_run(good):
    report = CheckReport(
        tuple(row(0.5 * 1.5**i, rmse=0.1 if ok else 9.0) for i, ok in enumerate(good)), (1.0,) * len(good)
    )
    runs = [(i, j) for i in range(len(good)) for j in range(i, len(good)) if all(good[i : j + 1])]
    found = report.usable
    if not runs:
        assert found is None
        assert "none of the blurs" in report.summary_line()
    else:
        widest = max(j - i for i, j in runs)
        assert np.log(found.added[1] / found.added[0]) == pytest.approx(widest * np.log(1.5), abs=1e-9)


def test_limits_of_a_usable_blur():
    assert row(0.5, rmse=0.149).usable
    assert not row(0.5, rmse=0.151).usable
    assert row(2.0, rmse=0.299).usable
    assert not row(2.0, rmse=0.301).usable
    assert not row(2.0, judged=0.49).usable
    assert not replace(row(2.0), n=0, rmse=float("nan")).usable


def test_the_sentence():
    rows = (row(0.6, rmse=0.05), row(1.2, rmse=0.07), row(2.4, rmse=2.0))
    report = CheckReport(rows, (0.6, 1.2, 2.4), pixel=(0.1, "um"))
    assert report.summary_line() == (
        "On this picture: sigma 0.6 to 1.2 px (0.06 to 0.12 um) can be read to +-0.06 px (bias +0.50 px); "
        "50 % of it can be judged."
    )
    wide = CheckReport((row(0.6, rmse=0.05), row(6.0, rmse=0.5)), (0.6, 6.0))
    assert "+-0.05 px at the sharp end and +-0.50 px at the blurred end" in wide.summary_line()
    added = replace(report, provenance={"reference": "added"})
    assert "an added sigma of 0.6" in added.summary_line()
    none = CheckReport((replace(row(1.0), n=0),), (1.0,))
    assert "nothing in it can be judged any more" in none.summary_line()
    assert "less than 50 %" in CheckReport((row(1.0, judged=0.2),), (1.0,)).summary_line()
    assert "at best +-0.40 px" in CheckReport((row(1.0, rmse=0.4),), (1.0,)).summary_line()


def test_everything_is_json(reader, picture):
    report = nb.check_on_image(picture, sigmas=[1.0], pixel_size=0.2)
    lost = CheckRow(2.0, 2.0, 0, 0.0, 0.0, *(float("nan"),) * 11)
    report = replace(report, rows=(*report.rows, lost), asked=(1.0, 2.0))
    figures = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert figures["rows"][0]["rmse"] == report.rows[0].rmse
    assert figures["rows"][1]["rmse"] is None
    assert figures["pixel"] == [0.2, "um"]
    assert figures["provenance"]["model_hash"] == "h"
    assert figures["line"] == report.summary_line()
    assert figures["noise"]["variances"][0] > 0
    assert len(report.table().splitlines()) == 4
    assert "nan" not in report.text()


def test_files_are_written_together_or_not_at_all(tmp_path, monkeypatch):
    report = CheckReport((row(1.0), replace(row(2.0), n=0)), (1.0, 2.0))
    drawing, figures = save_check(report, tmp_path, "cells", title="cells.tif")
    assert drawing.read_bytes().startswith(b"\x89PNG")
    assert json.loads(figures.read_text())["complete"]
    drawing.unlink()
    with pytest.raises(BlurMapError, match="exists already"):
        save_check(report, tmp_path, "cells")
    assert not drawing.exists()
    save_check(report, tmp_path, "cells", overwrite=True)
    assert drawing.exists()
    with pytest.raises(BlurMapError, match="cannot be written"):
        save_check(report, tmp_path / "nowhere", "cells")


@pytest.mark.parametrize("reference", ["absolute", "added"])
def test_the_drawing_shows_every_row(reference):
    rows = tuple(row(s) for s in (0.5, 1.0, 2.0))
    figure = check_figure(CheckReport(rows, (0.5, 1.0, 2.0), provenance={"reference": reference}), title="cells")
    drawn = figure.axes[1].get_lines()[1]
    np.testing.assert_array_equal(drawn.get_xdata(), [0.5, 1.0, 2.0])
    np.testing.assert_array_equal(drawn.get_ydata(), [0.1, 0.1, 0.1])
    assert ("true" if reference == "absolute" else "added") in figure.axes[0].get_xlabel()


def test_file_names_are_no_formulas(tmp_path):
    figure = check_figure(CheckReport((row(1.0),), (1.0,)), title=r"a$b_{c$\d.tif")
    figure.savefig(tmp_path / "check.png")  # the words are read when they are drawn


def test_a_file_name_that_is_no_text_can_be_drawn(tmp_path):
    figure = check_figure(CheckReport((row(1.0),), (1.0,)), title="caf\udce9 \x01.tif")
    figure.savefig(tmp_path / "check.png")
    assert figure.get_suptitle().startswith("caf? ?.tif")


def test_the_bundled_model_reads_a_synthetic_scene():
    """End to end: what the check says about a sharp scene is what scoring really blurred pictures says."""
    scene = 0.8 * random_scene((192, 192), 11, kind="dead leaves") + 0.1
    camera = Camera(8, 20000.0)
    sharp = camera.expose(apply_blur(scene, 0.6), np.random.default_rng(0))
    report = nb.check_on_image(sharp, sigmas=[1.0, 2.0])
    before = nb.estimate_blur(sharp).masked().sigma
    for found in report.rows:
        real = camera.expose(apply_blur(apply_blur(scene, 0.6), found.added), np.random.default_rng(1))
        truth = np.hypot(found.added, np.minimum(before, 0.7))
        assert found.rmse == pytest.approx(nb.score(nb.estimate_blur(real).masked().sigma, truth).rmse, abs=0.05)


@pytest.fixture
def file(tmp_path, picture):
    path = tmp_path / "cells.tif"
    tifffile.imwrite(path, picture)
    return path


def test_the_command_prints_and_writes(reader, file, tmp_path, capsys):
    out = tmp_path / "new" / "out"
    assert run("check", file, "--sigma", 1, "--sigma", 2, "-o", out) == 0
    text = capsys.readouterr().out
    assert "cells.tif" in text
    assert "within 1, 2" in text
    assert (out / "cells.check.png").exists()
    saved = json.loads((out / "cells.check.json").read_text())
    assert [r["added"] for r in saved["rows"]] == [1, 2]
    assert saved["provenance"]["source"]["path"] == "cells.tif"
    assert run("check", file, "--sigma", 1, "-o", out) == cli.FAILED
    assert "--overwrite" in capsys.readouterr().err
    assert run("check", file, "--sigma", 1, "-o", out, "--overwrite") == 0
    assert len(json.loads((out / "cells.check.json").read_text())["rows"]) == 1


def test_the_command_as_json_and_with_a_bad_file(reader, file, tmp_path, capsys):
    bad = tmp_path / "notes.tif"
    bad.write_text("not a picture")
    assert run("check", bad, file, "--sigma", 1, "--region", 0, 64, 0, 96, "--json") == cli.FAILED
    captured = capsys.readouterr()
    first, second = json.loads(captured.out)["results"]
    assert "no picture" in first["error"]
    assert second["region"] == [0, 64, 0, 96]
    assert "1 of 2 pictures failed" in captured.err
    assert "Traceback" not in captured.err


def test_the_command_used_wrongly(capsys):
    assert run("check") == cli.USAGE
    assert run("check", "a.tif", "--sigma", "x") == cli.USAGE


def test_an_interrupt_keeps_the_part_that_is_done(reader, file, tmp_path, capsys):
    def interrupt():
        if len(reader.seen) == 2:
            os.kill(os.getpid(), signal.SIGINT)

    reader.before = interrupt
    out = tmp_path / "out"
    assert run("check", file, file, "--sigma", 1, "--sigma", 2, "--sigma", 3, "-o", out) == cli.INTERRUPTED
    captured = capsys.readouterr()
    assert captured.out.count("Stopped after 1 of 3 blurs.") == 1
    assert "Interrupted" in captured.err
    assert len(json.loads((out / "cells.partial.check.json").read_text())["rows"]) == 1
    assert not (out / "cells.check.json").exists()
