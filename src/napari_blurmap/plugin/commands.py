"""What napari's menus and command palette call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import napari
from napari.layers import Image
from napari.utils.notifications import show_warning

if TYPE_CHECKING:
    from .estimate.panel import EstimatePanel

#: Under this name napari's own menu opens, shows and hides the panel, so that there is never a second one.
DOCK_NAME = "Estimate blur (Blur Map)"


def open_panel(viewer: napari.Viewer) -> EstimatePanel:
    """Show the Estimate blur panel of a viewer.

    Parameters
    ----------
    viewer : napari.Viewer
        With a window.

    Returns
    -------
    EstimatePanel
        The one that is there, however it was opened, or a new one.
    """
    from .estimate.panel import EstimatePanel
    from .panels.dock import bring_to_front

    for panel in viewer.window.dock_widgets.values():
        if isinstance(panel, EstimatePanel):
            bring_to_front(panel)
            return panel
    panel = EstimatePanel(viewer)
    viewer.window.add_dock_widget(panel, name=DOCK_NAME, tabify=True)  # below another there is no room for both
    return panel


def estimate_selected() -> None:
    """Estimate the blur of the selected images, in its panel."""
    from .widgets.layer_choice import pictures

    viewer = napari.current_viewer()
    images = [layer for layer in viewer.layers.selection if isinstance(layer, Image)] if viewer else []
    if viewer is None or not images:
        show_warning("Select an image in the list of layers, then estimate its blur.")
    elif not (found := pictures(images)):
        show_warning(f"{images[0].name!r} is itself a blur map. Select the picture whose blur you want to know.")
    else:
        panel = open_panel(viewer)
        viewer.layers.selection = set(found)
        panel.form.picture.list.choose(found[0])
        panel.run()
