"""A blur map in a few figures: coverage first, then the median and its error, then a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..ground.optics import FWHM_PER_SIGMA
from ..ground.status import Array, Status
from .not_round import motion_figures, shape_figures
from .reference import Reference, as_reference, probability_below
from .sampling import Sample, median_error, sample_map

if TYPE_CHECKING:
    from collections.abc import Sequence

# Fewer judged places than this are too few to speak for a picture.
_ENOUGH_SHARE = 0.05
_ENOUGH_PIXELS, _LEAST_SHARE = 4096, 0.001
# Nor do they where they are a smaller part than this of all places that are not empty.
_LEAST_PART = 0.25
# What a picture's own look does to a reading, it does to all of its places: the median of a picture keeps this part of
# the standard error of one place, however many there are. By benchmarks/medians.py 0.6 would do on scikit-image's
# pictures, which the errors of single places were fitted to as well; so it is a little more.
_SHARED = 0.8
# Where there is a specimen: neither glass, which may be saturated, nor padding.
_TISSUE = (Status.MEASURED, Status.TOO_NOISY, Status.BEYOND_RANGE)
# Shares of the judged places that decide between sharp, partly blurred and blurred.
_SHARP_FROM, _BLURRED_BELOW = 0.75, 0.25
#: What `compare` finds.
_COMPARED = ("reference", "ratio", "sharp_share", "blurred_of_tissue", "verdict", "note", "warning")
# No picture is sharper than its optics; so far below them something is wrong.
_POSSIBLE = 0.9


def summarize(
    sigma: Array,
    uncertainty: Array,
    status: Array,
    *,
    reference: Reference | float | None = None,
    pixel_length: float | None = None,
    unit: str | None = None,
    zero: str = "absolute",
    shape: Sequence[Array] = (),
    sensor_notes: Sequence[str] = (),
    partial: bool = False,
) -> dict[str, Any]:
    """Figures of a blur map, ready for JSON.

    Parameters
    ----------
    sigma, uncertainty : array, shape (..., Y, X)
        Blur and its standard error, pixels; numpy or dask.
    status : array of uint8, shape (..., Y, X)
        `Status` of each pixel; `napari_blurmap.result.sampling.NOT_ASKED` where it does not count.
    reference : Reference or float, optional
        What counts as sharp; a number is a limit in pixels of sigma.
    pixel_length : float, optional
        Side of a pixel in ``unit``.
    unit : str, optional
        Short name of the unit of length, such as ``"um"``.
    zero : {"absolute", "added"}, default="absolute"
        What the map's sigma is counted from. A map that is counted from the
        sharpness of a user's own pictures gets no verdict against optics.
    shape : sequence of 3 arrays, shape (..., Y, X), optional
        Both ellipticities and their standard error.
    sensor_notes : sequence of str, optional
        What the user should know of the camera.
    partial : bool, default=False
        Whether the map is a part: what is invalid then is not estimated yet, and does not count.

    Returns
    -------
    dict
        Shares lie between 0 and 1, sigma and FWHM are in pixels unless their
        name says otherwise, what is unknown is None. ``judged_share`` (of all
        pixels, as ``masked()`` judges), ``judged_pixels``, ``pixels``; of
        judged pixels ``median_sigma`` with ``median_sigma_error``, the whole
        error, and ``median_sigma_error_of_sampling``, the part that more of the same picture would make smaller
        (block bootstrap; None of fewer than four blocks of 64 x 64 pixels: their median is as sure as one place);
        ``quartiles_sigma``, ``median_uncertainty``, ``median_fwhm`` and
        ``median_fwhm_in_unit`` with their errors, ``unit``, ``zero``; ``shares`` of all
        pixels by status, ``uncertain_share`` (measured, but not well enough
        to be judged), ``tissue_share`` (measured, too noisy or beyond range: where there is a specimen);
        ``axes_of_blur`` of models that give them
        (`napari_blurmap.result.not_round.shape_figures`), else None; ``motion`` where the blur is surely not round,
        else None (`napari_blurmap.result.not_round.motion_figures`); ``sensor_notes``; ``estimated_share``, of a part
        of a map how much of it is there, to which all other shares then refer, else None;
        against the reference ``reference``, ``ratio`` of the median to it,
        ``sharp_share`` of judged pixels, ``blurred_of_tissue``, the others over ``tissue_share``, ``verdict``, a
        ``note`` where there can be none, and a ``warning`` where the median is below 0.9 of the optics limit.

    Notes
    -----
    ``sharp_share`` is the mean, over judged pixels, of the probability that
    sigma lies below ``Reference.threshold``: it counts an uncertain place in
    part instead of all or nothing. At 75 % the verdict is "sharp", below 25 %
    "blurred", between them "partly blurred". Where less than 5 % of the
    picture is judged, and fewer than 4096 pixels or 0.1 % of it, there is no
    such verdict: it is "empty" if most valid pixels that were not judged are
    empty, else "cannot tell"; so it is where less than a quarter of what is not
    empty is judged.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones((64, 64), np.float32)
    >>> figures = summarize(one, 0.1 * one, np.zeros((64, 64), np.uint8), reference=2.0)
    >>> figures["judged_share"], figures["median_sigma"], figures["verdict"]
    (1.0, 1.0, 'sharp')
    """
    sample = sample_map(sigma, uncertainty, status, shape)
    asked, shares = int(sample.counts.sum()), sample.counts.copy()
    if partial:
        shares[Status.INVALID] = 0
    pixels = int(shares.sum())
    shares = shares / max(pixels, 1)
    figures: dict[str, Any] = {
        "judged_share": sample.judged / max(pixels, 1),
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
    figures["estimated_share"] = pixels / asked if partial else None
    figures["shares"] = {s.label: float(shares[s]) for s in Status}
    figures["tissue_share"] = float(sum(shares[s] for s in _TISSUE))
    figures["uncertain_share"] = (int(sample.counts[Status.MEASURED]) - sample.judged) / max(pixels, 1)
    figures |= {"axes_of_blur": shape_figures(sample.shape), "motion": motion_figures(sample.shape, pixel_length)}
    figures["sensor_notes"] = list(sensor_notes)
    return compare(figures, reference, sample.sigma, sample.uncertainty)


def _scaled(sigma: float | None, factor: float | None) -> float | None:
    return None if sigma is None or factor is None else FWHM_PER_SIGMA * sigma * factor


def _medians(sample: Sample) -> dict[str, Any]:
    if not sample.sigma.size:
        names = ("median_sigma", "median_sigma_error", "median_sigma_error_of_sampling")
        return dict.fromkeys((*names, "quartiles_sigma", "median_uncertainty"))
    sampling, place = median_error(sample.blocks), float(np.median(sample.uncertainty))
    low, middle, high = (float(q) for q in np.percentile(sample.sigma, [25, 50, 75]))
    return {
        "median_sigma": middle,
        "median_sigma_error": place if sampling is None else float(np.hypot(sampling, _SHARED * place)),
        "median_sigma_error_of_sampling": sampling,
        "quartiles_sigma": [low, high],
        "median_uncertainty": place,
    }


def compare(
    figures: dict[str, Any], reference: Reference | float | None, sigma: Array, uncertainty: Array
) -> dict[str, Any]:
    """Figures with the part that needs a reference, in place of the comparison they had.

    Parameters
    ----------
    figures : dict
        What `summarize` made.
    reference : Reference, float or None
        What counts as sharp; a number is a limit in pixels of sigma.
    sigma, uncertainty : ndarray, shape (N,)
        Blur and its standard error at judged places, or at some that speak for them, pixels.

    Returns
    -------
    dict
        As `summarize` returns it.
    """
    found: dict[str, Any] = dict.fromkeys(_COMPARED)
    if reference is None:
        return figures | found
    reference = as_reference(reference)
    found["reference"] = {
        "name": reference.name,
        "kind": reference.kind,
        "sigma": reference.sigma,
        "factor": reference.factor,
        "threshold": reference.threshold,
    }
    if note := other_zero(figures["zero"], reference):
        return figures | found | {"verdict": "cannot tell", "note": note}
    if figures["judged_pixels"]:
        found["sharp_share"] = float(np.mean(probability_below(reference.threshold, sigma, uncertainty)))
        found["ratio"] = figures["median_sigma"] / reference.sigma
        if share := figures.get("tissue_share"):  # figures that were kept may be of an earlier version
            found["blurred_of_tissue"] = figures["judged_share"] * (1 - found["sharp_share"]) / share
        if reference.kind == "optics" and found["ratio"] < _POSSIBLE:
            found["warning"] = (
                f"That is sharper than the {reference.name} allows: check NA, wavelength and pixel size. A "
                "sharpened or deconvolved picture, or hot pixels, look so too."
            )
    found["verdict"] = why_untold(figures) or _verdict(found["sharp_share"] or 0.0)
    return figures | found


def other_zero(zero: str, reference: Reference) -> str | None:
    """Why a map that counts blur from another zero cannot be compared with a reference; None where it can."""
    if zero != "added" or reference.kind != "optics":
        return None
    return (
        "This model counts blur from the sharpness of the pictures it was trained on, not from zero: compare with a "
        "sharp region or a typed limit instead of the optics limit."
    )


def why_untold(figures: dict[str, Any]) -> str | None:
    """Why too little is judged for a verdict, "empty" or "cannot tell"; None where enough is."""
    share, pixels = figures["judged_share"], figures["judged_pixels"]
    enough = share >= _ENOUGH_SHARE or (pixels >= _ENOUGH_PIXELS and share >= _LEAST_SHARE)
    shares = figures["shares"]
    # Where something is, but cannot be judged.
    unknown = figures["uncertain_share"] + sum(
        shares[s.label] for s in (Status.TOO_NOISY, Status.SATURATED, Status.BEYOND_RANGE)
    )
    if not pixels or not enough:
        return "empty" if shares[Status.EMPTY.label] > unknown else "cannot tell"
    if share < _LEAST_PART * (share + unknown):
        return "cannot tell"
    return None


def _verdict(sharp_share: float) -> str:
    if sharp_share >= _SHARP_FROM:
        return "sharp"
    return "blurred" if sharp_share < _BLURRED_BELOW else "partly blurred"
