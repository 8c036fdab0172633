"""Focus series: does the judged blur rise with the distance from focus?

``python -m benchmarks.series --series DIR [DIR ...]``: every folder holds the frames of one field, each with its
distance from focus as the last number in its name (``z-10.23um.tiff``).
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

import napari_blurmap as nb
from napari_blurmap.io.pictures import read_picture

from .report import arguments, publish, table


def distance(file: Path) -> float:
    """The last signed number in a file's name."""
    return float(re.findall(r"[-+]?\d+(?:\.\d+)?", file.stem)[-1])


def main() -> None:
    """Print a row a frame, and the rank correlation of each side of the sharpest frame."""
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--series", type=Path, nargs="+", required=True)
    options = parser.parse_args()
    for folder in options.series:
        files = sorted((f for f in folder.iterdir() if re.search(r"\d", f.stem) and f.is_file()), key=distance)
        at, medians, rows = [], [], []
        for file in files:
            read = read_picture(file)
            m = nb.estimate_blur(read.array, channel_axis=read.channel_axis)
            judged = m.masked().sigma
            middle = float(np.nanmedian(judged)) if np.isfinite(judged).any() else np.nan
            shares = [100 * np.isfinite(judged).mean(), *(100 * (m.status == s).mean() for s in (1, 2, 4))]
            at.append(distance(file))
            medians.append(middle)
            rows.append([f"{at[-1]:+g}", f"{middle:.2f}", *(f"{s:.0f} %" for s in shares)])
        away = np.abs(np.array(at) - at[int(np.nanargmin(medians))])
        sides = [nb.score(np.array(medians)[s], away[s]).rank_correlation for s in sides_of(at, medians)]
        text = (
            table(["distance", "median sigma px", "judged", "empty", "too noisy", "beyond range"], rows)
            + "\n\nRank correlation of the judged median with the distance from the sharpest frame, each side alone: "
            + ", ".join(f"{side:.2f}" for side in sides if np.isfinite(side))
            + "."
        )
        publish(f"Focus series {folder.name}", "python -m benchmarks.series --series DIR", text, options.write)


def sides_of(at: list[float], medians: list[float]) -> list[np.ndarray]:
    """The frames before and after the sharpest one, it included, where there are three or more."""
    sharpest = at[int(np.nanargmin(medians))]
    sides = [np.array(at) <= sharpest, np.array(at) >= sharpest]
    return [side for side in sides if side.sum() > 2]


if __name__ == "__main__":
    main()
