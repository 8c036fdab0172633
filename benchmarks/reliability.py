"""Whether the stated standard errors are true: how large errors are where they are said to be so large.

``python -m benchmarks.reliability [--pictures DIR] [--per-kind 6] [--write]``
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import skimage

import napari_blurmap as nb
from napari_blurmap.io.folders import pictures_in

from . import beads, motion
from .accuracy import SHIPPED, Case, pictures, synthetic
from .medians import Median, medians
from .report import PAGE, arguments, publish, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    Errors = tuple[np.ndarray, np.ndarray]

#: Bins of equal count in the plot.
BINS = 12


def errors(cases: list[Case]) -> Errors:
    """Stated standard error and error of every judged pixel with a known truth, px."""
    stated, off = [], []
    for c in cases:
        error = c.judged - c.truth
        known = np.isfinite(error)
        stated.append(c.m.uncertainty[known])
        off.append(error[known])
    return np.concatenate(stated), np.concatenate(off)


def line(name: str, found: Errors) -> list[str]:
    """Coverage, rank correlation of size and statement, mean negative log-likelihood of a normal error."""
    stated, off = found
    size = np.abs(off)
    likelihood = 0.5 * np.log(2 * np.pi * stated**2) + 0.5 * (off / stated) ** 2
    return [
        name,
        f"{100 * (size < stated).mean():.0f} %",
        f"{100 * (size < 2 * stated).mean():.0f} %",
        f"{nb.score(stated, size).rank_correlation:.2f}",
        f"{likelihood.mean():.2f}",
        f"{np.median(stated):.3f}",
        f"{np.quantile(size, 0.683):.3f}",
    ]


def bead_errors(fields: list[beads.Field]) -> Errors:
    """The same of every judged bead."""
    stated, read, sigma = (
        np.concatenate(part)
        for part in zip(*((f.stated, f.beads, np.full(f.beads.shape, f.sigma)) for f in fields), strict=True)
    )
    judged = np.isfinite(read)
    return stated[judged], (read - sigma)[judged]


def motion_errors(found: list[motion.Moved]) -> Errors:
    """The same of places in moved pictures."""
    return np.concatenate([m.stated for m in found]), np.concatenate([m.off for m in found])


def bead_medians(fields: list[beads.Field]) -> list[Median]:
    """Medians of pictures of beads."""
    return [
        Median("beads", f.median - f.sigma, f.error, np.nan, np.nan)
        for f in fields
        if f.median is not None and f.error is not None
    ]


def _within(found: list[Median]) -> list[str]:
    """Coverage of one and two stated errors."""
    return [f"{100 * np.mean([abs(m.miss) < times * m.error for m in found]):.0f} %" for times in (1, 2)]


def plot(groups: dict[str, Errors], middle: dict[str, list[Median]]) -> Figure:
    """The size of the errors against the standard error stated for them; on the diagonal they agree."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.5), layout="constrained")
    axes, right = figure.subplots(1, 2)
    for name, found in middle.items():
        right.loglog([m.error for m in found], [abs(m.miss) for m in found], ".", label=name)
    ends = np.array(right.get_xlim())
    right.loglog(ends, ends, "--", color="0.5", label="one stated error")
    right.loglog(ends, 2 * ends, ":", color="0.5", label="two")
    right.set(title="Medians of pictures", xlabel="stated error, px", ylabel="miss, px")
    right.legend()
    axes.set_title("Places")
    for name, (stated, off) in groups.items():
        parts = np.array_split(np.argsort(stated), BINS)
        x = [np.median(stated[p]) for p in parts]
        axes.loglog(x, [np.quantile(np.abs(off[p]), 0.683) for p in parts], "o-", label=name)
    ends = np.array(axes.get_xlim())
    axes.loglog(ends, ends, "--", color="0.5", label="as stated")
    axes.set(xlabel="stated standard error, px", ylabel="68 % of the errors are below, px")
    axes.legend()
    for panel in (axes, right):  # labels between the powers of ten would overlap
        panel.xaxis.set_minor_formatter("")
    return figure


def main() -> None:
    """Print the table and draw the plot."""
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, help="a folder of sharp pictures instead of scikit-image's")
    parser.add_argument("--per-kind", type=int, default=6, help="synthetic scenes of every kind")
    options = parser.parse_args()
    folder = Path(skimage.__file__).parent / "data"
    files = [folder / f"{name}.png" for name in SHIPPED]
    if options.pictures:
        files = pictures_in(options.pictures)
    real = options.pictures.name if options.pictures else "scikit-image's pictures"
    fields = beads.measured(1)
    groups = {
        "synthetic scenes": errors(list(synthetic(options.per_kind))),
        real: errors(list(pictures(files))),
        "beads": bead_errors(fields),
        "motion": motion_errors(motion.measured(files)),
    }
    middle = {real: medians(files), "beads": bead_medians(fields)}
    header = ["pixels of", "within 1", "within 2", "rank corr.", "neg. log-likelihood", "median stated", "68 % below"]
    text = (
        "Judged pixels of the ramps of the accuracy tables, beads of `benchmarks.beads` and "
        "moved pictures of `benchmarks.motion`. Of normal errors 68 % lie within one standard error and "
        "95 % within two. *Rank corr.* is that of the size of the error with the standard error stated for it; the "
        "likelihood is that of a normal error; the last two columns are pixels.\n\n"
        + table(header, [line(name, found) for name, found in groups.items()])
        + "\n\nMedians of whole pictures of constant blur, as of `python -m benchmarks.medians` and of beads:\n\n"
        + table(
            ["medians of", "pictures", "within 1", "within 2"],
            [[name, str(len(found)), *_within(found)] for name, found in middle.items()],
        )
        + "\n\n![Size of the errors against the stated standard error](images/reliability.png)"
    )
    publish("Standard errors", "python -m benchmarks.reliability", text, options.write and not options.pictures)
    if options.write and not options.pictures:
        plot(groups, middle).savefig(PAGE.parent / "images" / "reliability.png", dpi=100)


if __name__ == "__main__":
    main()
