"""What a check of a model on a user's own picture found, in figures, a table and a sentence."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import groupby
from math import sqrt
from typing import Any

from ..ground.jsonable import plain
from ..ground.readable import LEAST_JUDGED, LIMIT_PIXELS, LIMIT_RELATIVE
from ..ground.units import readable_unit
from ..result.words import percent

_HEADER = (
    "             estimate              error      |  against added  | all own |  judged of  | within 1, 2\n"
    " added   true median  16 - 84 %   RMSE    bias |   RMSE     bias |   RMSE  | sample  all | std. errors"
)


@dataclass(frozen=True)
class CheckRow:
    """What came out for one added blur; pixels of sigma, NaN where nothing was judged.

    Parameters
    ----------
    added : float
        Sigma of the Gaussian with which the picture was blurred.
    truth : float
        Median over the places compared of the sigma to be found there.
    n : int
        Places compared: judged before and after.
    judged_of_sample, judged_of_all : float
        Share of the places judged before, and of all pixels.
    estimate, low, high, uncertainty : float
        Median, 16 % and 84 % quantiles of the estimate, and the median of the
        standard error that the model states.
    rmse, bias : float
        Of the estimate against the truth of each place.
    rmse_added, bias_added : float
        The same against ``added`` alone.
    rmse_own : float
        RMSE against ``sqrt(added**2 + s0**2)`` with the whole s0, not capped:
        small where the picture's own blur explains the error.
    within_one, within_two : float
        Share of the places whose error is at most one or two of their standard errors.
    """

    added: float
    truth: float
    n: int
    judged_of_sample: float
    judged_of_all: float
    estimate: float
    low: float
    high: float
    uncertainty: float
    rmse: float
    bias: float
    rmse_added: float
    bias_added: float
    rmse_own: float
    within_one: float
    within_two: float

    @property
    def spread(self) -> float:
        """Half of the width that holds 68 % of the estimates, pixels."""
        return (self.high - self.low) / 2

    @property
    def limit(self) -> float:
        """Largest RMSE that still counts as readable, pixels."""
        return max(LIMIT_PIXELS, LIMIT_RELATIVE * self.truth)

    @property
    def usable(self) -> bool:
        """Whether the error is small enough at enough places."""
        return self.n > 0 and self.rmse <= self.limit and self.judged_of_sample >= LEAST_JUDGED

    def line(self) -> str:
        """One line of the table."""
        start = f"{self.added:6.2f} {self.truth:6.2f} "
        judged = f"{100 * self.judged_of_sample:4.0f} % {100 * self.judged_of_all:4.0f} %"
        if not self.n:
            return f"{start}{'nothing judged':<60} | {judged} |  not usable"
        cells = (
            f"{start}{self.estimate:6.2f} {self.low:5.2f} -{self.high:5.2f} {self.rmse:6.3f} {self.bias:+7.3f}",
            f"{self.rmse_added:6.2f} {self.bias_added:+8.2f}",
            f"{self.rmse_own:6.3f} ",
            judged,
            f"{100 * self.within_one:4.0f} % {100 * self.within_two:3.0f} %",
        )
        return " | ".join(cells) + ("" if self.usable else "  not usable")


@dataclass(frozen=True)
class UsableRange:
    """The range of blur that can be read on a picture.

    Parameters
    ----------
    added : (float, float)
        Smallest and largest blur added, pixels.
    sigma : (float, float)
        What is to be read in the map there, pixels.
    rmse : float
        Root mean square over the range, every added blur counting the same, pixels.
    rmse_ends : (float, float)
        At its two ends.
    bias : float
        Mean over the range, pixels.
    judged : float
        Smallest share of the picture that could be judged in it.
    """

    added: tuple[float, float]
    sigma: tuple[float, float]
    rmse: float
    rmse_ends: tuple[float, float]
    bias: float
    judged: float


@dataclass(frozen=True)
class CheckReport:
    """How well a model reads known blurs on one picture.

    Parameters
    ----------
    rows : tuple of CheckRow
        One for each added blur, rising; empty where the picture cannot be checked.
    asked : tuple of float
        The added blurs that were asked for; more than there are rows where
        the check was stopped.
    problem : str
        Why the picture cannot be checked; empty where it can.
    own_sigma : float or None
        The model's own reading of the picture as it is: the median over the sample, pixels.
    judged : float
        Share of the checked pixels judged in the picture as it is: the sample.
    shares : dict
        Of all checked pixels, by their status in the picture as it is.
    noise : dict or None
        What `napari_blurmap.picture.camera_noise.CameraNoise` holds.
    region : (int, int, int, int)
        Rows from and to, columns from and to, that were checked.
    plane : dict
        Index along each leading axis.
    warnings, notes : tuple of str
        What weakens the check, and what was done with the picture.
    pixel : (float, str) or None
        Side of a square pixel and its unit, short.
    provenance : dict
        Model and its hash, version, device, seed, source, reference; JSON only.

    Examples
    --------
    >>> row = CheckRow(1.0, 1.1, 900, 0.9, 0.4, 1.2, 1.1, 1.3, 0.1, 0.12, 0.1, 0.2, 0.2, 0.1, 0.6, 0.9)
    >>> report = CheckReport((row,), (1.0,), own_sigma=0.46, judged=0.44)
    >>> report.summary_line()
    'On this picture: sigma 1.1 px can be read to +-0.12 px (bias +0.10 px); 40 % of it can be judged.'
    """

    rows: tuple[CheckRow, ...]
    asked: tuple[float, ...]
    problem: str = ""
    own_sigma: float | None = None
    judged: float = 0.0
    shares: dict[str, float] | None = None
    noise: dict[str, Any] | None = None
    region: tuple[int, int, int, int] = (0, 0, 0, 0)
    plane: dict[str, int] | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    pixel: tuple[float, str] | None = None
    provenance: dict[str, Any] | None = None

    @property
    def complete(self) -> bool:
        """Whether all that was asked for was done."""
        return bool(self.problem) or len(self.rows) == len(self.asked)

    @property
    def reference(self) -> str:
        """Zero of the model's sigma: ``"absolute"`` or ``"added"``."""
        return str((self.provenance or {}).get("reference", "absolute"))

    @property
    def usable(self) -> UsableRange | None:
        """The widest run of neighbouring blurs that can all be read; None where there is none."""
        runs = [list(run) for usable, run in groupby(self.rows, lambda row: row.usable) if usable]
        if not runs:
            return None
        best = max(runs, key=lambda run: (run[-1].added / run[0].added, -run[0].rmse))
        first, last = best[0], best[-1]
        return UsableRange(
            (first.added, last.added),
            (first.truth, last.truth),
            sqrt(sum(row.rmse**2 for row in best) / len(best)),
            (first.rmse, last.rmse),
            sum(row.bias for row in best) / len(best),
            min(row.judged_of_all for row in best),
        )

    def summary_line(self) -> str:
        """The range that can be read, with its errors, in a sentence."""
        if self.problem:
            return f"This picture cannot be checked: {self.problem}"
        start = "" if self.complete else f"Stopped after {len(self.rows)} of {len(self.asked)} blurs. "
        if not self.rows:
            return start.strip()
        if (found := self.usable) is None:
            return start + self._unusable()
        what = "sigma" if self.reference == "absolute" else "an added sigma of"
        error = f"+-{found.rmse:.2f} px"
        low, high = found.rmse_ends
        if high > 2 * low:  # one figure would say little about either end
            error = f"+-{low:.2f} px at the sharp end and +-{high:.2f} px at the blurred end"
        return (
            f"{start}On this picture: {what} {self._range(found.sigma)} can be read to {error} "
            f"(bias {found.bias:+.2f} px); {percent(found.judged)} of it can be judged."
        )

    def table(self) -> str:
        """Every added blur with its figures, as text; empty without any."""
        return "\n".join([_HEADER, *(row.line() for row in self.rows)]) if self.rows else ""

    def text(self) -> str:
        """Sentence, warnings, notes and table, for the terminal."""
        parts = [self.summary_line(), *(f"Warning: {text}" for text in self.warnings), *self.notes, self.table()]
        return "\n".join(part for part in parts if part)

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON: what is unknown is None."""
        figures: dict[str, Any] = plain(asdict(self))
        for row, values in zip(self.rows, figures["rows"], strict=True):
            values |= {"spread": plain(row.spread), "limit": plain(row.limit), "usable": row.usable}
        found = self.usable
        return {
            "line": self.summary_line(),
            "complete": self.complete,
            "usable": None if found is None else plain(asdict(found)),
            "limits": {"pixels": LIMIT_PIXELS, "relative": LIMIT_RELATIVE, "judged_of_sample": LEAST_JUDGED},
            **figures,
        }

    def _range(self, sigma: tuple[float, float]) -> str:
        text = f"{_span(sigma)} px"
        if self.pixel is not None:
            side, unit = self.pixel
            factor, label = readable_unit(sigma[1] * side, unit)
            text += f" ({_span((sigma[0] * side * factor, sigma[1] * side * factor))} {label})"
        return text

    def _unusable(self) -> str:
        seen = [row for row in self.rows if row.n]
        start = f"On this picture none of the blurs tried ({_span((self.rows[0].added, self.rows[-1].added))} px) "
        start += f"can be read to {LIMIT_PIXELS} px or {percent(LIMIT_RELATIVE)}: "
        if not seen:
            return start + "once blurred, nothing in it can be judged any more."
        if not any(row.rmse <= row.limit for row in seen):
            best = min(seen, key=lambda row: row.rmse / row.limit)
            return start + f"at best +-{best.rmse:.2f} px, at a sigma of {best.truth:.2g} px."
        return start + f"where the error is small, less than {percent(LEAST_JUDGED)} of it stays judged."


def _span(ends: tuple[float, float]) -> str:
    low, high = (f"{end:.2g}" for end in ends)
    return low if low == high else f"{low} to {high}"
