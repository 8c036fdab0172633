"""
Where it cannot tell
====================

Paper without print says nothing about the lens. Such places have a status instead of an answer; `BlurMap.masked`
leaves them out, `BlurMap.filled` takes them from their judged neighbours, for deblurring and the like.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap, LogNorm

import napari_blurmap as nb
from napari_blurmap.plugin.sample_data import text_x

(picture, _, _), (truth, _, _) = text_x()
m = nb.estimate_blur(picture)
for status in nb.Status:
    print(f"{status.name.lower()}: {np.mean(m.status == status):.0%}")

# %%
# The filled map keeps the status: filled never passes for measured.

judged, filled = m.masked(), m.filled(picture)
blur = plt.get_cmap("inferno").with_extremes(bad="0.75")  # grey where it cannot tell
figure, axes = plt.subplots(1, 4, figsize=(13, 3.6), layout="constrained")
colours = ListedColormap(["white", "0.6", "saddlebrown", "orange", "hotpink", "black"])
norm = LogNorm(0.3, 3.0)
drawn = [
    ("picture", axes[0].imshow(picture, cmap="gray")),
    ("status", axes[1].imshow(m.status, cmap=colours, vmin=-0.5, vmax=5.5)),
    ("judged sigma, px", axes[2].imshow(judged.sigma, cmap=blur, norm=norm)),
    ("filled sigma, px", axes[3].imshow(filled.sigma, cmap=blur, norm=norm)),
]
for axis, (title, _) in zip(axes, drawn, strict=True):
    axis.set_title(title)
    axis.set_axis_off()
bar = figure.colorbar(drawn[1][1], ax=axes[1], ticks=range(6))
bar.set_ticklabels([status.name.lower().replace("_", " ") for status in nb.Status])
figure.colorbar(drawn[3][1], ax=axes[3], ticks=[0.3, 1, 3], format="%g").minorticks_off()
plt.show()

print("judged places:", nb.score(judged.sigma, truth))
print("all, filled:  ", nb.score(filled.sigma, truth))
