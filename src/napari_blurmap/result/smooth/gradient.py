"""Average along the lines of equal blur, whose direction the gradient of the map gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter

if TYPE_CHECKING:
    from .judged_plane import JudgedPlane, Plane


def along_level_lines(measured: JudgedPlane, strength: float) -> Plane:
    """Average of the judged places on a straight piece of the level line through each.

    Parameters
    ----------
    measured : JudgedPlane
        The plane.
    strength : float
        Length of the piece, pixels, made odd.

    Returns
    -------
    ndarray of float64, shape (N, Y, X)
        Weighted averages of the planes of ``measured``.

    Notes
    -----
    The thesis smoothed with MATLAB's ``smooth``, which runs down the columns:
    on its ramps those are the lines of equal blur, at a right angle to the
    gradient. Here the direction comes from the map: the structure tensor of
    its gradient, averaged over a quarter of the length. On ramps of any shape
    and direction such an average changes nothing but the noise; where blur
    has no direction, it is an average along any line.
    """
    half = int(strength / 2)
    down, right = _level_direction(measured, max(strength / 4, 1.0))
    height, width = measured.sigma.shape
    # A row with all numbers of each pixel, in a frame wide enough for every step; all fetched at once.
    framed = np.zeros((height + 2 * half, width + 2 * half, 1 + len(measured.planes)))
    inner = framed[half : half + height, half : half + width]
    inner[..., 0] = measured.weight
    inner[..., 1:] = np.moveaxis(measured.weight * measured.planes, 0, -1)
    rows, stride = framed.reshape(-1, framed.shape[-1]), width + 2 * half
    here = (np.arange(height)[:, None] + half) * stride + np.arange(width) + half
    total = inner.copy()
    for step in range(1, half + 1):
        offset = np.rint(step * down).astype(np.intp) * stride + np.rint(step * right).astype(np.intp)
        # Both ways together: what a mirror exchanges is added in no order.
        total += rows[here + offset] + rows[here - offset]
    return np.moveaxis(total[..., 1:] / np.maximum(total[..., :1], 1e-12), -1, 0)


def _level_direction(measured: JudgedPlane, scale: float) -> tuple[Plane, Plane]:
    """Unit vector (down, right) along the line of equal blur, at every pixel."""

    def local(plane: Plane) -> Plane:
        return np.asarray(gaussian_filter(plane, scale, mode="constant", truncate=3.0))

    known = measured.judged
    smooth = local(measured.weight * measured.sigma) / np.maximum(local(measured.weight), 1e-9)
    slope_down, slope_right = (known * np.gradient(smooth, axis=axis) for axis in (0, 1))
    across = local(slope_right**2) - local(slope_down**2)
    angle = 0.5 * np.arctan2(2 * local(slope_down * slope_right), across)  # of the gradient, from x
    return np.cos(angle), -np.sin(angle)
