"""
Motion
======

Blur that is not round has two axes and an angle. This map is made by hand, as a model that reads the shape of the blur
would give it for a stage that turned a little during the exposure: the farther from the middle, the longer the line.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import LineCollection

import napari_blurmap as nb
from napari_blurmap.result.motion import LINE_SIGMA

y, x = np.mgrid[:256, :256] - 127.5
length = np.hypot(x, y) / 8  # of the line at each place, pixels
along = LINE_SIGMA**2 * length**2  # what it adds to the square of sigma along it
focus = 1.5  # the round blur of the lens
sigma = np.sqrt(focus**2 + along / 2)
turned = 2 * np.arctan2(x, -y)  # twice the angle from +x towards +y: at a right angle to the radius
e = along / (2 * sigma**2)
m = nb.BlurMap(
    sigma,
    0.05 * sigma,
    np.zeros(sigma.shape),
    ellipticity_1=e * np.cos(turned),
    ellipticity_2=e * np.sin(turned),
    ellipticity_error=np.full(sigma.shape, 0.03),
    axes="yx",
    scale=(0.2, 0.2),
    units=("um", "um"),
    provenance={"model": "made by hand"},
)
print(nb.summary_line(m.summary()))
print(f"at the right border: {m.angle[128, 255]:.0f} degrees, {m.motion().length[128, 255]:.1f} px long")

# %%
# In napari the layer *blur axes* shows both axes as crosses; here only the longer ones are drawn, as long as their
# FWHM. In the middle the blur is round within its errors and has no angle.

figure, axis = plt.subplots(figsize=(6.4, 5), layout="constrained")
shown = axis.imshow(m.sigma, cmap="viridis")
rows, columns = (places.ravel() for places in np.mgrid[8:256:16, 8:256:16])
half = 2.3548 * m.sigma_major[rows, columns] / 2
direction = np.radians(m.angle[rows, columns])
step = np.stack([half * np.cos(direction), half * np.sin(direction)], axis=-1)
middle = np.stack([columns, rows], axis=-1)
told = np.isfinite(direction)
axis.add_collection(LineCollection(np.stack([middle - step, middle + step], axis=1)[told], colors="orangered"))
figure.colorbar(shown, label="sigma, px")
axis.set_axis_off()
plt.show()

# %%
# The nearest of the 73 lines of Sun et al. (2015), every fourth pixel; their probabilities may be smoothed by a Markov
# random field.

motion = m.motion(strength=0.5)
nearest = np.array([line.length for line in motion.candidates])[motion.nearest]
print(f"lengths that were found: {sorted({*nearest.ravel().tolist()})}")
