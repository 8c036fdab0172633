"""What a map says of itself in sentences: from itself and its provenance alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import napari_blurmap as nb

ABOUT: dict[str, Any] = {"model": "default", "model_hash": "0123456789abcdef" * 4, "version": "1.2.3"}


def a_map(sigma: Any, axes: str = "yx", size: float = 0.1, unit: str = "um", **about: Any) -> nb.BlurMap:
    status = np.zeros(sigma.shape, np.uint8)
    status[..., :64] = nb.Status.EMPTY
    n = len(axes)
    return nb.BlurMap(
        sigma, 0.1 * sigma, status, axes=axes, scale=(1, 1, 1, size, size)[-n:], units=(unit,) * n, provenance=about
    )


def blurs(*sigmas: float) -> Any:
    noise = np.random.default_rng(0).normal(1, 0.02, (len(sigmas), 256, 256))
    return np.asarray(sigmas)[:, None, None] * noise


def test_the_width_is_the_median_in_nm_with_its_whole_error() -> None:
    m = a_map(blurs(2.0)[0])
    figures = m.summary()
    error = 1000 * 0.1 * figures["median_sigma_error"]
    assert figures["median_sigma_error"] > 2 * figures["median_sigma_error_of_sampling"]
    wanted = f"FWHM {471.0:.0f} +- {2.3548 * error:.0f} nm, sigma {200.0:.0f} +- {error:.0f} nm (median)"
    assert m.psf_text() == wanted
    assert replace(m, units=("nm", "nm"), scale=(100, 100)).psf_text() == wanted
    assert replace(m, units=("pixel", "pixel"), scale=(1, 1)).psf_text().startswith("FWHM 4.7 +- 0.4 px, sigma 2.0")
    oblong = replace(m, scale=(0.1, 0.2))
    assert "px" in oblong.psf_text()
    assert "Pixels were 0.1 x 0.2 um" in oblong.methods_text()


def test_each_channel_has_its_line(tmp_path: Any) -> None:
    m = a_map(blurs(1.0, 3.0), "cyx")
    m.status[1, :, :] = nb.Status.TOO_NOISY
    first, second = m.psf_text().splitlines()
    assert first == f"Channel 1: {m.at(c=0).psf_text()}"
    assert second == "Channel 2: nothing could be judged"
    text = m.methods_text()
    assert "Channel 1: 75 % of the picture could be judged" in text
    assert text.endswith("; Channel 2: no place could be judged.")


def test_the_methods_name_all_that_made_the_figures(tmp_path: Any) -> None:
    noise = {"greys": [100.0, 102.0], "variances": [9.0, 13.0]}
    m = a_map(blurs(2.0)[0], **ABOUT, parameters={"noise": noise}, reference="absolute")
    limit = nb.Reference(1.0, "optics limit", "optics")
    text = m.methods_text(limit)
    for words in (
        "napari-blurmap 1.2.3 (https://",
        "its model default (SHA-256 of its weights 0123456789ab)",
        "standard deviation (sigma) of the Gaussian that turns an ideally sharp picture into the one seen",
        "Pixels were 0.1 x 0.1 um; the noise of the camera was taken to be 3 grey levels "
        "at a grey level of 100, with a gain of 2 grey levels an electron.",
        "75 % of the picture could be judged",
        "was FWHM 0.47 +- 0.04 um (sigma 0.20 +- 0.02 um), 2.00 x the optics limit.",
    ):
        assert words in text, words
    m.save(tmp_path / "a.sigma.ome.tif")
    assert nb.BlurMap.load(tmp_path / "a.sigma.ome.tif").methods_text(limit) == text


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({}, "its model of unknown name, a conv"),
        ({"reference": "added"}, "turns a picture as sharp as those it was trained on"),
        ({"partial": True}, "stopped before its end"),
        ({"parameters": {"noise": "auto"}}, "the noise of the camera was measured in the picture itself."),
        ({"parameters": {"noise": {"greys": [0, 0], "variances": [9, 9]}}}, "taken to be 3 grey levels."),
    ],
)
def test_what_is_special_is_said(about: dict[str, Any], words: str) -> None:
    assert words in a_map(blurs(2.0)[0], **about).methods_text()


def test_what_was_done_with_the_map_is_said() -> None:
    m = a_map(blurs(2.0)[0])
    assert "smoothed (method mean, strength 9)." in nb.smooth_sigma(m, "mean", strength=9).methods_text()
    filled = m.filled()
    assert "were filled" in filled.methods_text()
    assert "75 %" in filled.methods_text()
