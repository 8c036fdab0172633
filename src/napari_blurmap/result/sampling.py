"""What a summary needs to know of a map of any size, and the error of its median."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..ground.arrays import is_lazy
from ..ground.status import Array, Status, judged

if TYPE_CHECKING:
    from collections.abc import Sequence

# A map larger than this gives its medians from every k-th pixel.
_SAMPLE_PIXELS = 16_000_000
#: In place of the status of a pixel that is no part of what is asked for.
NOT_ASKED = np.uint8(len(Status))
# Neighbours share texture and receptive field; places a block of 64 px apart are taken as independent.
_BLOCK, _LEAST_BLOCKS, _MOST_BLOCKS, _REPLICATES, _BINS = 64, 4, 1024, 200, 256


class Sample(NamedTuple):
    """What a summary needs to know of a map or a part of it."""

    counts: np.ndarray[Any, Any]  # pixels by status
    judged: int
    sigma: np.ndarray[Any, Any]  # of judged pixels, or of a regular sample of them
    uncertainty: np.ndarray[Any, Any]
    blocks: list[np.ndarray[Any, Any]]  # a few judged sigmas of each block of 64 x 64 pixels
    shape: np.ndarray[Any, Any]  # sigma, uncertainty and shape at as many judged places, (5, N), where it is known


def sample_map(sigma: Array, uncertainty: Array, status: Array, shape: Sequence[Array] = ()) -> Sample:
    """Count and sample a map, plane by plane or, for dask, chunk by chunk.

    Parameters
    ----------
    sigma, uncertainty : array, shape (..., Y, X)
        Blur and its standard error, pixels; numpy or dask.
    status : array of uint8, shape (..., Y, X)
        `Status` of each pixel; `NOT_ASKED` where it does not count.
    shape : sequence of 3 arrays, shape (..., Y, X), optional
        Both ellipticities and their standard error.

    Returns
    -------
    Sample
        Counts are exact. The sigmas are those of all judged pixels, from
        every k-th row and column where the map has more than 16 million
        pixels. Of a dask map no more than the sample is kept in memory.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones((32, 32), np.float32)
    >>> sample_map(one, 0.1 * one, np.zeros((32, 32), np.uint8)).judged
    1024
    """
    step = max(1, int(np.ceil(np.sqrt(sigma.size / _SAMPLE_PIXELS))))
    arrays = (status, sigma, uncertainty, *shape)
    if not is_lazy(*arrays):
        planes = (a.reshape(-1, *a.shape[-2:]) for a in arrays)
        return _merged([_piece(step, *plane) for plane in zip(*planes, strict=True)])
    from dask.array import asarray
    from dask.base import compute
    from dask.delayed import delayed

    shared = next(a.chunks for a in arrays if is_lazy(a))
    chunks = (asarray(a).rechunk(shared).to_delayed(optimize_graph=False).ravel() for a in arrays)
    lazy = delayed(_piece)
    # One call and graphs as they are, so that what the arrays share, the network, is computed once.
    pieces = compute(*(lazy(step, *piece) for piece in zip(*chunks, strict=True)))
    return _merged(list(pieces))


def _piece(step: int, status: Array, sigma: Array, uncertainty: Array, *shape: Array) -> Sample:
    known = judged(sigma, uncertainty, status)
    sample = (..., slice(None, None, step), slice(None, None, step))
    chosen = known[sample]
    coarse = 4 * step
    blocks = []
    for plane, mask in zip(
        sigma.reshape(-1, *sigma.shape[-2:])[:, ::coarse, ::coarse],
        known.reshape(-1, *known.shape[-2:])[:, ::coarse, ::coarse],
        strict=True,
    ):
        side = max(1, _BLOCK // coarse)
        for row in range(0, plane.shape[0], side):
            for column in range(0, plane.shape[1], side):
                place = np.s_[row : row + side, column : column + side]
                if mask[place].any():
                    blocks.append(plane[place][mask[place]])
    counts = np.bincount(np.ravel(status), minlength=len(Status))[: len(Status)]
    few = (..., slice(None, None, coarse), slice(None, None, coarse))
    told = [values[few][known[few]] for values in ((sigma, uncertainty, *shape) if shape else ())]
    apart = np.stack(told) if told else np.empty((5, 0), np.float32)
    return Sample(counts, int(known.sum()), sigma[sample][chosen], uncertainty[sample][chosen], blocks, apart)


def _merged(pieces: list[Sample]) -> Sample:
    return Sample(
        np.sum([p.counts for p in pieces], axis=0),
        sum(p.judged for p in pieces),
        np.concatenate([p.sigma for p in pieces]),
        np.concatenate([p.uncertainty for p in pieces]),
        [block for p in pieces for block in p.blocks],
        np.concatenate([p.shape for p in pieces], axis=1),
    )


def median_error(blocks: list[np.ndarray[Any, Any]]) -> float | None:
    """Block-bootstrap standard error of the median of all blocks' values.

    Parameters
    ----------
    blocks : list of 1-D arrays
        Values of each block. Blocks are drawn as a whole, so that the values
        within one need not be independent.

    Returns
    -------
    float or None
        In the unit of the values; None for fewer than four blocks. It is the
        error of sampling this picture, not that of the model.

    Examples
    --------
    >>> import numpy as np
    >>> median_error([np.array([2.0, 2.0])] * 8)
    0.0
    """
    total = len(blocks)
    if total < _LEAST_BLOCKS:
        return None
    draw = np.random.default_rng(0)  # the same blocks give the same error
    if total > _MOST_BLOCKS:
        blocks = [blocks[i] for i in draw.choice(total, _MOST_BLOCKS, replace=False)]
    count = len(blocks)
    values = np.concatenate(blocks).astype(np.float64)
    # Every draw is a weighted sum of the blocks' histograms over bins of equal population.
    ranks = np.linspace(0, 1, _BINS + 1)
    edges = np.quantile(values, ranks)
    owner = np.repeat(np.arange(count), [len(b) for b in blocks])
    bins = np.searchsorted(edges[1:-1], values, side="right")
    histograms = np.bincount(owner * _BINS + bins, minlength=count * _BINS).reshape(count, _BINS)
    weights = draw.multinomial(count, np.full(count, 1 / count), size=_REPLICATES)
    below = np.cumsum(weights.astype(np.float64) @ histograms, axis=1)
    medians = []
    for line in below:
        half = line[-1] / 2
        at = int(np.searchsorted(line, half))
        before = line[at - 1] if at else 0.0
        rank = (at + (half - before) / (line[at] - before)) / _BINS
        medians.append(np.interp(rank, ranks, edges))
    # The bootstrap's variance is short by (n-1)/n, and that of fewer blocks long by total/count.
    return float(np.std(medians) * np.sqrt(count / (count - 1) * count / total))
