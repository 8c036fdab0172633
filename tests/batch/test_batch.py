"""Many pictures on the command line: a table, its restart, and what is said of what goes wrong."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
import zarr
from shell import run

import napari_blurmap as nb
from napari_blurmap.batch import job, table
from napari_blurmap.cli import app as cli
from napari_blurmap.io import atomic, folders

pytestmark = pytest.mark.usefixtures("tiny_default")


def rows_in(path):
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode())))


@pytest.fixture
def plate(tmp_path):
    """Three wells, and what else lies in such a folder."""
    folder = tmp_path / "plate"
    folder.mkdir()
    for n, well in enumerate(("A01", "A02", "B01")):
        data = np.random.default_rng(n).integers(0, 4000, (64, 64)).astype(np.uint16)
        tifffile.imwrite(folder / f"p_{well}_s1_w1.tif", data, resolution=(5e4, 5e4), resolutionunit="CENTIMETER")
    (folder / "notes.md").write_text("no picture")
    return folder


@pytest.fixture
def calls(monkeypatch):
    """Files that were estimated."""
    found, real = [], job.estimate_blur
    monkeypatch.setattr(
        job,
        "estimate_blur",
        lambda picture, **o: (found.append(os.path.basename(picture.source["path"])), real(picture, **o))[1],
    )
    return found


def test_a_folder_becomes_a_table(plate, tmp_path, capsys):
    (plate / "p_C01_s1_w1.tif").write_bytes(b"")
    qc = tmp_path / "qc.csv"
    assert run("estimate", plate, "--table", qc, "--limit", 2) == cli.FAILED
    said = capsys.readouterr().err
    assert f"{plate / 'notes.md'}: left out, it is no picture." in said
    assert "1 of 4 pictures failed" in said
    rows = rows_in(qc)
    assert [row["Metadata_Well"] for row in rows] == ["A01", "A02", "B01", "C01"]
    assert rows[0]["FileName"] == "p_A01_s1_w1.tif"
    assert rows[0]["PathName"] == str(plate)
    for row in rows[:3]:
        assert row["reference"] == "limit"
        assert (row["outcome"] == "pass") == (row["verdict"] == "sharp")
        if row["median_fwhm_px"]:
            assert float(row["median_fwhm_um"]) == pytest.approx(0.2 * float(row["median_fwhm_px"]), rel=1e-4)
            assert float(row["times_reference"]) == pytest.approx(float(row["median_sigma_px"]) / 2, rel=1e-4)
    assert "empty" in rows[3]["note"] or "no picture" in rows[3]["note"]
    assert (rows[3]["outcome"], rows[3]["Metadata_QCFlag"]) == ("review", "1")
    sets = rows_in(tmp_path / "qc.image_sets.csv")
    assert [one["FileName_Ch1"] for one in sets] == [row["FileName"] for row in rows]
    assert [one["ImageQuality_BlurFWHM_Ch1"] for one in sets] == [row["median_fwhm_px"] for row in rows]


def test_what_is_done_is_not_done_again(plate, tmp_path, calls, capsys):
    qc, some = tmp_path / "qc.csv", [plate / "p_A01_s1_w1.tif", plate / "p_A02_s1_w1.tif"]
    assert run("estimate", *some, "--table", qc) == 0
    before = rows_in(qc)
    journal = tmp_path / "qc.csv.done.jsonl"
    journal.write_text(journal.read_text() + '{"format": 1, "fi')  # as a process leaves it that is killed
    calls.clear()
    tifffile.imwrite(some[1], np.full((64, 64), 7, np.uint16))
    assert run("estimate", plate / "*.tif", "--table", qc, "--limit", 3) == 0
    assert calls == ["p_A02_s1_w1.tif", "p_B01_s1_w1.tif"]
    after = rows_in(qc)
    assert after[0]["median_sigma_px"] == before[0]["median_sigma_px"]
    assert [row["reference_sigma_px"] for row in after] == ["3"] * 3
    capsys.readouterr()
    assert run("estimate", some[0], "--table", qc) == cli.FAILED
    assert "holds pictures that are not among those given" in capsys.readouterr().err
    assert rows_in(qc) == after


def test_a_table_of_something_else_is_not_replaced(plate, tmp_path, calls, capsys):
    qc = tmp_path / "qc.csv"
    qc.write_text("mine")
    assert run("estimate", plate, "--table", qc) == cli.FAILED
    assert "exists already and was left as it is" in capsys.readouterr().err
    assert (qc.read_text(), calls) == ("mine", [])


def test_an_interrupted_batch_keeps_its_rows(plate, tmp_path, monkeypatch, calls):
    qc, real = tmp_path / "qc.csv", job.estimate_blur

    def second(picture, **options):
        if calls:
            import signal

            signal.raise_signal(signal.SIGINT)
        return real(picture, **options)

    monkeypatch.setattr(job, "estimate_blur", second)
    assert run("estimate", plate, "--table", qc) == cli.INTERRUPTED
    assert [row["FileName"] for row in rows_in(qc)] == ["p_A01_s1_w1.tif"]


def test_files_of_one_name_keep_their_folders(plate, tmp_path):
    for pos in ("Pos0", "Pos1"):
        (tmp_path / "run" / pos).mkdir(parents=True)
        (tmp_path / "run" / pos / "img.tif").write_bytes((plate / "p_A01_s1_w1.tif").read_bytes())
    out = tmp_path / "out"
    assert run("estimate", tmp_path / "run", "-o", out) == 0
    assert sorted(p.relative_to(out).as_posix() for p in out.rglob("*.tif")) == [
        f"Pos{n}/img.sigma.ome.tif" for n in (0, 1)
    ]


@pytest.mark.parametrize("how", ["list", "stdin"])
def test_a_list_of_files(plate, tmp_path, monkeypatch, how):
    names = 'p_B01_s1_w1.tif\n\n"p_A01_s1_w1.tif"\n'  # Windows copies paths with quotes
    given = plate / "list.txt"
    given.write_text(names)
    if how == "stdin":
        monkeypatch.chdir(plate)
        monkeypatch.setattr(sys, "stdin", io.StringIO(names))
        given = "-"
    assert run("estimate", given, "--table", tmp_path / "qc.csv") == 0
    assert [row["Metadata_Well"] for row in rows_in(tmp_path / "qc.csv")] == ["B01", "A01"]


def test_wrong_usage_is_said_before_the_work(plate, tmp_path, calls, capsys, monkeypatch):
    qc = tmp_path / "qc.csv"
    assert run("estimate", plate) == cli.USAGE
    assert run("estimate", plate, "-o", tmp_path, "--report", "r.html") == cli.USAGE
    assert run("estimate", plate, "--table", qc, "--sharp", "tenth", "--limit", 1) == cli.USAGE
    for arguments, said in (
        ((plate / "*.nd2", "--table", qc), "No file fits the pattern"),
        ((plate, "--table", tmp_path / "qc.xlsx"), "ends in .csv or .parquet"),
        ((tmp_path, "--table", plate / "notes.md" / "qc.csv"), "cannot be made"),
    ):
        capsys.readouterr()
        assert run("estimate", *arguments) == cli.FAILED
        assert said in capsys.readouterr().err
    monkeypatch.setattr(table.importlib.util, "find_spec", lambda name: None)
    assert run("estimate", plate, "--table", tmp_path / "qc.parquet") == cli.FAILED
    assert 'pip install "napari-blurmap[parquet]"' in capsys.readouterr().err
    assert calls == []


def test_a_table_open_in_another_program(tmp_path, monkeypatch):
    held, real = tmp_path / "qc.csv", os.replace

    def replace(source, target):
        if target == held:
            raise PermissionError(13, "in use")
        real(source, target)

    monkeypatch.setattr(atomic, "os", SimpleNamespace(**{**vars(os), "replace": replace}))
    assert table.write_table(held, [{"a": 1}, {"b": 0.5}]) == tmp_path / "qc-2.csv"
    assert (tmp_path / "qc-2.csv").read_bytes() == b"a,b\r\n1,\r\n,0.5\r\n"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_sharp_picture_that_tells_no_channel_is_that_of_all(plate, tmp_path, monkeypatch):
    one, about = np.ones((64, 64)), {"axes": "yx", "scale": (1, 1), "units": ["pixel"] * 2, "provenance": {}}
    monkeypatch.setattr(job, "estimate_blur", lambda *_, **__: nb.BlurMap(one, 0.05 * one, 0 * one, **about))
    source = (plate / "p_A01_s1_w1.tif").read_bytes()
    for name in ("p_A01_s1_w2.tif", "../good.tif", "../good_A01_s1_w2.tif"):
        (plate / name).write_bytes(source)
    found = nb.estimate_batch(plate, reference=tmp_path / "good.tif").rows
    assert {row["channel"] for row in found} == {"1", "2"}
    assert {row["reference"] for row in found} == {"blur of good.tif"}
    found = nb.estimate_batch(plate, reference=tmp_path / "good_A01_s1_w2.tif").rows
    words = "blur of good_A01_s1_w2.tif of channel 2"
    assert [row["reference"] for row in found] == [words if row["channel"] == "2" else None for row in found]


def test_axes_of_size_one(tmp_path):
    """As OME-Zarr and bioio have them of a single plane."""
    plane = np.random.default_rng(0).integers(0, 4000, (64, 48)).astype(np.uint16)
    picture = zarr.create_group(tmp_path / "a.ome.zarr", zarr_format=2)
    picture.create_array("0", data=plane[None, None, None])
    axes = [{"name": name} for name in "tczyx"]
    picture.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": [{"path": "0"}]}]
    assert run("estimate", tmp_path / "a.ome.zarr", "-o", tmp_path / "o", "--table", tmp_path / "qc.csv") == 0
    assert [row["channel"] for row in rows_in(tmp_path / "qc.csv")] == ["1"]
    assert nb.BlurMap.load(tmp_path / "o" / "a.ome.sigma.ome.tif").sigma.shape == (1, 1, 1, 64, 48)


def test_what_nobody_has_thought_of_in_one_picture_does_not_end_the_others(plate, tmp_path, monkeypatch, capsys):
    real = job.estimate_blur

    def estimate(picture, **options):
        if "A02" in picture.source["path"]:
            raise ZeroDivisionError("of nothing")
        return real(picture, **options)

    monkeypatch.setattr(job, "estimate_blur", estimate)
    assert run("estimate", plate, "--table", tmp_path / "qc.csv") == cli.FAILED
    assert "p_A02_s1_w1.tif: It failed (of nothing)" in capsys.readouterr().err
    assert [row["note"] for row in rows_in(tmp_path / "qc.csv")].count("") == 2


@pytest.mark.parametrize("given", [("--pixel-size", -1), ("--pixel-size", 1, "--unit", "parsec")])
def test_an_impossible_pixel_size_is_said_once(plate, tmp_path, capsys, given):
    assert run("estimate", plate, "--table", tmp_path / "qc.csv", *given) == cli.FAILED
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "qc.csv").exists()


def test_a_column_of_numbers_and_of_what_names_tell(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    table.write_table(tmp_path / "a.parquet", [{"Metadata_Z": 2, "x": 1}, {"Metadata_Z": "01", "x": None}, {}])
    kept = parquet.read_table(tmp_path / "a.parquet").to_pydict()
    assert kept == {"Metadata_Z": ["2", "01", None], "x": [1, None, None]}


def test_parquet_holds_the_same(plate, tmp_path):
    from pyarrow import parquet

    assert run("estimate", plate, "--table", tmp_path / "qc.csv") == 0
    assert run("estimate", plate, "--table", tmp_path / "qc.parquet") == 0
    kept = parquet.read_table(tmp_path / "qc.parquet").to_pylist()
    for one, row in zip(kept, rows_in(tmp_path / "qc.csv"), strict=True):
        assert {k: "" if v is None else f"{v:.6g}" if isinstance(v, float) else str(v) for k, v in one.items()} == row


def test_a_report_beside_the_table(plate, tmp_path):
    page = tmp_path / "qc.html"
    assert run("estimate", plate, "--table", tmp_path / "qc.csv", "--report", page, "--limit", 2) == 0
    assert "Compared with: limit" in page.read_text()


def test_python_gives_the_rows_of_the_table(plate, tmp_path, capsys):
    (plate / "p_C01_s1_w1.tif").write_bytes(b"")
    assert run("estimate", plate, "--table", tmp_path / "qc.csv", "--limit", 2) == cli.FAILED
    assert capsys.readouterr().out
    steps = []
    found = nb.estimate_batch(
        plate,
        table=tmp_path / "own.csv",
        report=tmp_path / "own.html",
        reference=2,
        workers=1,
        progress=lambda *step: steps.append(step),
    )
    assert (tmp_path / "own.csv").read_bytes() == (tmp_path / "qc.csv").read_bytes()
    assert [row["FileName"] for row in found.rows] == [row["FileName"] for row in rows_in(tmp_path / "qc.csv")]
    assert found.counts["review"] >= 1
    assert sum(found.counts.values()) == 4
    assert list(found.errors) == [plate / "p_C01_s1_w1.tif"]
    assert found.notes[0] == f"{plate / 'notes.md'}: left out, it is no picture."
    assert [path.name for path in found.written] == ["own.csv", "own.image_sets.csv", "own.html"]
    assert "p_A01" in (tmp_path / "own.html").read_text()
    assert steps[-1][0] == steps[-1][1]
    assert steps[-1][2] == "4 of 4 pictures"
    assert capsys.readouterr() == ("", "")  # only the shell prints


def test_python_stops_with_what_was_done(plate, tmp_path):
    done = []
    with pytest.raises(nb.Cancelled) as stopped:
        nb.estimate_batch(
            plate, table=tmp_path / "qc.csv", workers=1, update=lambda file, _: done.append(file), cancel=lambda: done
        )
    assert [row["FileName"] for row in stopped.value.partial.rows] == [done[0].name]
    assert [row["FileName"] for row in rows_in(tmp_path / "qc.csv")] == [done[0].name]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"files": []}, "No file was given"),
        ({"files": 3}, "expected the path of a picture or a folder"),
        ({"reference": {"wavelength": 520}}, "expected na and, where"),
        ({"reference": -1}, "above 0"),
        ({"cluster": True}, "give out"),
        ({"workers": 0}, "workers is 0"),
        ({"pattern": 5}, "no regular expression"),
        ({"report": "."}, "expected the name of a page"),
    ],
)
def test_python_says_what_is_wrong_before_the_work(plate, calls, options, words):
    with pytest.raises(nb.BlurMapError, match=words):
        nb.estimate_batch(**{"files": plate} | options)
    assert calls == []


def test_workers_side_by_side_give_the_same(plate, tmp_path):
    for n in (1, 2):
        assert run("estimate", plate, "--table", tmp_path / f"{n}.csv", "--workers", n) == 0
    assert rows_in(tmp_path / "1.csv") == rows_in(tmp_path / "2.csv")


def test_what_others_finished_side_by_side_is_kept(plate, monkeypatch):
    from threading import Event

    second_done, real = Event(), job.estimate_blur

    def first_waits(picture, *, cancel, **options):
        if "A01" in picture.source["path"]:
            assert second_done.wait(60)
            raise nb.Cancelled(None)
        return real(picture, cancel=cancel, **options)

    def done(self, *parts):
        found = make(self, *parts)
        second_done.set()
        return found

    make = job.Job._done
    monkeypatch.setattr(job, "estimate_blur", first_waits)
    monkeypatch.setattr(job.Job, "_done", done)
    with pytest.raises(nb.Cancelled) as stopped:
        nb.estimate_batch([plate / "p_A01_s1_w1.tif", plate / "p_A02_s1_w1.tif"], workers=2)
    assert [row["FileName"] for row in stopped.value.partial.rows] == ["p_A02_s1_w1.tif"]


def test_stopped_at_the_picture_called_sharp_there_is_nothing(plate):
    with pytest.raises(nb.Cancelled) as stopped:
        nb.estimate_batch(plate, reference=plate / "p_A01_s1_w1.tif", cancel=lambda: True)
    assert stopped.value.partial.rows == []


def test_progress_begins_with_the_work(plate):
    steps = []
    nb.estimate_batch(plate, workers=2, progress=lambda *step: steps.append(step))
    assert [(done, message) for done, _, message in steps] == [(100 * n, f"{n} of 3 pictures") for n in range(4)]


def test_a_folder_that_takes_no_files_is_said_before_the_work(plate, calls, monkeypatch):
    def refuse(**options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(folders, "TemporaryFile", refuse)
    with pytest.raises(nb.BlurMapError, match=r"cannot be written to \(Permission denied\). Choose another"):
        nb.estimate_batch(plate, out=plate)
    assert calls == []


def test_each_channel_is_compared_with_the_limit_of_its_light(tmp_path, capsys):
    light = {"Name": ["DAPI", "GFP"], "EmissionWavelength": [450, 600], "EmissionWavelengthUnit": ["nm", "nm"]}
    size = {f"PhysicalSize{axis}": 0.1 for axis in "XY"} | {f"PhysicalSize{axis}Unit": "µm" for axis in "XY"}
    stack = np.random.default_rng(0).integers(0, 4000, (2, 2, 48, 64)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.ome.tif", stack, metadata={"axes": "ZCYX", "Channel": light} | size)
    expected = [nb.optics_limit(0.8, nm, 100) for nm in (450, 600)]
    for given in ((), ("--wavelength", "450,600")):
        assert run("estimate", tmp_path / "*.tif", "--table", tmp_path / "qc.csv", "--na", 0.8, *given) == 0
        rows = rows_in(tmp_path / "qc.csv")
        for channel, limit in zip("12", expected, strict=True):
            found = {float(row["reference_sigma_px"]) for row in rows if row["channel"] == channel}
            assert found == {float(f"{limit:.6g}")}
    said = capsys.readouterr()
    assert all(f"channel {n} of 2: " in said.out for n in (1, 2))
    assert "at 450 nm" in said.out
    tifffile.imwrite(tmp_path / "a.ome.tif", stack, metadata={"axes": "ZCYX"} | size)
    assert run("estimate", tmp_path / "*.tif", "--table", tmp_path / "qc.csv", "--na", 0.8) == cli.FAILED
    assert "needs the wavelength of the emission, and the file has none" in capsys.readouterr().err


def test_colours_that_the_file_does_not_name(tmp_path):
    data = np.random.default_rng(0).integers(0, 4000, (48, 3, 64)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", data, photometric="minisblack")
    how = ("--axes", "YX", "--channel-axis", 1)
    assert run("estimate", tmp_path / "a.tif", "-o", tmp_path, *how) == 0
    expected = nb.estimate_blur(data, channel_axis=1)
    np.testing.assert_array_equal(nb.BlurMap.load(tmp_path / "a.sigma.ome.tif").sigma, expected.sigma)


def test_no_room_for_what_was_done_is_said_and_leaves_no_half_line(plate, tmp_path, monkeypatch, calls):
    real = Path.open

    def full(self, mode="r", *args, **options):
        stream = real(self, mode, *args, **options)
        if mode != "a" or "A02" not in calls[-1]:
            return stream
        stream.write('{"format": 1, "file": "')
        stream.close()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    found = nb.estimate_batch(plate, table=tmp_path / "qc.csv", workers=1)
    assert list(found.errors) == [plate / "p_A02_s1_w1.tif"]
    assert "qc.csv.done.jsonl could not be written ([Errno 28] No space left" in found.errors[plate / "p_A02_s1_w1.tif"]
    monkeypatch.undo()
    kept = [json.loads(line)["file"] for line in (tmp_path / "qc.csv.done.jsonl").read_text().splitlines()]
    assert kept == [str(plate / f"p_{well}_s1_w1.tif") for well in ("A01", "B01")]


def test_a_folder_is_never_replaced_by_a_file(tmp_path):
    (tmp_path / "mine.html" / "inside").mkdir(parents=True)
    with pytest.raises(nb.BlurMapError, match="could not be written"):
        table.write_beside(tmp_path / "mine.html", b"page")
    assert (tmp_path / "mine.html" / "inside").is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["mine.html"]
