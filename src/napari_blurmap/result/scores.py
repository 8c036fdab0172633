"""How far a map is from the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

from ..errors import BlurMapError
from ..ground.arrays import as_floats, in_memory

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Score:
    """Agreement of a map of sigma with the truth; all errors in the unit of the maps.

    Parameters
    ----------
    rmse, mse, mae, bias : float
        Root mean square, mean square, mean absolute and mean error (predicted - truth).
    rank_correlation : float
        Spearman's; NaN where one of the maps is constant.
    n : int
        Places compared: neither is NaN there.
    coverage : float
        ``n`` over the places where the truth is known.
    """

    rmse: float
    mse: float
    mae: float
    bias: float
    rank_correlation: float
    n: int
    coverage: float


def score(predicted: ArrayLike, truth: ArrayLike) -> Score:
    """Compare a map with the truth, leaving out NaN.

    Parameters
    ----------
    predicted, truth : array_like, same shape
        Sigma; for a map with "cannot tell" give ``m.masked().sigma``.

    Returns
    -------
    Score
        NaN figures where nothing can be compared (``n`` is 0).

    Raises
    ------
    BlurMapError
        If the shapes differ.

    Examples
    --------
    >>> import numpy as np
    >>> s = score([1.0, 2.0, np.nan], [1.0, 1.0, 1.0])
    >>> round(s.rmse, 3), s.bias, s.n, round(s.coverage, 2)
    (0.707, 0.5, 2, 0.67)
    """
    p, t = in_memory(as_floats("predicted", predicted)), in_memory(as_floats("truth", truth))
    if p.shape != t.shape:
        raise BlurMapError(
            f"The map has the shape {p.shape}, the truth {t.shape}; expected the same. Crop or transpose one."
        )
    known = np.isfinite(t)
    both = known & np.isfinite(p)
    n = int(both.sum())
    coverage = n / max(int(known.sum()), 1)
    if n == 0:
        nan = float("nan")
        return Score(nan, nan, nan, nan, nan, 0, coverage)
    p, t = p[both], t[both]
    error = p - t
    mse = float(np.mean(error**2))
    return Score(
        rmse=mse**0.5,
        mse=mse,
        mae=float(np.mean(np.abs(error))),
        bias=float(np.mean(error)),
        rank_correlation=_spearman(p, t),
        n=n,
        coverage=coverage,
    )


def _spearman(a: np.ndarray, b: np.ndarray) -> float:
    # Constant input has no ranks to correlate; scipy's spearmanr would warn about it.
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])
