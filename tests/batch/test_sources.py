"""An OME-Zarr plate in the shell: each field a picture with a map of its own."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
from shell import run
from yaozarrs import v05
from yaozarrs.write.v05 import write_plate

from napari_blurmap import BlurMap
from napari_blurmap.batch.sources import find_files
from napari_blurmap.ground.arrays import is_lazy

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
    said = capsys.readouterr().out
    assert all(str(plate.joinpath(*field)) in said for field in FIELDS)


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
