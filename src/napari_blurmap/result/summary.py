"""A blur map in a few figures and one line: coverage first, then the median and its error, then a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, isfinite, log10, nan
from typing import Any, Literal

import numpy as np

from ..errors import BlurMapError
from ..ground.optics import FWHM_PER_SIGMA
from ..ground.status import Array, Status
from .sampling import Sample, median_error, sample_map

# Fewer judged places than this are too few to speak for a picture.
_ENOUGH_SHARE = 0.05
_ENOUGH_PIXELS, _LEAST_SHARE = 4096, 0.001
# Shares of the judged places that decide between sharp, partly blurred and blurred.
_SHARP_FROM, _BLURRED_BELOW = 0.75, 0.25


@dataclass(frozen=True)
class Reference:
    """What counts as sharp: the zero against which a verdict is given.

    Parameters
    ----------
    sigma : float
        Blur of the reference, pixels.
    name : str
        How users know it, such as ``"optics limit"``.
    kind : {"optics", "typed", "sharp region"}
        A perfectly focused picture can be no sharper than the optics limit,
        and hardly sharper than a region called sharp, so both get a
        tolerance; a limit typed in is taken at its word.

    Raises
    ------
    BlurMapError
        If sigma is not a positive number or the kind is unknown.

    Examples
    --------
    >>> Reference(0.8, "optics limit", "optics").threshold
    1.0
    """

    sigma: float
    name: str
    kind: Literal["optics", "typed", "sharp region"]

    def __post_init__(self) -> None:
        """Refuse a limit that is none."""
        object.__setattr__(self, "sigma", _number(self.sigma))
        if not (isfinite(self.sigma) and self.sigma > 0):
            raise BlurMapError(
                f"The reference blur is {self.sigma}; expected a sigma in pixels above 0. "
                "Give the sigma of what you call sharp."
            )
        if self.kind not in ("optics", "typed", "sharp region"):
            raise BlurMapError(f"Unknown kind of reference {self.kind!r}; use 'optics', 'typed' or 'sharp region'.")

    @property
    def threshold(self) -> float:
        """Largest sigma that still counts as sharp, pixels.

        The reference plus 25 % or 0.1 px, whichever is more: about the least
        that can be told apart. A typed limit has no tolerance.
        """
        return self.sigma if self.kind == "typed" else max(1.25 * self.sigma, self.sigma + 0.1)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return nan


def summarize(
    sigma: Array,
    uncertainty: Array,
    status: Array,
    *,
    reference: Reference | float | None = None,
    pixel_length: float | None = None,
    unit: str | None = None,
    zero: str = "absolute",
) -> dict[str, Any]:
    """Figures of a blur map, ready for JSON.

    Parameters
    ----------
    sigma, uncertainty : array, shape (..., Y, X)
        Blur and its standard error, pixels; numpy or dask.
    status : array of uint8, shape (..., Y, X)
        `Status` of each pixel.
    reference : Reference or float, optional
        What counts as sharp; a number is a limit in pixels of sigma.
    pixel_length : float, optional
        Side of a pixel in ``unit``.
    unit : str, optional
        Short name of the unit of length, such as ``"um"``.
    zero : {"absolute", "added"}, default="absolute"
        What the map's sigma is counted from. A map that is counted from the
        sharpness of a user's own pictures gets no verdict against optics.

    Returns
    -------
    dict
        Shares lie between 0 and 1, sigma and FWHM are in pixels unless their
        name says otherwise, what is unknown is None. ``judged_share`` (of all
        pixels, as ``masked()`` judges), ``judged_pixels``, ``pixels``; of
        judged pixels ``median_sigma`` with ``median_sigma_error`` (block
        bootstrap: the error of sampling this picture, not of the model),
        ``quartiles_sigma``, ``median_uncertainty``, ``median_fwhm`` and
        ``median_fwhm_in_unit`` with their errors, ``unit``, ``zero``; ``shares`` of all
        pixels by status, ``uncertain_share`` (measured, but not well enough
        to be judged); against the reference ``reference``, ``ratio`` of the
        median to it, ``sharp_share`` of judged pixels, ``verdict`` and a
        ``note`` where one is needed.

    Notes
    -----
    ``sharp_share`` is the mean, over judged pixels, of the probability that
    sigma lies below ``Reference.threshold``: it counts an uncertain place in
    part instead of all or nothing. At 75 % the verdict is "sharp", below 25 %
    "blurred", between them "partly blurred". Where less than 5 % of the
    picture is judged, and fewer than 4096 pixels or 0.1 % of it, there is no
    such verdict: it is "empty" if most valid pixels that were not judged are
    empty, else "cannot tell".

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones((64, 64), np.float32)
    >>> figures = summarize(one, 0.1 * one, np.zeros((64, 64), np.uint8), reference=2.0)
    >>> figures["judged_share"], figures["median_sigma"], figures["verdict"]
    (1.0, 1.0, 'sharp')
    """
    if reference is not None and not isinstance(reference, Reference):
        reference = Reference(reference, "limit", "typed")
    sample = sample_map(sigma, uncertainty, status)
    pixels = int(sample.counts.sum())
    figures: dict[str, Any] = {
        "judged_share": sample.judged / pixels,
        "judged_pixels": sample.judged,
        "pixels": pixels,
        **_medians(sample),
    }
    median, error = figures["median_sigma"], figures["median_sigma_error"]
    for name, factor in (("", 1.0), ("_in_unit", pixel_length)):
        figures |= {
            f"median_fwhm{name}": _scaled(median, factor),
            f"median_fwhm{name}_error": _scaled(error, factor),
        }
    figures["unit"] = unit if pixel_length is not None else None
    figures["zero"] = zero
    figures["shares"] = {s.label: int(sample.counts[s]) / pixels for s in Status}
    figures["uncertain_share"] = (int(sample.counts[Status.MEASURED]) - sample.judged) / pixels
    return figures | _against(reference, sample, figures, zero)


def _scaled(sigma: float | None, factor: float | None) -> float | None:
    return None if sigma is None or factor is None else FWHM_PER_SIGMA * sigma * factor


def _medians(sample: Sample) -> dict[str, Any]:
    if not sample.sigma.size:
        names = ("median_sigma", "median_sigma_error", "quartiles_sigma", "median_uncertainty")
        return dict.fromkeys(names)
    low, middle, high = (float(q) for q in np.percentile(sample.sigma, [25, 50, 75]))
    return {
        "median_sigma": middle,
        "median_sigma_error": median_error(sample.blocks),
        "quartiles_sigma": [low, high],
        "median_uncertainty": float(np.median(sample.uncertainty)),
    }


def _against(reference: Reference | None, sample: Sample, figures: dict[str, Any], zero: str) -> dict[str, Any]:
    """Make the part of a summary that needs a reference."""
    found: dict[str, Any] = dict.fromkeys(("reference", "ratio", "sharp_share", "verdict", "note"))
    if reference is None:
        return found
    found["reference"] = {
        "name": reference.name,
        "kind": reference.kind,
        "sigma": reference.sigma,
        "threshold": reference.threshold,
    }
    if zero == "added" and reference.kind == "optics":
        found |= {
            "verdict": "cannot tell",
            "note": "This model counts blur from the sharpness of the pictures it was trained on, not from "
            "zero: compare with a sharp region or a typed limit instead of the optics limit.",
        }
        return found
    if sample.judged:
        from scipy.special import ndtr

        spread = np.maximum(sample.uncertainty, 1e-6)
        found["sharp_share"] = float(np.mean(ndtr((reference.threshold - sample.sigma) / spread)))
        found["ratio"] = figures["median_sigma"] / reference.sigma
    found["verdict"] = _verdict(found["sharp_share"], figures)
    return found


def _verdict(sharp_share: float | None, figures: dict[str, Any]) -> str:
    share, pixels = figures["judged_share"], figures["judged_pixels"]
    enough = share >= _ENOUGH_SHARE or (pixels >= _ENOUGH_PIXELS and share >= _LEAST_SHARE)
    if sharp_share is None or not enough:
        shares = figures["shares"]
        others = [figures["uncertain_share"]]
        others += [shares[s.label] for s in (Status.TOO_NOISY, Status.SATURATED, Status.BEYOND_RANGE)]
        return "empty" if shares[Status.EMPTY.label] > sum(others) else "cannot tell"
    if sharp_share >= _SHARP_FROM:
        return "sharp"
    return "blurred" if sharp_share < _BLURRED_BELOW else "partly blurred"


def summary_line(summary: dict[str, Any], *, verdict: bool = False) -> str:
    """One line for people from the figures of `summarize`.

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
        was not judged; what is unknown is left out.

    Examples
    --------
    >>> import numpy as np
    >>> two = np.full((64, 64), 2.0, np.float32)
    >>> status = np.zeros((64, 64), np.uint8)
    >>> status[:16] = Status.EMPTY
    >>> summary_line(summarize(two, 0.1 * two, status))
    'Blur FWHM 4.71 px (median). Judged 75 % of the picture. Not judged: 25 % empty.'
    """
    line = _found(summary)
    if verdict and summary["verdict"] is not None:
        line += f" Verdict: {summary['verdict']}."
        if summary["note"]:
            line += f" {summary['note']}"
    return line


def _found(summary: dict[str, Any]) -> str:
    """What was found, without a verdict."""
    missing = {label: share for label, share in summary["shares"].items() if label != Status.MEASURED.label}
    missing["too uncertain"] = summary["uncertain_share"]
    reasons = ", ".join(f"{_percent(share)} {label}" for label, share in missing.items() if share > 0)
    if summary["median_fwhm"] is None:
        return f"Nothing could be judged: {reasons}."
    name = "median_fwhm" if summary["unit"] is None else "median_fwhm_in_unit"
    blur = _with_error(summary[name], summary[f"{name}_error"])
    # Counted from the sharpness of somebody's pictures it is no total blur, and must not pass for one.
    what = "Added blur" if summary["zero"] == "added" else "Blur"
    line = f"{what} FWHM {blur} {summary['unit'] or 'px'} (median)"
    if summary["ratio"] is not None:
        line += f", {summary['ratio']:.1f} x the {summary['reference']['name']}"
    line += f". Judged {_percent(summary['judged_share'])} of the picture"
    if summary["sharp_share"] is not None:
        line += f": {_percent(summary['sharp_share'])} of that sharp"
    return line + (f". Not judged: {reasons}." if reasons else ".")


def _percent(share: float) -> str:
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
