"""An OME-Zarr plate in the shell: each field a picture with a map of its own."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import tifffile
from shell import run
from yaozarrs import v05
from yaozarrs.write.v05 import write_plate

import napari_blurmap as nb
from napari_blurmap import BlurMap
from napari_blurmap.batch.sources import find_files, result_names
from napari_blurmap.ground.arrays import is_lazy
from napari_blurmap.io.pictures import read_picture
from napari_blurmap.plugin.batch.job import layers_of

pytestmark = pytest.mark.usefixtures("tiny_default")
FIELDS = [("A", "1", "0"), ("A", "1", "1"), ("B", "2", "0")]


@pytest.fixture
def plate(tmp_path):
    axes = [v05.SpaceAxis(name=name, unit="micrometer") for name in "yx"]
    level = v05.Dataset(path="0", coordinateTransformations=[v05.ScaleTransformation(scale=[0.2, 0.2])])
    image = v05.Image(multiscales=[v05.Multiscale(axes=axes, datasets=[level])])
    pictures = np.random.default_rng(0).integers(0, 255, (3, 48, 64), dtype=np.uint8)
    images = {field: (image, [picture]) for field, picture in zip(FIELDS, pictures, strict=True)}
    return write_plate(tmp_path / "in" / "plate.ome.zarr", images, writer="zarr")


@pytest.mark.parametrize("given", ["plate", "folder", "pattern"])
def test_the_fields_of_a_plate_are_found(plate, given):
    one = {"plate": plate, "folder": plate.parent, "pattern": plate.parent / "*.zarr"}[given]
    assert find_files([one]) == ([plate.joinpath(*field) for field in FIELDS], [])


def test_a_zarr_that_is_damaged_is_said_when_it_is_read(plate):
    (plate / "zarr.json").write_text("{")
    assert find_files([plate]) == ([plate], [])


def test_each_field_has_its_map(plate, tmp_path, capsys):
    out = tmp_path / "maps"
    assert run("estimate", plate, "-o", out) == 0
    maps = sorted(out.rglob("*.sigma.ome.tif"))
    assert len(maps) == 3
    for path in maps:
        found = BlurMap.load(path)
        assert (found.sigma.shape, found.scale) == ((48, 64), (0.2, 0.2))
        assert not is_lazy(found.sigma)
    assert [path.relative_to(out).as_posix() for path in maps] == [f"plate/{'/'.join(f)}.sigma.ome.tif" for f in FIELDS]
    said = capsys.readouterr().out
    assert all(str(plate.joinpath(*field)) in said for field in FIELDS)


def test_a_row_of_a_plate_names_its_well_and_opens_its_field(plate, tmp_path):
    rows = nb.estimate_batch(plate, out=tmp_path / "maps").rows
    assert [row["Metadata_Well"] for row in rows] == ["A01", "A01", "B02"]
    assert {(row["Metadata_Plate"], row["PathName"]) for row in rows} == {("plate", str(plate.parent))}
    assert [row["FileName"] for row in rows] == [f"plate.ome.zarr/{'/'.join(field)}" for field in FIELDS]
    picture, sigma, *_ = layers_of(rows[2])
    np.testing.assert_array_equal(picture.data, read_picture(plate.joinpath(*FIELDS[2])).array)
    assert (picture.name, sigma.name) == ("plate/B/2/0", "plate/B/2/0 sigma (tiny)")


def test_each_image_of_a_file_has_its_map(tmp_path, capsys):
    series, path = np.random.default_rng(0).integers(0, 255, (3, 48, 64), dtype=np.uint8), tmp_path / "a.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as file:
        for n, name in enumerate(("one", "two", "label image")):
            size = {f"PhysicalSize{axis}": 0.1 * (n + 1) for axis in "XY"}
            file.write(series[n], metadata={"Name": name, "axes": "YX"} | size)
    assert run("estimate", path, "-o", tmp_path / "out", "--json") == 0
    first, second = json.loads(capsys.readouterr().out)["results"]
    assert second["image"] == "2 of 3, two"
    assert first["file"] == str(path / "1")
    found = BlurMap.load(tmp_path / "out" / "a" / "2.sigma.ome.tif")
    assert found.scale == pytest.approx((0.2, 0.2))
    assert found.provenance["source"]["path"] == "a.ome.tif/2"
    assert found.provenance["source"]["sha256"] == sha256(path.read_bytes()).hexdigest()
    np.testing.assert_array_equal(read_picture(path / "2").array, series[1])
    assert run("estimate", path / "2", "-o", tmp_path / "out", "--overwrite") == 0
    assert "\n  image 2 of 3, two\n" in capsys.readouterr().out
    assert run("estimate", path / "4", "-o", tmp_path / "out") == 1
    assert "holds 3 images; there is no number 4" in capsys.readouterr().err


def test_one_file_of_a_set_holds_its_own_images(tmp_path):
    # as Bio-Formats writes a file an image, each with the description of all
    for n in range(2):
        tifffile.imwrite(tmp_path / f"{n}.ome.tif", np.full((48, 64), n, np.uint8), ome=False)
    sizes = 'DimensionOrder="XYCZT" Type="uint8" SizeX="64" SizeY="48" SizeC="1" SizeZ="1" SizeT="1"'
    images = "".join(
        f'<Image ID="Image:{n}" Name="{n}"><Pixels ID="Pixels:{n}" {sizes}><TiffData IFD="0" PlaneCount="1">'
        f'<UUID FileName="{n}.ome.tif">urn:uuid:{n}</UUID></TiffData></Pixels></Image>'
        for n in range(2)
    )
    for n in range(2):
        ome = f'<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:{n}">{images}</OME>'
        tifffile.imwrite(tmp_path / f"{n}.ome.tif", np.full((48, 64), n, np.uint8), description=ome, metadata=None)
    files, _ = find_files([tmp_path])
    assert [(file.name, int(read_picture(file).array[0, 0])) for file in files] == [("0.ome.tif", 0), ("1.ome.tif", 1)]


def test_an_image_over_several_files_is_one_picture(tmp_path, monkeypatch):
    # as Micro-Manager splits a stack, each file with the description of all
    planes = "".join(
        f'<TiffData IFD="0" FirstZ="{z}" PlaneCount="1"><UUID FileName="z{z}.ome.tif">urn:uuid:{z}</UUID></TiffData>'
        for z in range(3)
    )
    sizes = 'DimensionOrder="XYZCT" Type="uint8" SizeX="64" SizeY="48" SizeC="1" SizeZ="3" SizeT="1"'
    image = f'<Image ID="Image:0" Name="s"><Pixels ID="Pixels:0" {sizes}>{planes}</Pixels></Image>'
    for z in range(3):
        ome = f'<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:{z}">{image}</OME>'
        plane = np.full((48, 64), z, np.uint8)
        tifffile.imwrite(tmp_path / f"z{z}.ome.tif", plane, description=ome, metadata=None)
    monkeypatch.chdir(tmp_path)
    for given in ([tmp_path], ["z*.ome.tif"], ["z2.ome.tif", "z1.ome.tif"]):
        files, _ = find_files(given)
        assert [file.name for file in files] == ["z0.ome.tif"]
        assert read_picture(files[0]).array[:, 0, 0].tolist() == [0, 1, 2]
    (tmp_path / "z0.ome.tif").unlink()
    files, _ = find_files(["z1.ome.tif"])
    assert files == [Path("z1.ome.tif")]
    with pytest.raises(nb.BlurMapError, match="planes are missing"):
        read_picture(files[0])


def test_names_of_results(tmp_path):
    def names(*files):
        return [name.as_posix() for name in result_names([tmp_path / file for file in files])]

    assert names("a.ome.tif", "b.OME.zarr", "c.tif", "d.e.png") == ["a.ome", "b.OME", "c", "d.e"]
    assert names("x.tif", "x.ome.zarr", "x.ome.tif", "y.tif") == ["x", "x.ome.zarr", "x.ome.tif", "y"]
    assert names("p/x.tif", "p/x.png", "q/x.tif", "q/y.tif") == ["p/x.tif", "p/x.png", "q/x", "q/y"]


def test_how_the_axes_are_read_is_said(tmp_path, capsys):
    stack = np.random.default_rng(0).integers(0, 255, (2, 3, 48, 64), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", stack, imagej=True, metadata={"axes": "TZYX"})
    words = "2 time points x 3 planes, a map a plane; 48 x 64 px"
    assert run("estimate", tmp_path / "a.tif", "-o", tmp_path, "--json") == 0
    assert json.loads(capsys.readouterr().out)["results"][0]["axes"] == words
    assert run("estimate", tmp_path / "a.tif", "-o", tmp_path, "--overwrite") == 0
    assert f"\n  read as {words}\n" in capsys.readouterr().out
    assert run("estimate", tmp_path / "a.tif", "-o", tmp_path, "--overwrite", "--axes", "ZCYX") == 0
    assert "\n  read as 2 planes x 3 channels, a map a plane; 48 x 64 px\n" in capsys.readouterr().out
