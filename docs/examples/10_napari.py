"""
In napari
=========

The panel itself, in a real window: a sample is opened, its blur estimated, and the window looked at.
"""

import matplotlib.pyplot as plt
import napari
from qtpy.QtWidgets import QApplication

from napari_blurmap.plugin.commands import open_panel

viewer = napari.Viewer()
viewer.window.resize(1280, 800)
viewer.open_sample("napari-blurmap", "defocused_background")
panel = open_panel(viewer)
panel.run_view.button.click()  # what a click on Run does
while panel.control.state.busy:
    QApplication.processEvents()

# %%
# Three layers came: sigma over the picture, its standard error (hidden), and where it cannot tell.

print([layer.name for layer in viewer.layers])
window = viewer.screenshot(canvas_only=False, flash=False)
figure = plt.figure(figsize=(12, 7.5), layout="constrained")
plt.imshow(window)
plt.axis("off")
plt.show()
viewer.close()
