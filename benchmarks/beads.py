"""How well beads are read: their median, and each one against the least error that any fit of a Gaussian can have.

``python -m benchmarks.beads [--seeds 2] [--write]``
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import ndimage

import napari_blurmap as nb

from .report import arguments, publish, table

#: Sigma of the beads, pixels; photons in the middle of the brightest; beads in a picture.
SIGMAS, PHOTONS, COUNTS = (0.8, 1.2, 2.0, 3.0, 5.0, 8.0), (300, 3000, 30_000), (20, 60, 200)
#: Edge of a picture, pixels; photons of its ground.
EDGE, GROUND = 384, 100.0
#: Beads that stand alone are so many columns and rows.
COLUMNS, ROWS = 5, 4


class Field(NamedTuple):
    """A picture of beads, what was read of it, and of each bead."""

    sigma: float
    photons: int
    alone: bool
    median: float | None
    error: float | None
    judged: float
    beads: np.ndarray
    stated: np.ndarray


def places(count: int, alone: bool, rng: np.random.Generator) -> np.ndarray:
    """Pixels (2, N) in which beads are, at random or each far from the others."""
    if not alone:
        return rng.integers(20, EDGE - 20, (2, count))
    y, x = np.divmod(np.arange(COLUMNS * ROWS), COLUMNS)
    step = np.array([[EDGE / ROWS], [EDGE / COLUMNS]])
    return (step * (np.stack([y, x]) + 0.5) + rng.uniform(-6, 6, (2, COLUMNS * ROWS))).astype(int)


def measure(sigma: float, photons: int, count: int, alone: bool, seed: int) -> Field:
    """Expose a field of beads as a camera that counts photons does, and read it."""
    rng = np.random.default_rng((seed, count, photons, round(10 * sigma)))
    y, x = places(count, alone, rng)
    light = np.zeros((EDGE, EDGE))
    np.add.at(light, (y, x), photons * (1.0 if alone else rng.uniform(0.3, 1, len(y))))
    seen = rng.poisson(ndimage.gaussian_filter(light * 2 * np.pi * sigma**2, sigma) + GROUND).astype(np.uint16)
    m = nb.estimate_blur(seen)
    found = m.summary()
    reading, stated = np.asarray(m.masked().sigma)[y, x], np.asarray(m.uncertainty)[y, x]
    median, error = found["median_sigma"], found["median_sigma_error"]
    return Field(sigma, photons, alone, median, error, found["judged_share"], reading, stated)


def bound(sigma: float, photons: float) -> float:
    """Least standard error of sigma, pixels, of a fit to one bead: place, brightness, sigma and ground unknown.

    Cramer and Rao's bound for light that is counted (Ober, Ram and Ward, Biophysical Journal 86, 2004).
    """
    reach = int(np.ceil(6 * sigma)) + 2
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(float)
    shape = np.exp(-(x**2 + y**2) / (2 * sigma**2))
    slopes = [
        photons * shape * x / sigma**2,
        photons * shape * y / sigma**2,
        shape,
        photons * shape * (x**2 + y**2) / sigma**3,
        np.ones_like(shape),
    ]
    expected = photons * shape + GROUND
    information = np.array([[(a * b / expected).sum() for b in slopes] for a in slopes])
    return float(np.sqrt(np.linalg.inv(information)[3, 3]))


def median_row(sigma: float, fields: list[Field]) -> list[str]:
    """The median of the picture: bias by photons, the worst picture, and what was stated."""
    cells = [f"{sigma:g}"]
    known = [f for f in fields if f.sigma == sigma and f.median is not None]
    for photons in PHOTONS:
        off = [f.median / sigma - 1 for f in known if f.photons == photons]
        cells.append(f"{100 * np.mean(off):+.1f} %" if off else "-")
    if not known:
        return [*cells, "-", "-", "0"]
    off = np.array([f.median / sigma - 1 for f in known])
    stated = np.array([abs(f.median - sigma) / f.error for f in known])
    within = [f"{100 * (stated < times).mean():.0f}" for times in (1, 2)]
    every = sum(f.sigma == sigma for f in fields)
    return [*cells, f"{100 * off[np.abs(off).argmax()]:+.1f} %", f"{' / '.join(within)} %", f"{len(known)} of {every}"]


def bead_row(sigma: float, fields: list[Field]) -> list[str]:
    """Each bead: root mean square error over the bound, by photons."""
    cells = [f"{sigma:g}"]
    for photons in PHOTONS:
        read = np.concatenate([f.beads for f in fields if (f.sigma, f.photons) == (sigma, photons)])
        judged = read[np.isfinite(read)]
        least = bound(sigma, photons)
        error = np.sqrt(np.mean((judged - sigma) ** 2)) if judged.size else np.nan
        cells.append(f"{error / least:.1f} ({100 * least / sigma:.1f} %), {judged.size} of {read.size}")
    return cells


def measured(seeds: int) -> list[Field]:
    """All pictures: of many beads at random, and of beads that stand alone."""
    kinds = [(count, False) for count in COUNTS] + [(COLUMNS * ROWS, True)]
    return [
        measure(sigma, photons, count, alone, seed)
        for sigma in SIGMAS
        for photons in PHOTONS
        for count, alone in kinds
        for seed in range(seeds)
    ]


def main() -> None:
    """Measure and publish."""
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2, help="pictures of each kind")
    options = parser.parse_args()
    fields = measured(options.seeds)
    crowd, alone = ([f for f in fields if f.alone is kind] for kind in (False, True))
    photons = [f"{n} photons" for n in PHOTONS]
    off = [abs(f.median / f.sigma - 1) for f in fields if f.median is not None]
    text = (
        f"Gaussian beads in {EDGE} x {EDGE}, {', '.join(map(str, COUNTS))} at random places, the brightest with so "
        f"many photons in its middle, on a ground of {GROUND:g} photons. Bias of the median of a picture, the worst "
        "picture, and the share of medians within one and two of their stated errors; over all pictures, those below "
        f"too, the median miss is {100 * np.median(off):.1f} %.\n\n"
        + table(["sigma px", *photons, "worst", "within 1 / 2 stated", "read"], [median_row(s, crowd) for s in SIGMAS])
        + f"\n\n{COLUMNS * ROWS} beads that stand alone, all of the same brightness: the error of each bead's sigma "
        "(root mean square) over the Cramer-Rao bound of a fit to it, in brackets that bound over sigma, and how many "
        "are judged.\n\n" + table(["sigma px", *photons], [bead_row(s, alone) for s in SIGMAS])
    )
    publish("Beads", "python -m benchmarks.beads", text, options.write)


if __name__ == "__main__":
    main()
