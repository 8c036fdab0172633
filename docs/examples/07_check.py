"""
Check it on a picture
=====================

How well is blur read on *this* kind of picture? `check_on_image` blurs it by known amounts, puts back the noise that
this takes away, and reads each. How it is done, and what it cannot tell: :doc:`/check`.
"""

import matplotlib.pyplot as plt
from skimage import data

import napari_blurmap as nb

report = nb.check_on_image(data.grass()[:320, :320])
print(report.text())

# %%
# The bars are the middle 68 % of the places; what can be read lies between the dotted lines.

rows = [row for row in report.rows if row.n]
true = [row.truth for row in rows]
figure, axis = plt.subplots(figsize=(6, 5), layout="constrained")
axis.plot(true, true, "k--", label="truth")
spread = [[row.estimate - row.low for row in rows], [row.high - row.estimate for row in rows]]
axis.errorbar(true, [row.estimate for row in rows], spread, fmt="o", capsize=3, label="estimates")
if report.usable:
    for end in report.usable.sigma:
        axis.axvline(end, color="0.5", linestyle=":")
axis.set(xscale="log", yscale="log", xlabel="true sigma, px", ylabel="estimated sigma, px")
axis.legend()
plt.show()
