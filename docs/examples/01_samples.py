"""
The samples
===========

File > Open Sample > Blur Map has ten pictures whose blur is known. Each is made offline in a moment and comes with
its truth: a map of sigma, in pixels.
"""

import matplotlib.pyplot as plt
from matplotlib.colors import LogNorm

from napari_blurmap.plugin import sample_data

names = ["ramp_x", "sine_y", "text_x", "defocused_background", "motorcycle_foreground"]

figure, axes = plt.subplots(2, len(names), figsize=(12, 5.2), layout="constrained")
for (above, below), name in zip(axes.T, names, strict=True):
    # two layers, each as what is in it, how it is shown and of what kind it is
    (picture, look, _), (truth, _, _) = getattr(sample_data, name)()
    above.imshow(picture, cmap="gray", vmin=0, vmax=255)
    above.set_title(look["name"].replace(", ", ",\n"), fontsize=9)
    shown = below.imshow(truth, cmap="inferno", norm=LogNorm(0.3, 3.0))
for each in axes.flat:
    each.set_axis_off()
figure.colorbar(shown, ax=axes[1], label="true sigma, px", ticks=[0.3, 1, 3], format="%g").minorticks_off()
plt.show()
