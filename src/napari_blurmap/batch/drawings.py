"""Drawings of a report, as SVG."""

from __future__ import annotations

from html import escape
from math import ceil, log
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from .names import place_of, plate_shape, row_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .rows import Row

T = TypeVar("T")
#: By outcome.
COLOURS = {"pass": "#2a788e", "fail": "#d1495b", "review": "#e0a100", "": "#2a788e"}


def heat_map(rows: Sequence[Row]) -> str:
    """A plate with the median FWHM of each well.

    Parameters
    ----------
    rows : sequence of Row
        Of one plate and channel.

    Returns
    -------
    str
        SVG; nothing where no well is known.
    """
    wells: dict[tuple[int, int], list[float]] = {}
    for row in rows:
        if (place := place_of(row.told.get("well", ""))) is not None:
            wells.setdefault(place, []).append(row.figures["median_fwhm"])
    if not wells:
        return ""
    height, width = plate_shape(wells)
    medians = {place: float(np.median(found)) for place, found in wells.items()}
    colours = well_colours(medians)
    side = 30 if width <= 12 else 22 if width <= 24 else 18
    parts = [_text(side * (c + 1.5), side * 0.7, str(c + 1)) for c in range(width)]
    for r in range(height):
        parts.append(_text(side * 0.5, side * (r + 1.65), row_name(r)))
        for c in range(width):
            value = medians.get((r, c))
            name = f"{row_name(r)}{c + 1:02d}: " + ("no value" if value is None else f"FWHM {value:.2f} px")
            parts.append(
                f'<rect x="{side * (c + 1)}" y="{side * (r + 1)}" width="{side - 2}" height="{side - 2}" rx="3" '
                f'fill="{colours.get((r, c), "#eee")}"><title>{name}</title></rect>'
            )
    low, high = min(medians.values()), max(medians.values())
    words = f"Median FWHM of each well, {low:.2f} px (dark) to {high:.2f} px (bright)"
    parts.append(_text(side, side * (height + 1.8), words, "start"))
    return _svg(side * (width + 1.2), side * (height + 2.2), parts, words)


def trend(rows: Sequence[Row]) -> str:
    """FWHM over the time of acquisition, or over the order of the files where it is not known of all; with its error.

    Parameters
    ----------
    rows : sequence of Row
        Of one plate and channel.

    Returns
    -------
    str
        SVG.
    """
    width, height, left, top = 900.0, 200.0, 50.0, 10.0
    values = [row.figures["median_fwhm"] for row in rows]
    most = max(values) * 1.1
    step = 10.0 ** ceil(log(most / 5, 10))
    step = next(s for s in (step / 10, step / 5, step / 2, step) if most / s <= 6)
    parts = []
    for tick in range(int(most / step) + 1):
        y = top + height * (1 - tick * step / most)
        parts.append(f'<line x1="{left}" x2="{left + width}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(_text(left - 6, y + 4, f"{tick * step:g}", "end"))
    times = [row.acquired for row in rows if row.acquired is not None]
    timed = len(times) == len(rows) and max(times) > min(times)
    for number, row in enumerate(rows):
        place = (times[number] - min(times)) / (max(times) - min(times)) if timed else (number + 0.5) / len(rows)
        x = left + width * place
        y = top + height * (1 - row.figures["median_fwhm"] / most)
        half = height * (row.figures["median_fwhm_error"] or 0.0) / most
        colour = COLOURS[row.outcome]
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y - half:.1f}" y2="{y + half:.1f}" stroke="{colour}"/>')
        name = escape(f"{row.told.get('well', '')} {row.file.name}: {row.figures['median_fwhm']:.2f} px".strip())
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"><title>{name}</title></circle>')
    over = "in the order of the files"
    if timed:
        over = f"over the time of acquisition, {min(times):%Y-%m-%d %H:%M:%S} to {max(times):%Y-%m-%d %H:%M:%S}"
    words = f"Median FWHM (px) {over}; red: blurred, yellow: to be looked at"
    parts.append(_text(left, top + height + 22, words, "start"))
    return _svg(left + width + 10, top + height + 32, parts, words)


def well_colours(medians: Mapping[T, float]) -> dict[T, str]:
    """Colours of the wells of a plate by their medians, dark where it is sharpest.

    Examples
    --------
    >>> well_colours({"A01": 2.0, "A02": 3.0})
    {'A01': '#440154', 'A02': '#fde724'}
    """
    from matplotlib import colormaps

    low, high = min(medians.values()), max(medians.values())
    levels = {well: log(value / low) / log(max(high / low, 1.001)) for well, value in medians.items()}
    return {well: "#{:02x}{:02x}{:02x}".format(*colormaps["viridis"](n, bytes=True)) for well, n in levels.items()}


def _text(x: float, y: float, words: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="12" text-anchor="{anchor}">{escape(words)}</text>'


def _svg(width: float, height: float, parts: Sequence[str], words: str) -> str:
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(words)}">{"".join(parts)}</svg>'
    )
