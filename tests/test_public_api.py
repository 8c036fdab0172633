"""Whatever is passed to a public function ends in an answer or in a BlurMapError that names the argument."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import SimpleNamespace

import dask.array as da
import numpy as np
import pytest
import torch
import zarr
from napari.components import ViewerModel

import napari_blurmap as nb

PICTURE = np.random.default_rng(0).random((40, 48)).astype(np.float32)
SIGMA = np.full(PICTURE.shape, 2.0, np.float32)
SHAPE = {"ellipticity_1": 0.5 * PICTURE, "ellipticity_2": 0.1 * SIGMA, "ellipticity_error": 0.1 * SIGMA}
ABOUT = {"axes": "yx", "scale": (1, 1), "units": ("um", "um"), "provenance": {}}
MAP = nb.BlurMap(SIGMA, 0.1 * SIGMA, PICTURE > 0.5, **SHAPE, **ABOUT)
ODD = {
    "None": None,
    "True": True,
    "5": 5,
    "-3": -3,
    "2.5": 2.5,
    "nan": float("nan"),
    "inf": float("inf"),
    "1j": 1j,
    "10**400": 10**400,
    "text": "x",
    "no text": "",
    "a long name": "y" * 5000,
    "a name with a nul": "a\0b",
    "bytes": b"x",
    "[]": [],
    "[1]": [1],
    "words": ["a", "b"],
    "ragged": [[1, 2], [3]],
    "dict": {"a": 1},
    "set": {1},
    "object": object(),
    "len": len,
    "array": np.zeros(3),
    "picture": PICTURE,
    "objects": np.array([None, {}], object),
    "tensor": torch.rand(40, 48),
    "dask": da.zeros((40, 48)),
    "zarr": zarr.zeros(10**6),
    "path": Path("nowhere.tif"),
    "layer": SimpleNamespace(data=PICTURE, scale=("a", "b")),
    "layer without a scale": SimpleNamespace(data=PICTURE, scale=None),
    "layer without data": SimpleNamespace(data=None, scale=(1, 1)),
    "iterator": iter([1, 2]),
    "masked": np.ma.masked,
    "date": np.datetime64("NaT"),
}
#: Good arguments; every other one is left out.
CALLS = {
    "apply_blur": (nb.apply_blur, {"image": PICTURE, "sigma": 1.0}),
    "sigma_ramp": (nb.sigma_ramp, {"shape": (4, 5), "low": 1.0, "high": 2.0}),
    "sigma_sine": (nb.sigma_sine, {"shape": (4, 5), "low": 1.0, "high": 2.0, "period": 3.0}),
    "score": (nb.score, {"predicted": SIGMA, "truth": SIGMA}),
    "optics_limit": (nb.optics_limit, {"numerical_aperture": 0.5, "wavelength": 500.0, "pixel_size": 100.0}),
    "OpticsLimit": (nb.OpticsLimit, {"na": 0.8}),
    "Reference": (nb.Reference, {"sigma": 1.0, "name": "a", "kind": "typed"}),
    "BlurMap": (
        nb.BlurMap,
        {"sigma": SIGMA, "uncertainty": SIGMA, "status": 0 * SIGMA} | ABOUT,
    ),
    "masked": (MAP.masked, {}),
    "filled": (MAP.filled, {}),
    "probability_below": (MAP.probability_below, {"limit": 1.0}),
    "plane": (MAP.plane, {"index": ()}),
    "summary": (MAP.summary, {}),
    "objects": (MAP.objects, {"labels": np.ones(PICTURE.shape, int)}),
    "blurred_regions": (MAP.blurred_regions, {"reference": 1.0}),
    "motion": (MAP.motion, {}),
    "methods_text": (MAP.methods_text, {}),
    "save": (MAP.save, {"path": "a.sigma.ome.tif", "overwrite": True}),
    "load": (nb.BlurMap.load, {"path": "missing.sigma.ome.tif"}),
    "smooth_sigma": (nb.smooth_sigma, {"m": MAP}),
    "summary_line": (nb.summary_line, {"summary": MAP.summary()}),
    "add_to_viewer": (nb.add_to_viewer, {"viewer": ViewerModel(), "m": MAP}),
    "load_model": (nb.load_model, {"name": "patch10"}),
    "estimate_blur": (nb.estimate_blur, {"image": PICTURE, "model": "tiny"}),
    "estimate_batch": (nb.estimate_batch, {"files": "missing.tif", "model": "tiny"}),
    "check_on_image": (nb.check_on_image, {"image": PICTURE, "model": "tiny", "sigmas": [1.0]}),
    "inspect_images": (nb.inspect_images, {"images": [PICTURE[:8]]}),
    "train_model": (nb.train_model, {"images": [PICTURE[:8]], "init": "missing"}),
}
#: Called with three numbers or a report, `len` says so itself: it is the caller's.
FUNCTIONS = ("progress", "cancel", "update", "tell")


def complaint(function, arguments):
    """What a user is told; anything but a `BlurMapError` fails."""
    try:
        function(**arguments)
    except nb.BlurMapError as error:
        return str(error)
    return ""


@pytest.mark.filterwarnings("ignore", "error:.*masked element")
@pytest.mark.parametrize("name", CALLS)
def test_odd_arguments(name, tiny_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    function, good = CALLS[name]
    good = {key: tiny_model if isinstance(value, str) and value == "tiny" else value for key, value in good.items()}
    for argument in inspect.signature(function).parameters:
        for label, value in ODD.items():
            if argument in FUNCTIONS and label == "len":
                continue
            said = complaint(function, good | {argument: value})
            assert len(said) < 600, f"{name}({argument}={label}): {said[:600]}"


def test_every_public_function_is_called():
    functions = {name for name in nb.__all__ if callable(getattr(nb, name, None))}
    classes = {"BlurMapError", "Cancelled", "CheckReport", "Status", "list_models"}
    assert functions - classes <= CALLS.keys()
    methods = inspect.getmembers(nb.BlurMap, inspect.isroutine)
    with_arguments = {
        name for name, method in methods if name[0] != "_" and len(inspect.signature(method).parameters) > 1
    }
    assert with_arguments - {"at"} <= CALLS.keys()  # its arguments are the axes of the map
