"""OME-Zarr as input, written by yaozarrs (0.5) and zarr (0.4, validated by yaozarrs): axes, sizes, plates, damage."""

from __future__ import annotations

import json
import os
import shutil

import numpy as np
import pytest
import yaozarrs
import zarr
from yaozarrs import v05
from yaozarrs.write.v05 import write_bioformats2raw, write_image, write_plate

import napari_blurmap as nb
from napari_blurmap.errors import BlurMapError
from napari_blurmap.io.fingerprint import fingerprint
from napari_blurmap.io.folders import pictures_in
from napari_blurmap.io.pictures import is_picture, list_images, read_picture
from napari_blurmap.picture.stack import as_stack

STACK = np.random.default_rng(0).integers(1, 60000, (2, 3, 48, 64), dtype=np.uint16)


def described(unit="micrometer", scale=(1, 0.5, 0.1, 0.1)):
    def level(number):
        steps = [*scale[:2], *(step * 2**number for step in scale[2:])]
        return v05.Dataset(path=str(number), coordinateTransformations=[v05.ScaleTransformation(scale=steps)])

    space = [v05.SpaceAxis(name=name, **({"unit": unit} if unit else {})) for name in "zyx"]
    axes = [v05.ChannelAxis(name="c"), *space]
    return v05.Image(multiscales=[v05.Multiscale(axes=axes, datasets=[level(0), level(1)])])


def written(path, array=STACK, **options):
    chunks = options.pop("chunks", (1, 1, 32, 32))
    return write_image(path, described(**options), [array, array[..., ::2, ::2]], writer="zarr", chunks=chunks)


def written_04(path, axes, array=STACK[0], **more):
    group = zarr.open_group(str(path), mode="w", zarr_format=2)
    group.create_array("full", data=array, chunks=(1, 32, 32), chunk_key_encoding={"name": "v2", "separator": "/"})
    transform = {"type": "scale", "scale": [30.0, 2.0, 2.0]}
    dataset = {"path": "full", "coordinateTransformations": [transform]}
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": [dataset]} | more]
    return path


def test_largest_level_axes_and_sizes_of_05(tmp_path):
    picture = read_picture(written(tmp_path / "a.ome.zarr"))
    assert hasattr(picture.array, "dask")
    assert picture.axes == ("c", "z", "y", "x")
    assert picture.scale == (1, 0.5, 0.1, 0.1)
    assert picture.units == ("pixel", *["micrometer"] * 3)
    assert (picture.channel_axis, picture.note) == (None, None)
    assert picture.source == {"path": str((tmp_path / "a.ome.zarr").resolve())}
    assert picture.array.chunksize == (1, 1, 32, 32)
    np.testing.assert_array_equal(picture.array, STACK)


def test_sizes_of_04_are_those_of_the_level_times_those_of_the_whole(tmp_path):
    space = [{"name": name, "type": "space", "unit": "nanometer"} for name in "yx"]
    axes = [{"name": "t", "type": "time", "unit": "second"}, *space]
    whole = [{"type": "scale", "scale": [0.1, 50.0, 50.0]}]
    path = written_04(tmp_path / "a.zarr", axes, coordinateTransformations=whole)
    yaozarrs.validate_zarr_store(str(path))
    picture = read_picture(path)
    assert (picture.axes, picture.scale) == (("t", "y", "x"), (3, 100, 100))
    assert picture.units == ("second", "nanometer", "nanometer")
    np.testing.assert_array_equal(picture.array, STACK[0])


def test_metadata_that_is_not_by_the_standard_but_clear(tmp_path):
    # names alone (0.3), x before y, colours without all that the standard asks of them
    path = written_04(tmp_path / "a.zarr", ["T", "X", "Y"])
    zarr.open_group(str(path)).attrs["omero"] = {"channels": [{"label": "DAPI"}]}
    picture = read_picture(path)
    assert picture.axes == ("t", "y", "x")
    np.testing.assert_array_equal(picture.array, STACK[0].transpose(0, 2, 1))
    assert picture.units == ("pixel",) * 3
    assert "channels" not in picture.source
    # as OMERO writes it
    zarr.open_group(str(path)).attrs["omero"] = {"channels": [{"label": "DAPI", "emissionWave": 450}]}
    assert read_picture(path).source["channels"] == [{"name": "DAPI", "emission_nm": 450.0}]
    assert "2 without a unit (y)" in picture.note


def test_a_plate_is_its_fields_well_by_well(tmp_path):
    fields = [("A", "1", "0"), ("A", "1", "1"), ("B", "2", "0")]
    images = {field: (described(), [STACK + n, STACK[..., ::2, ::2]]) for n, field in enumerate(fields)}
    plate = write_plate(tmp_path / "plate.ome.zarr", images, writer="zarr")
    assert list_images(plate) == [plate.joinpath(*field) for field in fields]
    assert list_images(plate / "A" / "1") == [plate.joinpath(*field) for field in fields[:2]]
    for n, path in enumerate(list_images(plate)):
        picture = read_picture(path)
        np.testing.assert_array_equal(picture.array, STACK + n)
        assert picture.source == {"path": str(path.resolve())}
    first = read_picture(plate)
    assert first.source["image"] == "first of 3"
    np.testing.assert_array_equal(first.array, STACK)


