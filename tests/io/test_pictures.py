"""Pictures from files, written by tifffile and Pillow: values, axes, pixel sizes, colours, damage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_blurmap.errors import BlurMapError
from napari_blurmap.ground.units import meters, ome_symbol, unit_label, unit_name
from napari_blurmap.io.pictures import read_picture

if TYPE_CHECKING:
    from pathlib import Path

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (96, 80), dtype=np.uint8)
COLOUR = RANDOM.integers(0, 256, (96, 80, 3), dtype=np.uint8)
# Smooth, so that JPEG keeps it.
RAMP = np.broadcast_to(np.linspace(0, 255, 80).astype(np.uint8), (96, 80)).copy()
STACK = RANDOM.integers(0, 60000, (2, 3, 96, 80), dtype=np.uint16)
MICROMETERS = ("micrometer", "micrometer")


def written(path: Path, array: np.ndarray, **options: Any) -> Path:
    options.setdefault("photometric", "minisblack")
    tifffile.imwrite(path, array, **options)
    return path


@pytest.mark.parametrize("tile", [None, (32, 32)])
@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "packbits", "zstd"])
def test_lossless_tiff_of_any_kind_keeps_every_value(tmp_path, compression, tile, bigtiff):
    array = STACK[0, 0]
    path = written(tmp_path / "a.tif", array, compression=compression, tile=tile, bigtiff=bigtiff)
    picture = read_picture(path)
    np.testing.assert_array_equal(picture.array, array)
    assert picture.array.dtype == np.uint16
    assert (picture.axes, picture.units, picture.channel_axis) == (("y", "x"), ("pixel", "pixel"), None)


@pytest.mark.parametrize("photometric", ["minisblack", "rgb"])
def test_jpeg_inside_tiff(tmp_path, photometric):
    array = RAMP if photometric == "minisblack" else np.dstack([RAMP, RAMP // 2, 255 - RAMP])
    # 4:4:4, so that halved colours do not hide a wrong colour space
    extra = {"subsampling": (1, 1)} if photometric == "rgb" else {}
    path = written(tmp_path / "a.tif", array, compression="jpeg", photometric=photometric, **extra)
    picture = read_picture(path)
    assert picture.channel_axis == (None if photometric == "minisblack" else 2)
    assert np.abs(picture.array.astype(int) - array).max() <= 12


def test_pictures_of_different_sizes_in_one_file(tmp_path):
    one, other = Image.fromarray(COLOUR), Image.fromarray(COLOUR[:40, :40])
    one.save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[other], quality=95)
    assert read_picture(tmp_path / "a.jpg").array.shape == COLOUR.shape
    one.save(tmp_path / "b.ico", sizes=[(80, 80), (32, 32)])
    assert read_picture(tmp_path / "b.ico").array.ndim == 3


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.uint32, np.float32, np.float64])
def test_every_dtype(tmp_path, dtype):
    array = (RANDOM.random((64, 48)) * 100 - 20 * (dtype not in (bool, np.uint8, np.uint32))).astype(dtype)
    picture = read_picture(written(tmp_path / "a.tif", array))
    assert picture.array.dtype == dtype
    np.testing.assert_array_equal(picture.array, array)


def test_source_has_the_path(tmp_path):
    path = written(tmp_path / "a.tif", GREY)
    assert read_picture(path).source == {"path": str(path.resolve())}


def test_ome_axes_sizes_and_units(tmp_path):
    metadata = {
        "axes": "TZYX",
        "PhysicalSizeX": 65,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeY": 65,
        "PhysicalSizeYUnit": "nm",
        "PhysicalSizeZ": 0.2,
        "PhysicalSizeZUnit": "µm",
        "TimeIncrement": 30,
        "TimeIncrementUnit": "ms",
    }
    picture = read_picture(written(tmp_path / "a.ome.tif", STACK, ome=True, metadata=metadata))
    assert picture.axes == ("t", "z", "y", "x")
    assert picture.scale == (30, 0.2, 65, 65)
    assert picture.units == ("millisecond", "micrometer", "nanometer", "nanometer")
    np.testing.assert_array_equal(picture.array, STACK)


def test_ome_channels_are_an_ordinary_axis(tmp_path):
    metadata = {"axes": "CZYX", "PhysicalSizeX": 0.1, "PhysicalSizeY": 100, "PhysicalSizeYUnit": "nm"}
    picture = read_picture(written(tmp_path / "a.ome.tif", STACK, ome=True, metadata=metadata))
    assert picture.axes == ("c", "z", "y", "x")
    assert picture.channel_axis is None
    # y was in nanometres: both in one unit
    assert picture.units == ("pixel", "pixel", *MICROMETERS)
    assert picture.scale == pytest.approx((1, 1, 0.1, 0.1))


@pytest.mark.parametrize(
    "sizes",
    [
        {"PhysicalSizeX": 0.1},
        {"PhysicalSizeX": 0, "PhysicalSizeY": 0},
        {"PhysicalSizeX": -1, "PhysicalSizeY": -1},
        {
            "PhysicalSizeX": 0.1,
            "PhysicalSizeXUnit": "pixel",
            "PhysicalSizeY": 0.1,
            "PhysicalSizeYUnit": "pixel",
        },
    ],
)
def test_half_known_or_senseless_sizes_are_unknown(tmp_path, sizes):
    picture = read_picture(written(tmp_path / "a.ome.tif", GREY, ome=True, metadata={"axes": "YX", **sizes}))
    assert (picture.scale, picture.units) == ((1, 1), ("pixel", "pixel"))
    senseless = sizes.get("PhysicalSizeYUnit", "µm") == "pixel" or sizes["PhysicalSizeX"] <= 0
    size = f"{sizes['PhysicalSizeX']} {sizes.get('PhysicalSizeXUnit', 'µm')} (x)"
    assert (picture.note or "").startswith(f"Sizes are in pixels: in its OME metadata a pixel is {size}") == senseless


@pytest.mark.parametrize("unit", ["um", "micron", "\\u00B5m", "\\u03bcm"])
def test_imagej_axes_sizes_and_units(tmp_path, unit):
    metadata = {"axes": "TZYX", "unit": unit, "spacing": 0.5, "finterval": 2.5}
    options = {"imagej": True, "metadata": metadata, "resolution": (4.0, 4.0)}
    picture = read_picture(written(tmp_path / "a.tif", STACK, photometric=None, **options))
    assert picture.axes == ("t", "z", "y", "x")
    assert picture.scale == pytest.approx((2.5, 0.5, 0.25, 0.25))
    assert picture.units == ("second", "micrometer", *MICROMETERS)


def test_imagej_without_unit_has_no_pixel_size(tmp_path):
    picture = read_picture(written(tmp_path / "a.tif", GREY, imagej=True, resolution=(4.0, 4.0)))
    assert (picture.scale, picture.units) == ((1, 1), ("pixel", "pixel"))


@pytest.mark.parametrize(
    ("more", "resolution", "scale", "units"),
    [
        ("yunit=nm\n", (5.0, 0.005), (0.2, 0.2), MICROMETERS),
        ("zunit=nm\nspacing=300\nslices=2\n", (5.0, 5.0), (300, 0.2, 0.2), ("nanometer", *MICROMETERS)),
        # A section along z.
        ("", (10.0, 2.0), (0.5, 0.1), MICROMETERS),
        # A kymograph, and steps that no pixel has.
        ("yunit=sec\n", (5.0, 3.0), (1, 1), ("pixel", "pixel")),
        ("yunit=nm\n", (5.0, 5.0), (1, 1), ("pixel", "pixel")),
        ("yunit=pixel\n", (5.0, 5.0), (1, 1), ("pixel", "pixel")),
        ("yunit=furlong\n", (5.0, 5.0), (1, 1), ("pixel", "pixel")),
    ],
)
def test_imagej_units_of_their_own_along_y_and_z(tmp_path, more, resolution, scale, units):
    images = len(scale) - 1
    text = f"ImageJ=1.54p\nimages={images}\nunit=\\u00B5m\n{more}min=0.0\nmax=255.0\n"
    options = {"description": text, "metadata": None, "resolution": resolution, "resolutionunit": "NONE"}
    picture = read_picture(written(tmp_path / "a.tif", np.stack([GREY] * images), **options))
    assert picture.scale == pytest.approx(scale)
    assert picture.units == units


@pytest.mark.parametrize("dots", [72, 96, 150, 300, 600])
@pytest.mark.parametrize("unit", ["inch", "cm", "mm", "micron"])
def test_the_resolution_of_a_screen_or_printer_is_no_pixel_size(tmp_path, dots, unit):
    per = dots / {"inch": 1, "cm": 2.54, "mm": 25.4, "micron": 25400}[unit]
    imagej = written(tmp_path / "a.tif", GREY, imagej=True, resolution=(per, per), metadata={"unit": unit})
    found = [read_picture(imagej)]
    if unit in ("inch", "cm"):
        kind = {"inch": "inch", "cm": "centimeter"}[unit]
        found.append(read_picture(written(tmp_path / "b.tif", GREY, resolution=(per, per), resolutionunit=kind)))
    for picture in found:
        assert (picture.scale, picture.units) == ((1, 1), ("pixel", "pixel"))
        words = f"Sizes are in pixels: {dots} dots an inch is the resolution of a screen or printer."
        assert picture.note.startswith(words)


def test_a_pixel_size_near_that_of_a_printer_is_one(tmp_path):
    size = 25400 / 300 * 1.01
    picture = read_picture(
        written(tmp_path / "a.tif", GREY, imagej=True, resolution=(1 / size, 1 / size), metadata={"unit": "um"})
    )
    assert picture.scale == pytest.approx((size, size), rel=1e-4)
    assert (picture.units, picture.note) == (MICROMETERS, None)


@pytest.mark.parametrize(
    ("resolution", "unit", "size"),
    [
        (72, "inch", None),
        (200, "inch", None),
        (300, "inch", None),
        (20000, "centimeter", 0.5),
        (50800, "inch", 0.5),
        (20000, "none", None),
    ],
)
def test_resolution_tags_only_where_they_make_sense(tmp_path, resolution, unit, size):
    path = written(tmp_path / "a.tif", GREY, resolution=(resolution, resolution), resolutionunit=unit)
    picture = read_picture(path)
    if size is None:
        assert (picture.scale, picture.units) == ((1, 1), ("pixel", "pixel"))
    else:
        assert picture.scale == pytest.approx((size, size))
        assert picture.units == MICROMETERS


@pytest.mark.parametrize("planar", [False, True])
def test_colour_tiff(tmp_path, planar):
    array = COLOUR.transpose(2, 0, 1) if planar else COLOUR
    config = "separate" if planar else "contig"
    path = written(tmp_path / "a.tif", array, photometric="rgb", planarconfig=config)
    picture = read_picture(path)
    assert (picture.axes, picture.channel_axis) == (("y", "x", "s"), 2)
    np.testing.assert_array_equal(picture.array, COLOUR)


def test_samples_that_are_no_colours_are_channels(tmp_path):
    picture = read_picture(written(tmp_path / "a.tif", COLOUR[..., :2], planarconfig="contig"))
    assert (picture.axes, picture.channel_axis) == (("c", "y", "x"), None)
    np.testing.assert_array_equal(picture.array, COLOUR[..., :2].transpose(2, 0, 1))


def test_colouring_palette_stays_grey_and_another_becomes_colour(tmp_path):
    green = np.zeros((3, 256), np.uint16)
    green[1] = np.arange(256) * 257
    picture = read_picture(written(tmp_path / "a.tif", GREY, photometric="palette", colormap=green))
    np.testing.assert_array_equal(picture.array, GREY)
    mixed = RANDOM.integers(0, 65536, (3, 256)).astype(np.uint16)
    picture = read_picture(written(tmp_path / "b.tif", GREY, photometric="palette", colormap=mixed))
    assert picture.channel_axis == 2
    np.testing.assert_array_equal(picture.array, mixed.T[GREY])


def test_first_of_several_images_is_read_and_that_is_said(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(GREY, photometric="minisblack", metadata=None)
        writer.write(GREY[:40, :50], photometric="minisblack", metadata=None)
    picture = read_picture(tmp_path / "a.tif")
    assert picture.source["image"] == "first of 2"
    np.testing.assert_array_equal(picture.array, GREY)


@pytest.mark.parametrize("metadata", [None, {}])
@pytest.mark.parametrize("pixels", [STACK[0], np.stack([COLOUR, COLOUR[::-1]])])
def test_pages_written_one_by_one_are_a_stack(tmp_path, pixels, metadata):
    kind = "rgb" if pixels.ndim == 4 else "minisblack"
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for page in pixels:
            writer.write(page, photometric=kind, metadata=metadata)
    picture = read_picture(tmp_path / "a.tif")
    assert picture.axes == ("i", "y", "x", "s")[: pixels.ndim]
    assert "image" not in picture.source
    np.testing.assert_array_equal(picture.array, pixels)


@pytest.mark.parametrize("samples", [2, 3, 4])
def test_png_of_16_bits_keeps_all_of_them(tmp_path, samples):
    values = RANDOM.integers(0, 65536, (96, 80, samples), dtype=np.uint16)
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(values))
    picture = read_picture(tmp_path / "a.png")
    assert (picture.array.dtype, picture.channel_axis) == (np.uint16, 2)
    expected = values if samples > 2 else np.concatenate([values[..., :1]] * 3 + [values[..., 1:]], axis=-1)
    np.testing.assert_array_equal(picture.array, expected)
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:-3000])
    with pytest.raises(BlurMapError, match="damaged or incomplete"):
        read_picture(tmp_path / "b.png")


@pytest.mark.parametrize("suffix", ["png", "bmp", "gif", "tif"])
def test_grey_pictures_of_other_formats(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(GREY).save(path)
    picture = read_picture(path)
    values = picture.array if picture.channel_axis is None else picture.array[..., 0]
    np.testing.assert_array_equal(values, GREY)
    assert picture.units[:2] == ("pixel", "pixel")


def test_jpeg(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "a.jpg", quality=95)
    picture = read_picture(tmp_path / "a.jpg")
    assert picture.axes == ("y", "x")
    assert np.abs(picture.array.astype(int) - RAMP).max() <= 4


def test_png_with_16_bits_alpha_and_palette(tmp_path):
    Image.fromarray(STACK[0, 0]).save(tmp_path / "deep.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "deep.png").array, STACK[0, 0])

    grey_alpha = np.dstack([GREY, 255 - GREY])
    Image.fromarray(grey_alpha, "LA").save(tmp_path / "alpha.png")
    picture = read_picture(tmp_path / "alpha.png")
    assert (picture.axes, picture.channel_axis) == (("y", "x", "s"), 2)
    np.testing.assert_array_equal(picture.array, np.dstack([GREY, GREY, GREY, 255 - GREY]))

    indexed = Image.fromarray(GREY, "P")
    indexed.putpalette(RANDOM.integers(0, 256, 768).astype(np.uint8).tobytes())
    indexed.save(tmp_path / "palette.png")
    picture = read_picture(tmp_path / "palette.png")
    np.testing.assert_array_equal(picture.array, np.asarray(indexed.convert("RGB")))


def test_transparent_palette_keeps_its_transparency(tmp_path):
    indexed = Image.fromarray(GREY, "P")
    indexed.putpalette(np.repeat(np.arange(256, dtype=np.uint8), 3).tobytes())
    indexed.save(tmp_path / "a.png", transparency=7)
    alpha = read_picture(tmp_path / "a.png").array[..., 3]
    np.testing.assert_array_equal(alpha, np.where(GREY == 7, 0, 255))


def test_cmyk_jpeg_becomes_rgb(tmp_path):
    picture = Image.fromarray(np.dstack([RAMP, RAMP, RAMP])).convert("CMYK")
    picture.save(tmp_path / "a.jpg", quality=95)
    found = read_picture(tmp_path / "a.jpg")
    assert found.array.shape == (96, 80, 3)
    assert np.abs(found.array.astype(int) - RAMP[..., None]).max() <= 6


def test_frames_of_a_gif_are_an_axis(tmp_path):
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    picture = read_picture(tmp_path / "a.gif")
    assert picture.axes[:3] == ("t", "y", "x")
    assert picture.array.shape[:3] == (2, 96, 80)


def test_content_counts_not_the_name(tmp_path):
    path = tmp_path / "a.png"
    tifffile.imwrite(path, GREY)
    np.testing.assert_array_equal(read_picture(path).array, GREY)


@pytest.mark.parametrize("part", [0.01, 0.3, 0.6, 0.95, 0.999])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "lzw"},
        {"compression": "zlib", "tile": (32, 32)},
        {"ome": True, "metadata": {"axes": "TZYX"}},
        {"imagej": True, "metadata": {"axes": "TZYX"}, "photometric": None},
    ],
    ids=["plain", "lzw", "tiled", "ome", "imagej"],
)
def test_truncated_tiff_is_refused(tmp_path, options, part):
    whole = written(tmp_path / "a.tif", STACK, **options).read_bytes()
    cut = tmp_path / "cut.tif"
    cut.write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(BlurMapError, match=r"cut\.tif.*(incomplete|damaged)"):
        read_picture(cut)


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif"])
def test_truncated_picture_of_another_format_is_refused(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(GREY).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BlurMapError, match="damaged or incomplete"):
        read_picture(path)


def test_corrupt_tiff_is_refused(tmp_path):
    whole = bytearray(written(tmp_path / "a.tif", GREY, compression="zlib").read_bytes())
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        place = tif.pages[0].dataoffsets[0]
    whole[place : place + 200] = bytes(200)
    (tmp_path / "a.tif").write_bytes(whole)
    with pytest.raises(BlurMapError, match="damaged"):
        read_picture(tmp_path / "a.tif")


def test_what_is_no_picture_is_refused(tmp_path):
    with pytest.raises(BlurMapError, match="is a folder"):
        read_picture(tmp_path)
    with pytest.raises(BlurMapError, match="cannot be read"):
        read_picture(tmp_path / "nothing.tif")
    (tmp_path / "a.tif").write_text("a text")
    with pytest.raises(BlurMapError, match="no picture that can be read here"):
        read_picture(tmp_path / "a.tif")
    (tmp_path / "empty.tif").write_bytes(b"")
    with pytest.raises(BlurMapError, match=r"is empty \(0 bytes\)"):
        read_picture(tmp_path / "empty.tif")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("um", "micrometer"),
        ("\u00b5m", "micrometer"),
        ("\u03bcm", "micrometer"),
        ("Microns", "micrometer"),
        ("micrometre", "micrometer"),
        ("nm", "nanometer"),
        ("sec", "second"),
        (" mm ", "millimeter"),
        ("", "pixel"),
        ("furlong", None),
    ],
)
def test_names_of_units(text, name):
    assert unit_name(text) == name


def test_units_agree_with_pint():
    pint = pytest.importorskip("pint")
    registry = pint.UnitRegistry()
    for name in ("angstrom", "picometer", "nanometer", "micrometer", "millimeter", "meter", "inch"):
        assert meters(name) == pytest.approx(registry(name).to("meter").magnitude)
        assert unit_name(ome_symbol(name)) == name
        assert unit_name(unit_label(name)) == name
        assert unit_name(name) == name


def test_the_time_of_acquisition(tmp_path):
    path, stack = tmp_path / "a.ome.tif", np.zeros((3, 40, 48), np.uint8)
    start = {"axes": "TYX", "AcquisitionDate": "2026-01-02T03:04:05", "TimeIncrement": 2, "TimeIncrementUnit": "min"}
    source = read_picture(written(path, stack, ome=True, metadata=start)).source
    assert (source["acquired"], source["seconds"]) == ("2026-01-02T03:04:05", [0, 120, 240])
    planes = {"Plane": {"DeltaT": [500, 1500, 90000], "DeltaTUnit": ["ms"] * 3}}
    assert read_picture(written(path, stack, ome=True, metadata=start | planes)).source["seconds"] == [0.5, 1.5, 90]
    plain = written(tmp_path / "a.tif", GREY, datetime="2026:01:02 03:04:05")
    assert read_picture(plain).source["acquired"] == "2026-01-02T03:04:05"
    assert "acquired" not in read_picture(written(tmp_path / "a.tif", GREY, datetime="2026:13:42 03:04:05")).source
    unknown = written(path, stack, ome=True, metadata={"axes": "TYX", "AcquisitionDate": "soon"})
    assert not read_picture(unknown).source.keys() & {"acquired", "seconds"}
