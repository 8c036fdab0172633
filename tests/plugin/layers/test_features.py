"""Features of a Labels layer: its objects wherever it lies, beside what its user has there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from napari.layers import Image, Labels

from napari_blurmap import BlurMap, BlurMapError
from napari_blurmap.plugin.layers.features import object_features, with_features


def blurmap(shape: tuple[int, ...] = (60, 80)) -> BlurMap:
    sigma = np.random.default_rng(0).uniform(1, 3, shape)
    n = len(shape)
    about = {"axes": "tzyx"[-n:], "scale": (0.5,) * n, "units": ("um",) * n, "provenance": {}}
    return BlurMap(sigma, 0.1 * sigma, np.zeros(shape), **about)


@pytest.fixture
def squares() -> np.ndarray:
    found = np.zeros((60, 80), np.int32)
    found[4:20, 6:40], found[30:50, 10:30], found[30:50, 50:70] = 1, 2, 100_000
    return found


def test_objects_are_found_wherever_the_layer_lies(squares: np.ndarray) -> None:
    m = blurmap()
    shown = Image(m.sigma, scale=(0.5, 0.5), translate=(10, 20), units="um")
    fine = Labels(
        np.kron(squares, np.ones((2, 2), np.int32)), scale=(250, 250), translate=(9875, 19875), units=("nm", "nm")
    )
    expected = m.objects(squares, 1.5)
    for layer in (Labels(squares, scale=(0.5, 0.5), translate=(10, 20), units="um"), fine):
        found = object_features(m, shown, layer, (), 1.5)()
        assert list(found["index"]) == [row["label"] for row in expected] == [1, 2, 100_000]
        for name in ("pixels", "judged_share", "median_sigma_px", "median_sigma_error_px", "median_fwhm_um", "verdict"):
            assert list(found[f"blur_{name}"]) == [row[name] for row in expected], name
        assert "blur_sigma_major_px" not in found  # of which the model tells nothing
    with pytest.raises(BlurMapError, match="No object of the layer 'far' lies on this plane of the map"):
        object_features(m, shown, Labels(squares, translate=(5000, 0), name="far"), (), None)()


def test_objects_of_a_stack_are_those_of_the_plane(squares: np.ndarray) -> None:
    m = blurmap((2, 3, 60, 80))
    shown = Image(m.sigma, scale=(1, 2, 1, 1), axis_labels=("t", "z", "y", "x"))
    volume = np.stack([squares, np.where(squares == 2, 2, 0), squares])
    for layer, of in ((Labels(squares), squares), (Labels(volume, scale=(2, 1, 1)), volume[1])):
        found = object_features(m, shown, layer, (1, 1), None)()
        expected = m.at(t=1, z=1).objects(of)
        assert list(found["blur_median_sigma_px"]) == [row["median_sigma_px"] for row in expected]
        assert list(found["blur_z"]) == [2] * len(expected)


def test_what_the_user_has_stays(squares: np.ndarray) -> None:
    m = blurmap()
    layer = Labels(squares, features={"index": [1, 7], "area": [544.0, 3.0], "verdict": ["mine", "too"]})
    layer.features = with_features(layer.features, object_features(m, Image(m.sigma), layer, (), 1.5)())
    found = layer.features.set_index("index")
    assert list(found.index) == [1, 2, 7, 100_000]
    assert found.loc[1, "area"] == 544
    assert found.loc[[1, 7], "verdict"].tolist() == ["mine", "too"]
    assert found.loc[2, "blur_pixels"] == 400
    assert np.isnan(found.loc[7, "blur_pixels"])
    sharper = object_features(m, Image(m.sigma), layer, (), 5.0)()
    layer.features = with_features(layer.features, sharper.drop(columns="blur_reference_sigma_px"))
    again = layer.features.set_index("index")
    assert list(again.columns) == [name for name in found.columns if name != "blur_reference_sigma_px"]
    assert set(again["blur_verdict"].dropna()) == {"sharp"}
    assert "blur_verdict: sharp" in str(layer.get_status((35, 15), world=True)["value"])


def test_rows_without_an_index_are_those_of_the_labels_from_0() -> None:
    present = pd.DataFrame({"area": [0, 10, 20]})
    found = with_features(present, pd.DataFrame({"index": [2, 5], "blur_pixels": [20, 50]}))
    assert found["index"].tolist() == [0, 1, 2, 5]
    assert found["area"].tolist()[:3] == [0, 10, 20]
    assert found["blur_pixels"].tolist()[2:] == [20, 50]
    new = with_features(pd.DataFrame(), pd.DataFrame({"index": [2, 5], "blur_pixels": [20, 50]}))
    assert new.to_dict("list") == {"index": [2, 5], "blur_pixels": [20, 50]}
