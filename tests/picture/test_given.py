"""Pictures as users have them: layers, arrays of every kind, files."""

from __future__ import annotations

from types import SimpleNamespace

import dask.array as da
import numpy as np
import pytest
import tifffile
import torch
from napari.layers import Image

import napari_blurmap as nb
from napari_blurmap.io.pictures import read_picture, told_in
from napari_blurmap.picture.plane import read_plane
from napari_blurmap.picture.stack import as_stack

PICTURE = np.random.default_rng(0).integers(0, 200, (40, 56)).astype(np.uint8)


def layer_like(data, **known):
    return SimpleNamespace(data=data, **({"scale": (1.0,) * np.ndim(data)} | known))


def test_geometry_of_a_layer():
    affine = np.eye(4)
    affine[1, 3] = 7.0
    layer = SimpleNamespace(
        data=np.zeros((3, 40, 50)),
        scale=np.array([2.0, 0.3, 0.4]),
        units=("second", "um", "um"),
        axis_labels=("t", "y", "x"),
        translate=np.array([0.0, 5.0, 6.0]),
        affine=SimpleNamespace(affine_matrix=affine),
        rgb=False,
        multiscale=False,
    )
    stack = as_stack(layer)
    assert stack.axes == ("t", "y", "x")
    assert stack.scale == (2.0, 0.3, 0.4)
    assert stack.units == ("second", "micrometer", "micrometer")
    assert stack.translate == (0.0, 5.0, 6.0)
    assert stack.affine == affine.tolist()
    given = as_stack(layer, pixel_size=(100, 120), unit="nm")
    assert given.scale == (2.0, 100.0, 120.0)
    assert given.units == ("second", "nanometer", "nanometer")


def test_multiscale_and_rgb_layers():
    pyramid = [np.zeros((64, 64, 3), np.uint8), np.zeros((32, 32, 3), np.uint8)]
    layer = SimpleNamespace(data=pyramid, scale=[0.5, 0.5], units=("pixel", "pixel"), rgb=True, multiscale=True)
    stack = as_stack(layer)
    assert stack.shape == (64, 64)
    assert stack.colour == 2


def test_a_flipped_layer():
    layer = layer_like(PICTURE, scale=(-0.5, 0.25), translate=(7.0, 3.0), units=("um", "um"))
    stack = as_stack(layer)
    assert stack.scale == (0.5, 0.25)
    row, column = 3, 5
    inside = [7.0 + 0.5 * row, 3.0 + 0.25 * column, 1]
    np.testing.assert_allclose(np.array(stack.affine) @ inside, [7.0 - 0.5 * row, 3.0 + 0.25 * column, 1])


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_colour_axis_of_a_layer_takes_its_size_away(axis):
    shape, scale = [40, 56], [2.0, 4.0]
    for values, colour in ((shape, 3), (scale, 9.0)):
        values.insert(axis, colour)
    labels = ["y", "x"]
    labels.insert(axis, "c")
    stack = as_stack(layer_like(np.zeros(shape), scale=scale, axis_labels=labels, translate=scale), channel_axis=axis)
    assert (stack.axes, stack.scale, stack.translate) == (("y", "x"), (2.0, 4.0), (2.0, 4.0))
    assert np.shape(stack.affine) == (3, 3)


@pytest.mark.parametrize(
    ("known", "word"),
    [
        ({"scale": (1.0, 0.0)}, "other than 0"),
        ({"scale": (1.0, np.nan)}, "other than 0"),
        ({"scale": (1.0,)}, "each of its 2 axes"),
        ({"units": ("um", "nm")}, "y in micrometer and x in nanometer"),
        ({"rgb": True, "data": np.zeros((40, 56, 3))}, "colour axis of this picture is 2"),
    ],
)
def test_layers_that_contradict_themselves(known, word):
    with pytest.raises(nb.BlurMapError, match=word):
        as_stack(layer_like(known.pop("data", PICTURE), **known), channel_axis=0 if "rgb" in known else None)


def test_a_typed_pixel_size_helps_where_units_differ():
    stack = as_stack(layer_like(PICTURE, units=("um", "nm")), pixel_size=0.2)
    assert stack.units == ("micrometer", "micrometer")


def test_arrays_that_users_have():
    lists = PICTURE.tolist()
    tensor = torch.from_numpy(PICTURE.astype(np.float32)).requires_grad_()
    pyramid = [PICTURE, PICTURE[::2, ::2]]
    levels = Image(pyramid, multiscale=True).data
    for image in (lists, tensor, pyramid, tuple(pyramid), levels, SimpleNamespace(data=levels, scale=(1, 1))):
        np.testing.assert_allclose(
            read_plane(as_stack(image).plane(())).picture, read_plane(PICTURE).picture, atol=1e-5
        )
    assert as_stack([PICTURE, PICTURE]).shape == (2, *PICTURE.shape)


