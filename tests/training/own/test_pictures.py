"""The user's own pictures, read and looked through."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
import tifffile
from own_pictures import leaves, pieces_of
from PIL import Image

import napari_blurmap as nb
from napari_blurmap.training.own import pictures, pieces


def test_every_picture_that_cannot_be_used_is_named_with_the_reason(tmp_path):
    Image.fromarray(leaves(1)).save(tmp_path / "good.png")
    Image.fromarray(np.dstack([leaves(2)] * 3)).save(tmp_path / "colour.png")
    Image.fromarray(leaves(3, (40, 200))).save(tmp_path / "small.png")
    Image.fromarray(np.full((96, 96), 7, np.uint8)).save(tmp_path / "flat.png")
    Image.fromarray(np.full((96, 96), 255, np.uint8)).save(tmp_path / "white.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "good.png").read_bytes()[:300])
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden").write_text("")
    (tmp_path / "folder").mkdir()
    found = {f.name: f.problem for f in nb.inspect_images(tmp_path)}
    assert found.pop("good.png") == found.pop("colour.png") == ""
    expected = {
        "small": "at least 64",
        "flat": "flat",
        "white": "saturated",
        "broken": "damaged",
        "notes": "no picture",
    }
    assert {name.partition(".")[0] for name in found} == set(expected)
    for name, problem in found.items():
        assert expected[name.partition(".")[0]] in problem


def test_types_sizes_and_stacks_are_all_read():
    pictures = [leaves(i, (96 + 16 * i, 100)) for i in range(4)]
    mixed = [pictures[0] / 255, pictures[1].astype(np.uint16) * 200, np.stack([pictures[2]] * 2), pictures[3]]
    assert [f.problem for f in nb.inspect_images(mixed)] == [""] * 4
    assert len(pieces_of(mixed[2])) == 2


def test_colour_of_any_plain_array_is_colour():
    colour = np.stack([leaves(1)] * 3, axis=-1)
    for array in (colour, da.from_array(colour, chunks=40), np.stack([colour, colour])):
        assert [f.problem for f in nb.inspect_images([array])] == [""]


def test_a_large_picture_is_taken_in_part(monkeypatch):
    monkeypatch.setattr(pictures, "MOST_PIXELS", 5 * 128 * 128)
    monkeypatch.setattr(pieces, "LARGEST", 128)
    assert 1 <= sum(p.usable.size for p in pieces_of(leaves(1, (512, 512)))) / 128**2 <= 5
    monkeypatch.setattr(pictures, "MOST_PICTURES", 2)
    found = nb.inspect_images([leaves(i) for i in range(4)])
    assert sum("taken at random" in f.problem for f in found) == 2


def test_files_beside_the_pictures_take_no_place(tmp_path, monkeypatch):
    for i in range(4):
        tifffile.imwrite(tmp_path / f"{i}.tif", leaves(i))
        (tmp_path / f"{i}.json").write_text("{}")
    monkeypatch.setattr(pictures, "MOST_PICTURES", 4)
    looked = []
    monkeypatch.setattr(pictures, "own_blur", lambda *_: looked.append(1))
    found = nb.inspect_images(tmp_path)
    assert [bool(f.problem) for f in found] == [True, False] * 4  # each .json comes first
    assert all("no picture" in f.problem for f in found[::2])
    assert len(looked) == 4


@pytest.mark.parametrize("given", [{"device": "gpu"}, {"seed": -1}, {"seed": 0.5}])
def test_settings_are_not_taken_for_faults_of_the_pictures(given):
    [name] = given
    for call in (nb.inspect_images, nb.train_model):
        with pytest.raises(nb.BlurMapError, match=f"^{name} is"):
            call([leaves(1)], **given)


def test_looking_through_can_be_stopped():
    told = []
    with pytest.raises(nb.Cancelled) as stopped:
        nb.inspect_images([leaves(1), leaves(2)], progress=lambda *a: told.append(a), cancel=lambda: True)
    assert len(stopped.value.partial) == 1
    assert told == [(1, 2, "picture 1")]
