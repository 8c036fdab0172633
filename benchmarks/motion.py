"""How well motion is read: length and direction of lines of any angle, and that none passes as sharp or round.

``python -m benchmarks.motion [--pictures DIR] [--write]``
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import skimage
from scipy.signal import fftconvolve

import napari_blurmap as nb
from napari_blurmap.ground.readable import true_sigma
from napari_blurmap.io.folders import pictures_in
from napari_blurmap.io.pictures import read_picture
from napari_blurmap.result.motion import LINE_SIGMA
from napari_blurmap.synthesis.scenes import random_scene

from .accuracy import FULL, SEED, SHIPPED
from .report import arguments, publish, table

#: Lengths of the lines, pixels; three angles each.
LENGTHS, ANGLES = (5.0, 9.0, 15.0, 25.0), 3
#: Largest edge of a picture, pixels.
EDGE = 384
#: From this length on motion must not be taken for anything else, pixels; up to this sigma a place passes as sharp.
PLAIN, SHARP = 8.0, 1.0
#: Synthetic textures of each kind.
SCENES = 3


class Moved(NamedTuple):
    """What was read of a moved picture, at its judged places."""

    name: str
    length: float
    judged: float
    read: float
    angle: float
    sharp: float
    round: float
    stated: np.ndarray
    off: np.ndarray


def line(length: float, degrees: float) -> np.ndarray:
    """Kernel of even motion along a line from +x towards +y, drawn with weights between the pixels."""
    reach = int(length / 2) + 2
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    along = np.linspace(-length / 2, length / 2, 40 * int(np.ceil(length)) + 1)
    turn = np.radians(degrees)
    y, x = reach + along * np.sin(turn), reach + along * np.cos(turn)
    i, j = np.floor(y).astype(int), np.floor(x).astype(int)
    for down, weight_y in ((0, 1 - (y - i)), (1, y - i)):
        for right, weight_x in ((0, 1 - (x - j)), (1, x - j)):
            np.add.at(kernel, (i + down, j + right), weight_y * weight_x)
    return kernel / kernel.sum()


def own_blur(grey: np.ndarray) -> float:
    """Sigma of a picture before it is moved, pixels."""
    return nb.estimate_blur(grey.astype(np.float32)).summary()["median_sigma"] or 0.0


def measure(name: str, sharp: np.ndarray, length: float, degrees: float, own: float) -> Moved:
    """Move grey levels (0 to 255), round to 8 bit, estimate; the error of sigma is that of the mean of both axes."""
    kernel = line(length, degrees)
    reach = kernel.shape[0] // 2
    blurred = fftconvolve(np.pad(sharp, reach, mode="reflect"), kernel, mode="valid")
    m = nb.estimate_blur(np.clip(np.rint(blurred), 0, 255).astype(np.uint8))
    where = np.isfinite(m.masked().sigma)
    if not where.any():
        return Moved(name, length, 0.0, np.nan, np.nan, 0.0, 0.0, np.empty(0), np.empty(0))
    moved = m.motion()
    angle = np.asarray(moved.angle)[where]
    off = np.abs((angle - degrees + 90) % 180 - 90)
    return Moved(
        name,
        length,
        where.mean(),
        float(np.median(np.asarray(moved.length)[where])),
        float(np.nanmedian(off)) if np.isfinite(off).any() else np.nan,
        float((np.asarray(m.sigma)[where] <= SHARP).mean()),
        float(np.isnan(angle).mean()),
        np.asarray(m.uncertainty)[where][::16],
        (np.asarray(m.sigma)[where] - true_sigma(LINE_SIGMA * length / np.sqrt(2), own))[::16],
    )


def greys(files: list[Path]) -> list[tuple[str, np.ndarray]]:
    """Real pictures and synthetic textures, grey levels of 0 to 255."""
    found = []
    for file in files:
        grey = np.asarray(read_picture(file).array, float)[:EDGE, :EDGE]
        found.append((file.stem, grey @ (0.299, 0.587, 0.114) if grey.ndim == 3 else grey))
    for kind in FULL:
        for number in range(SCENES):
            scene = random_scene((EDGE, EDGE), np.random.default_rng((SEED, number)), kind=kind)
            found.append((kind, 250 * scene.astype(float)))
    return found


def row(name: str, moved: list[Moved]) -> list[str]:
    """Figures over some pictures; those in which nothing is judged have none."""
    read = [m for m in moved if m.judged]
    if not read:
        return [name, "-", "-", "-", "-", "-", "0 %"]
    off = np.array([m.read - m.length for m in read])
    plain = [m for m in read if m.length > PLAIN]
    near = [abs(m.read - m.length) <= max(0.1 * m.length, 1.0) for m in read]
    return [
        name,
        f"{np.median(off):+.1f} px ({100 * np.median(off / [m.length for m in read]):+.0f} %)",
        f"{100 * np.mean(near):.0f} %",
        f"{np.nanmedian([m.angle for m in read]):.1f}" if np.isfinite([m.angle for m in read]).any() else "-",
        f"{100 * np.mean([m.sharp for m in plain]):.1f} %" if plain else "-",
        f"{100 * np.mean([m.round for m in plain]):.1f} %" if plain else "-",
        f"{100 * np.mean([m.judged for m in moved]):.0f} %",
    ]


def measured(files: list[Path]) -> list[Moved]:
    """Every picture moved by all lengths, each at its own angles."""
    rng = np.random.default_rng(0)
    return [
        measure(name, grey, length, float(degrees), own)
        for name, grey in greys(files)
        for own in [own_blur(grey)]
        for length in LENGTHS
        for degrees in (rng.uniform(0, 60) + np.arange(ANGLES) * 60)
    ]


def main() -> None:
    """Measure and publish."""
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, help="a folder of sharp pictures instead of scikit-image's")
    options = parser.parse_args()
    folder = options.pictures or Path(skimage.__file__).parent / "data"
    files = pictures_in(folder) if options.pictures else [folder / f"{name}.png" for name in SHIPPED]
    found = measured(files)
    names = dict.fromkeys(m.name for m in found)
    rows = [row(f"{length:g} px", [m for m in found if m.length == length]) for length in LENGTHS]
    rows += [row(name, [m for m in found if m.name == name]) for name in names] + [row("**all**", found)]
    text = (
        f"Pictures moved evenly along lines at {ANGLES} angles, 60 degrees apart, the first at random, rounded to "
        "8 bit. The length read is the median over the judged places; *near* is the share of pictures whose length is "
        f"right within 10 % or 1 px; the error of the angle is the median. Of motion over {PLAIN:g} px, the share of "
        f"judged places whose sigma is {SHARP:g} px or less, and of those whose blur is round within the errors.\n\n"
        + table(["motion", "length", "near", "angle, degrees", "sharp", "round", "judged"], rows)
    )
    publish("Motion", "python -m benchmarks.motion", text, options.write)


if __name__ == "__main__":
    main()
