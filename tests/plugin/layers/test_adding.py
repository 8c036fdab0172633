"""A layer that is added in steps looks as it did after them, whatever happens in between."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer

from napari_blurmap.plugin.layers.adding import adding


@pytest.fixture(params=["image", "hidden image", "labels"])
def layer(request: pytest.FixtureRequest) -> Layer:
    if request.param == "labels":
        return Labels(np.ones((4, 4), np.uint8))
    image = Image(np.zeros((4, 4)), visible=request.param == "image")
    image.colorbar.visible = True
    return image


def look(layer: Layer) -> tuple[bool, bool]:
    return layer.visible, isinstance(layer, Image) and layer.colorbar.visible


def test_it_looks_as_it_did(layer: Layer) -> None:
    viewer, before, looks = ViewerModel(), look(layer), []
    for step in adding(viewer, layer):
        step()
        looks.append(look(layer))
    assert list(viewer.layers) == [layer]
    assert looks[0] == (False, False)
    assert looks[-1] == before


def test_taken_away_in_between(layer: Layer) -> None:
    viewer = ViewerModel()
    first, *others = adding(viewer, layer)
    first()
    viewer.layers.clear()
    for step in others:
        step()
    assert not viewer.layers
    assert not look(layer)[1]
