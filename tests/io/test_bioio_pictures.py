"""Microscopes' own formats through bioio: what to install is said, and what it gives is taken over."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import dask.array as da
import numpy as np
import pytest

from napari_blurmap.errors import BlurMapError
from napari_blurmap.io import bioio_pictures
from napari_blurmap.io.pictures import is_picture, list_images, read_picture

VALUES = np.arange(3 * 40 * 50 * 2).reshape(40, 50, 3, 2)


def fake(path):
    """As the real one: axes in the plug-in's own order, sizes in micrometres, None where they are not known."""
    if path.read_bytes() == b"bad":
        raise OSError("bad")
    data = SimpleNamespace(dims=("Y", "X", "S", "Z"), data=da.from_array(VALUES))
    sizes = SimpleNamespace(Z=None, Y=0.2, X=0.1)
    light = '<Channel Name="GFP" EmissionWavelength="520"/>'
    xml = f"<OME><Image><Pixels/></Image><Image><Pixels>{light}</Pixels></Image></OME>"
    reader = SimpleNamespace(
        xarray_dask_data=data,
        scenes=("A1", "A2"),
        physical_pixel_sizes=sizes,
        ome_metadata=SimpleNamespace(to_xml=lambda: xml),
        current_scene_index=0,
    )
    reader.set_scene = lambda number: setattr(reader, "current_scene_index", number)
    return SimpleNamespace(reader=reader)


@pytest.fixture
def czi(tmp_path):
    (tmp_path / "a.czi").write_bytes(b"ZISRAWFILE")
    return tmp_path / "a.czi"


@pytest.fixture
def install(monkeypatch):
    """What to call with the packages that are there."""

    def only(*names):
        monkeypatch.setattr(bioio_pictures, "find_spec", lambda name: name if name in names else None)
        monkeypatch.setitem(sys.modules, "bioio", SimpleNamespace(BioImage=fake))

    return only


def test_what_to_install_is_said_in_one_line(czi, install):
    assert is_picture(czi)
    install()
    with pytest.raises(BlurMapError, match=r"pip install 'napari-blurmap\[formats\]' bioio-czi") as raised:
        read_picture(czi)
    assert "\n" not in str(raised.value)
    install("bioio")
    with pytest.raises(BlurMapError, match="pip install bioio-czi"):
        read_picture(czi)


def test_what_bioio_gives(czi, install):
    install("bioio", "bioio_czi")
    picture = read_picture(czi)
    assert hasattr(picture.array, "dask")
    assert (picture.axes, picture.channel_axis) == (("z", "y", "x", "s"), 3)
    assert picture.scale == (1, 0.2, 0.1, 1)
    assert picture.units == ("pixel", "micrometer", "micrometer", "pixel")
    assert picture.source == {"path": str(czi.resolve()), "image": "first of 2"}
    np.testing.assert_array_equal(picture.array, VALUES.transpose(3, 0, 1, 2))


def test_what_bioio_cannot_read(czi, install):
    install("bioio", "bioio_czi")
    czi.write_bytes(b"bad")
    with pytest.raises(BlurMapError, match=r"a\.czi cannot be read by bioio-czi \(bad\)"):
        read_picture(czi)


def test_each_scene_is_a_picture(czi, install):
    assert list_images(czi) == [czi]  # what is missing is said when it is read
    install("bioio", "bioio_czi")
    scenes = [czi / "1", czi / "2"]
    assert list_images(czi) == scenes
    about = {"image": "2 of 2, A2", "channels": [{"name": "GFP", "emission_nm": 520.0}]}
    assert read_picture(scenes[1]).source == {"path": str(scenes[1].resolve())} | about
    with pytest.raises(BlurMapError, match="holds 2 scenes; there is no number 3"):
        read_picture(czi / "3")
