"""Which pictures, and which regions of them, a training takes from what a user gives."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from own_pictures import leaves, pieces_of

import napari_blurmap as nb
from napari_blurmap.training.own.sources import list_sources


def test_maps_in_the_folder_are_no_pictures(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", leaves(1))
    nb.estimate_blur(leaves(1)).save(tmp_path / "a.sigma.ome.tif")
    assert [f.name for f in nb.inspect_images(tmp_path)] == ["a.tif"]


def test_masks():
    picture, mask = leaves(1), np.zeros((96, 96), int)
    mask[:, :48] = 3
    for given in ([(picture, mask)], [picture]):
        [piece] = pieces_of(*given, masks=None if isinstance(given[0], tuple) else [mask])
        assert piece.usable[:, :48].all()
        assert not piece.usable[:, 48:].any()
    for one in (mask, [mask]):  # of a single picture
        assert "textured" in vars(nb.inspect_images(picture, masks=one)[0])
        assert not nb.inspect_images(picture, masks=one)[0].problem
    assert "region is empty" in nb.inspect_images([picture], masks=[0 * mask])[0].problem
    assert "mask has the shape" in nb.inspect_images([picture], masks=[mask[1:]])[0].problem
    with pytest.raises(nb.BlurMapError, match="2 images and 1 masks"):
        nb.inspect_images([picture, picture], masks=[mask])


def test_a_mask_is_laid_out_as_its_picture(tiny_model):
    from napari.layers import Image as Layer
    from napari.layers import Shapes

    sharp = leaves(1, (96, 128))
    mask = np.zeros((2, 96, 128), int)
    mask[:, :, :64] = 1
    stack = Layer(np.stack([sharp, sharp]).transpose(2, 0, 1), axis_labels=("x", "z", "y"))
    [*pieces] = pieces_of(stack, masks=[mask.transpose(2, 0, 1)])
    for piece in pieces:
        np.testing.assert_array_equal(piece.sample.grey, sharp)
        assert piece.usable[:, :64].all()
        assert not piece.usable[:, 64:].any()
    outlines = Shapes([np.zeros((3, 2)), np.zeros((5, 2))], shape_type="polygon")
    [finding] = nb.inspect_images([sharp], masks=[outlines])
    assert "Labels layer" in finding.problem


def test_nothing_to_train_on(tmp_path):
    with pytest.raises(nb.BlurMapError, match="no pictures"):
        nb.train_model([])
    with pytest.raises(nb.BlurMapError, match="no pictures"):
        nb.train_model(tmp_path)
    with pytest.raises(nb.BlurMapError, match=r"missing\.tif cannot be read") as refused:
        nb.train_model([np.zeros((96, 96)), tmp_path / "missing.tif"])
    assert "picture 1 cannot be used: it is flat" in str(refused.value)


def test_a_tuple_of_two_is_a_picture_with_its_mask():
    picture, other = np.random.default_rng(0).random((2, 64, 64))
    mask = picture > 0.5
    labels = SimpleNamespace(data=np.arange(9).reshape(3, 3), scale=(1, 1))
    for second in (mask, mask.astype(np.uint8) * 255, labels):
        (source,) = list_sources((picture, second))
        assert source.image is picture
        assert source.mask is second
    assert [s.mask for s in list_sources(("a.tif", "b.tif"))] == [None, None]
    with pytest.raises(nb.BlurMapError, match=r"as a list, \[a, b\]"):
        list_sources((picture, other))
