"""What is far out of focus, read in a copy of the picture that is averaged 4 x 4: it costs a sixteenth.

Tried: the bundled model as it is, and with such a copy (`napari_blurmap.models.reading`), on textures blurred by 12 to
32 px and on fields with nothing in them but uneven light. Expected: right far beyond the 24 px of its grid; but a
network that was never shown lamps may take one for a far blur.

``python -m benchmarks.experiments.coarse_copy``
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

import napari_blurmap as nb
from napari_blurmap.ground.status import Status
from napari_blurmap.models.model import Model
from napari_blurmap.synthesis.camera import Camera
from napari_blurmap.synthesis.textures import power_law

from ..report import arguments, table

SIGMAS, DROPS = (12.0, 16.0, 24.0, 32.0), (0.2, 0.6)
EDGE = 1024


def main() -> None:
    """Measure and print."""
    arguments(__doc__.splitlines()[0]).parse_args()
    plain = nb.load_model("default")
    models = {"as it is": plain, "with the copy": Model(replace(plain.info, coarse_copy=4), plain.network)}
    rows = []
    for sigma in SIGMAS:
        light = ndimage.gaussian_filter(
            power_law((EDGE, EDGE), np.random.default_rng(4), exponent=1.1), sigma, mode="wrap"
        )
        light = (light - light.min()) / np.ptp(light)
        picture = Camera(bits=12, photons=1e5).expose(light, np.random.default_rng(1))
        for name, model in models.items():
            m = nb.estimate_blur(picture, model=model)
            judged = np.isfinite(read := m.masked().sigma)
            right = np.abs(read / sigma - 1) < 0.2
            beyond = np.mean(m.status == Status.BEYOND_RANGE)
            rows.append(
                [
                    f"{sigma:g} px",
                    name,
                    *(f"{v:.0%}" for v in (np.mean(judged & right), np.mean(judged & ~right), beyond)),
                ]
            )
    y, x = np.mgrid[:384, :384] / 192 - 1
    for drop in DROPS:
        picture = np.random.default_rng(3).poisson(5000 * (1 - drop * (y**2 + x**2) / 2)).astype(np.uint16)
        for name, model in models.items():
            m = nb.estimate_blur(picture, model=model)
            shares = (0.0, np.mean(np.isfinite(m.masked().sigma)), np.mean(m.status == Status.BEYOND_RANGE))
            rows.append([f"lamp, {drop:.0%} off", name, *(f"{v:.0%}" for v in shares)])
    print(table(["picture", "model", "judged and right within 20 %", "judged and wrong", "beyond range"], rows))


if __name__ == "__main__":
    main()
