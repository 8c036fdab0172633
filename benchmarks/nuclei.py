"""Nuclei on black under photon noise: is the foreground judged, the ground left alone, and does dim look like blur?

``python -m benchmarks.nuclei [--repeats 8] [--write]``
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

import napari_blurmap as nb
from napari_blurmap.synthesis.specimens import nuclei

from .report import arguments, publish, table

SEED = 7_000_000
RADII = (6.0, 9.0, 12.0, 18.0)
#: Photons of the brightest pixel.
PHOTONS = (2000, 1000, 500, 250, 125)
#: Camera: offset and read noise, counts.
OFFSET, READ = 100, 2.0
#: Part of the brightest light from which a pixel is foreground, and pixels around it that are neither.
FOREGROUND, AROUND = 0.1, 12


def scene(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Blurred light over its maximum, and its sigma: a ramp of 0.3 to 3 px."""
    sharp = nuclei((384, 384), np.random.default_rng((SEED, number)), radius=RADII[number % len(RADII)])
    ramp = nb.sigma_ramp(sharp.shape, 0.3, 3.0, axis=-1 - number % 2)
    light = nb.apply_blur(sharp.astype(np.float64), ramp)
    return light / light.max(), ramp


def exposure(light: np.ndarray, photons: float, seed: int) -> np.ndarray:
    """A uint16 frame."""
    rng = np.random.default_rng((SEED, seed))
    counts = rng.poisson(light * photons) + OFFSET + READ * rng.standard_normal(light.shape)
    return np.clip(np.rint(counts), 0, 65535).astype(np.uint16)


def main() -> None:
    """Print a row for every number of photons."""
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=8, help="fields")
    options = parser.parse_args()
    scenes = [scene(i) for i in range(options.repeats)]
    brightest: list[nb.BlurMap] = []
    rows = []
    for photons in PHOTONS:
        maps = [nb.estimate_blur(exposure(light, photons, i)) for i, (light, _) in enumerate(scenes)]
        brightest = brightest or maps
        figures = []
        for (light, ramp), m, first in zip(scenes, maps, brightest, strict=True):
            inside = light > FOREGROUND
            ground = ~ndimage.binary_dilation(inside, iterations=AROUND)
            judged = m.masked().sigma
            found = nb.score(np.where(inside, judged, np.nan), np.where(inside, ramp, np.nan))
            moved = np.abs(judged - first.masked().sigma) / np.hypot(m.uncertainty, first.uncertainty)
            figures.append(
                [
                    nb.score(m.sigma[inside], ramp[inside]).rank_correlation,
                    found.rmse,
                    found.bias,
                    100 * found.coverage,
                    100 * np.isfinite(judged[ground]).mean(),
                    100 * (moved[inside & np.isfinite(moved)] < 1).mean() if m is not first else np.nan,
                ]
            )
        with np.errstate(all="ignore"):
            middle = np.nanmedian(np.asarray(figures), axis=0)
        rank, rmse, bias, seen, empty, same = middle
        rows.append(
            [
                f"{photons}",
                f"{rank:.3f}",
                f"{rmse:.3f}",
                f"{bias:+.3f}",
                f"{seen:.0f} %",
                f"{empty:.0f} %",
                "" if np.isnan(same) else f"{same:.0f} %",
            ]
        )
    header = ["photons", "rank corr.", "RMSE px", "bias px", "foreground judged", "ground judged", "same within 1 s.e."]
    text = (
        f"{options.repeats} fields of nuclei (radius {min(RADII):.0f} to {max(RADII):.0f} px) of seeds never trained "
        f"on, 384 x 384, blurred by a ramp of 0.3 to 3 px, then photon noise, read noise {READ:g} and an offset of "
        f"{OFFSET} counts; medians over the fields. The foreground is what is brighter than {FOREGROUND:g} of the "
        f"brightest, the ground what is {AROUND} px or more from it. *Same within 1 s.e.*: judged foreground that "
        f"differs from the same field at {max(PHOTONS)} photons by less than the standard error of the difference.\n\n"
        + table(header, rows)
    )
    publish("Nuclei under photon noise", "python -m benchmarks.nuclei", text, options.write)


if __name__ == "__main__":
    main()
