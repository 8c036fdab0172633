"""Scenes with depth: opaque layers one before the other, each out of focus by its own amount."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from ..errors import BlurMapError
from ..ground.blur import apply_blur

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]

#: A layer that gives less of a pixel's light than this is not what is seen there.
SEEN = 0.25


@dataclass(frozen=True, eq=False)
class DepthLayer:
    """What lies at one distance.

    Parameters
    ----------
    scene : ndarray of float32, shape (Y, X)
        Sharp brightness. It goes on where nearer layers hide it, and beyond
        the layer's own edges, so that a surface cut into layers has no seams.
    cover : ndarray of float32, shape (Y, X)
        1 where it hides what lies behind, 0 where it is absent.
    sigma : float
        Its blur, pixels.
    """

    scene: Plane
    cover: Plane
    sigma: float


def depth_scene(layers: Sequence[DepthLayer]) -> tuple[Plane, Plane]:
    """See layers at several distances through one lens.

    Parameters
    ----------
    layers : sequence of DepthLayer
        The farthest first; it covers the whole picture.

    Returns
    -------
    picture : ndarray of float32, shape (Y, X)
        Every layer is blurred, and so is its cover, through which it is laid
        over what is behind it: a sharp edge stays sharp before a blurred
        ground and takes no light from it, a blurred edge becomes transparent.
    sigma : ndarray of float32, shape (Y, X)
        The truth: blur of the sharpest layer that gives at least a quarter of
        the light there, pixels.

    Raises
    ------
    BlurMapError
        If there are no layers, or the farthest has holes.

    Notes
    -----
    Where two blurred edges lie over each other, their transparencies are
    multiplied, as if they were independent.

    Examples
    --------
    >>> import numpy as np
    >>> ground = DepthLayer(np.full((40, 40), 0.2), np.ones((40, 40)), 3.0)
    >>> half = (np.indices((40, 40))[1] < 20).astype(float)
    >>> picture, sigma = depth_scene([ground, DepthLayer(np.full((40, 40), 0.8), half, 0.3)])
    >>> sigma[0, [0, 39]].tolist()
    [0.30000001192092896, 3.0]
    """
    if not layers or not np.all(layers[0].cover == 1):
        raise BlurMapError("A scene needs layers, the farthest of which covers the whole picture.")
    picture = apply_blur(layers[0].scene, layers[0].sigma).astype(np.float32)
    weights = [np.ones_like(picture)]
    for layer in layers[1:]:
        opaque = np.clip(apply_blur(layer.cover, layer.sigma), 0.0, 1.0).astype(np.float32)
        picture = picture * (1.0 - opaque) + opaque * apply_blur(layer.scene, layer.sigma)
        weights = [weight * (1.0 - opaque) for weight in weights] + [opaque]
    return np.asarray(picture, dtype=np.float32), _sharpest_seen(np.stack(weights), [x.sigma for x in layers])


def _sharpest_seen(weights: NDArray[np.float32], sigmas: list[float]) -> Plane:
    blur = np.asarray(sigmas, dtype=np.float32)[:, None, None]
    sharpest = np.where(weights >= SEEN, blur, np.float32(np.inf)).min(axis=0)
    heaviest = blur.ravel()[weights.argmax(axis=0)]
    return np.asarray(np.where(np.isfinite(sharpest), sharpest, heaviest), dtype=np.float32)


def slice_depth(picture: Plane, nearness: Plane, blur: Callable[[float], float], count: int = 12) -> list[DepthLayer]:
    """Cut a sharp picture whose depth is known into layers.

    Parameters
    ----------
    picture : ndarray of float32, shape (Y, X)
        Sharp brightness.
    nearness : ndarray of float32, shape (Y, X)
        Any measure that grows towards the lens, such as a stereo disparity.
    blur : callable
        Sigma, pixels, at a nearness.
    count : int, default=12
        Number of layers.

    Returns
    -------
    list of DepthLayer
        The farthest first, for `depth_scene`. Each reaches behind all nearer
        ones: behind those next to it with the picture itself, so that a
        slanted surface has no seams, behind others with what is seen next to
        it.

    Examples
    --------
    >>> import numpy as np
    >>> nearness = np.arange(16, dtype=np.float32).reshape(4, 4)
    >>> [layer.sigma for layer in slice_depth(nearness, nearness, lambda near: near / 10, count=3)]
    [0.25, 0.75, 1.25]
    """
    edges = np.linspace(float(nearness.min()), float(nearness.max()), count + 1)
    number = np.clip(np.searchsorted(edges, nearness, side="right") - 1, 0, count - 1)
    layers = []
    for k in range(count):
        member = number == k
        if not member.any():
            continue
        middle = 0.5 * (edges[k] + edges[k + 1])
        cover = (number >= k).astype(np.float32)
        layers.append(DepthLayer(_extended(picture, member, abs(number - k) <= 1), cover, float(blur(middle))))
    return layers


def _extended(picture: Plane, member: NDArray[np.bool_], near: NDArray[np.bool_]) -> Plane:
    """The picture where it is near, elsewhere the next place of the layer itself."""
    place = ndimage.distance_transform_edt(~member, return_distances=False, return_indices=True)
    return np.asarray(np.where(near, picture, picture[tuple(place)]), dtype=np.float32)
