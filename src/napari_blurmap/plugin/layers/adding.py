"""Adding a layer in steps, none of which holds napari up for long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel
    from napari.layers import Layer


def adding(viewer: ViewerModel, layer: Layer) -> list[Callable[[], None]]:
    """What is to be done one after the other, with the window drawn in between.

    Making a layer's widgets, drawing it, making its colour bar and drawing that each take napari about as long.

    Parameters
    ----------
    viewer : napari.Viewer
        Where the layer goes.
    layer : napari.layers.Layer
        Not in any viewer yet.

    Returns
    -------
    list of callable
        After all of them it looks as it did; those of a layer that was taken away meanwhile do nothing.
    """
    visible = layer.visible
    bar: Any = getattr(layer, "colorbar", None)
    has_bar = bar is not None and bar.visible

    def add() -> None:
        layer.visible = False
        if has_bar:
            bar.visible = False
        viewer.add_layer(layer)

    def make_bar() -> None:
        bar.visible = layer in viewer.layers

    def draw() -> None:
        if has_bar:
            bar.visible = False
        layer.visible = True

    return [add, *([make_bar] if has_bar else []), *([draw] if visible else []), *([make_bar] if has_bar else [])]
