"""What maps say of their making: anything, but what is read again is of its kind."""

from __future__ import annotations

import json

import numpy as np
import pytest

from napari_blurmap import BlurMap, BlurMapError

ONE = np.ones((2, 16, 16), np.float32)
NOISE = {"greys": [0.0, 100.0], "variances": [4.0, 9.0]}
ABOUT = {
    "model": "default",
    "parameters": {"axes": ["c", "y", "x"], "channel_axis": None, "noise": NOISE},
    "sensor": [{"noise": None, "notes": ["Columns differ."]}, {}],
    "smoothed": [{"method": "mean", "strength": 9.0, "guided_by_picture": False}],
    "source": {"path": "a.tif", "channels": [{"name": "DAPI", "emission_nm": 461.0}, {"name": "GFP"}]},
    "mine": [1, {"at": 5}],
}


def of(provenance):
    return BlurMap(ONE, 0.1 * ONE, 0 * ONE, axes="cyx", scale=(1, 1, 1), units=("um",) * 3, provenance=provenance)


def use(m):
    m.summary(2.0)
    m.methods_text()
    m.channels()[1].summary()
    assert len(m.emission_nm) in (0, 2)


def test_what_estimates_write_and_what_users_add_stays():
    m = of(ABOUT)
    assert m.provenance == ABOUT
    use(m)
    assert "2 grey levels" in m.methods_text()


@pytest.mark.parametrize("name", ["at", "parameters", "sensor", "smoothed", "source"])
@pytest.mark.parametrize("value", [None, 5, "x", True, [5], [{}], {}, {"a": "b"}, {"c": "x"}])
def test_entries_of_another_kind_are_refused_at_once(name, value):
    try:
        m = of(ABOUT | {name: value})
    except BlurMapError as error:
        assert f"entry {name!r}" in str(error)  # noqa: PT017
    else:
        use(m)


@pytest.mark.parametrize(
    "noise", [5, [1, 2], {}, {"greys": [1, 1], "variances": [1, 2]}, {"greys": [0, 1], "variances": [-1, 2]}]
)
def test_noise_that_is_none_is_refused(noise):
    with pytest.raises(BlurMapError, match="entry 'parameters'"):
        of(ABOUT | {"parameters": {"noise": noise}})


def test_a_file_with_such_an_entry_says_which(tmp_path):
    path = of(ABOUT).save(tmp_path / "a.sigma.ome.tif")
    sidecar = tmp_path / "a.blurmap.json"
    described = json.loads(sidecar.read_text())
    described["provenance"]["sensor"] = 5
    sidecar.write_text(json.dumps(described))
    with pytest.raises(BlurMapError, match=r"a.sigma.ome.tif cannot be used: .*'sensor' is 5"):
        BlurMap.load(path)
