"""A batch as one page that opens from a file: heat maps of plates, a trend, the most blurred pictures."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from ..result.words import percent
from .drawings import heat_map, trend
from .rows import outcome_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .rows import Row

#: Pictures of the contact sheet.
_WORST = 20
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body{{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em;color:#222;background:#fff}}
h2{{margin-top:2em}} figure{{display:inline-block;margin:.4em;vertical-align:top;width:240px}}
figcaption{{font-size:12px;overflow-wrap:anywhere}}
svg{{display:block;overflow:visible;margin:.6em 0;max-width:100%;height:auto}}
table{{border-collapse:collapse;font-size:13px}} td,th{{padding:.2em .7em;border-bottom:1px solid #ddd;text-align:left}}
</style></head><body><h1>{title}</h1>
<p>{line}. {reference}</p>
{parts}
</body></html>
"""


def report_page(rows: Sequence[Row], *, title: str) -> str:
    """The page.

    Parameters
    ----------
    rows : sequence of Row
        Compared (`rows.compare_rows`).
    title : str
        Its heading.

    Returns
    -------
    str
        HTML with all drawings and pictures in it: it needs no network and no other file.
    """
    known = [row for row in rows if row.figures.get("median_fwhm") is not None]
    parts = []
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in known:
        groups.setdefault((row.told.get("plate") or "", row.channel), []).append(row)
    for (plate, channel), group in groups.items():
        parts.append(f"<h2>{escape(f'Plate {plate}, ' if plate else '')}channel {escape(channel)}</h2>")
        parts += [heat_map(group), trend(group)]
    worst = sorted(known, key=lambda row: row.figures["ratio"] or row.figures["median_fwhm"], reverse=True)[:_WORST]
    parts += ["<h2>Most blurred</h2><p>Picture and map; dark is sharp, bright is blurred, grey was not judged.</p>"]
    parts += map(_figure, worst)
    review = [row for row in rows if row.outcome == "review"]
    lines = "".join(f"<tr><td>{_name(row)}</td><td>{escape(_why(row))}</td></tr>" for row in review)
    parts.append(f"<h2>To be looked at: {len(review)}</h2><table>{lines}</table>")
    names = dict.fromkeys(row.figures["reference"]["name"] for row in rows if row.figures.get("reference"))
    reference = f"Compared with: {'; '.join(names)}." if names else "Compared with nothing: no reference was given."
    return _PAGE.format(
        title=escape(title),
        line=escape(outcome_line(row.outcome for row in rows)),
        reference=escape(reference),
        parts="\n".join(parts),
    )


def _figure(row: Row) -> str:
    small = "" if row.measured is None else row.measured.small
    image = f'<img src="data:image/jpeg;base64,{small}" width="240" alt="">' if small else ""
    return f"<figure>{image}<figcaption>{_name(row)}<br>{escape(_blur(row.figures))}</figcaption></figure>"


def _blur(figures: dict[str, Any]) -> str:
    times = f", {figures['ratio']:.1f} x" if figures["ratio"] else ""
    return f"FWHM {figures['median_fwhm']:.2f} px{times}; judged {percent(figures['judged_share'])}"


def _name(row: Row) -> str:
    """What a row is called: well and site where they are known, and the file."""
    where = " ".join(filter(None, (row.told.get("well"), row.told.get("site"))))
    at = {} if row.measured is None else row.measured.at
    plane = "".join(f", {axis} {place + 1}" for axis, place in at.items())
    return escape(f"{where} {row.file.name}{plane}, channel {row.channel}".strip())


def _why(row: Row) -> str:
    """Why a row is to be looked at."""
    if row.error or row.problem:
        return row.error or row.problem
    if row.is_outlier:
        return f"{row.outlying:+.1f} deviations from the median of its plate and channel"
    return row.figures["verdict"] or "too little can be judged"
