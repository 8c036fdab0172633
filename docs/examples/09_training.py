"""
Train on your own pictures
==========================

A model learns one kind of picture: it is given sharp ones, blurs them by known amounts and learns to tell by how
much. Start from the bundled model and take ten minutes: :doc:`/training`. Here a small network starts from random
weights and takes twenty steps, some seconds: enough to see it learn, not to use it.
"""

import re

import matplotlib.pyplot as plt
import numpy as np

import napari_blurmap as nb
from napari_blurmap.synthesis.scenes import random_scene

sharp = [(250 * random_scene((160, 160), 40 + n, kind="relief")).astype(np.uint8) for n in range(4)]
error = {}


def watch(done: int, total: int, message: str) -> None:
    """Keep what the training says of the pictures that it does not train on."""
    if found := re.match(r"step (\d+): error on held-out pictures ([\d.]+) px", message):
        error[int(found[1])] = float(found[2])


model = nb.train_model(sharp, init=None, steps=20, progress=watch)
print(model.info.name, "gives the", model.info.reference, "blur")

# %%
# What is held out is blurred by 0.3 to 3 px, too.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
left.imshow(np.block([[sharp[0], sharp[1]], [sharp[2], sharp[3]]]), cmap="gray")
left.set_title("pictures to learn from")
left.set_axis_off()
right.plot(list(error), list(error.values()), "o-")
right.set(xlabel="step", ylabel="error on held-out pictures, px", ylim=0)
plt.show()
