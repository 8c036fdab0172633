"""
Sharp enough?
=============

"Sharp" needs something to compare with. Here it is the optics limit: the sigma of a perfect 20x / 0.8 objective at
520 nm on pixels of 0.325 um.
"""

import matplotlib.pyplot as plt

import napari_blurmap as nb
from napari_blurmap.plugin.sample_data import defocused_background

(picture, _, _), _ = defocused_background()
m = nb.estimate_blur(picture, pixel_size=0.325, unit="um")
limit = nb.optics_limit(numerical_aperture=0.8, wavelength=0.52, pixel_size=0.325)
reference = nb.Reference(limit, "optics limit of 20x / 0.8", "optics")
print(f"optics limit: sigma {limit:.2f} px")
print(nb.summary_line(m.summary(reference), verdict=True))

# %%
# For each place, the probability that its blur is within half as much again as the limit, from sigma and its standard
# error.

colours = plt.get_cmap("inferno").with_extremes(bad="0.75")  # grey where it cannot tell
figure, axes = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
axes[0].imshow(picture, cmap="gray")
times = axes[1].imshow(m.masked().sigma / limit, cmap=colours, vmin=1, vmax=8)
axes[1].set_title("times the optics limit")
chance = axes[2].imshow(m.masked().probability_below(1.5 * limit), cmap="viridis", vmin=0, vmax=1)
axes[2].set_title("probability of at most 1.5 times")
for axis, shown in ((axes[1], times), (axes[2], chance)):
    figure.colorbar(shown, ax=axis, shrink=0.8)
for axis in axes:
    axis.set_axis_off()
plt.show()
