"""The pictures' own blur, as the bundled model reads it: the zero of the new model, and what some have beyond it."""

from __future__ import annotations

from dataclasses import replace
from statistics import median_low
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from ...estimate import estimate_blur
from ...ground.status import judged

if TYPE_CHECKING:
    from .findings import Finding
    from .pieces import Piece

#: Edge of what is looked at of a picture, pixels, and places that must be judged in it.
_EDGE, _PLACES = 256, 64
#: A picture is blurrier than the others from so much above their zero, px: a softer specimen reads less.
BLURRIER = 0.35


def own_blur(piece: Piece, device: str) -> float | None:
    """What the bundled model reads where a piece has most detail (median), px; None where it cannot judge it."""
    edge = min(_EDGE, *piece.usable.shape)
    share = ndimage.uniform_filter(piece.textured.astype(np.float32), edge, mode="constant")
    half = edge // 2
    inner = share[half : piece.usable.shape[0] - half + 1, half : piece.usable.shape[1] - half + 1]
    y, x = (int(i) for i in np.unravel_index(int(np.argmax(inner)), inner.shape))
    part = piece[y : y + edge, x : x + edge]
    original = part.sample.original
    m = estimate_blur(original, channel_axis=-1 if original.ndim == 3 else None, device=device)
    there = judged(m.sigma, m.uncertainty, m.status) & part.textured
    return float(np.median(m.sigma[there])) if there.sum() >= _PLACES else None


def zero_of(findings: list[Finding]) -> float | None:
    """The own blur of most pictures (median, the lower one of two), px."""
    own = [f.own_sigma for f in findings if f.own_sigma is not None]
    return median_low(own) if own else None


def count_extra_blur(findings: list[Finding], pieces: list[Piece], high: float) -> tuple[list[Finding], list[Piece]]:
    """Count what some pictures are blurrier than most as blur added to them.

    Parameters
    ----------
    findings : list of Finding
        Of all pictures, by their numbers.
    pieces : list of Piece
        Of those that can be used.
    high : float
        Largest sigma that is learnt, px: pictures that are blurrier are left out.

    Returns
    -------
    list of Finding, list of Piece
        With what is counted as added, in words and in pixels.
    """
    zero = zero_of(findings)
    told, more = list(findings), np.zeros(len(findings))
    for number, found in enumerate(findings):
        if zero is None or found.own_sigma is None or found.own_sigma <= zero + BLURRIER:
            continue
        more[number] = (found.own_sigma**2 - zero**2) ** 0.5
        read = f"the bundled model reads sigma {found.own_sigma:.1f} px (median), of most of the pictures {zero:.1f} px"
        if more[number] >= high:
            told[number] = replace(
                found, problem=f"{read}: no blur of {high:g} px or less can be shown with it.", warnings=()
            )
        else:
            told[number] = replace(found, warnings=(*found.warnings, f"{read}: the difference counts as blur added."))
    return told, [replace(p, blur=float(more[p.picture])) for p in pieces if more[p.picture] < high]
