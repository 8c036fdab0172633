"""
Colour, and a stack
===================

A colour picture is read as its luminance: say which axis is the colour. Every other axis of a stack is gone through
plane by plane.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm
from skimage import data

import napari_blurmap as nb

tissue = data.immunohistochemistry()  # (Y, X, 3), 8 bit
m = nb.estimate_blur(tissue, channel_axis=-1)
print(m, "-", nb.summary_line(m.summary()))

# %%
# A focus series made of it: each plane is blurred by what it is away from the middle, 0.4 px a step. Sigmas add up in
# squares, so the sharpest plane shows the tissue's own blur, and the curve is not a pair of straight lines.

steps = np.arange(-4, 5)
plain = tissue[128:384, 128:384].astype(np.float32) @ np.float32([0.299, 0.587, 0.114])
stack = np.stack([nb.apply_blur(plain, 0.4 * abs(step)) if step else plain for step in steps]).round().astype(np.uint8)
series = nb.estimate_blur(stack, axes="ZYX").masked()
medians = np.nanmedian(series.sigma, axis=(1, 2))
print("sharpest plane:", steps[medians.argmin()])

colours = plt.get_cmap("inferno").with_extremes(bad="0.75")  # grey where it cannot tell
figure, axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
axes[0].imshow(tissue)
shown = axes[1].imshow(m.masked().sigma, cmap=colours, norm=LogNorm(0.5, 5.0))
axes[1].set_title("sigma, px")
figure.colorbar(shown, ax=axes[1], ticks=[0.5, 1, 2, 5], format="%g", shrink=0.8).minorticks_off()
axes[2].plot(steps, medians, "o-", label="median of the judged places")
axes[2].plot(steps, np.hypot(medians.min(), 0.4 * steps), "k--", label="sharpest plane and what was added")
axes[2].set(xlabel="plane", ylabel="sigma, px", ylim=0)
axes[2].legend()
for axis in axes[:2]:
    axis.set_axis_off()
plt.show()
