"""
The camera's noise
==================

How the noise grows with the light belongs to the camera. It is measured once a picture, or given by ``noise=``; what
was used, and anything odd about the sensor, stands in the summary.
"""

import matplotlib.pyplot as plt
import numpy as np

import napari_blurmap as nb
from napari_blurmap.plugin.sample_data import defocused_background

# %%
# A camera with a gain of 2.2 grey levels an electron, a dark level of 100 and a read noise of 1.5 electrons, of which
# every second column is 3 % brighter.

gain, dark, read = 2.2, 100.0, 1.5
rng = np.random.default_rng(0)
(light, _, _), _ = defocused_background()
electrons = rng.poisson(1000.0 * light / light.max()) + read * rng.standard_normal(light.shape)
picture = np.rint(dark + gain * electrons)
columns = picture.copy()
columns[:, 1::2] *= 1.03

measured = nb.estimate_blur(picture)
line = measured.provenance["sensor"][0]["noise"]
print(nb.summary_line(nb.estimate_blur(columns).summary()))
print(nb.summary_line(nb.estimate_blur(picture, noise=500.0).summary()))

# %%
# What was measured, and what the camera's data sheet says.

levels = np.linspace(*line["greys"], 50)
found = np.linspace(*line["variances"], 50)  # the variance is a straight line
figure, axis = plt.subplots(figsize=(6, 4), layout="constrained")
axis.plot(levels, np.sqrt(gain**2 * ((levels - dark) / gain + read**2)), label="data sheet")
axis.plot(levels, np.sqrt(found), "--", label="measured in the picture")
axis.set_xlabel("grey level")
axis.set_ylabel("standard deviation of the noise, grey levels")
axis.legend()
plt.show()

# %%
# The same, given: gain, dark level, read noise.

given = nb.estimate_blur(picture, noise=(gain, dark, read))
print(given.summary()["sensor_notes"], given.provenance["parameters"]["noise"])
