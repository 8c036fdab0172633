"""The shape of the blur of every place: two axes and an angle, from its ellipticity."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import BlurMapError
from ..ground.arguments import number, shown
from ..ground.arrays import as_floats, in_memory
from ..ground.status import Array
from .maps import Maps
from .motion import Candidate, Motion, candidate_lines, motion_of

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Ellipticities of fewer standard errors than this are round within the errors: noise in two directions makes fewer of
#: a round blur in 95 places of 100.
_TOLD = 2.45


class Axes(NamedTuple):
    """Principal standard deviations and angle of the blur, with their standard errors; each of shape (..., Y, X).

    Attributes
    ----------
    major, minor : array of float32
        Pixels.
    angle : array of float32
        Of the major axis, degrees in [0, 180) from +x towards +y (down on the screen); NaN where the blur is
        round within the errors.
    major_error, minor_error, angle_error : array of float32
        Pixels and degrees.
    """

    major: Array
    minor: Array
    angle: Array
    major_error: Array
    minor_error: Array
    angle_error: Array


def principal_axes(sigma: Array, uncertainty: Array, first: Array, second: Array, error: Array) -> Axes:
    """Axes of a blur from its sigma and ellipticity.

    Parameters
    ----------
    sigma, uncertainty : array
        Root mean square of both axes and its standard error, pixels.
    first, second : array
        ``e cos(2 angle)`` and ``e sin(2 angle)`` with
        ``e = (major**2 - minor**2) / (major**2 + minor**2)``.
    error : array
        Standard error of each of these two.

    Returns
    -------
    Axes

    Notes
    -----
    Noise makes an ellipse of a circle: its square, the expected square of what is not there, is taken off ``e**2``.

    Examples
    --------
    >>> axes = principal_axes(*(np.array([x]) for x in (np.sqrt(2.5), 0.1, 0.0, 0.6, 0.01)))
    >>> [round(float(a[0]), 2) for a in axes[:3]]
    [2.0, 1.0, 45.0]
    """
    measured = np.sqrt(first**2 + second**2)
    e = np.sqrt(np.maximum(measured**2 - np.nan_to_num(error) ** 2, 0.0))  # what was filled has no error
    told = measured > _TOLD * error
    longer, shorter = np.sqrt(1 + e), np.sqrt(np.maximum(1 - e, 0.0))
    angle = np.degrees(0.5 * np.arctan2(second, first)) % 180.0
    nothing = np.float32(np.nan)
    return Axes(
        sigma * longer,
        sigma * shorter,
        np.where(told, angle, nothing),
        np.hypot(longer * uncertainty, sigma * error / (2 * longer)),
        # At the limit of a line the minor axis is as uncertain as the ellipticity lets its square be.
        np.hypot(shorter * uncertainty, sigma * np.minimum(error / (2 * np.maximum(shorter, 1e-3)), np.sqrt(error))),
        np.where(told, np.degrees(error / (2 * np.maximum(measured, 1e-6))), nothing),
    )


class Shaped(Maps):
    """The axes of the blur, of maps whose model gives them."""

    @property
    def axes_of_blur(self) -> Axes:
        """Both principal standard deviations, the angle, and their errors.

        Raises
        ------
        BlurMapError
            Where the model gives no shape.
        """
        if self.ellipticity_1 is None or self.ellipticity_2 is None or self.ellipticity_error is None:
            raise BlurMapError(
                f"This map has no shape: the model {self.provenance.get('model', 'it was made with')!r} reads sigma "
                "only. Estimate the picture again with a model that reads the shape of the blur."
            )
        shape = (self.ellipticity_1, self.ellipticity_2, self.ellipticity_error)
        return principal_axes(self.sigma, self.uncertainty, *shape)

    def motion(self, candidates: Sequence[Candidate] | None = None, *, strength: float = 0.0) -> Motion:
        """Length and direction of the line of motion that, with a round blur, blurs like the map.

        Parameters
        ----------
        candidates : sequence of (length, angle), optional
            Lines in pixels and degrees, of which the nearest is looked for: the 73 of Sun et al. (Learning a
            Convolutional Neural Network for Non-uniform Motion Blur Removal, CVPR 2015) by default.
        strength : float, default=0
            Smooths the probabilities of the candidates by a Markov random field, as they do: what all neighbours
            together count against 1 for the place itself, up to 1. Length and angle stay as they are.

        Returns
        -------
        Motion

        Raises
        ------
        BlurMapError
            Where the model gives no shape, there is no candidate, or the strength is none.

        Examples
        --------
        >>> import numpy as np
        >>> from napari_blurmap import BlurMap
        >>> one, about = np.ones((32, 32)), dict(axes="yx", scale=(1, 1), units=("px", "px"), provenance={})
        >>> shape = dict(ellipticity_1=0.9 * one, ellipticity_2=0 * one, ellipticity_error=0.01 * one)
        >>> motion = BlurMap(3 * one, 0.1 * one, 0 * one, **shape, **about).motion()
        >>> round(float(motion.length[0, 0]), 1), float(motion.angle[0, 0])
        (12.8, 0.0)
        """
        given = in_memory(as_floats("candidates", candidate_lines() if candidates is None else candidates))
        if (
            given.ndim != 2
            or given.shape[1] != 2
            or not (given.size and np.isfinite(given).all() and given[:, 0].min() > 0)
        ):
            raise BlurMapError(
                f"candidates is {shown(candidates)}; expected lines of a length above 0 pixels and an angle in "
                "degrees, such as [(9, 0), (9, 90)]."
            )
        amount = number("strength", strength, "the weight of the neighbours, 0 to 1", least=0, most=1)
        return motion_of(self.axes_of_blur, [Candidate(*line) for line in given.tolist()], amount)

    @property
    def sigma_major(self) -> Array:
        """Standard deviation along the longer axis, pixels, shape (..., Y, X)."""
        return self.axes_of_blur.major

    @property
    def sigma_minor(self) -> Array:
        """Standard deviation along the shorter axis, pixels, shape (..., Y, X)."""
        return self.axes_of_blur.minor

    @property
    def angle(self) -> Array:
        """Direction of the longer axis, degrees in [0, 180) from +x towards +y; NaN where the blur is round."""
        return self.axes_of_blur.angle

    @property
    def uncertainty_major(self) -> Array:
        """Standard error of `sigma_major`, pixels."""
        return self.axes_of_blur.major_error

    @property
    def uncertainty_minor(self) -> Array:
        """Standard error of `sigma_minor`, pixels."""
        return self.axes_of_blur.minor_error

    @property
    def uncertainty_angle(self) -> Array:
        """Standard error of `angle`, degrees."""
        return self.axes_of_blur.angle_error
