"""Files that are broken on purpose end in words, at once: no hang, no gigabytes, no other program, no other folder."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import time

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_blurmap.errors import BlurMapError
from napari_blurmap.io import guard
from napari_blurmap.io.pictures import is_picture, read_picture
from napari_blurmap.result.blurmap import BlurMap

GREY = np.random.default_rng(0).integers(0, 256, (64, 80), dtype=np.uint8)


with_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes of a name")


def refused(path, words):
    """Refuse to read it, in words, before anything of its size is done."""
    started = time.process_time()
    with pytest.raises(BlurMapError, match=words):
        read_picture(path)
    assert time.process_time() - started < 5


def with_circle(path):
    """Let the last page of a TIFF point back to the first."""
    with tifffile.TiffFile(path) as tif:
        place, first = tif.pages.next_page_offset, tif.pages.first.offset
    data = bytearray(path.read_bytes())
    data[place : place + 4] = struct.pack("<I", first)
    path.write_bytes(data)
    return path


def with_tag(path, code, value):
    """Change a number in the first page of a TIFF."""
    with tifffile.TiffFile(path, mode="r+") as tif:
        tif.pages.first.tags[code].overwrite(value)
    return path


@pytest.mark.parametrize("options", [{}, {"ome": True}, {"imagej": True}], ids=["plain", "ome", "imagej"])
def test_pages_in_a_circle(tmp_path, options):
    tifffile.imwrite(tmp_path / "a.tif", np.stack([GREY] * 3), photometric="minisblack", contiguous=False, **options)
    refused(with_circle(tmp_path / "a.tif"), "circle")


def test_pages_of_a_second_file_in_a_circle(tmp_path):
    for name in "ab":
        tifffile.imwrite(tmp_path / f"{name}.ome.tif", np.stack([GREY] * 2), photometric="minisblack", metadata=None)
    with_circle(tmp_path / "b.ome.tif")
    tifffile.tiffcomment(tmp_path / "a.ome.tif", ome(named("b.ome.tif")))
    refused(tmp_path / "a.ome.tif", "circle")


def ome(data, sizes='SizeX="80" SizeY="64" SizeZ="2" SizeC="1" SizeT="1"'):
    pixels = f'<Pixels ID="P" DimensionOrder="XYCZT" Type="uint8" {sizes}><TiffData IFD="0"/>{data}</Pixels>'
    schema = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
    return f'<?xml version="1.0"?><OME xmlns="{schema}"><Image ID="I">{pixels}</Image></OME>'


def named(name):
    return f'<TiffData IFD="0" FirstZ="1"><UUID FileName="{name}">u</UUID></TiffData>'


@pytest.mark.parametrize("name", ["../secret/b.ome.tif", "/etc/passwd", r"..\secret\b.ome.tif", r"C:\b.ome.tif"])
def test_ome_that_names_files_elsewhere(tmp_path, name):
    (tmp_path / "secret").mkdir()
    (tmp_path / "mine").mkdir()
    path = tmp_path / "mine" / "a.ome.tif"
    tifffile.imwrite(path, GREY, metadata=None)
    tifffile.imwrite(tmp_path / "secret" / "b.ome.tif", GREY, metadata=None)
    tifffile.tiffcomment(path, ome(named(name)))
    refused(path, "outside its folder")


@pytest.mark.parametrize(
    "xml",
    [
        ome("", 'SizeX="80" SizeY="64" SizeZ="99999" SizeC="99999" SizeT="1"'),
        ome('<TiffData IFD="0" PlaneCount="2000000000"/>'),
    ],
)
def test_ome_that_announces_more_planes_than_there_can_be(tmp_path, xml):
    tifffile.imwrite(tmp_path / "a.ome.tif", GREY, metadata=None)
    tifffile.tiffcomment(tmp_path / "a.ome.tif", xml)
    refused(tmp_path / "a.ome.tif", "announces .* planes")


@with_pipes
def test_a_file_of_other_images_that_is_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "b.ome.tif")
    tifffile.imwrite(tmp_path / "a.ome.tif", GREY, metadata=None)
    tifffile.tiffcomment(tmp_path / "a.ome.tif", ome(named("b.ome.tif")))
    refused(tmp_path / "a.ome.tif", "is a pipe")


def test_a_sparse_tiff(tmp_path):
    path, edge = tmp_path / "a.tif", 30000
    tiles = iter([b""] * 30**2)
    tifffile.imwrite(path, tiles, shape=(edge, edge), dtype=np.uint8, tile=(1024, 1024), photometric="minisblack")
    assert path.stat().st_size < 20_000
    refused(path, r"announces 900 MB of pixels, which cannot be in its .* kB")


@pytest.mark.parametrize(("code", "value"), [(257, 2**31), (322, 2**30)], ids=["height", "tile"])
def test_a_tiff_that_announces_more_than_it_holds(tmp_path, code, value):
    tifffile.imwrite(tmp_path / "a.tif", GREY, tile=(64, 80), compression="zlib")
    refused(with_tag(tmp_path / "a.tif", code, value), "announces|expected|cannot be read")


def test_a_gif_of_many_large_frames(tmp_path):
    size = struct.pack("<HH", 4000, 4000)
    frame = b"\x2c\0\0\0\0" + size + b"\0\x02\x02\x4c\x01\0"
    (tmp_path / "a.gif").write_bytes(b"GIF89a" + size + b"\x80\0\0\0\0\0\xff\xff\xff" + 2000 * frame + b"\x3b")
    refused(tmp_path / "a.gif", "announces 32 GB")


def test_a_jpeg_that_announces_more_than_it_holds(tmp_path):
    stream = io.BytesIO()
    Image.fromarray(np.dstack([GREY] * 3)).save(stream, "JPEG")
    data = bytearray(stream.getvalue())
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = struct.pack(">HH", 13000, 13000)
    (tmp_path / "a.jpg").write_bytes(data)
    refused(tmp_path / "a.jpg", "announces 507 MB")


def test_a_picture_larger_than_memory(tmp_path, monkeypatch):
    Image.fromarray(GREY).save(tmp_path / "a.png")
    tifffile.imwrite(tmp_path / "a.tif", GREY)
    monkeypatch.setattr(guard, "memory", lambda: 1000.0)
    for name in ("a.png", "a.tif"):
        refused(tmp_path / name, r"does not fit into the memory of this computer \(its pixels take 5.12 kB of 1 kB\)")


def test_memory_that_runs_out_is_said_in_words(tmp_path, monkeypatch):
    Image.fromarray(GREY).save(tmp_path / "a.png")
    tifffile.imwrite(tmp_path / "a.tif", GREY)

    def full(*_, **__):
        raise MemoryError

    monkeypatch.setattr(tifffile.TiffPageSeries, "asarray", full)
    monkeypatch.setattr(Image.Image, "__array_interface__", property(full))
    for name in ("a.png", "a.tif"):
        refused(tmp_path / name, "does not fit into the memory")


@with_pipes
@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.sigma.ome.tif", "a.blurmap.json"])
def test_a_pipe(tmp_path, name):
    os.mkfifo(tmp_path / name)
    refused(tmp_path / name, "is a pipe")
    assert not is_picture(tmp_path / name)
    with pytest.raises(BlurMapError, match="is a pipe"):
        BlurMap.load(tmp_path / name)


def test_postscript_starts_no_program(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **_: started.append(a))
    monkeypatch.setattr("PIL.EpsImagePlugin.gs_binary", "gs")
    (tmp_path / "a.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\nshowpage\n")
    refused(tmp_path / "a.png", "no picture that can be read here")
    assert not is_picture(tmp_path / "a.png")
    assert started == []


@pytest.mark.parametrize("name", ["a" * 300 + ".tif", "a\0.tif"])
def test_names_that_cannot_be(tmp_path, name):
    refused(tmp_path / name, "expected the path of a file")
    with pytest.raises(BlurMapError, match=r"does not exist|expected the path of a file"):
        BlurMap.load(tmp_path / name)
