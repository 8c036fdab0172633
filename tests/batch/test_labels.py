"""Objects in the shell: label images found by name, a table of their objects, its restart."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from shell import run

from napari_blurmap import BlurMap, BlurMapError
from napari_blurmap.batch import job
from napari_blurmap.batch.labels import pair_labels
from napari_blurmap.cli import app as cli

pytestmark = pytest.mark.usefixtures("tiny_default")
WELLS = ("A01", "A02", "B01")


def rows_in(path):
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode())))


@pytest.fixture
def labels():
    found = np.zeros((64, 64), np.uint16)
    found[4:30, 4:30], found[34:60, 4:30], found[4:60, 34:60] = 1, 2, 5
    return found


@pytest.fixture
def calls(monkeypatch):
    """Pictures that were estimated: two channels, sigma of the second twice that of the first, rising downwards."""
    found = []

    def estimate(picture, **options):
        found.append(os.path.basename(picture.source["path"]))
        sigma = np.linspace(1, 3, 64)[:, None] * np.ones((2, 64, 64)) * [[[1]], [[2]]]
        status = np.zeros(sigma.shape)
        status[0, :, 36:] = 1
        about = {"axes": "cyx", "scale": (1, 0.2, 0.2), "units": ("pixel", "um", "um")}
        return BlurMap(sigma, 0.05 * sigma, status, **about, provenance={"noise": "x"})

    monkeypatch.setattr(job, "estimate_blur", estimate)
    return found


@pytest.fixture
def plate(tmp_path, labels):
    """Pictures with Cellpose's masks beside them."""
    folder = tmp_path / "plate"
    folder.mkdir()
    for well in WELLS:
        data = np.random.default_rng(0).integers(0, 4000, (2, 64, 64)).astype(np.uint16)
        tifffile.imwrite(folder / f"p_{well}_s1.tif", data, metadata={"axes": "CYX"}, ome=True)
        iio.imwrite(folder / f"p_{well}_s1_cp_masks.png", labels)
    return folder


def test_label_images_and_thumbnails_beside_their_pictures_are_no_pictures(plate, tmp_path, calls, capsys):
    (plate / "cells_seg.tif").write_bytes((plate / "p_A01_s1.tif").read_bytes())  # of no picture: it may be one
    (plate / "p_A01_s1_thumb0A1B-22.tif").write_bytes((plate / "p_A01_s1.tif").read_bytes())
    assert run("estimate", plate, "--table", tmp_path / "qc.csv") == 0
    assert sorted(calls) == ["cells_seg.tif", *(f"p_{well}_s1.tif" for well in WELLS)]
    assert f"{plate / 'p_A01_s1_cp_masks.png'}: left out, its name says that it is the label image of p_A01_s1" in (
        capsys.readouterr().err
    )


def test_objects_have_a_table_that_joins_that_of_image_sets(plate, tmp_path, calls, capsys, labels):
    qc, masks = tmp_path / "qc.csv", plate / "*_cp_masks.png"
    assert run("estimate", plate, "--labels", masks, "--table", qc, "--limit", 2.2) == 0
    assert sorted(calls) == [f"p_{well}_s1.tif" for well in WELLS]
    rows, sets = rows_in(tmp_path / "qc.objects.csv"), rows_in(tmp_path / "qc.image_sets.csv")
    assert len(rows) == 3 * 2 * 3
    assert len(sets) == 3
    expected = job.estimate_blur(job.read(plate / "p_A01_s1.tif", print)[0]).objects(labels, 2.2)
    for row, one in zip(rows, expected * 3, strict=True):
        image_set = sets[int(row["ImageNumber"]) - 1]
        assert row["Metadata_Well"] == image_set["Metadata_Well"]
        assert row["FileName"] == image_set[f"FileName_Ch{row['channel']}"]
        assert (int(row["channel"]), int(row["ObjectNumber"])) == (one["channel"], one["label"])
        assert row["verdict"] == one["verdict"]
        assert float(row["judged_share"]) == pytest.approx(one["judged_share"], rel=1e-5)
        for name in ("median_sigma_px", "median_sigma_error_px", "median_fwhm_um", "times_reference"):
            assert float(row[name] or "nan") == pytest.approx(one[name] or np.nan, rel=1e-5, nan_ok=True)
        if one["sharp_share"] is not None:
            assert float(row["sharp_share"]) == pytest.approx(one["sharp_share"], abs=0.02)
    assert [row["verdict"] for row in rows[:6]] == ["sharp", "blurred", "cannot tell", "blurred", "blurred", "blurred"]
    calls.clear()
    assert run("estimate", plate, "--labels", masks, "--table", qc, "--sharp", "tenth") == 0
    assert calls == []
    again = rows_in(tmp_path / "qc.objects.csv")
    assert [row["median_sigma_px"] for row in again] == [row["median_sigma_px"] for row in rows]
    assert {row["reference"] for row in again} == {f"sharpest tenth of channel {n}" for n in (1, 2)}
    labels[labels == 5] = 0
    iio.imwrite(plate / "p_B01_s1_cp_masks.png", labels)
    assert run("estimate", plate, "--labels", masks, "--table", qc) == 0
    assert calls == ["p_B01_s1.tif"]
    assert [row["ObjectNumber"] for row in rows_in(tmp_path / "qc.objects.csv")] == ["1", "2", "5"] * 4 + ["1", "2"] * 2
    calls.clear()
    assert run("estimate", *(plate / f"p_{well}_s1.tif" for well in WELLS), "--table", qc) == 0
    assert calls == []


