"""Drawings: picture, truth, estimate and error side by side, and the curves of a check."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError
from ..io.atomic import replacing
from ..io.plain_text import plain_text, without_folders

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

    from .report import CheckReport

#: Ticks of a logarithmic axis of sigma, pixels.
_TICKS = (0.1, 0.2, 0.3, 0.5, 1, 2, 3, 5, 10, 20)


def comparison_figure(picture: ArrayLike, truth: ArrayLike, estimate: ArrayLike, *, title: str = "") -> Figure:
    """Draw an estimated map beside its truth.

    Parameters
    ----------
    picture : array_like, shape (Y, X)
        The blurred picture.
    truth, estimate : array_like, shape (Y, X)
        Sigma in pixels; NaN (cannot tell) is drawn grey.
    title : str, default=""
        Above the panels.

    Returns
    -------
    matplotlib.figure.Figure
        Not registered with pyplot, so that no window and no state is left behind.

    Examples
    --------
    >>> import numpy as np
    >>> flat = np.ones((40, 40))
    >>> len(comparison_figure(flat, flat, flat).axes)  # four panels and their colour bars
    8
    """
    from matplotlib import colormaps
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    truth, estimate = np.asarray(truth, dtype=float), np.asarray(estimate, dtype=float)
    low = max(float(np.nanmin(truth)), 0.1)
    high = max(float(np.nanmax(truth)), low * 1.01)
    norm = LogNorm(low, high)
    error = estimate - truth
    reach = max(float(np.nanquantile(np.abs(error), 0.98)), 1e-3) if np.isfinite(error).any() else 1.0
    grey = {"bad": "0.6"}
    sigma_map = colormaps["viridis"].with_extremes(**grey)
    error_map = colormaps["RdBu_r"].with_extremes(**grey)
    figure = Figure(figsize=(17, 4.6), layout="constrained")
    panels: list[tuple[str, Any, dict[str, Any], str]] = [
        ("blurred picture", picture, {"cmap": "gray"}, "grey level"),
        ("truth", truth, {"cmap": sigma_map, "norm": norm}, "sigma (px)"),
        ("estimate (grey: cannot tell)", estimate, {"cmap": sigma_map, "norm": norm}, "sigma (px)"),
        (
            "estimate - truth",
            error,
            {"cmap": error_map, "vmin": -reach, "vmax": reach},
            "error of sigma (px)",
        ),
    ]
    for axes, (name, data, style, unit) in zip(figure.subplots(1, 4), panels, strict=True):
        drawn = axes.imshow(data, interpolation="nearest", **style)
        bar = figure.colorbar(drawn, ax=axes, shrink=0.8, label=unit)
        if isinstance(style.get("norm"), LogNorm):
            ticks = [t for t in _TICKS if low <= t <= high * 1.001]
            bar.set_ticks(ticks, labels=[f"{t:g}" for t in ticks], minor=False)
            bar.minorticks_off()
        axes.set_title(name)
        axes.set_axis_off()
    if title:
        figure.suptitle(title, parse_math=False)
    return figure


def check_figure(report: CheckReport, *, title: str = "") -> Figure:
    """Draw a check: estimate against truth, errors, and how much could be judged.

    Parameters
    ----------
    report : CheckReport
        Of `check_on_image`; an unfinished one too.
    title : str, default=""
        Above the panels, before the sentence of the report.

    Returns
    -------
    matplotlib.figure.Figure
        Not registered with pyplot.

    Examples
    --------
    >>> from napari_blurmap.checking.report import CheckReport
    >>> len(check_figure(CheckReport((), (1.0,), problem="it is empty.")).axes)
    3
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 5), layout="constrained")
    panels = figure.subplots(1, 3)
    rows = [row for row in report.rows if row.n]
    draw = (_draw_estimates, _draw_errors, _draw_shares)
    for axes, one in zip(panels, draw, strict=True):
        if rows:
            one(axes, report)
            _sigma_axis(axes, report)
        else:
            axes.set_axis_off()
    figure.suptitle(
        "\n".join(text for text in (plain_text(title), report.summary_line()) if text), fontsize=11, parse_math=False
    )
    return figure


def _curve(report: CheckReport, name: str) -> list[float]:
    return [float(getattr(row, name)) for row in report.rows]


def _sigma_axis(axes: Axes, report: CheckReport) -> None:
    """A logarithmic axis of the truth, with the usable range shaded."""
    truth = _curve(report, "truth")
    low, high = min(truth) / 1.15, max(truth) * 1.15
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_xticks([t for t in _TICKS if low <= t <= high], labels=[f"{t:g}" for t in _TICKS if low <= t <= high])
    axes.minorticks_off()
    axes.set_xlabel("true sigma (px)" if report.reference == "absolute" else "added sigma (px)")
    if (found := report.usable) is not None:
        ends = found.sigma[0] / 1.05, found.sigma[1] * 1.05
        axes.axvspan(*ends, color="tab:green", alpha=0.08, zorder=0, label="usable range")
    axes.legend(fontsize=8)


