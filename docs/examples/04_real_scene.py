"""
A photograph
============

Nobody knows the true blur of scikit-image's astronaut. The map shows what the eye sees: she is in focus, the flag and
the rocket behind her are not. Smooth cloth and bright ground say nothing, and are grey.
"""

import matplotlib.pyplot as plt
from matplotlib.colors import LogNorm
from skimage import data

import napari_blurmap as nb

picture = data.astronaut()
m = nb.estimate_blur(picture, channel_axis=-1)
print(nb.summary_line(m.summary()))

# %%
# Beside sigma its standard error, which is what the model itself expects.

colours = plt.get_cmap("inferno").with_extremes(bad="0.75")
figure, axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
axes[0].imshow(picture)
judged = m.masked()
for axis, values, title, ticks in (
    (axes[1], judged.sigma, "sigma, px", [0.3, 0.5, 1, 2, 4]),
    (axes[2], judged.uncertainty, "its standard error, px", [0.05, 0.1, 0.2, 0.5]),
):
    shown = axis.imshow(values, cmap=colours, norm=LogNorm(ticks[0], ticks[-1]))
    axis.set_title(title)
    figure.colorbar(shown, ax=axis, ticks=ticks, format="%g", shrink=0.8).minorticks_off()
for axis in axes:
    axis.set_axis_off()
plt.show()
