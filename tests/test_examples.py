"""The examples in the docstrings, run as they stand."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import numpy as np
import pytest
from own_pictures import small_trainings

import napari_blurmap

MODULES = [
    found.name
    for found in pkgutil.walk_packages(napari_blurmap.__path__, "napari_blurmap.")
    if not found.name.startswith("napari_blurmap.plugin.")
]


@pytest.mark.parametrize("name", ["napari_blurmap", *MODULES])
def test_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if ".training.own." in name:
        small_trainings(monkeypatch)
    module = importlib.import_module(name)
    failures, _ = doctest.testmod(module, extraglobs={"np": np}, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failures == 0
