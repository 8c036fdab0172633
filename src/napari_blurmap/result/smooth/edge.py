"""Edge-preserving: places are tied to their neighbours, except across outlines of the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter, uniform_filter

from .judged_plane import inverse_variance
from .least_squares import LEAST_TIE, System, conjugate_gradients, steps_of_picture

if TYPE_CHECKING:
    from .judged_plane import JudgedPlane, Plane

#: A step of the blur comes out of a network as a slope over about twice this many pixels.
_REACH = 8
#: Averages noise in the picture and leaves outlines where they are, px.
_SMOOTHING = 0.8
#: Scatter of the map, in its own errors, at which an edge of the picture begins to count in full.
_CERTAIN, _MOST = 0.5, 5.0
_STEPS = 100


def edge_preserving(measured: JudgedPlane, strength: float) -> Plane:
    """Weighted least squares, guided by the picture.

    Parameters
    ----------
    measured : JudgedPlane
        The plane, with its picture.
    strength : float
        Distance over which even ground is averaged, pixels.

    Returns
    -------
    ndarray of float32, shape (N, Y, X)
        The planes of ``measured``.

    Notes
    -----
    The equations are those of `napari_blurmap.result.smooth.least_squares` [1]_. A texture
    is full of edges, at most of which the blur stays the same. So a tie is
    cut where the picture **and** the map change: the picture says exactly
    where, the map whether. Where the map changes, its places count less, for
    there the network saw both sides at once.

    References
    ----------
    .. [1] Z. Farbman, R. Fattal, D. Lischinski, R. Szeliski, "Edge-preserving decompositions for
       multi-scale tone and detail manipulation", ACM Trans. Graph. 27(3), 67 (2008).
    """
    scatter = _scatter(measured)
    # Without any error the map changes for certain wherever it does.
    uncertainty = np.maximum(measured.uncertainty, max(0.1 * measured.median_error, 1e-6))
    change = np.minimum(scatter / uncertainty / _CERTAIN, _MOST)
    weight = (inverse_variance(np.hypot(uncertainty, 2 * scatter), measured.judged) / strength**2).astype(np.float32)
    picture = gaussian_filter(measured.needed("picture").astype(np.float32), _SMOOTHING, truncate=2)
    system = System(weight, _ties(picture, change, 0), _ties(picture, change, 1))
    planes = measured.planes.astype(np.float32)
    return np.stack([conjugate_gradients(system, weight * plane, plane.copy(), _STEPS) for plane in planes])


def _scatter(measured: JudgedPlane) -> Plane:
    """Standard deviation of the map, noise averaged out, within reach of every pixel."""

    def blurred(plane: Plane) -> Plane:
        return np.asarray(gaussian_filter(plane, _REACH / 4, mode="constant", truncate=3.0))

    def near(plane: Plane) -> Plane:
        return np.asarray(uniform_filter(plane, 2 * _REACH + 1, mode="constant"))

    smooth = blurred(measured.weight * measured.sigma) / np.maximum(blurred(measured.weight), 1e-9)
    total = np.maximum(near(measured.weight), 1e-12)
    mean = near(measured.weight * smooth) / total
    return np.sqrt(np.maximum(near(measured.weight * smooth**2) / total - mean**2, 0.0))


def _ties(picture: Plane, change: Plane, axis: int) -> Plane:
    """Conductance between neighbours: 1, and near 0 where both picture and map change."""
    first, second = np.moveaxis(change, axis, 0)[:-1], np.moveaxis(change, axis, 0)[1:]
    both = np.moveaxis(np.maximum(first, second), 0, axis)
    return np.maximum(np.exp(-steps_of_picture(picture, axis) * both.astype(np.float32)), LEAST_TIE)