def test_series_of_bioformats(tmp_path):
    images = {name: (described(), [STACK + n, STACK[..., ::2, ::2]]) for n, name in enumerate("01")}
    path = write_bioformats2raw(tmp_path / "a.zarr", images, writer="zarr")
    assert list_images(path) == [path / "0", path / "1"]
    light = "".join(f'<Image><Pixels><Channel EmissionWavelength="{nm}"/></Pixels></Image>' for nm in (450, 520))
    (path / "OME" / "METADATA.ome.xml").write_text(f"<OME>{light}</OME>")
    assert read_picture(path / "1").source["channels"] == [{"name": "", "emission_nm": 520.0}]
    # As older converters leave it, without a list.
    shutil.rmtree(path / "OME")
    assert list_images(path) == [path / "0", path / "1"]


def test_in_a_folder_of_pictures(tmp_path):
    path = written(tmp_path / "a.ome.zarr")
    (tmp_path / "other").mkdir()
    assert pictures_in(tmp_path) == [path]
    assert is_picture(path)
    assert not is_picture(tmp_path / "other")


def test_estimate_is_that_of_the_array(tmp_path, tiny_model):
    path = written(tmp_path / "a.ome.zarr", STACK[:1, :1])
    found = nb.estimate_blur(path, model=tiny_model)
    known = nb.estimate_blur(STACK[:1, :1], axes="czyx", model=tiny_model)
    np.testing.assert_allclose(found.sigma, known.sigma, atol=1e-3)
    assert (found.axes, found.scale) == (("c", "z", "y", "x"), (1, 0.5, 0.1, 0.1))


def test_chunks_that_are_missing_are_said(tmp_path):
    path = written(tmp_path / "a.ome.zarr")
    os.remove(path / "0" / "c" / "0" / "0" / "0" / "0")
    picture = read_picture(path)
    assert "1 of 24 chunks are not in the folder and read as 0" in picture.note
    assert not np.asarray(picture.array[0, 0, :32, :32]).any()


def test_a_level_that_vanishes_is_an_error_and_not_black(tmp_path):
    path = written(tmp_path / "a.ome.zarr")
    stack = as_stack(read_picture(path))
    shutil.rmtree(path / "0")
    with pytest.raises(BlurMapError, match="was moved, deleted or replaced"):
        stack.plane((0, 0)).compute()


def test_a_chunk_that_is_damaged_is_an_error(tmp_path):
    path = written(tmp_path / "a.ome.zarr")
    (path / "0" / "c" / "0" / "0" / "0" / "0").write_bytes(b"damaged")
    with pytest.raises(BlurMapError, match="a piece of it cannot be read"):
        read_picture(path).array.compute()


def test_a_blur_map_is_no_picture(tmp_path, tiny_model):
    target = tmp_path / "a.sigma.ome.zarr"
    nb.estimate_blur(STACK[0, 0], model=tiny_model).save(target)
    with pytest.raises(BlurMapError, match="is a blur map and no picture"):
        read_picture(target)


@pytest.mark.parametrize(
    ("attributes", "match"),
    [
        ({}, "without the description of a picture"),
        ({"ome": {"multiscales": []}}, "damaged or incomplete"),
        ({"ome": {"multiscales": [{"datasets": [{"path": "nowhere"}]}]}}, "damaged or incomplete"),
        ({"ome": {"multiscales": [{"datasets": [{"path": "0"}]}]}}, "axes t, c, z, y, x for an array of shape"),
        ({"ome": {"multiscales": [{"datasets": [{"path": "../0"}]}]}}, "files outside its folder"),
        ({"ome": {"plate": {"wells": [{"path": "/etc"}]}}}, "files outside its folder"),
        ({"ome": {"plate": {"wells": [{"path": "."}]}}}, "damaged or incomplete"),
        ({"ome": {"plate": {"wells": []}}}, "without the description of a picture"),
    ],
)
def test_senseless_metadata(tmp_path, attributes, match):
    path = written(tmp_path / "a.ome.zarr")
    known = json.loads((path / "zarr.json").read_text())
    (path / "zarr.json").write_text(json.dumps(known | {"attributes": attributes}))
    with pytest.raises(BlurMapError, match=match):
        read_picture(path)


def test_more_pixels_a_chunk_than_there_is_memory(tmp_path):
    path = written(tmp_path / "a.ome.zarr")
    known = json.loads((path / "0" / "zarr.json").read_text())
    known["shape"] = known["chunk_grid"]["configuration"]["chunk_shape"] = [2, 3, 10**9, 10**9]
    (path / "0" / "zarr.json").write_text(json.dumps(known))
    with pytest.raises(BlurMapError, match="does not fit into the memory"):
        read_picture(path)


def test_known_again_by_what_changes_with_its_chunks(tmp_path):
    path = written(tmp_path / "a.ome.zarr")
    source = {"path": str(path)}
    before = fingerprint(source)
    assert before == fingerprint(source)
    (path / "0" / "c" / "0" / "0" / "0" / "0").write_bytes(b"other pixels")
    assert fingerprint(source) != before
