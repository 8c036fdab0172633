"""How much comes on top of the calibrated standard error, for what no synthetic crop can tell.

Expected: real pictures differ from the world that the network knows, however well it knows it.

``python -m benchmarks.experiments.floor [--pictures DIR]``
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import skimage

import napari_blurmap as nb
from benchmarks.accuracy import RAMP, SHIPPED, SINE, Case, pictures, synthetic
from benchmarks.report import machine, table
from napari_blurmap.ground.grid import KNEE
from napari_blurmap.io.folders import pictures_in

#: Relative errors on top, in quadrature.
FLOORS = (0.0, 0.01, 0.02, 0.03, 0.05)


def with_floor(sigma: np.ndarray, error: np.ndarray, own: float, floor: float) -> np.ndarray:
    """Standard errors with another floor than their own."""
    scale = sigma + KNEE
    return np.sqrt(np.maximum(error**2 - (own * scale) ** 2, 0.0) + (floor * scale) ** 2)


def rows(name: str, cases: list[Case], own: float) -> list[list[str]]:
    """Coverage and rank correlation of the judged pixels for each floor."""
    judged = [np.isfinite(c.judged - c.truth) for c in cases]
    sigma, error, truth = (
        np.concatenate([part(c)[known] for c, known in zip(cases, judged, strict=True)]).astype(float)
        for part in (lambda c: c.m.sigma, lambda c: c.m.uncertainty, lambda c: c.truth)
    )
    size = np.abs(sigma - truth)
    found = []
    for floor in FLOORS:
        stated = with_floor(sigma, error, own, floor)
        one, two = (f"{100 * (size < times * stated).mean():.0f}" for times in (1, 2))
        found.append([name, f"{100 * floor:g} %", f"{one} / {two} %", f"{nb.score(stated, size).rank_correlation:.2f}"])
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, help="a folder of sharp pictures instead of scikit-image's")
    folder = parser.parse_args().pictures
    shipped = Path(skimage.__file__).parent / "data"
    files = pictures_in(folder) if folder else [shipped / f"{name}.png" for name in SHIPPED]
    (own,) = nb.load_model("default").info.calibration.get("floor", [0.0])
    found = [
        *rows("synthetic scenes, ramp", list(synthetic(2)), own),
        *rows("pictures, ramp", list(pictures(files, RAMP)), own),
        *rows("pictures, sine", list(pictures(files, SINE)), own),
    ]
    print(f"On: {machine()}. The model's own floor is {100 * own:g} %.\n")
    print(table(["pixels of", "floor", "within 1 / 2", "rank corr. of error and standard error"], found))


if __name__ == "__main__":
    main()
