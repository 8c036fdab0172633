"""Blur that changes from place to place: pictures at a few exact levels, interpolated between.

Scenes are periodic, so a blur is a product of Fourier transforms and exact up
to the border: fast enough that the network, not the data, is the bottleneck.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy import fft

from .kernels import RELATIVE, Family, Gaussian, nearest_sigmas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .kernels import Float

    Plane = NDArray[np.float32]

#: Neighbouring blurs from which a varying blur is interpolated differ by this factor.
_STEP = 1.3
#: Below this sigma, pixels, the sampled Gaussian is one pixel.
_IDENTITY = 0.2


class Level(Protocol):
    """One kernel, of any shape."""

    @property
    def angle(self) -> float:
        """Direction of a principal axis, degrees from +x towards +y of the array."""
        ...

    @property
    def top(self) -> float:
        """Highest frequency that its naming looks at, cycles per pixel."""
        ...

    def profile(self, frequency: Float, direction: float) -> Float:
        """Transfer function, or its modulus, along a direction in degrees."""
        ...

    def transfer(self, shape: tuple[int, int], fine: int = 1) -> NDArray[np.inexact]:
        """On the grid of ``rfft2`` of ``fine`` samples an edge of each of the pixels of ``shape``."""
        ...


@dataclass(frozen=True)
class RoundLevel:
    """A member of a family of round kernels."""

    family: Family
    sigma: float
    angle: float = 0.0

    @property
    def top(self) -> float:
        """Of the family."""
        return self.family.top

    def profile(self, frequency: Float, direction: float) -> Float:
        """The same along all directions."""
        return self.family.profile(frequency, self.sigma)

    def transfer(self, shape: tuple[int, int], fine: int = 1) -> NDArray[np.inexact]:
        """Of the family."""
        return self.family.transfer(shape, self.sigma, fine)


@dataclass(frozen=True)
class Blur:
    """What a scene is blurred by, and the truth about it.

    Parameters
    ----------
    levels : sequence of Level
        One, or four and more, along which the blur changes gradually.
    place : ndarray of float32, shape (Y, X), or None
        Where each pixel lies among the levels, from 0; None where there is one level.
    sigma : ndarray of float32, shape (Y, X)
        Root mean square of the two principal sigmas, pixels.
    anisotropy : ndarray of float32, shape (2, Y, X)
        ``e cos(2 angle)`` and ``e sin(2 angle)``, e being the difference of the two principal variances over their
        sum, and the angle that of the larger one, from +x towards +y of the array; zeros where the blur is round.
    """

    levels: Sequence[Level]
    place: Plane | None
    sigma: Plane
    anisotropy: Plane

    def render(self, spectrum: NDArray[np.complexfloating], shape: tuple[int, int], fine: int = 1) -> Plane:
        """Blur a scene.

        Parameters
        ----------
        spectrum : ndarray of complex64, shape (Y * fine, X * fine // 2 + 1)
            Of a periodic scene.
        shape : (int, int)
            Y and X, pixels of the picture.
        fine : int, default=1
            Samples of the scene an edge of one pixel; the picture takes every such sample.

        Returns
        -------
        ndarray of float32, shape (Y, X)
            The blurred scene.
        """
        grid = shape[0] * fine, shape[1] * fine
        seen = [fft.irfft2(spectrum * level.transfer(shape, fine), s=grid)[::fine, ::fine] for level in self.levels]
        if self.place is None:
            return np.asarray(seen[0], dtype=np.float32)
        return at_places(np.stack(seen), self.place)


def at_places(stack: NDArray[np.floating], place: Plane) -> Plane:
    """Interpolate along a stack by Lagrange's cubic through the four nearest of its pictures.

    Parameters
    ----------
    stack : ndarray, shape (N, Y, X)
        N of 4 or more.
    place : ndarray of float32, shape (Y, X)
        Where to read, in pictures from the first; beyond the ends it is extrapolated.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        The picture read.
    """
    first = np.clip(place.astype(np.int64) - 1, 0, len(stack) - 4)
    t = (place - first).astype(np.float32)
    flat, index = stack.reshape(-1), first * place.size + np.arange(place.size).reshape(place.shape)
    a, b, c = t - 1, t - 2, t - 3
    bc, ta = b * c, t * a
    weights = (a * bc / -6, t * bc / 2, ta * c / -2, ta * b / 6)
    out = sum(w * flat.take(index + i * place.size) for i, w in enumerate(weights))
    return np.asarray(out, dtype=np.float32)


def between_levels(stack: NDArray[np.floating], sigmas: NDArray[np.floating], field: Plane) -> Plane:
    """Interpolate between pictures blurred by neighbouring sigmas.

    Parameters
    ----------
    stack : ndarray, shape (N, Y, X)
        The same picture at N sigmas, four or more.
    sigmas : ndarray, shape (N,)
        Rising by equal factors, pixels.
    field : ndarray of float32, shape (Y, X)
        Sigma wanted, pixels; below and above the levels it is extrapolated.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        The picture blurred by the field.
    """
    return at_places(stack, _place(field, sigmas))


def _place(field: Plane, sigmas: NDArray[np.floating]) -> Plane:
    place = np.log(np.maximum(field, 0.05) / sigmas[0]) / np.log(sigmas[1] / sigmas[0])
    return np.asarray(place, dtype=np.float32)


def round_blur(field: Plane, family: Family) -> Blur:
    """A round blur of given sigma.

    Parameters
    ----------
    field : ndarray of float32, shape (Y, X)
        Sigma, pixels.
    family : Family
        Kernels to blur with.

    Returns
    -------
    Blur
        As many levels as the field needs.
    """
    low, high = max(float(field.min()), _IDENTITY), max(float(field.max()), _IDENTITY)
    nothing = np.zeros((2, *field.shape), dtype=np.float32)
    if high / low < 1.0001:
        return Blur([RoundLevel(family, low)], None, field, nothing)
    count = max(4, int(np.ceil(np.log(high / low) / np.log(_STEP))) + 1)
    sigmas = np.exp(np.linspace(np.log(low), np.log(high), count))
    place = _place(np.maximum(field, np.float32(_IDENTITY)), sigmas)
    return Blur([RoundLevel(family, s) for s in sigmas], place, field, nothing)


def shaped_blur(levels: Sequence[Level], place: Plane | None, shape: tuple[int, int]) -> Blur:
    """A blur of any shape, named axis by axis.

    Each principal sigma is that of the Gaussian whose modulus of the transfer
    function along that axis lies nearest.

    Parameters
    ----------
    levels : sequence of Level
        One, or four and more.
    place : ndarray of float32, shape (Y, X), or None
        As in `Blur`.
    shape : (int, int)
        Y and X, pixels.

    Returns
    -------
    Blur
        With its truth.
    """
    sigmas, shapes = np.empty(len(levels)), np.empty((2, len(levels)))
    for i, level in enumerate(levels):
        axes = [level.profile(RELATIVE * level.top, level.angle + turn) for turn in (0.0, 90.0)]
        one, two = (nearest_sigmas(np.array(axes)) / level.top) ** 2
        twice = np.deg2rad(2 * level.angle)
        sigmas[i] = np.sqrt((one + two) / 2)
        shapes[:, i] = (one - two) / (one + two) * np.cos(twice), (one - two) / (one + two) * np.sin(twice)
    if place is None:
        flat = np.broadcast_to(shapes[:, 0, None, None], (2, *shape))
        return Blur(levels, None, np.full(shape, sigmas[0], np.float32), flat.astype(np.float32))
    sigma = np.exp(_read(np.log(sigmas), place))
    return Blur(levels, place, sigma, np.stack([_read(values, place) for values in shapes]))


def _read(values: NDArray[np.float64], place: Plane) -> Plane:
    """Linear interpolation at places within a table."""
    low = np.minimum(place.astype(np.int64), len(values) - 2)
    return np.asarray(values[low] + np.diff(values)[low] * (place - low), dtype=np.float32)


def blur_periodic(scene: Plane, field: Plane, family: Family | None = None) -> Plane:
    """Blur a periodic scene by a field, interpolating between exact blurs.

    Fast (one transform a level) where `apply_blur` is exact; the two agree to
    5e-4 of the contrast (root mean square), a test pins it.

    Parameters
    ----------
    scene, field : ndarray of float32, shape (Y, X)
        Sharp scene, and sigma in pixels.
    family : Family, optional
        Kernels to blur with; Gaussians by default.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        The blurred scene.
    """
    return round_blur(field, family or Gaussian()).render(fft.rfft2(scene), scene.shape)
