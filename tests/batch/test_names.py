"""Names of files, as the makers of microscopes write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_blurmap import BlurMapError
from napari_blurmap.batch.names import name_pattern, parts_of


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("P1/Images/r02c03f04p01-ch2sk1fk1fl1.tiff", "P1 B03 04 2 t1 z01"),
        ("P1/r16c24f01p12-ch1.tif", "P1 P24 01 1 z12"),
        ("run/plate7_A01_s3_w2.TIF", "run A01 3 2"),
        ("run/plate7_H12_s1_w1D5C9B7A2-5F.tif", "run H12 1 1"),
        ("AssayPlate_W0026F0003T0001Z02C1.tif", "AssayPlate B02 0003 1 t0001 z02"),
        ("AssayPlate_C05_T0001F002L01A01Z01C02.tif", "AssayPlate C05 002 02 z01"),
        ("x/B - 4(fld 2 wv DAPI - DAPI).tif", "x B04 2 DAPI_-_DAPI"),
        ("x/B - 04(fld 02 wv 390 z 3).tif", "x B04 02 390 z3"),
        ("VID12_C3_2_2021y06m05d_12h00m.tif", "VID12 C03 2 t2021y06m05d_12h00m"),
        ("exp/Pos3/img_000000001_GFP_002.tif", "exp 3 GFP t000000001 z002"),
        ("exp/B4-Site_2/img_channel000_position001_time000000003_z001.tif", "exp B04 2 t000000003 z001"),
        ("exp/scan_MMStack_Pos12.ome.tif", "exp 12"),
        ("exp/B07/field.tif", "exp B07"),
        ("exp/C07_2_ch1.png", "exp C07 2 1"),
        ("run/plate7_AF48_s2_w1.tif", "run AF48 2 1"),
        ("run/plate7_Q07_s2_w1.tif", "run Q07 2 1"),
        ("P1/r32c48f01p01-ch1.tif", "P1 AF48 01 1 z01"),
        ("run/TimePoint_2/plate7_A01_s3_w2_z4.TIF", "run A01 3 2 t2 z4"),
        ("run/plate7_A01_s13_w2_thumb5D9.tif", ""),
        ("run/MFGTMP_150317150001_A01f02d1.TIF", "MFGTMP_150317150001 A01 02 1"),
        ("exp/1-Pos_000_001/img_000000000_DAPI_000.tif", "exp 000_001 DAPI t000000000 z000"),
        ("exp/scan_MMStack_1-Pos_000_001.ome.tif", "exp 000_001"),
        ("exp/A01_C1.tif", "exp A01 1"),
        ("exp/A01_s2.ome.tif", "exp A01 2"),
        ("exp/x_A01.ome.tif", "exp A01"),
        ("P1/A01.tif", "P1 A01"),
        ("exp/B07/C1.tif", "exp B07"),
        ("exp/C1.tif", "exp C01"),
        ("exp/B2_3_C1.tif", "exp B02 3 1"),
        ("exp/E1_A01.tif", "exp A01"),
        ("exp/stack_Z01.tif", ""),
        ("exp/cells.tif", ""),
    ],
)
def test_what_a_name_tells(name, told):
    found = parts_of(Path(name), name_pattern(None))
    words = [found.pop(key) for key in ("plate", "well", "site", "channel") if key in found]
    words += [key + value for key, value in found.items()]
    assert " ".join(word.replace(" ", "_") for word in words) == told


def test_a_pattern_of_ones_own():
    [own] = name_pattern(r"(?P<well>[a-h]\d+)-(?P<channel>\w+)\.")
    assert parts_of(Path("day2/b3-actin.x.tif"), [own]) == {"well": "B03", "channel": "actin"}
    assert parts_of(Path("day2/other.tif"), [own]) == {}
    documented = r"(?P<plate>\w+)/(?P<well>[A-H]\d\d)_(?P<site>\d+)_(?P<channel>\w+)\.tif"
    told = {"plate": "P1", "well": "A01", "site": "1", "channel": "DAPI"}
    assert parts_of(Path("data/P1/A01_1_DAPI.tif"), name_pattern(documented)) == told


@pytest.mark.parametrize(("pattern", "said"), [("(", "no regular expression"), ("(?P<dish>.)", "names no part")])
def test_a_pattern_that_cannot_be_used(pattern, said):
    with pytest.raises(BlurMapError, match=said):
        name_pattern(pattern)
