"""Picture, truth, estimate and error side by side, with colour bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike


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
            ticks = [t for t in (0.1, 0.2, 0.3, 0.5, 1, 2, 3, 5, 10, 20) if low <= t <= high * 1.001]
            bar.set_ticks(ticks, labels=[f"{t:g}" for t in ticks], minor=False)
            bar.minorticks_off()
        axes.set_title(name)
        axes.set_axis_off()
    if title:
        figure.suptitle(title)
    return figure
