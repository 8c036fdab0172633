"""
Smoothing
=========

Four ways to take the noise off a map. None of them reads or fills what could not be judged, and none makes the stated
error smaller than it is: see :doc:`/smoothing`.
"""

import matplotlib.pyplot as plt
from matplotlib.colors import LogNorm

import napari_blurmap as nb
from napari_blurmap.plugin.sample_data import defocused_background

(picture, _, _), (truth, _, _) = defocused_background()
m = nb.estimate_blur(picture, keep_probabilities=True)
maps = {"as estimated": m} | {
    method: nb.smooth_sigma(m, method, image=picture) for method in ("mean", "gradient", "edge", "mrf")
}

# %%
# All with their default strength. The moving average washes out the borders between the distances, the edge-preserving
# one follows them. The figures are root mean square errors, of the judged places.

colours = plt.get_cmap("inferno").with_extremes(bad="0.75")  # grey where it cannot tell
figure, axes = plt.subplots(2, 3, figsize=(11, 7.4), layout="constrained")
for axis, (name, each) in zip(axes.flat, maps.items(), strict=False):
    judged = each.masked().sigma
    shown = axis.imshow(judged, cmap=colours, norm=LogNorm(0.3, 3.0))
    axis.set_title(f"{name}: {nb.score(judged, truth).rmse:.3f} px")
axes[1, 2].imshow(truth, cmap=colours, norm=LogNorm(0.3, 3.0))
axes[1, 2].set_title("truth")
figure.colorbar(shown, ax=axes, label="sigma, px", ticks=[0.3, 1, 3], format="%g", shrink=0.7).minorticks_off()
for axis in axes.flat:
    axis.set_axis_off()
plt.show()
