"""The result: a map of blur with its error, the status of every pixel, and where they came from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import BlurMapError
from ..ground.arguments import number
from ..ground.status import MAX_RELATIVE, Array, Status, judged
from ..ground.units import unit_label
from .fill import fill_planes
from .guide import guide_of
from .reference import probability_below
from .stored import Stored
from .told import Told


@dataclass(frozen=True, eq=False, repr=False)
class BlurMap(Told, Stored):
    """Blur of every place of a picture: sigma, its standard error and a status.

    Parameters
    ----------
    sigma, uncertainty : array, shape (..., Y, X)
        Standard deviation of the blur and its standard error, pixels; kept as
        float32. numpy or dask; what is computed from dask stays lazy.
    status : array, shape (..., Y, X)
        `Status` of every pixel, kept as uint8.
    axes : tuple of str
        Name of every axis, lower case; the last two are ``"y", "x"``.
    scale : tuple of float
        Size of a pixel along every axis, in ``units``.
    units : tuple of str
        Unit of every axis by pint's name, such as ``"micrometer"``;
        ``"pixel"`` where it is not known. y and x share one.
    provenance : dict
        Where the map came from; anything that JSON can hold.
    translate : tuple of float, optional
        Position of the first pixel, in ``units``.
    affine : list of list of float, optional
        Affine transformation of the picture's layer, (n+1) x (n+1) for n axes.
    ellipticity_1, ellipticity_2, ellipticity_error : array, shape (..., Y, X), optional
        How far the blur is from round, and the standard error of both: (major^2 - minor^2) / (major^2 + minor^2)
        times the cosine and the sine of twice the angle, from the array's +x towards +y.
    probabilities : array, shape (..., K, h, w), optional
        Probability of each value of ``sigma_grid`` on the network's grid.
    sigma_grid : array, shape (K,), optional
        The sigmas of ``probabilities``, pixels.

    Attributes
    ----------
    fwhm : array, shape (..., Y, X)
        Full width at half maximum, 2.3548 sigma, pixels.
    sigma_major, sigma_minor, angle : array, shape (..., Y, X)
        Axes of the blur, pixels and degrees, of models that give them.
    pixel_size : tuple of float or None
        Size of a pixel (y, x); None where the unit is not known.
    unit : str or None
        Unit of ``pixel_size``, by pint's name.

    Raises
    ------
    BlurMapError
        If shapes, axes or statuses do not fit together.

    Examples
    --------
    >>> sigma = np.full((64, 64), 2.0)
    >>> m = BlurMap(sigma, 0.1 * sigma, 0 * sigma, axes="yx", scale=(0.5, 0.5), units=("um", "um"), provenance={})
    >>> m
    BlurMap(y 64, x 64, pixel 0.5 x 0.5 um)
    >>> float(m.in_unit()[0, 0]), m.unit
    (1.0, 'micrometer')
    """

    def masked(self, max_relative: float = MAX_RELATIVE) -> BlurMap:
        """Keep only what was judged; sigma and uncertainty are NaN elsewhere.

        Parameters
        ----------
        max_relative : float, default=0.3
            Largest uncertainty over ``max(sigma, 0.5)``.

        Returns
        -------
        BlurMap
            Status and probabilities unchanged; lazy where this one is.

        Examples
        --------
        >>> sigma = np.array([[1.0, 1.0]])
        >>> m = BlurMap(sigma, [[0.1, 0.4]], [[0, 0]], axes="yx", scale=(1, 1), units=("px", "px"), provenance={})
        >>> m.masked().sigma
        array([[ 1., nan]], dtype=float32)
        """
        max_relative = number("max_relative", max_relative, "a number of 0 or more", least=0)
        keep = judged(self.sigma, self.uncertainty, self.status, max_relative)
        kept: dict[str, Any] = {n: np.where(keep, values, np.float32(np.nan)) for n, values in self.numbers.items()}
        return replace(self, **kept, provenance=self.provenance | {"masked": {"max_relative": max_relative}})

    def filled(self, image: Any = None) -> BlurMap:
        """Fill the places that could not be judged from judged neighbours and uncertain readings.

        Parameters
        ----------
        image : array or layer, optional
            The picture, as it was estimated or with the map's axes, and with
            its colour axis if it has one: its edges keep the blur of one
            object out of the next.

        Returns
        -------
        BlurMap
            Sigma, and the shape of the blur where it is known, filled plane by
            plane (`napari_blurmap.result.fill`), weighted by 1/uncertainty^2;
            readings too noisy to be judged count likewise. A plane with nothing
            judged is NaN. The status is kept, and the uncertainty of what was filled is NaN: ``masked`` and
            ``summary`` still tell judged from filled. Lazy where this one is;
            then each plane is computed in one piece (about 60 bytes a pixel).

        Raises
        ------
        BlurMapError
            If the picture has another shape.

        Examples
        --------
        >>> m = BlurMap([[1, 5, 1]], [[0.1] * 3], [[0, 1, 0]], axes="yx", scale=(1, 1), units=["um"] * 2, provenance={})
        >>> m.filled().sigma
        array([[1., 1., 1.]], dtype=float32)
        """
        guide = None if image is None else guide_of(self, image)
        known = judged(self.sigma, self.uncertainty, self.status)
        # What is too uncertain to be shown still tells more than a far neighbour; empty ground tells nothing.
        hints = (self.status == Status.MEASURED) | (self.status == Status.TOO_NOISY)
        kept: dict[str, Any] = {n: np.where(known, values, np.float32(np.nan)) for n, values in self.numbers.items()}
        for name in self.numbers.keys() - {"uncertainty", "ellipticity_error"}:
            kept[name] = fill_planes(self.numbers[name], self.uncertainty, known, guide, hints)
        done = {"max_relative": MAX_RELATIVE, "guided_by_picture": image is not None}
        return replace(self, **kept, provenance=self.provenance | {"filled": done})

    def probability_below(self, limit: float) -> Array:
        """Probability that sigma lies below a limit, for each pixel.

        Parameters
        ----------
        limit : float
            Limit of sigma, pixels.

        Returns
        -------
        array of float32, shape (..., Y, X)
            Of a normal distribution around sigma with the uncertainty as its
            width; NaN wherever the status is not "measured".

        Raises
        ------
        BlurMapError
            If the limit is not a positive number.

        Examples
        --------
        >>> m = BlurMap([[1, 1]], [[0.1, 0.1]], [[0, 1]], axes="yx", scale=(1, 1), units=("px", "px"), provenance={})
        >>> m.probability_below(1.0)
        array([[0.5, nan]], dtype=float32)
        """
        limit = number("The limit", limit, "a sigma in pixels above 0", above=0)
        probability = probability_below(limit, self.sigma, self.uncertainty)
        return np.where(self.status == Status.MEASURED, probability, np.float32(np.nan))

    def in_unit(self) -> Array:
        """Sigma as a length.

        Returns
        -------
        array of float32, shape (..., Y, X)
            In `unit`.

        Raises
        ------
        BlurMapError
            Without a pixel size, or where y and x differ by more than 1 %.
        """
        if self.unit is None:
            raise BlurMapError(
                "This map has no pixel size, so sigma is known in pixels only. "
                "Give pixel_size and unit when estimating, or set the scale of the layer."
            )
        if self.pixel_side is None:
            y, x = self.scale[-2:]
            raise BlurMapError(
                f"Pixels are {y:g} x {x:g} {unit_label(self.unit)} (y, x), more than 1 % from square: one sigma is no "
                "single length. Resample the picture to square pixels, or use sigma in pixels."
            )
        return self.sigma * np.float32(self.pixel_side)
