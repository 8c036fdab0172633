"""Markov random fields over the probabilities of every sigma, or every line of motion: neighbours tend to agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter, zoom

from ...errors import BlurMapError
from .least_squares import ties
from .readings import read, spread_about

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from .judged_plane import JudgedPlane, Plane

    Cells = NDArray[np.float32]

#: Pixels of a cell at least: the networks see much farther, so finer labels would cost time only.
_CELL = 4
#: How fast the probability of a neighbour's sigma falls with every step of the grid: exp(-steps / this).
_FALL = 1.0
#: Share of neighbours whose sigma has nothing to do with each other: this is where the cost of a step ends.
_BREAK = 0.1
_ROUNDS, _FLOOR = 20, 1e-6


def random_field(measured: JudgedPlane, strength: float) -> Plane:
    """Beliefs of a Markov random field, brought back to pixels.

    Parameters
    ----------
    measured : JudgedPlane
        The plane, with its probabilities; a picture is used where there is one.
    strength : float
        What all neighbours together count against 1 for the place itself; 0 to 1.

    Returns
    -------
    ndarray, shape (N, Y, X)
        The planes of ``measured``; the shape of the blur, of which the probabilities tell nothing, as it was.

    Notes
    -----
    A cell is a place of the network's grid, a label a value of
    ``sigma_grid``. The cost of two neighbours' labels is the truncated linear
    one, -log((1 - b) exp(-|k - l| / f) / sum + b / K), times a share of
    ``strength`` that falls across edges of the picture and grows with 1/uncertainty^2 of the
    neighbour. Beliefs q are found by message passing in parallel,

        q_i ~ p_i  prod over neighbours j of (T q_j / T p_i)^a_ij,

    T being the transition above and the sum of a_ij ``strength``. It is
    divided by T p_i because the network saw the surroundings of a place when it
    gave p_i: what surroundings like itself would add is in there
    already. So nothing is counted twice; where neighbours agree, nothing
    changes, neither sigma nor its spread, and where a place has two possible
    sigmas, the surroundings choose.

    No library is used: none among the dependencies has it. Graph cuts on
    scipy's maximum flow take minutes for 48 labels on one megapixel, give
    labels without errors, and labels are coarser than the mean of a
    distribution.
    """
    data, cell = _pooled(measured.needed("probabilities"), measured.judged.shape)
    p = _normalised(data.copy())
    weight = _sum_over_cells(measured.weight, cell, data.shape[1:]).astype(np.float32)
    q = _beliefs(data, weight, _ties_of_cells(measured, cell, data.shape[1:]), strength, _message)
    grid = np.asarray(measured.needed("sigma_grid"), np.float32)
    kind = measured.reading
    before, after = read(p, grid, kind), read(q, grid, kind)
    narrower = spread_about(after, q, grid, kind) / np.maximum(spread_about(before, p, grid, kind), 1e-6)
    moved, factor = (_to_pixels(plane, cell, measured.judged.shape) for plane in (after - before, narrower))
    smoothed = measured.planes.copy()
    smoothed[0] += moved
    smoothed[1] = measured.uncertainty * factor - measured.median_error
    return smoothed


def motion_field(
    probabilities: NDArray[np.float32], candidates: Sequence[tuple[float, float]], strength: float
) -> NDArray[np.float32]:
    """Beliefs of a Markov random field over candidate lines of motion, as Sun et al. (CVPR 2015) have it.

    Parameters
    ----------
    probabilities : ndarray of float32, shape (K, h, w)
        Of every candidate; NaN where there is none, which neither tells its neighbours anything nor is told.
    candidates : sequence of (length, angle)
        Pixels and degrees.
    strength : float
        As `random_field` takes it.

    Returns
    -------
    ndarray of float32, shape (K, h, w)

    Notes
    -----
    Neighbours tend to have lines whose ends lie near each other: the cost of
    two candidates is the distance of their ends, pixels, up to where it counts as a break.
    """
    known = np.asarray(np.isfinite(probabilities).all(axis=0))
    data = np.log(np.maximum(np.where(known, probabilities, 1 / len(candidates)), np.float32(_FLOOR)))
    length, angle = np.array(candidates, np.float64).T
    ends = length / 2 * np.exp(1j * np.radians(angle))  # a line has no head: the one turned by 180 degrees is the same
    away = np.minimum(*(np.abs(ends[:, None] + sign * ends) for sign in (1, -1)))
    near = np.exp(-away / _FALL)
    likely = ((1 - _BREAK) * near / near.sum(axis=0) + _BREAK / len(near)).astype(np.float32)

    def message(q: Cells) -> Cells:
        return np.log(np.tensordot(likely, q, axes=1))

    weight = known.astype(np.float32)
    q = _beliefs(np.asarray(data), weight, (np.ones_like(weight[1:]), np.ones_like(weight[:, 1:])), strength, message)
    return np.where(known, q, probabilities)


def _pooled(probabilities: Plane, shape: tuple[int, ...]) -> tuple[Cells, int]:
    """Logarithms of the probabilities of cells, the largest 0, and the edge of a cell: 4 pixels or more."""
    bins, rows, columns = probabilities.shape
    stride = max(-(-shape[0] // rows), -(-shape[1] // columns))
    if (-(-shape[0] // stride), -(-shape[1] // stride)) != (rows, columns):
        raise BlurMapError(
            f"The probabilities of {rows} x {columns} places do not fit a map of {shape[0]} x {shape[1]} pixels. "
            "Estimate the map again with keep_probabilities=True."
        )
    p = np.nan_to_num(np.asarray(probabilities, np.float32), nan=1 / bins)
    if (many := _CELL // stride) > 1:
        p = np.pad(p, ((0, 0), (0, -rows % many), (0, -columns % many)), mode="edge")
        p = p.reshape(bins, p.shape[1] // many, many, p.shape[2] // many, many).mean(axis=(2, 4))
    data = np.log(np.maximum(p, np.float32(_FLOOR)))
    data -= data.max(axis=0)
    return data, stride * max(many, 1)


def _beliefs(
    data: Cells, weight: Cells, tie: tuple[Cells, Cells], strength: float, message: Callable[[Cells], Cells]
) -> Cells:
    """What every cell holds of its label after hearing its neighbours."""
    heard = _neighbours(np.ones_like(data[:1]), np.zeros_like(data[:1]), weight, tie)[0]
    share = np.where(heard > 0, strength / np.maximum(heard, 1e-12), 0).astype(np.float32)
    q = _normalised(data.copy())
    own = message(q)
    for _ in range(_ROUNDS):
        # Less the cell's own message, so that neighbours of one mind add exactly nothing.
        log_q = _neighbours(message(q), own, weight, tie)
        log_q *= share
        log_q += data
        q = _normalised(log_q)
    return q


def _message(q: Cells) -> Cells:
    """Logarithm of T q: what neighbours expect of a cell that believes q."""
    bins = len(q)
    steps = np.abs(np.subtract.outer(np.arange(bins), np.arange(bins)))
    sums = np.exp(-steps / _FALL).sum(axis=0).astype(np.float32)
    fall = np.float32(np.exp(-1 / _FALL))
    # Up and down the grid instead of a matrix product, whose rounding depends on the place.
    total = q / sums[:, None, None]
    up, down = total.copy(), total.copy()
    for k in range(1, bins):
        up[k] += fall * up[k - 1]
        down[-1 - k] += fall * down[-k]
    total = up + down - total
    total *= np.float32(1 - _BREAK)
    total += np.float32(_BREAK / bins)
    return np.asarray(np.log(total, out=total))


def _neighbours(theirs: Cells, own: Cells, weight: Cells, tie: tuple[Cells, Cells]) -> Cells:
    """Sum over the four neighbours of every cell of tie x their weight x (theirs - its own)."""
    down, right = tie
    total = np.zeros_like(theirs)
    total[:, :-1] += (down * weight[1:]) * (theirs[:, 1:] - own[:, :-1])
    total[:, 1:] += (down * weight[:-1]) * (theirs[:, :-1] - own[:, 1:])
    total[:, :, :-1] += (right * weight[:, 1:]) * (theirs[:, :, 1:] - own[:, :, :-1])
    total[:, :, 1:] += (right * weight[:, :-1]) * (theirs[:, :, :-1] - own[:, :, 1:])
    return total


def _normalised(log_q: Cells) -> Cells:
    """Probabilities with the sum 1 from their logarithms, which are overwritten."""
    log_q -= log_q.max(axis=0)
    q: Cells = np.exp(log_q, out=log_q)
    q /= q.sum(axis=0)
    return q


def _ties_of_cells(measured: JudgedPlane, cell: int, grid: tuple[int, ...]) -> tuple[Cells, Cells]:
    rows, columns = grid
    if measured.picture is None:
        return np.ones((rows - 1, columns), np.float32), np.ones((rows, columns - 1), np.float32)
    height, width = measured.picture.shape
    padded = np.pad(measured.picture, ((0, rows * cell - height), (0, columns * cell - width)), mode="edge")
    small = gaussian_filter(padded.reshape(rows, cell, columns, cell).mean(axis=(1, 3), dtype=np.float32), 0.5)
    down, right = (np.broadcast_to(ties(small, axis), np.diff(small, axis=axis).shape) for axis in (0, 1))
    return down, right


def _sum_over_cells(plane: Plane, cell: int, grid: tuple[int, ...]) -> NDArray[np.float64]:
    rows, columns = grid
    height, width = plane.shape
    padded = np.pad(plane, ((0, rows * cell - height), (0, columns * cell - width)))
    return np.asarray(padded.reshape(rows, cell, columns, cell).sum(axis=(1, 3), dtype=np.float64))


def _to_pixels(plane: NDArray[Any], cell: int, shape: tuple[int, ...]) -> Plane:
    """Linear interpolation; the value of a cell is that of its centre."""
    if cell == 1:
        return plane
    fine: Plane = zoom(plane, cell, order=1, mode="nearest", grid_mode=True)
    return fine[: shape[0], : shape[1]]
