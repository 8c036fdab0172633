"""Focus series: does the judged blur rise with the distance from focus?

``python -m benchmarks.series [--series DIR [DIR ...]] [--write]``: specimens through a simulated microscope, or
folders of frames. Each folder holds one field, every frame with its distance from focus as the last number in its name
(``z-10.23um.tiff``).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import napari_blurmap as nb
from napari_blurmap.io.pictures import read_picture
from napari_blurmap.synthesis.camera import Camera
from napari_blurmap.synthesis.kernels import Disc, Pupil
from napari_blurmap.synthesis.levels import blur_periodic
from napari_blurmap.synthesis.scenes import random_scene

from .report import arguments, publish, table

if TYPE_CHECKING:
    from napari_blurmap.synthesis.kernels import Family

SEED = 7_000_000
SPECIMENS = ("nuclei", "filaments", "spots", "tissue", "text", "relief")
#: Lenses: cut-off frequencies in cycles per pixel, sampled finely and as most cameras do, both without and with
#: spherical aberration (0.4 wavelengths, which makes the two sides of focus differ).
LENSES: dict[str, Family] = {
    "disc": Disc(),
    "cut-off 0.3": Pupil(0.3),
    "0.3, near side": Pupil(0.3, 1),
    "0.3, far side": Pupil(0.3, 2),
    "cut-off 0.8": Pupil(0.8),
    "0.8, near side": Pupil(0.8, 1),
    "0.8, far side": Pupil(0.8, 2),
}
#: Frames of a simulated series, from the sharpest that the lens gives to this equivalent sigma, px.
FRAMES, FARTHEST = 9, 20.0
#: Photons of the brightest pixel.
PHOTONS = 1000


def distance(file: Path) -> float:
    """The last signed number in a file's name."""
    return float(re.findall(r"[-+]?\d+(?:\.\d+)?", file.stem)[-1])


def judged_median(m: nb.BlurMap) -> float:
    """Median sigma of what can be judged, pixels; NaN where nothing can."""
    judged = m.masked().sigma
    return float(np.nanmedian(judged)) if np.isfinite(judged).any() else np.nan


def real_series(folder: Path) -> str:
    """A row a frame, and the rank correlation of each side of the sharpest frame."""
    files = sorted((f for f in folder.iterdir() if re.search(r"\d", f.stem) and f.is_file()), key=distance)
    at, medians, rows = [], [], []
    for file in files:
        read = read_picture(file)
        m = nb.estimate_blur(read.array, channel_axis=read.channel_axis)
        shares = [100 * np.isfinite(m.masked().sigma).mean(), *(100 * (m.status == s).mean() for s in (1, 2, 4))]
        at.append(distance(file))
        medians.append(judged_median(m))
        rows.append([f"{at[-1]:+g}", f"{medians[-1]:.2f}", *(f"{s:.0f} %" for s in shares)])
    away = np.abs(np.array(at) - at[int(np.nanargmin(medians))])
    sides = [nb.score(np.array(medians)[s], away[s]).rank_correlation for s in sides_of(at, medians)]
    return (
        table(["distance", "median sigma px", "judged", "empty", "too noisy", "beyond range"], rows)
        + "\n\nRank correlation of the judged median with the distance from the sharpest frame, each side alone: "
        + ", ".join(f"{side:.2f}" for side in sides if np.isfinite(side))
        + "."
    )


def sides_of(at: list[float], medians: list[float]) -> list[np.ndarray]:
    """The frames before and after the sharpest one, it included, where there are three or more."""
    sharpest = at[int(np.nanargmin(medians))]
    sides = [np.array(at) <= sharpest, np.array(at) >= sharpest]
    return [side for side in sides if side.sum() > 2]


def simulated_series(specimen: str, lens: Family) -> tuple[np.ndarray, np.ndarray]:
    """Equivalent sigma of every frame, and its judged median, pixels."""
    scene = random_scene((384, 384), np.random.default_rng(SEED), kind=specimen)
    ends = lens.clamp(np.array([0.3, FARTHEST], dtype=np.float32))
    sigmas = np.geomspace(*ends, FRAMES).astype(np.float32)
    camera = Camera(bits=16, photons=PHOTONS, gain=1.0, offset=100, read_noise=2.0)
    frames = (np.clip(blur_periodic(scene, np.full(scene.shape, s), lens), 0, None) for s in sigmas)
    found = [nb.estimate_blur(camera.expose(light, np.random.default_rng(i))) for i, light in enumerate(frames)]
    return sigmas, np.array([judged_median(m) for m in found])


def simulated() -> str:
    """A row a lens: rank correlation and number of judged frames of every specimen."""
    rows = []
    for name, lens in LENSES.items():
        cells = []
        for specimen in SPECIMENS:
            sigmas, medians = simulated_series(specimen, lens)
            judged = np.isfinite(medians)
            rank = nb.score(medians[judged], sigmas[judged]).rank_correlation if judged.sum() > 2 else np.nan
            cells.append(f"{rank:.2f} ({judged.sum()})")
        rows.append([name, *cells])
    return (
        f"Specimens through simulated lenses, {FRAMES} frames from the sharpest to an equivalent sigma of {FARTHEST:g} "
        f"px or the lens's last one, {PHOTONS} photons at the brightest pixel: rank correlation of the judged median "
        "with the equivalent sigma, and in brackets how many frames had anything that could be judged.\n\n"
        + table(["lens", *SPECIMENS], rows)
    )


def main() -> None:
    """Print the tables."""
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument(
        "--series", type=Path, nargs="+", default=[], help="folders of frames instead of simulated ones"
    )
    options = parser.parse_args()
    for folder in options.series:
        command = "python -m benchmarks.series --series DIR"
        publish(f"Focus series {folder.name}", command, real_series(folder), options.write)
    if not options.series:
        publish("Simulated focus series", "python -m benchmarks.series", simulated(), options.write)


if __name__ == "__main__":
    main()
