"""How true the stated error of a picture's median is: pictures of constant blur, and what was added to them.

``python -m benchmarks.medians [--pictures DIR] [--write]``
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import skimage
from scipy import ndimage

import napari_blurmap as nb
from napari_blurmap.io.folders import pictures_in
from napari_blurmap.io.pictures import read_picture

from .accuracy import LARGEST_OWN, SHIPPED
from .report import arguments, publish, table

#: Sigmas added, pixels.
ADDED = (0.8, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0)


class Median(NamedTuple):
    """A picture's median, its stated error, and what was to be read; pixels."""

    name: str
    miss: float
    error: float
    sampling: float
    place: float


def medians(files: list[Path]) -> list[Median]:
    """Blur each picture by every amount and estimate; its own blur is its reading before."""
    found = []
    for file in files:
        grey = np.asarray(read_picture(file).array, float)
        grey = grey @ (0.299, 0.587, 0.114) if grey.ndim == 3 else grey
        own = nb.estimate_blur(grey.astype(np.uint8)).summary()["median_sigma"] or 0.4
        for added in ADDED:
            blurred = np.clip(np.rint(ndimage.gaussian_filter(grey, added)), 0, 255).astype(np.uint8)
            read = nb.estimate_blur(blurred).summary()
            if read["median_sigma"] is not None:
                miss = read["median_sigma"] - float(np.hypot(added, min(own, LARGEST_OWN)))
                stated = (
                    read["median_sigma_error"],
                    read["median_sigma_error_of_sampling"],
                    read["median_uncertainty"],
                )
                found.append(Median(file.stem, miss, *stated))
    return found


def share_needed(found: list[Median]) -> float:
    """Part of one place's error that the median's has to keep for 68 % of the misses to lie within one."""
    shares = np.linspace(0, 3, 301)
    within = [np.mean([abs(m.miss) <= np.hypot(m.sampling, share * m.place) for m in found]) for share in shares]
    return float(shares[np.argmax(np.array(within) >= 0.683)])


def line(name: str, found: list[Median]) -> list[str]:
    """Coverage of one and two stated errors."""
    ratio = np.array([abs(m.miss) / m.error for m in found])
    alone = np.array([abs(m.miss) / m.sampling for m in found])
    return [
        name,
        f"{100 * (ratio < 1).mean():.0f} %",
        f"{100 * (ratio < 2).mean():.0f} %",
        f"{np.median(ratio):.1f}",
        f"{100 * (alone < 1).mean():.0f} %",
        f"{share_needed(found):.2f}",
    ]


def main() -> None:
    """Measure and publish."""
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, help="a folder of sharp pictures instead of scikit-image's")
    options = parser.parse_args()
    folder = options.pictures or Path(skimage.__file__).parent / "data"
    files = pictures_in(folder) if options.pictures else [folder / f"{name}.png" for name in SHIPPED]
    found = medians(files)
    rows = [line(name, [m for m in found if m.name == name]) for name in dict.fromkeys(m.name for m in found)]
    rows.append(line("all", found))
    header = ["picture", "within one", "within two", "median miss over it", "within one of sampling's", "part needed"]
    text = (
        f"{len(found)} pictures of constant blur: each picture blurred by Gaussians of {', '.join(map(str, ADDED))} px "
        "and rounded to 8 bit; the truth is sqrt(s^2 + s0^2), s0 being the reading of the picture before "
        f"({LARGEST_OWN} px at most). The stated error of a median is that of sampling and, in quadrature, "
        "the standard error of one place: what a picture's own look does to a reading, it does to all of its places. "
        "The last column is the part for which 68 % would lie within one.\n\n" + table(header, rows)
    )
    publish("Medians", "python -m benchmarks.medians", text, options.write and not options.pictures)


if __name__ == "__main__":
    main()