def test_a_path_is_read(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, PICTURE, resolution=(1e5, 1e5), resolutionunit="CENTIMETER")
    for image in (path, str(path)):
        stack = as_stack(image)
        np.testing.assert_array_equal(stack.plane(()), PICTURE)
        assert stack.units == ("micrometer", "micrometer")
        assert stack.source == {"path": str(path)}


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ([[1, 2], [3]], "cannot be read as an array of numbers"),
        ([PICTURE, PICTURE[:, :40], PICTURE], "planes of different sizes"),
        (torch.zeros(40, 40, dtype=torch.bfloat16), "cannot be read as an array of numbers"),
        ("missing.tif", "missing.tif"),
        (b"bytes", "real numbers"),
        (da.from_array(PICTURE)[da.from_array(PICTURE[:, 0] > 9)], "compute_chunk_sizes"),
        (object(), "real numbers"),
        (layer_like(PICTURE, scale=("a", "b")), "The layer's scale"),
        (layer_like(PICTURE, scale=None), "The layer's scale"),
        (layer_like(PICTURE, scale=[[1, 1], [1]]), "The layer's scale"),
        (layer_like(PICTURE, translate=(0, np.inf)), "The layer's translate"),
        (layer_like(PICTURE, translate=5), "The layer's translate"),
        (layer_like(PICTURE, rotate="left"), "rotate, shear or affine"),
        (layer_like(PICTURE, affine=np.eye(2)), "rotate, shear or affine"),
        (layer_like(PICTURE, affine=np.full((3, 3), np.nan)), "rotate, shear or affine"),
        (layer_like(PICTURE, shear=np.ones(7)), "rotate, shear or affine"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(image, words):
    with pytest.raises(nb.BlurMapError, match=words):
        as_stack(image)


@pytest.mark.parametrize("known", [{"units": 5}, {"units": np.zeros(2)}, {"axis_labels": 3.0}, {"rgb": np.ones(2)}])
def test_what_a_layer_says_oddly_is_left_out(known):
    stack = as_stack(layer_like(PICTURE, **known))
    assert (stack.axes, stack.units, stack.colour) == (("y", "x"), ("pixel", "pixel"), None)


def test_the_light_of_each_channel(tmp_path):
    names = {"Name": ["DAPI", "GFP"], "EmissionWavelength": [0.45, 0.52], "EmissionWavelengthUnit": ["µm", "µm"]}
    data, path = np.zeros((2, 64, 64), np.uint8), tmp_path / "a.ome.tif"
    tifffile.imwrite(path, data, metadata={"axes": "CYX", "Channel": names})
    channels = [{"name": "DAPI", "emission_nm": 450.0}, {"name": "GFP", "emission_nm": 520.0}]
    assert read_picture(path).source["channels"] == told_in(path)["channels"] == channels
    assert as_stack(path).source["channels"] == channels
    assert "channels" not in as_stack(path, axes="TYX").source
    source = SimpleNamespace(path=path)
    one = SimpleNamespace(data=data[0], scale=(1, 1), source=source, name="a :: GFP")
    assert as_stack(one).source["channels"] == channels[1:]
    one.name = "a"
    assert "channels" not in as_stack(one).source
    assert told_in(tmp_path / "nowhere.tif") == {}
    tifffile.imwrite(path, data, photometric="minisblack")
    assert "channels" not in told_in(path)


def test_a_layer_without_names_has_the_axes_of_its_file(tmp_path):
    data, path = np.zeros((4, 2, 64, 48), np.uint8), tmp_path / "a.tif"
    tifffile.imwrite(path, data, imagej=True, metadata={"axes": "ZCYX", "unit": "um"}, resolution=(10, 10))
    layer = SimpleNamespace(data=data, scale=(1,) * 4, source=SimpleNamespace(path=str(path)), axis_labels=("-4",) * 4)
    assert as_stack(layer).axes == ("z", "c", "y", "x")
    assert told_in(path)["pixel"] == (0.1, 0.1, "micrometer")
    layer.axis_labels = ("t", "z", "y", "x")
    assert as_stack(layer).axes == ("t", "z", "y", "x")
    layer.data, layer.scale, layer.axis_labels = data[0], (1,) * 3, ()
    assert as_stack(layer).axes == ("z", "y", "x")
    tifffile.imwrite(path, data, photometric="minisblack")  # which does not name them
    layer.data, layer.scale = data, (1,) * 4
    assert as_stack(layer).axes == ("c", "z", "y", "x")


@pytest.mark.parametrize("other", [(40, 64), (60, 50), (64, 32)])
def test_planes_of_several_sizes_are_no_pyramid(other):
    with pytest.raises(nb.BlurMapError, match=f"different sizes .64 x 64 and {other[0]} x {other[1]} pixels"):
        as_stack([np.zeros((64, 64)), np.zeros(other)])
