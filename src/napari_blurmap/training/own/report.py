"""What a trained model can do on pictures of the user's that it has not learnt from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import groupby, pairwise
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from ...ground.jsonable import plain
from ...ground.readable import LIMIT_PIXELS, LIMIT_RELATIVE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

#: Parts of the range of sigma that are judged by themselves, and places that one needs.
_PARTS, _LEAST = 8, 50


@dataclass(frozen=True)
class RangeRow:
    """How well a part of the range of sigma is read; all in pixels.

    Parameters
    ----------
    low, high : float
        The part.
    n : int
        Places.
    rmse, bias : float
        Of what is read there.
    """

    low: float
    high: float
    n: int
    rmse: float
    bias: float

    @property
    def usable(self) -> bool:
        """Whether the error is at most 0.15 px or 15 % of sigma, whichever is more, as in a check."""
        return self.n >= _LEAST and self.rmse <= max(LIMIT_PIXELS, LIMIT_RELATIVE * (self.low + self.high) / 2)


@dataclass(frozen=True)
class TuneReport:
    """How well a model reads blur added to held-out pictures.

    Parameters
    ----------
    rmse, bias : float
        Over all places with detail, px.
    n : int
        Places.
    start_rmse : float or None
        Of the model that the training started from, against the same truth, px.
    start_rmse_own : float or None
        The same, after the pictures' own blur is taken off what that model reads: its zero is another.
    within_one, within_two : float
        Share of the places whose error is at most one or two stated standard errors; 0.68 and 0.95 would be right.
        Stated by one half of the crops and counted in the other.
    rows : tuple of RangeRow
        Parts of the range.
    seen : float
        Share of the places with detail that the model says can be measured; the figures are of those.
    classes : tuple of float
        Middles of the classes of the confusion matrix, px.
    confusion : tuple of tuple of int
        Places by their true class (row) and the class nearest to what is read (column).
    pictures, held_out : int
        Pictures learnt from, and pictures or parts of a picture that this was measured on.
    own_sigma : float or None
        The pictures' own blur as the bundled model reads it (median), px: the zero of the model.
    noise : float or None
        Standard deviation of their noise (median), grey levels.
    warnings : tuple of str
        What is wrong with the pictures.

    Examples
    --------
    >>> rows = (RangeRow(0.3, 1.0, 900, 0.1, 0.0), RangeRow(1.0, 2.0, 900, 0.5, 0.1))
    >>> report = TuneReport(0.3, 0.05, 1800, 0.6, 0.4, 0.7, 0.95, rows)
    >>> report.usable
    (0.3, 1.0)
    >>> report.summary_line().partition(" (")[0]
    'On held-out pictures: RMSE 0.30 px, bias +0.05 px'
    """

    rmse: float
    bias: float
    n: int
    start_rmse: float | None
    start_rmse_own: float | None
    within_one: float
    within_two: float
    rows: tuple[RangeRow, ...]
    seen: float = 1.0
    classes: tuple[float, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    pictures: int = 0
    held_out: int = 0
    own_sigma: float | None = None
    noise: float | None = None
    warnings: tuple[str, ...] = ()

    @property
    def usable(self) -> tuple[float, float] | None:
        """The widest run of parts that can all be read, px."""
        runs = [list(run) for usable, run in groupby(self.rows, lambda row: row.usable) if usable]
        ends = [(run[0].low, run[-1].high) for run in runs]
        return max(ends, key=lambda end: end[1] - end[0], default=None)

    def summary_line(self) -> str:
        """In a sentence or two."""
        before = worse = ""
        if self.start_rmse_own is not None:
            taken = "" if self.start_rmse_own == self.start_rmse else ", the pictures' own blur taken off"
            before = f" (the model it started from: {self.start_rmse_own:.2f} px{taken})"
            worse = "" if self.rmse < self.start_rmse_own else " It is no better than the model it started from."
        usable = self.usable
        words = "nothing" if usable is None else f"an added sigma of {usable[0]:.2g} to {usable[1]:.2g} px"
        figures = f"RMSE {self.rmse:.2f} px, bias {self.bias:+.2f} px{before}"
        return f"On held-out pictures: {figures}. Readable: {words}.{worse}"

    def text(self) -> str:
        """Sentence, warnings and tables, for the terminal."""
        lines = [self.summary_line(), *(f"Warning: {text}" for text in self.warnings)]
        learnt = f"Learnt from {self.pictures} pictures or parts of one, measured on {self.held_out} held out."
        if self.own_sigma is not None:
            learnt += (
                f" The pictures' own blur, the zero of this model: {self.own_sigma:.2f} px as the bundled one reads."
            )
        lines += [learnt, f"It measures {self.seen:.0%} of the places that have detail."]
        lines += [f"Errors within 1 and 2 of the stated ones: {self.within_one:.0%} and {self.within_two:.0%}."]
        lines += ["", "added sigma px      places   RMSE     bias"]
        for row in self.rows:
            end = "" if row.usable else "  not readable"
            lines.append(f"{row.low:6.2f} -{row.high:6.2f} {row.n:12d} {row.rmse:6.3f} {row.bias:+8.3f}{end}")
        lines += ["", "true class (row) against the class read (column), % of the row"]
        lines.append("       " + "".join(f"{c:6.2g}" for c in self.classes))
        for c, counts in zip(self.classes, self.confusion, strict=True):
            total = max(1, sum(counts))
            lines.append(f"{c:6.2g} " + "".join(f"{100 * n / total:6.0f}" for n in counts))
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON: what is unknown is None."""
        usable = None if self.usable is None else list(self.usable)
        return {"line": self.summary_line(), "text": self.text(), "usable": usable, **plain(asdict(self))}


