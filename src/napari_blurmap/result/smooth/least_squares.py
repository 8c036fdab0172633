"""Weighted least squares on a picture's grid: every pixel drawn to its own value and to its four neighbours.

The plane u minimises

    sum of w (u - value)^2 over pixels  +  sum of c (u_i - u_j)^2 over neighbours.

Filling and edge-preserving smoothing differ in w and c only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]

#: Ties never vanish: ground that the picture fences off completely still gets the value around it.
LEAST_TIE = np.float32(1e-4)


def steps_of_picture(picture: Plane, axis: int) -> Plane:
    """Differences between neighbours of a picture, those of its noise and texture being below 1.

    Parameters
    ----------
    picture : ndarray of float32, shape (Y, X)
        Any unit.
    axis : {0, 1}
        Along which.

    Returns
    -------
    ndarray of float32
        One entry fewer along the axis; all 0 for an even picture.
    """
    step: Plane = np.abs(np.diff(picture, axis=axis))
    if step.size == 0 or not step.any():
        return step
    # Half the 90th percentile: above noise and texture, below outlines, which are a small part of all pixels.
    scale = max(float(np.percentile(step, 90)) / 2, 1e-3 * float(step.max()))
    return np.multiply(step, np.float32(1 / scale), out=step)


def ties(picture: Plane | None, axis: int) -> Plane | np.float32:
    """Conductance c between neighbours along one axis: 1 on even ground, near 0 across an edge of the picture."""
    if picture is None:
        return np.float32(1)
    step = steps_of_picture(picture, axis)
    return np.maximum(np.exp(np.negative(step, out=step), out=step), LEAST_TIE, out=step)


class System:
    """The matrix: data weights on the diagonal plus the ties between neighbours.

    Parameters
    ----------
    weight : ndarray of float32, shape (Y, X)
        w, 0 where there is no value.
    down, right : ndarray of float32, shape (Y - 1, X) and (Y, X - 1), or a number
        c between a pixel and the one below it, and the one to its right.
    """

    def __init__(self, weight: Plane, down: Plane | np.float32, right: Plane | np.float32) -> None:
        self.weight = weight
        self.down = down
        self.right = right
        diagonal = weight.copy()
        diagonal[:-1] += down
        diagonal[1:] += down
        diagonal[:, :-1] += right
        diagonal[:, 1:] += right
        self.inverse_diagonal = 1 / np.maximum(diagonal, np.float32(1e-12))

    def times(self, plane: Plane, out: Plane) -> Plane:
        """Product of the matrix and a plane, written into ``out``."""
        np.multiply(self.weight, plane, out=out)
        flow = np.diff(plane, axis=0)
        flow *= self.down
        out[:-1] -= flow
        out[1:] += flow
        flow = np.diff(plane, axis=1)
        flow *= self.right
        out[:, :-1] -= flow
        out[:, 1:] += flow
        return out


def conjugate_gradients(system: System, weighted_value: Plane, start: Plane, steps: int) -> Plane:
    """At most that many steps of Jacobi-preconditioned conjugate gradients.

    Parameters
    ----------
    system : System
        The matrix.
    weighted_value : ndarray of float32, shape (Y, X)
        w times the value.
    start : ndarray of float32, shape (Y, X)
        Where to begin; overwritten by the result.
    steps : int
        Fewer where the solution is reached.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        The plane u.
    """
    product = np.empty_like(start)
    residual = weighted_value - system.times(start, product)
    direction = system.inverse_diagonal * residual
    fit = float(np.vdot(residual, direction))
    enough = 1e-10 * float(np.vdot(weighted_value, system.inverse_diagonal * weighted_value))
    scratch = np.empty_like(start)
    for _ in range(steps):
        if fit <= enough:
            break
        curvature = float(np.vdot(direction, system.times(direction, product)))
        length = np.float32(fit / curvature)
        start += np.multiply(direction, length, out=scratch)
        residual -= np.multiply(product, length, out=product)
        np.multiply(system.inverse_diagonal, residual, out=scratch)
        fit, before = float(np.vdot(residual, scratch)), fit
        direction *= np.float32(fit / before)
        direction += scratch
    return start
