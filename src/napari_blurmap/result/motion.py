"""Motion: the straight line that blurs like a map's ellipses, and the nearest of a set of candidate lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..ground.status import Array
from .smooth.mrf import motion_field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .shape import Axes

#: Sigma of a line over its length: of the Gaussian whose MTF lies nearest, see `napari_blurmap.ground.optics`.
LINE_SIGMA = 0.3144
#: Pixels from one place with probabilities to the next.
_CELL = 4
#: Lengths (pixels) and step of the directions (degrees) of the 73 kernels of Sun et al. (CVPR 2015).
_LENGTHS, _STEP = tuple(range(1, 26, 2)), 30


class Candidate(NamedTuple):
    """A line: its length in pixels, and its direction in degrees from +x towards +y."""

    length: float
    angle: float


class Motion(NamedTuple):
    """The lines of motion that blur like a map.

    Attributes
    ----------
    length, length_error : array of float32, shape (..., Y, X)
        Length of the line that, with a round blur, gives both axes of the blur, and its standard error; pixels.
    angle, angle_error : array of float32, shape (..., Y, X)
        Its direction, degrees in [0, 180) from +x towards +y; NaN where the blur is round within the errors.
    probabilities : ndarray of float32, shape (..., K, Y / 4, X / 4)
        Of every candidate, given that it is one of them, at every fourth pixel; NaN where the map has no number. The
        nearest candidate is that of the largest.
    candidates : list of Candidate
        The K lines.
    """

    length: Array
    length_error: Array
    angle: Array
    angle_error: Array
    probabilities: Array
    candidates: list[Candidate]

    @property
    def nearest(self) -> NDArray[np.intp]:
        """Number of the most probable candidate, shape (..., Y / 4, X / 4); -1 where the map has no number."""
        known = np.isfinite(self.probabilities).all(axis=-3)
        return np.where(known, np.argmax(self.probabilities, axis=-3), -1)


def candidate_lines() -> list[Candidate]:
    """Lines of 1, 3, ..., 25 px in directions 30 degrees apart; one of a pixel has no direction.

    Examples
    --------
    >>> len(candidate_lines())
    73
    """
    angles = np.arange(0.0, 180.0, _STEP).tolist()
    return [Candidate(float(n), a) for n in _LENGTHS for a in (angles if n > 1 else angles[:1])]


class Line(NamedTuple):
    """Length of a line and its standard error, pixels; what it adds to the square of sigma along it, with its error."""

    length: Array
    error: Array
    square: Array
    error_of_square: Array


def line_of(axes: Axes) -> Line:
    """The line that, with a round blur, gives both axes of a blur."""
    square = np.maximum(axes.major**2 - axes.minor**2, 0.0)
    of_square = 2 * np.hypot(axes.major * axes.major_error, axes.minor * axes.minor_error)
    length = np.sqrt(square) / LINE_SIGMA
    return Line(length, of_square / (2 * LINE_SIGMA**2 * np.maximum(length, 1.0)), square, of_square)


def motion_of(axes: Axes, candidates: Sequence[Candidate], strength: float = 0.0) -> Motion:
    """Lines that blur like ellipses.

    Parameters
    ----------
    axes : Axes
        Of the blur, (..., Y, X).
    candidates : sequence of Candidate
        What the probabilities are for.
    strength : float, default=0
        Of the Markov random field over them.

    Returns
    -------
    Motion

    Notes
    -----
    A line adds the square of its own sigma to that of the axis along it and nothing across, so that
    ``major**2 - minor**2`` is that square. Of two lines in the plane of that square, turned by twice the angle, the
    nearer one is the more probable, as a normal distribution with the standard error there has it.
    """
    length, error, square, of_square = line_of(axes)
    told = ~np.isnan(axes.angle)
    turned = np.radians(2 * np.where(told, axes.angle, np.float32(0)))
    along = np.where(told, square, np.float32(0))  # where no direction is known, none is more probable
    lines = (LINE_SIGMA * np.array([c.length for c in candidates])) ** 2
    turns = np.radians(2 * np.array([c.angle for c in candidates]))
    # Nobody knows the length of a line to less than half a pixel.
    width = np.hypot(of_square, LINE_SIGMA**2 * np.maximum(length, 1.0))
    cells = (..., slice(_CELL // 2, None, _CELL), slice(_CELL // 2, None, _CELL))
    x, y = (np.asarray(along * turn)[cells][..., None] for turn in (np.cos(turned), np.sin(turned)))
    away = (x - lines * np.cos(turns)) ** 2 + (y - lines * np.sin(turns)) ** 2
    weight = _softmax(-0.5 * away / np.asarray(width)[cells][..., None] ** 2)
    probabilities = np.moveaxis(weight, -1, -3).astype(np.float32)
    if strength:
        for index in np.ndindex(probabilities.shape[:-3]):
            probabilities[index] = motion_field(probabilities[index], candidates, strength)
    return Motion(length, error, axes.angle, axes.angle_error, probabilities, list(candidates))


def _softmax(logs: NDArray[np.floating]) -> NDArray[np.floating]:
    powers = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
