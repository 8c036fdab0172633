"""The summary of a blur map as one line for people."""

from __future__ import annotations

from math import floor, log10
from typing import Any

from ..errors import BlurMapError
from ..ground.arguments import flag, shown
from ..ground.optics import FWHM_PER_SIGMA
from ..ground.status import Status
from ..ground.units import meters, readable_unit, unit_name


def summary_line(summary: dict[str, Any], *, verdict: bool = False) -> str:
    """One line for people from the figures of `napari_blurmap.result.summary.summarize`.

    Parameters
    ----------
    summary : dict
        What ``BlurMap.summary`` returned.
    verdict : bool, default=False
        End with the verdict and its note, where there was a reference.

    Returns
    -------
    str
        Blur with its error, ratio to the reference, coverage and why the rest
        was not judged, motion where the blur is not round, and what is to be
        known of the camera; what is unknown is left out.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_blurmap.result.summary import summarize
    >>> two = np.full((64, 64), 2.0, np.float32)
    >>> status = np.zeros((64, 64), np.uint8)
    >>> status[:16] = Status.EMPTY
    >>> summary_line(summarize(two, 0.1 * two, status))
    'Blur FWHM 4.7 +- 0.5 px (median). Judged 75 % of the picture. Not judged: 25 % empty.'
    """
    if not isinstance(summary, dict) or "shares" not in summary:
        raise BlurMapError(f"summary is {shown(summary)}; expected what BlurMap.summary returned.")
    line = _found(summary)
    if flag("verdict", verdict) and summary["verdict"] is not None:
        line += f" Verdict: {verdict_words(summary)}"
    return line


def verdict_words(summary: dict[str, Any]) -> str:
    """The verdict of a summary, and what it is compared with.

    Parameters
    ----------
    summary : dict
        With a verdict.

    Returns
    -------
    str

    Examples
    --------
    >>> limit = {"name": "optics limit", "factor": 1.5}
    >>> verdict_words({"verdict": "blurred", "note": None, "reference": limit})
    'blurred, beyond 1.5 x the optics limit.'
    """
    verdict, name = summary["verdict"], f"the {summary['reference']['name']}"
    if summary["note"]:
        return f"{verdict}. {summary['note']}"
    factor = summary["reference"]["factor"]
    times = name if factor == 1 else f"{factor:g} x {name}"
    found = {
        "sharp": f"within {times}",
        "partly blurred": f"only in part within {times}",
        "blurred": f"beyond {times}",
        "empty": f"with nothing to compare with {name}",
    }
    return f"{verdict}, {found.get(verdict, f'for too little could be judged to compare it with {name}')}."


def _found(summary: dict[str, Any]) -> str:
    """What was found, without a verdict."""
    missing = {label: share for label, share in summary["shares"].items() if label != Status.MEASURED.label}
    missing["too uncertain"] = summary["uncertain_share"]
    reasons = ", ".join(f"{percent(share)} {label}" for label, share in missing.items() if share > 0)
    notes = "".join(f" {sentence}" for sentence in summary.get("sensor_notes", []))
    so_far, of = summary.get("estimated_share"), "the picture"
    if so_far is not None:
        of = f"what is estimated so far ({percent(so_far)} of the picture)"
    if summary["median_fwhm"] is None:
        if not so_far and so_far is not None:
            return f"Nothing is estimated yet.{notes}"
        return f"Nothing could be judged{'' if so_far is None else f' of {of}'}: {reasons}.{notes}"
    # Counted from the sharpness of a user's pictures it is not the total blur, and is not called so.
    what = "Added blur" if summary["zero"] == "added" else "Blur"
    line = f"{what} FWHM {median_words(summary)} (median)"
    if (ratio := summary["ratio"]) is not None:
        line += f", {ratio:.{1 if ratio >= 0.95 else 2}f} x the {summary['reference']['name']}"
    line += f". Judged {percent(summary['judged_share'])} of {of}"
    if summary["sharp_share"] is not None:
        line += f": {percent(summary['sharp_share'])} of that sharp"
    line += f". Not judged: {reasons}." if reasons else "."
    motion = summary.get("motion")  # figures that were kept may be of an earlier version
    warning = f" {found}" if (found := summary.get("warning")) else ""
    return line + warning + (f" {_motion(motion, summary['unit'])}" if motion else "") + notes


def median_words(summary: dict[str, Any], unit: str | None = None, *, sigma: bool = False) -> str:
    """The median width of the judged places with its whole error.

    Parameters
    ----------
    summary : dict
        In which something was judged.
    unit : str, optional
        Of the length; by default the one that is readable. Without a pixel size it is px.
    sigma : bool, default=False
        As sigma instead of FWHM.

    Examples
    --------
    >>> found = {"median_fwhm_in_unit": 0.5321, "median_fwhm_in_unit_error": 0.02, "unit": "um"}
    >>> median_words(found), median_words(found, "nm"), median_words(found, "nm", sigma=True)
    ('0.53 +- 0.02 um', '532 +- 20 nm', '226 +- 8 nm')
    """
    known = summary["unit"]
    key = "median_fwhm" if known is None else "median_fwhm_in_unit"
    value, error = (summary[k] and summary[k] / (FWHM_PER_SIGMA if sigma else 1) for k in (key, f"{key}_error"))
    factor, label = (1.0, "px") if known is None else readable_unit(value, known)
    length, wanted = (None if name is None else meters(unit_name(name) or name) for name in (known, unit))
    if unit is not None and length and wanted:
        factor, label = length / wanted, unit
    return f"{_with_error(factor * value, error and factor * error)} {label}"


def _motion(motion: dict[str, Any], unit: str | None) -> str:
    """The line that would blur a round blur like this."""
    length = f"{_with_error(motion['length'], motion['length_error'])} px"
    if unit is not None:
        factor, label = readable_unit(motion["length_in_unit"], unit)
        length += f" ({factor * motion['length_in_unit']:.3g} {label})"
    way = "in several directions" if motion["angle"] is None else f"at {motion['angle']:.0f} degrees from +x towards +y"
    return f"Not round at {percent(motion['share'])} of the judged places: as by motion of {length} {way}."


def percent(share: float) -> str:
    """Whole per cent; neither 0 % nor 100 % unless it is exactly that."""
    if 0 < share < 0.005:
        return "<1 %"
    return ">99 %" if 0.995 < share < 1 else f"{100 * share:.0f} %"


def _with_error(value: float, error: float | None) -> str:
    """Value to the first digit of its error, but to no more than three digits; an error never shows as 0."""
    decimals = max(0, 2 - floor(log10(value))) if value > 0 else 2
    if not error:
        return f"{value:.{decimals}f}"
    decimals = min(decimals, max(0, -floor(log10(float(f"{error:.0e}")))))
    return f"{value:.{decimals}f} +- {max(error, 10.0**-decimals):.{decimals}f}"