def test_labels_that_do_not_fit_fail_that_picture_only(plate, tmp_path, calls, capsys, labels):
    iio.imwrite(plate / "p_A01_s1_cp_masks.png", labels[:40])
    tifffile.imwrite(plate / "p_A02_s1_labels.tif", labels.astype(np.float32))
    (plate / "p_A02_s1_cp_masks.png").unlink()
    (plate / "p_B01_s1_cp_masks.png").unlink()
    qc, masks = tmp_path / "qc.csv", tmp_path / "masks.txt"
    masks.write_text(f"{plate / 'p_A01_s1_cp_masks.png'}\n{plate / 'p_A02_s1_labels.tif'}\n")
    assert run("estimate", plate, "--labels", masks, "--table", qc) == cli.FAILED
    said = capsys.readouterr().err
    assert calls == ["p_B01_s1.tif"]
    assert "p_A01_s1_cp_masks.png: The labels have shape (40, 64) and the map (2, 64, 64)" in said
    assert "p_A02_s1_labels.tif: labels holds float32; a label image holds whole numbers" in said
    assert f"{plate / 'p_B01_s1.tif'}: no label image has its name" in said
    assert not (tmp_path / "qc.objects.csv").exists()
    assert run("estimate", plate, "--labels", masks, "-o", tmp_path) == cli.USAGE


def test_a_single_plane_and_one_file(tmp_path, labels):
    tifffile.imwrite(tmp_path / "a.tif", np.random.default_rng(0).integers(0, 4000, (64, 64)).astype(np.uint16))
    tifffile.imwrite(tmp_path / "nuclei.tif", labels)
    qc, out = tmp_path / "qc.csv", tmp_path / "maps"
    assert run("estimate", tmp_path / "a.tif", "--labels", tmp_path / "nuclei.tif", "--table", qc, "-o", out) == 0
    rows = rows_in(tmp_path / "qc.objects.csv")
    expected = BlurMap.load(out / "a.sigma.ome.tif").objects(labels)
    assert [float(row["judged_share"]) for row in rows] == pytest.approx([one["judged_share"] for one in expected])
    assert [row["ObjectNumber"] for row in rows] == ["1", "2", "5"]
    # Why an object is compared with nothing stands in its row: of this picture the size of a pixel is not known.
    shell = ("estimate", tmp_path / "a.tif", "--labels", tmp_path / "nuclei.tif", "--table", qc)
    assert run(*shell, "--na", 0.8, "--wavelength", 520) == cli.FAILED
    for row in rows_in(tmp_path / "qc.objects.csv"):
        assert row["verdict"] == row["reference"] == ""
        assert "pixel" in row["note"]


def test_labels_belong_to_pictures_by_name(tmp_path):
    for pos in ("Pos0", "Pos1"):
        for top, name in (("raw", "img.ome.tif"), ("seg", "img.ome_masks.tif")):
            (tmp_path / top / pos).mkdir(parents=True)
            tifffile.imwrite(tmp_path / top / pos / name, np.zeros((4, 4), np.uint8))
    pictures = [tmp_path / "raw" / pos / "img.ome.tif" for pos in ("Pos1", "Pos0")]
    seg = [tmp_path / "seg" / pos / "img.ome_masks.tif" for pos in ("Pos1", "Pos0")]
    assert pair_labels(str(tmp_path / "seg"), pictures) == dict(zip(pictures, seg, strict=True))
    assert pair_labels(str(seg[0]), [pictures[1]]) == {pictures[1]: seg[0]}
    endings = ("", "_cp_masks", "-mask", ".labels", "_label", "_SEG")
    pictures = [tmp_path / f"p{n}.tif" for n in range(len(endings))]
    found = [tmp_path / "own" / f"p{n}{ending}.png" for n, ending in enumerate(endings)]
    found[0].parent.mkdir()
    for file in found:
        iio.imwrite(file, np.zeros((4, 4), np.uint8))
    assert pair_labels(str(tmp_path / "own"), pictures) == dict(zip(pictures, found, strict=True))
    with pytest.raises(BlurMapError, match="None of the label images"):
        pair_labels(str(tmp_path / "seg"), [Path("x.tif"), Path("y.tif")])
