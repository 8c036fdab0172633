"""What the panel says about a result: its summary, its histogram and the words of the verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...ground.optics import FWHM_PER_SIGMA
from ...result.optics_limit import OpticsLimit
from ...result.sampling import sample_map
from ...result.words import summary_line, verdict_words

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


@dataclass(frozen=True)
class Judgement:
    """What a verdict rests on.

    Parameters
    ----------
    reference : Reference, OpticsLimit or None
        What counts as sharp; an optics limit where channels differ.
    contrast : str
        Key of `CONTRASTS`.
    problem : str
        Why the reference that was asked for could not be used.
    """

    reference: Reference | OpticsLimit | None
    contrast: str
    problem: str = ""

    @property
    def compared_with(self) -> Reference | OpticsLimit | None:
        """The reference of the verdict; transparent specimens get none."""
        return None if self.contrast == "transparent" else self.reference

    def of_channel(self, channel: int | None) -> Judgement:
        """The same for one channel of several, whose light alone counts."""
        limit = self.reference
        if channel is None or not isinstance(limit, OpticsLimit) or len(limit.given) < 2:
            return self
        return replace(self, reference=replace(limit, wavelength=limit.given[channel]))

    def words(self, summary: dict[str, Any]) -> str:
        """The verdict in words, or why there is none; empty where nobody asked for one.

        Parameters
        ----------
        summary : dict
            What ``BlurMap.summary`` says.

        Examples
        --------
        >>> found = {"verdict": "blurred", "note": None, "reference": {"name": "optics limit", "factor": 1.5}}
        >>> Judgement(None, "reflected").words(found)
        'Blurred, beyond 1.5 x the optics limit.'
        """
        if self.contrast == "transparent":
            return _TRANSPARENT
        if self.problem:
            return f"No verdict: {self.problem}"
        if note := summary["note"]:  # the model's zero is not that of the reference
            return f"No verdict: {note[0].lower()}{note[1:]}"
        if summary["verdict"] is None:
            return (
                "" if self.reference is None else "Each channel has its own optics limit: see the verdict of the plane."
            )
        words = verdict_words(summary)
        return words[0].upper() + words[1:]


@dataclass(frozen=True, eq=False)
class Digest:
    """Figures of a result, ready to be shown.

    Parameters
    ----------
    summary : dict
        What ``BlurMap.summary`` says.
    line, verdict : str
        The same in words; the verdict is empty where nobody asked for one.
    counts, edges : ndarray, shape (N,) and (N + 1,)
        Histogram of the judged FWHM, pixels, over logarithmic bins; empty
        where nothing was judged.
    """

    summary: dict[str, Any]
    line: str
    verdict: str
    counts: NDArray[np.float64]
    edges: NDArray[np.float64]

    @property
    def anything(self) -> bool:
        """Whether anything at all was estimated."""
        return bool(self.summary["pixels"]) and float(self.summary["shares"]["invalid"]) < 1.0


def digest(blurmap: BlurMap, judgement: Judgement) -> Digest:
    """Summarize a result; takes a moment for a large one, so call it in a worker.

    Parameters
    ----------
    blurmap : BlurMap
        The result, or one plane of it.
    judgement : Judgement
        What the verdict rests on.

    Returns
    -------
    Digest
    """
    summary = blurmap.summary(judgement.compared_with)
    sigma = sample_map(blurmap.sigma, blurmap.uncertainty, blurmap.status).sigma
    counts, edges = _histogram(FWHM_PER_SIGMA * sigma[sigma > 0])
    # A number stays in one line with its unit and its error; a hyphen alone would end a line.
    line = summary_line(summary).replace(" %", "\u00a0%").replace(" +- ", "\u00a0+-\u2060\u00a0")
    return Digest(summary, line, judgement.words(summary), counts, edges)


def _histogram(fwhm: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not fwhm.size:
        return np.empty(0), np.empty(0)
    low, high = np.percentile(fwhm, [0.1, 99.9]).astype(float)
    # A map that is nearly constant still gets an axis to be read on.
    low, high = min(low, high / 1.5) / 1.1, high * 1.1
    edges = np.geomspace(low, high, _BINS + 1)
    counts, _ = np.histogram(np.log(fwhm), np.log(edges))
    return counts / fwhm.size, edges