def _draw_estimates(axes: Axes, report: CheckReport) -> None:
    truth, middle, error = (np.array(_curve(report, name)) for name in ("truth", "estimate", "uncertainty"))
    low, high = np.array(_curve(report, "low")), np.array(_curve(report, "high"))
    ends = [min(truth) / 1.15, max(truth) * 1.15]
    axes.plot(ends, ends, color="0.4", linewidth=1, label="truth")
    axes.fill_between(
        truth, np.maximum(middle - error, 1e-3), middle + error, color="tab:blue", alpha=0.2, label="+- standard error"
    )
    bars = np.maximum([middle - low, high - middle], 0)
    axes.errorbar(truth, middle, bars, fmt="o", color="tab:blue", capsize=3, label="median, 16 to 84 %")
    axes.set_yscale("log")
    axes.set_ylim(ends[0] / 1.3, ends[1] * 1.3)
    shown = [t for t in _TICKS if ends[0] / 1.3 <= t <= ends[1] * 1.3]
    axes.set_yticks(shown, labels=[f"{t:g}" for t in shown])
    axes.minorticks_off()
    axes.set_ylabel("estimated sigma (px)")
    axes.set_title("estimate")


def _draw_errors(axes: Axes, report: CheckReport) -> None:
    truth = _curve(report, "truth")
    axes.axhline(0, color="0.6", linewidth=0.8)
    axes.plot(truth, _curve(report, "rmse"), "o-", color="tab:blue", label="RMSE")
    axes.plot(truth, _curve(report, "bias"), "s-", color="tab:orange", label="bias")
    if report.reference == "absolute":
        axes.plot(truth, _curve(report, "rmse_own"), ":", color="tab:blue", label="RMSE with all own blur")
        axes.plot(truth, _curve(report, "rmse_added"), ":", color="0.5", label="RMSE against added sigma")
    axes.plot(truth, _curve(report, "limit"), "--", color="tab:red", linewidth=1, label="limit of RMSE")
    axes.set_ylabel("error of sigma (px)")
    axes.set_title("error")


def _draw_shares(axes: Axes, report: CheckReport) -> None:
    truth = _curve(report, "truth")
    for name, style, colour, label in (
        ("judged_of_sample", "o-", "tab:blue", "judged, of the sample"),
        ("judged_of_all", "o:", "tab:blue", "judged, of all"),
        ("within_one", "s-", "tab:orange", "within 1 standard error (68 %)"),
        ("within_two", "s:", "tab:orange", "within 2 standard errors (95 %)"),
    ):
        axes.plot(truth, [100 * share for share in _curve(report, name)], style, color=colour, label=label)
    for share in (68, 95):
        axes.axhline(share, color="tab:orange", linewidth=0.6, linestyle="--")
    axes.set_ylim(0, 104)
    axes.set_ylabel("share of places (%)")
    axes.set_title("how much, and how honest")


def check_paths(folder: Path, name: str, *, overwrite: bool = False) -> tuple[Path, Path]:
    """Where a check is written: drawing and figures; an error where that would replace a file unasked."""
    paths = folder / f"{name}.check.png", folder / f"{name}.check.json"
    for path in paths:
        if path.exists() and not overwrite:
            raise BlurMapError(
                f"{path} exists already. Choose to overwrite it (--overwrite), or another name or folder."
            )
    return paths


def save_check(
    report: CheckReport, folder: Path, name: str, *, title: str = "", overwrite: bool = False
) -> tuple[Path, Path]:
    """Write a check as ``<name>.check.png`` and ``<name>.check.json``, both or neither.

    Parameters
    ----------
    report : CheckReport
        What to write.
    folder : Path
        Where; it exists.
    name : str
        Of the picture.
    title : str, default=""
        Above the drawing.
    overwrite : bool, default=False
        Replace what is there.

    Returns
    -------
    (Path, Path)
        The drawing and the figures.

    Raises
    ------
    BlurMapError
        If one of them exists, or cannot be written.
    """
    paths = check_paths(folder, name, overwrite=overwrite)
    said = report.to_dict()
    said["provenance"] = said["provenance"] and without_folders(said["provenance"])
    figures = json.dumps(said, indent=2, allow_nan=False) + "\n"
    try:
        with replacing(*paths) as (drawing, data):
            check_figure(report, title=title).savefig(drawing, dpi=110, format="png")
            data.write_text(figures, encoding="utf-8")
    except OSError as error:
        raise BlurMapError(
            f"{paths[0]} cannot be written ({error.strerror or error}). Choose another folder."
        ) from error
    return paths