def make_report(
    sigma: ArrayLike,
    truth: ArrayLike,
    *,
    classes: Sequence[float],
    start: ArrayLike | None = None,
    zero: float | None = None,
    within: tuple[float, float] = (nan, nan),
    **about: Any,
) -> TuneReport:
    """Compare what was read with the truth.

    Parameters
    ----------
    sigma, truth : array-like, shape (N,)
        Pixels.
    classes : sequence of float
        Middles of classes, rising, px.
    start : array-like, shape (N,), optional
        What the starting model read.
    zero : float, optional
        The pictures' own blur, px, to be taken off what the starting model read.
    within : (float, float)
        Shares within one and two standard errors.
    **about
        Other fields of `TuneReport`.

    Returns
    -------
    TuneReport
    """
    read, true = np.asarray(sigma, np.float64), np.asarray(truth, np.float64)
    middles = np.asarray(classes, np.float64)
    ends = np.linspace(true.min(), true.max(), _PARTS + 1) if true.size else np.zeros(2)
    rows = []
    for low, high in pairwise(ends):
        part = (true >= low) & ((true < high) | (high == ends[-1]))
        error = (read - true)[part]
        rows.append(RangeRow(float(low), float(high), int(part.sum()), _rms(error), _mean(error)))
    before = None if start is None else np.asarray(start, np.float64)
    own = None if before is None else added_to(zero, before)
    between = (middles[1:] + middles[:-1]) / 2
    confusion = np.zeros((middles.size, middles.size), int)
    np.add.at(confusion, (np.searchsorted(between, true), np.searchsorted(between, read)), 1)
    return TuneReport(
        _rms(read - true),
        _mean(read - true),
        int(true.size),
        None if before is None else _rms(before - true),
        None if own is None else _rms(own - true),
        *within,
        tuple(rows),
        classes=tuple(middles.tolist()),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        **about,
    )


def added_to(zero: float | None, sigma: ArrayLike) -> NDArray[np.float64]:
    """What was added to a picture's own blur, where sigma is read in all; pixels.

    Examples
    --------
    >>> added_to(0.3, [0.3, 0.5]).round(3).tolist()
    [0.0, 0.4]
    """
    return np.asarray(np.sqrt(np.maximum(np.asarray(sigma, np.float64) ** 2 - (zero or 0.0) ** 2, 0)))


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2))) if values.size else nan


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if values.size else nan
