"""
A first map
===========

Estimate the blur of a sample, and compare with what is true. The estimate knows nothing but the picture.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm

import napari_blurmap as nb
from napari_blurmap.plugin.sample_data import ramp_x

(picture, _, _), (truth, _, _) = ramp_x()
m = nb.estimate_blur(picture, pixel_size=0.325, unit="um")
judged = m.masked()  # NaN where it cannot tell
print(nb.summary_line(m.summary()))
print(nb.score(judged.sigma, truth))

# %%
# The map is read along x, as the median of each column with what half of the column lies within.

colours = plt.get_cmap("inferno").with_extremes(bad="0.75")  # grey where it cannot tell
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
left.imshow(picture, cmap="gray")
left.set_title("picture")
shown = middle.imshow(judged.sigma, cmap=colours, norm=LogNorm(0.3, 3.0))
middle.set_title("estimated sigma, px")
figure.colorbar(shown, ax=middle, ticks=[0.3, 0.5, 1, 2, 3], format="%g").minorticks_off()
low, half, high = np.nanpercentile(judged.sigma, [25, 50, 75], axis=0)
x = np.arange(half.size)
right.fill_between(x, low, high, alpha=0.4, label="half of a column")
right.plot(x, half, label="median of a column")
right.plot(x, truth[0], "k--", label="truth")
right.set(xlabel="x, px", ylabel="sigma, px", title="along x")
right.legend()
for each in (left, middle):
    each.set_axis_off()
plt.show()
