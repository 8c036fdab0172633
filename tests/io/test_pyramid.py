"""Smaller levels of a stored result: half as large each, at the same place, for other viewers."""

from __future__ import annotations

import json

import dask.array as da
import numpy as np
import pytest
import zarr
from skimage.measure import block_reduce

from napari_blurmap import BlurMap
from napari_blurmap.io import levels, pyramid


@pytest.mark.parametrize(("lead", "lazy"), [((), True), ((2,), False), ((1, 2), True)])
def test_levels_are_means_of_what_is_known(tmp_path, monkeypatch, lead, lazy):
    for module, name, value in ((pyramid, "_TOP", 40), (pyramid, "_PIECE", 48), (levels, "_CHUNK", 48)):
        monkeypatch.setattr(module, name, value)
    rng = np.random.default_rng(0)
    shape = (*lead, 131, 90)
    sigma = rng.random(shape).astype(np.float32)
    sigma[..., 20:50, 31:60] = np.nan
    status = rng.integers(0, 5, shape).astype(np.uint8)
    axes = "tzyx"[-len(shape) :]
    given = [sigma, 0.1 * sigma, status]
    if lazy:
        given = [da.from_array(array, chunks=(1,) * len(lead) + (48, 50)) for array in given]
    m = BlurMap(*given, axes=axes, scale=(0.5,) * len(shape), units=["um"] * len(shape), provenance={})
    path = m.save(tmp_path / "a.sigma.ome.zarr")
    np.testing.assert_array_equal(BlurMap.load(path).sigma, sigma)

    datasets = json.loads((path / "zarr.json").read_text())["attributes"]["ome"]["multiscales"][0]["datasets"]
    assert [one["path"] for one in datasets] == ["0", "1", "2"]
    scale, place = datasets[2]["coordinateTransformations"]
    assert scale["scale"][-2:] == [2.0, 2.0]
    assert place["translation"][-2:] == [0.75, 0.75]  # the middle of 4 pixels of 0.5
    group = zarr.open_group(path, mode="r")
    for level in (1, 2):
        below, stored = (np.asarray(group[str(n)]) for n in (level - 1, level))
        if axes[0] == "t":  # t, channels, z, y, x
            below, stored = below.swapaxes(0, 1), stored.swapaxes(0, 1)
        height, width = stored.shape[-2:]
        cut = below[..., : 2 * height, : 2 * width]
        two = (1,) * (cut.ndim - 2) + (2, 2)
        with np.errstate(invalid="ignore"):  # nothing known is NaN
            expected = block_reduce(np.nan_to_num(cut[:2]), two) / block_reduce(np.isfinite(cut[:2]) * 1.0, two)
        np.testing.assert_allclose(stored[:2], expected, rtol=1e-5)
        np.testing.assert_array_equal(stored[2], cut[2][..., ::2, ::2])
    assert m.save(path, overwrite=True) == path  # it is known as a result, levels and all
