"""How a picture of few pixels is read, as it is and with its own mirror image around it.

Expected: with less around each place the bundled model errs more, and says so. Mirrored, the coarse levels of its
pyramid see a whole picture again.

``python -m benchmarks.experiments.small_pictures``
"""

from __future__ import annotations

import numpy as np
from skimage import data

import napari_blurmap as nb
from benchmarks.report import machine, table
from napari_blurmap.synthesis.scenes import random_scene

NAMES = ("camera", "brick", "cell", "coins", "moon", "grass", "gravel")
SIGMAS, EDGES, CORNERS = (0.6, 1.0, 2.0), (33, 36, 40, 48, 64, 128), ((40, 60), (10, 20), (60, 70))
#: Edge to which a picture is mirrored, and judged pixels that make a crop count.
MIRRORED, LEAST = 128, 50


def read(crop: np.ndarray, mirrored: bool) -> tuple[np.ndarray, ...]:
    """Judged sigma and its error."""
    edge = max(0, -(-(MIRRORED - len(crop)) // 2)) if mirrored else 0
    m = nb.estimate_blur(np.pad(crop, edge, mode="symmetric")).masked()
    inner = np.s_[edge : edge + len(crop), edge : edge + len(crop)]
    return m.sigma[inner], m.uncertainty[inner]


def main() -> None:
    """Print the table."""
    rng = np.random.default_rng(0)
    scenes = [random_scene((200, 200), 10 + k, kind="dead leaves") for k in range(4)]
    scenes += [np.asarray(getattr(data, name)(), float)[-200:, :200] / 255 for name in NAMES]
    found: dict[tuple[int, bool], list[tuple[float, ...]]] = {}
    for scene in scenes:
        for sigma in SIGMAS:
            picture = nb.apply_blur(scene, sigma) + rng.normal(0, 0.005 * np.ptp(scene), scene.shape)
            whole = nb.estimate_blur(picture).masked()
            for edge, (y, x), mirrored in ((e, c, m) for e in EDGES for c in CORNERS for m in (False, True)):
                place = np.s_[y : y + edge, x : x + edge]
                value, error = read(picture[place], mirrored)
                known = np.isfinite(value) & np.isfinite(whole.sigma[place])
                if known.sum() >= LEAST:
                    ratio = (value / whole.sigma[place])[known]
                    off = np.abs(value - whole.sigma[place])[known]
                    stated = np.hypot(error, whole.uncertainty[place])[known]
                    row = (
                        np.median(ratio),
                        (off < stated).mean(),
                        (off < 2 * stated).mean(),
                        np.isfinite(value).mean(),
                    )
                    found.setdefault((edge, mirrored), []).append(tuple(map(float, row)))
    rows = []
    for (edge, mirrored), crops in sorted(found.items()):
        ratio, one, two, judged = np.array(crops).T
        low, middle, high = np.quantile(ratio, [0.1, 0.5, 0.9])
        within = f"{100 * one.mean():.0f} / {100 * two.mean():.0f} %"
        around = "mirrored" if mirrored else "as it is"
        rows.append(
            [f"{edge}", around, f"{middle:.2f}", f"{low:.2f} - {high:.2f}", within, f"{100 * judged.mean():.0f} %"]
        )
    print(f"On: {machine()}. Sigma of a crop over that of the same place in 200 x 200 pixels.\n")
    print(table(["edge px", "crop", "ratio, median", "10 - 90 % of crops", "within 1 / 2 errors", "judged"], rows))


if __name__ == "__main__":
    main()
