"""Where a layer puts its picture: scale, position, rotation and shear as one matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def after_scale(
    scale: ArrayLike, translate: ArrayLike, rotate: Any = None, shear: Any = None, affine: Any = None
) -> NDArray[np.float64]:
    """The affine matrix that puts a picture where its layer lies, after the size of its pixels and its position.

    A map knows sizes, which are above 0, a position and one matrix. What a
    layer has besides goes into that matrix: the sign of its scale (flipped),
    rotation and shear.

    Parameters
    ----------
    scale, translate : array-like, shape (n,)
        As napari's layers have them; the scale may be negative.
    rotate : array-like, shape (n, n), optional
        Rotation matrix.
    shear : array-like, shape (n * (n - 1) / 2,) or (n, n), optional
        The upper triangle, or the whole matrix.
    affine : array-like, shape (n + 1, n + 1), optional
        Applied last.

    Returns
    -------
    ndarray, shape (n + 1, n + 1)

    Examples
    --------
    A picture whose y axis points up, its first row at 5:

    >>> after_scale([-0.5, 0.5], [5.0, 0.0]) @ [5.0 + 0.5 * 2, 0.0, 1.0]  # of row 2
    array([4., 0., 1.])
    """
    factors, position = np.asarray(scale, dtype=float), np.asarray(translate, dtype=float)
    n = len(factors)
    last = np.eye(n + 1) if affine is None else np.asarray(affine, dtype=float)
    turn = (np.eye(n) if rotate is None else np.asarray(rotate, dtype=float)) @ shear_matrix(shear, n)
    linear = turn * np.sign(factors)
    if np.array_equal(linear, np.eye(n)):
        return last
    physical = np.eye(n + 1)
    physical[:n, :n], physical[:n, n] = linear, position - linear @ position
    return np.asarray(last @ physical)


def shear_matrix(shear: Any, n: int) -> NDArray[np.float64]:
    """Shear as a matrix: napari gives the upper triangle alone, or the matrix where it is a lower one.

    Parameters
    ----------
    shear : array-like, shape (n * (n - 1) / 2,) or (n, n), or None
        None for no shear.
    n : int
        Number of axes.

    Returns
    -------
    ndarray, shape (n, n)
    """
    if shear is None:
        return np.eye(n)
    given = np.asarray(shear, dtype=float)
    if given.ndim == 2:
        return given
    matrix = np.eye(n)
    matrix[np.triu_indices(n, 1)] = given
    return matrix
