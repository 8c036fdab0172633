"""What the default model reads well and what not, at a glance: textures, beads, motion, far blur, empty fields.

``python -m benchmarks.glance [--write]``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import skimage
from scipy import ndimage
from scipy.signal import fftconvolve

import napari_blurmap as nb
from napari_blurmap.synthesis.textures import dead_leaves

from . import beads
from .accuracy import FULL, SHIPPED, Case, pictures, synthetic
from .motion import LINE_SIGMA, line
from .report import arguments, publish, table

#: Edge of the pictures made here, pixels; photons of an empty field, and by how much its corners are darker.
EDGE, LIGHT, DROPS = 384, (500, 5000, 50_000), (0.2, 0.6)
#: Blur far out of focus, and length of a line of motion at these angles, pixels and degrees.
FAR, LENGTH, ANGLES = (16.0, 24.0, 32.0), 15.0, (0.0, 30.0, 75.0, 120.0)


def errors(cases: list[Case]) -> str:
    """Median RMSE over some pictures, and what is judged of them."""
    found = [nb.score(c.judged, c.truth) for c in cases]
    return f"{np.median([f.rmse for f in found]):.3f} px, {100 * np.mean([f.coverage for f in found]):.0f} % judged"


def bead_cells() -> str:
    """How far medians of pictures of beads are off."""
    found = [f for f in beads.measured(1) if not f.alone]
    off = np.array([np.nan if f.median is None else abs(f.median / f.sigma - 1) for f in found])
    known = off[np.isfinite(off)]
    return f"{100 * np.median(known):.0f} %, worst {100 * known.max():.0f} %, {known.size} of {off.size} read"


def empty() -> str:
    """Share of empty fields under uneven light that is called empty."""
    y, x = np.mgrid[:EDGE, :EDGE] - np.array([180, 210])[:, None, None]
    shares = []
    for photons in LIGHT:
        for drop in DROPS:
            lamp = photons * (1 - drop * (y**2 + x**2) / (2 * (EDGE / 2) ** 2))
            field = np.random.default_rng(photons).poisson(np.maximum(lamp, 0)).astype(np.uint16)
            shares.append(nb.estimate_blur(field).summary()["shares"]["empty"])
    return f"{100 * np.mean(shares):.0f} %, worst {100 * min(shares):.0f} %"


def far() -> str:
    """Share of places read within 20 % far out of focus, at each blur."""
    scene = dead_leaves((2 * EDGE, 2 * EDGE), np.random.default_rng(5), radii=(20.0, 150.0), textured=0.0)
    cells = []
    for sigma in FAR:
        light = ndimage.gaussian_filter(scene, sigma, mode="wrap")
        light = (light - light.min()) / np.ptp(light) * 200 + np.random.default_rng(0).normal(20, 0.3, light.shape)
        m = nb.estimate_blur(np.rint(light).astype(np.uint8)).masked()
        cells.append(f"{100 * np.mean(np.abs(m.sigma / sigma - 1) < 0.2):.0f} %")
    return " / ".join(cells)


def moved() -> str:
    """Sigma over that of the line, and by how much the angle is off."""
    ratios, off = [], []
    for number, degrees in enumerate(ANGLES):
        scene = dead_leaves((EDGE, EDGE), np.random.default_rng(number), radii=(1.5, 60.0), textured=0.3)
        blurred = fftconvolve(np.pad(scene, 20, mode="wrap"), line(LENGTH, degrees), mode="same")[20:-20, 20:-20]
        m = nb.estimate_blur(np.rint(20 + 200 * blurred).astype(np.uint8)).masked()
        ratios.append(float(np.nanmedian(m.sigma)) / (LINE_SIGMA * LENGTH / np.sqrt(2)))
        if m.ellipticity_1 is not None:
            off.append(float(np.nanmedian(np.abs((m.angle - degrees + 90) % 180 - 90))))
    return f"{min(ratios):.2f} to {max(ratios):.2f}; " + (f"{np.median(off):.0f} degrees" if off else "no angle")


def main() -> None:
    """Measure and publish."""
    options = arguments(__doc__.splitlines()[0]).parse_args()
    folder = Path(skimage.__file__).parent / "data"
    textures = [c for c in synthetic(3) if c.name in FULL]
    shipped = list(pictures([folder / f"{name}.png" for name in SHIPPED]))
    rows = [
        ["synthetic textures, ramp 0.3 to 3 px: RMSE", errors(textures)],
        ["scikit-image's pictures, the same ramp", errors(shipped)],
        ["beads of 0.8 to 8 px: miss of the median", bead_cells()],
        [f"motion of {LENGTH:g} px: sigma over the true one; angle", moved()],
        ["blur of " + " / ".join(f"{s:g}" for s in FAR) + " px: read within 20 %", far()],
        ["empty fields, uneven light: called empty", empty()],
    ]
    text = (
        "The truth over scikit-image's pictures counts their own blur as the model reads it. Beads as in "
        "`benchmarks.beads`, one picture of each kind. Motion, far blur and empty fields are made here.\n\n"
        + table(["what", "read"], rows)
    )
    publish("At a glance", "python -m benchmarks.glance", text, options.write)


if __name__ == "__main__":
    main()
