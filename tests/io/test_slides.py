"""Slides and other large TIFF files are read tile by tile; pixel sizes in the private tags of microscopes."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile

import napari_blurmap as nb
from napari_blurmap.errors import BlurMapError
from napari_blurmap.io import tiff
from napari_blurmap.io.pictures import read_picture

COLOUR = np.random.default_rng(0).integers(0, 256, (160, 192, 3), dtype=np.uint8)
STACK = np.random.default_rng(1).integers(0, 60000, (2, 3, 96, 80), dtype=np.uint16)
APERIO = "Aperio Image Library v11.2.1\r\n192x160 [0,0 192x160] (64x64) JPEG/RGB Q=30|AppMag = 20|MPP = 0.4990"


def slide(path, description=APERIO):
    """As Aperio writes them: the largest level, a thumbnail, smaller levels."""
    with tifffile.TiffWriter(path) as tif:
        options = {"photometric": "rgb", "metadata": None, "compression": "zlib"}
        tif.write(COLOUR, tile=(64, 64), description=description, **options)
        tif.write(COLOUR[::4, ::4], description="Aperio\r\nthumbnail", **options)
        tif.write(COLOUR[::2, ::2], tile=(64, 64), description="Aperio\r\nlevel", subfiletype=0, **options)
    return path


def pyramid(path, tile=(64, 64)):
    """As Bio-Formats writes them: smaller levels in SubIFDs."""
    with tifffile.TiffWriter(path, ome=True) as tif:
        metadata = {"axes": "CZYX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5}
        tif.write(STACK, tile=tile, subifds=1, metadata=metadata, photometric="minisblack")
        tif.write(STACK[..., ::2, ::2], tile=tile, subfiletype=1, metadata=None, photometric="minisblack")
    return path


def test_a_slide(tmp_path):
    picture = read_picture(slide(tmp_path / "a.svs"))
    assert hasattr(picture.array, "dask")
    assert (picture.axes, picture.channel_axis) == (("y", "x", "s"), 2)
    assert picture.scale == pytest.approx((0.499, 0.499, 1))
    assert picture.units[:2] == ("micrometer", "micrometer")
    np.testing.assert_array_equal(picture.array, COLOUR)
    assert "image" not in picture.source  # its thumbnail is no other picture
    assert read_picture(tmp_path / "a.svs" / "2").source["image"] == "2 of 2, Thumbnail"


def test_an_ome_pyramid(tmp_path):
    picture = read_picture(pyramid(tmp_path / "a.ome.tif"))
    assert hasattr(picture.array, "dask")
    assert picture.axes == ("c", "z", "y", "x")
    assert picture.scale[2:] == (0.5, 0.5)
    np.testing.assert_array_equal(picture.array, STACK)


@pytest.mark.parametrize(
    "options", [{"tile": (32, 48)}, {"rowsperstrip": 7}, {"planarconfig": "separate", "tile": (32, 32)}]
)
def test_large_colour_however_it_lies_in_the_file(tmp_path, monkeypatch, options):
    is_apart = "planarconfig" in options
    stored = COLOUR.transpose(2, 0, 1) if is_apart else COLOUR
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", metadata=None, **options)
    monkeypatch.setattr(tiff, "memory", lambda: 1000)
    picture = read_picture(tmp_path / "a.tif")
    assert hasattr(picture.array, "dask")
    assert (picture.axes, picture.channel_axis) == (("y", "x", "s"), 2)
    np.testing.assert_array_equal(picture.array, COLOUR)


def test_only_the_tiles_asked_for_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_blurmap.io.tiff_pictures._AT_ONCE", 64)
    path = slide(tmp_path / "a.svs")
    with tifffile.TiffFile(path) as tif:
        page = tif.pages[0]
        place, size = page.dataoffsets[-1], page.databytecounts[-1]
    whole = bytearray(path.read_bytes())
    whole[place : place + size] = b"\xff" * size
    path.write_bytes(whole)
    array = read_picture(path).array
    np.testing.assert_array_equal(array[:128, :128], COLOUR[:128, :128])
    with pytest.raises(BlurMapError, match="a piece of it cannot be read"):
        array.compute()


def test_a_large_stack_is_lazy_and_may_exceed_memory(tmp_path, monkeypatch):
    tifffile.imwrite(tmp_path / "a.tif", STACK, photometric="minisblack")
    monkeypatch.setattr(tiff, "memory", lambda: STACK.nbytes)
    monkeypatch.setattr("napari_blurmap.io.guard.memory", lambda: STACK.nbytes / 2)
    picture = read_picture(tmp_path / "a.tif")
    assert hasattr(picture.array, "dask")
    np.testing.assert_array_equal(picture.array, STACK)


def test_a_slide_that_vanishes(tmp_path):
    array = read_picture(slide(tmp_path / "a.svs")).array
    (tmp_path / "a.svs").unlink()
    with pytest.raises(BlurMapError, match=r"a\.svs"):
        array.compute()


def test_estimate_of_a_slide_is_that_of_the_array(tmp_path, tiny_model):
    found = nb.estimate_blur(slide(tmp_path / "a.svs"), model=tiny_model)
    known = nb.estimate_blur(COLOUR, channel_axis=-1, model=tiny_model)
    np.testing.assert_allclose(found.sigma, known.sigma, atol=1e-3)


FEI = "[User]\r\nUser=x\r\n[Scan]\r\nPixelWidth=4.5e-009\r\nPixelHeight=4.5e-009\r\n"
ZEISS = "0\r\nAP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = {} nm\r\nDP_SCAN\r\nScan = On\r\n"
MAKERS = {
    "ThermoFisher": (34682, FEI, 0.0045),
    "Zeiss": (34118, ZEISS.format(4.5), 0.0045),
    "Micro-Manager": (51123, json.dumps({"PixelSizeUm": 0.325}), 0.325),
}


@pytest.mark.parametrize("maker", MAKERS)
def test_pixel_size_of_the_maker_wins_over_the_resolution_of_a_printer(tmp_path, maker):
    code, text, size = MAKERS[maker]
    extra = [(code, 2, 0, text, True)]
    options = {"photometric": "minisblack", "metadata": None, "resolution": (96, 96), "resolutionunit": 2}
    tifffile.imwrite(tmp_path / "a.tif", STACK[0, 0], extratags=extra, **options)
    picture = read_picture(tmp_path / "a.tif")
    assert picture.scale == pytest.approx((size, size))
    assert (picture.units, picture.note) == (("micrometer", "micrometer"), None)


@pytest.mark.parametrize(
    ("code", "text", "maker"),
    [
        (34682, FEI.replace("4.5e-009", "0"), "ThermoFisher"),
        (34682, "[Scan]\r\nPixelWidth=4.5e-009\r\n", "ThermoFisher"),
        (34118, ZEISS.format("nan"), "Zeiss"),
        (51123, '{"PixelSizeUm": 0.0}', "Micro-Manager"),
    ],
)
def test_a_pixel_size_of_the_maker_that_is_none_is_named(tmp_path, code, text, maker):
    extra = [(code, 2, 0, text, True)]
    tifffile.imwrite(tmp_path / "a.tif", STACK[0, 0], photometric="minisblack", metadata=None, extratags=extra)
    picture = read_picture(tmp_path / "a.tif")
    assert picture.units == ("pixel", "pixel")
    assert maker in picture.note


@pytest.mark.parametrize("description", ["Aperio without anything", "Aperio|MPP", "Aperio x=1|AppMag = 20"])
def test_a_slide_without_a_pixel_size(tmp_path, description):
    picture = read_picture(slide(tmp_path / "a.svs", description))
    assert picture.units[:2] == ("pixel", "pixel")
