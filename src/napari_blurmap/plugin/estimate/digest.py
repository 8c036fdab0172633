"""What the panel says about a result: its summary, its histogram and the words of the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...result.blurmap import BlurMap
    from ...result.reference import Reference

#: Kinds of contrast by the name that settings store, as users read them.
CONTRASTS = {
    "fluorescence": "fluorescence",
    "stained bright field": "stained bright field",
    "reflected": "reflected light",
    "transparent": "transparent (phase, DIC)",
}
_TRANSPARENT = (
    "No verdict: transparent specimens show crisp fringes out of focus, so a small blur does not mean in focus."
)
_BINS = 60


@dataclass(frozen=True, eq=False)
class Digest:
    """Figures of a result, ready to be shown.

    Parameters
    ----------
    summary : dict
        What ``BlurMap.summary`` says.
    line : str
        The summary in a sentence.
    counts, edges : ndarray, shape (N,) and (N + 1,)
        Histogram of the judged FWHM, pixels, over logarithmic bins; empty
        where nothing was judged.
    """

    summary: dict[str, Any]
    line: str
    counts: NDArray[np.float64]
    edges: NDArray[np.float64]

    @property
    def anything(self) -> bool:
        """Whether anything at all was estimated."""
        return float(self.summary["shares"]["invalid"]) < 1.0


def digest(blurmap: BlurMap, reference: Reference | None) -> Digest:
    """Summarize a result; takes a moment for a large one, so call it in a worker.

    Parameters
    ----------
    blurmap : BlurMap
        The result.
    reference : Reference or None
        What counts as sharp.

    Returns
    -------
    Digest
    """
    from ...ground.optics import FWHM_PER_SIGMA
    from ...result.sampling import sample_map
    from ...result.words import summary_line

    summary = blurmap.summary(reference)
    sigma = sample_map(blurmap.sigma, blurmap.uncertainty, blurmap.status).sigma
    counts, edges = _histogram(FWHM_PER_SIGMA * sigma[sigma > 0])
    return Digest(summary, summary_line(summary), counts, edges)


def _histogram(fwhm: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not fwhm.size:
        return np.empty(0), np.empty(0)
    low, high = np.percentile(fwhm, [0.1, 99.9]).astype(float)
    # A map that is nearly constant still gets an axis to be read on.
    low, high = min(low, high / 1.5) / 1.1, high * 1.1
    edges = np.geomspace(low, high, _BINS + 1)
    counts, _ = np.histogram(np.log(fwhm), np.log(edges))
    return counts / fwhm.size, edges


def verdict_text(summary: dict[str, Any], contrast: str, problem: str = "") -> str:
    """The verdict in words, or why there is none.

    Parameters
    ----------
    summary : dict
        What ``BlurMap.summary`` says.
    contrast : str
        Key of `CONTRASTS`.
    problem : str, optional
        Why the reference that was asked for could not be used.

    Returns
    -------
    str
        Empty where nobody asked for a verdict.

    Examples
    --------
    >>> verdict_text({"verdict": "blurred", "note": None, "reference": {"name": "optics limit"}}, "reflected")
    'Blurred, compared with the optics limit.'
    """
    if contrast == "transparent":
        return _TRANSPARENT
    if problem:
        return f"No verdict: {problem}"
    if note := summary["note"]:  # the model's zero is not that of the reference
        return f"No verdict: {note[0].lower()}{note[1:]}"
    if summary["verdict"] is None:
        return ""
    return f"{str(summary['verdict']).capitalize()}, compared with the {summary['reference']['name']}."
