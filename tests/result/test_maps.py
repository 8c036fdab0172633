"""Parts of a map: one plane, one channel."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest

from napari_blurmap.errors import BlurMapError
from napari_blurmap.result.blurmap import BlurMap

AXES, SHAPE = ("c", "z", "y", "x"), (2, 3, 40, 50)
PLACES = np.arange(6.0).reshape(2, 3, 1, 1)


def stack(as_array=np.asarray, **changes):
    """Sigma of 1 to 6 px, a plane each."""
    sigma = np.broadcast_to(1 + PLACES, SHAPE).astype(np.float32)
    status = np.broadcast_to(PLACES, SHAPE).astype(np.uint8)
    fields = {"scale": (1, 2, 0.5, 0.5), "units": ("pixel", "um", "um", "um"), "provenance": {"model": "m"}}
    return BlurMap(as_array(sigma), as_array(0.1 * sigma), as_array(status), axes=AXES, **(fields | changes))


@pytest.mark.parametrize("as_array", [np.asarray, da.from_array])
def test_a_plane_holds_its_own_numbers(as_array):
    m = stack(as_array, translate=(0, 1, 2, 3), affine=np.diag([1.0, 2.0, 3.0, 4.0, 1.0]))
    cut = m.plane((1, 0))
    assert (cut.axes, cut.scale, cut.translate, cut.unit) == (("y", "x"), (0.5, 0.5), (2.0, 3.0), "micrometer")
    assert cut.affine == np.diag([3.0, 4.0, 1.0]).tolist()
    assert np.unique(np.asarray(cut.sigma)) == 4.0
    assert np.unique(np.asarray(cut.status)) == 3
    assert hasattr(cut.sigma, "dask") == hasattr(m.sigma, "dask")
    assert cut.provenance == {"model": "m", "at": {"c": 1, "z": 0}}


def test_its_summary_is_that_of_the_plane_alone():
    m = stack()
    assert m.plane((0, 0)).summary()["median_sigma"] == 1.0
    assert m.plane((0, 1)).summary()["shares"]["empty"] == 1.0


def test_channels_apart():
    channels = stack().channels()
    assert [c.axes for c in channels] == [("z", "y", "x")] * 2
    assert [c.sigma.mean() for c in channels] == [2.0, 5.0]
    alone = channels[0]
    assert alone.channels() == [alone]


def test_probabilities_and_a_layers_smaller_affine_go_along():
    probabilities = np.broadcast_to(PLACES[..., None], (2, 3, 4, 10, 13))
    m = stack(probabilities=probabilities, sigma_grid=[0, 1, 2, 3], affine=np.diag([3.0, 4.0, 1.0]))
    cut = m.at(z=2).at(c=0)
    assert cut.probabilities.shape == (4, 10, 13)
    assert np.unique(cut.probabilities) == 2.0
    assert cut.affine == np.diag([3.0, 4.0, 1.0]).tolist()
    assert cut.provenance["at"] == {"z": 2, "c": 0}


@pytest.mark.parametrize("index", [{"z": 3}, {"z": -1}, {"t": 0}, {"y": 0}, {"z": 1.0}, {"z": "1"}])
def test_a_place_that_is_not_there(index):
    with pytest.raises(BlurMapError, match=r"expected a whole number|c \(0 to 1\), z \(0 to 2\)"):
        stack().at(**index)


def test_a_plane_needs_every_leading_axis():
    with pytest.raises(BlurMapError, match="'c', 'z'"):
        stack().plane((0,))
