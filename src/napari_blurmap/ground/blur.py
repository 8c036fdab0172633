"""Spatially varying Gaussian blur, exact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy import ndimage

from ..errors import BlurMapError
from .arguments import number, one_of
from .arrays import as_array, as_floats, in_memory
from .optics import Truncate, kernel_radius

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Border = Literal["reflect", "nearest", "wrap", "constant"]
# scipy.ndimage's names of the borders, in numpy.pad's words.
_PAD: dict[Border, Any] = {"reflect": "symmetric", "nearest": "edge", "wrap": "wrap", "constant": "constant"}


def apply_blur(
    image: ArrayLike, sigma: ArrayLike, *, mode: Border = "reflect", truncate: Truncate = 4.0
) -> NDArray[np.floating[Any]]:
    """Blur every place of a picture by its own sigma.

    Every output pixel is the normalised Gaussian average with its own sigma,
    so a constant stays constant, and at constant sigma the result is that of
    ``scipy.ndimage.gaussian_filter``.

    Parameters
    ----------
    image : array_like, shape (..., Y, X)
        Any real numeric picture; leading axes are blurred plane by plane.
    sigma : float or array_like, shape (Y, X)
        Standard deviation of the Gaussian, pixels, 0 or more.
    mode : {"reflect", "nearest", "wrap", "constant"}, default="reflect"
        What lies beyond the border, as in ``scipy.ndimage``; MATLAB's
        ``imgaussfilt`` uses "nearest".
    truncate : float or "matlab", default=4.0
        Where the kernel is cut, in sigmas, or MATLAB's width ``2*ceil(2*sigma)+1``.

    Returns
    -------
    ndarray, shape (..., Y, X)
        float64 for float64 input, else float32.

    Raises
    ------
    BlurMapError
        If sigma is negative or not finite, or its shape is not (Y, X).

    Examples
    --------
    >>> import numpy as np
    >>> apply_blur(np.full((40, 40), 7.0), np.linspace(0.3, 3, 40)[None, :]).round(6).max()
    np.float64(7.0)
    """
    picture = in_memory(as_array(image))
    if picture.ndim < 2 or picture.dtype.kind not in "buif":
        raise BlurMapError(
            f"Cannot blur an array of shape {picture.shape} and type {picture.dtype}; "
            "expected real numbers with the axes (..., Y, X)."
        )
    work = picture.astype(np.float64 if picture.dtype == np.float64 else np.float32)
    mode = one_of("mode", mode, tuple(_PAD))
    if not (isinstance(truncate, str) and truncate == "matlab"):
        truncate = number("truncate", truncate, "a number above 0, or 'matlab'", above=0)
    sigmas = in_memory(as_floats("sigma", sigma))
    try:
        field = np.broadcast_to(sigmas, work.shape[-2:])
    except ValueError as error:
        raise BlurMapError(
            f"sigma has the shape {sigmas.shape}, the picture {work.shape[-2:]}; "
            "expected one number or one value a pixel."
        ) from error
    if not (np.isfinite(field).all() and (field >= 0).all()):
        raise BlurMapError("sigma holds negative or non-finite values; expected 0 or more, in pixels.")
    first = float(field.flat[0])
    if (field == first).all():
        radius = kernel_radius(first, truncate)
        return np.asarray(ndimage.gaussian_filter(work, first, axes=(-2, -1), mode=mode, radius=radius))
    planes = [_vary(plane, field, mode, truncate) for plane in work.reshape(-1, *work.shape[-2:])]
    return np.stack(planes).reshape(work.shape)


def _vary(
    plane: NDArray[np.floating[Any]], field: NDArray[np.float64], mode: Border, truncate: Truncate
) -> NDArray[np.floating[Any]]:
    """Sum the shifted pictures, weighted by the kernel of the pixel that receives them."""
    radii = np.ceil(2.0 * field) if truncate == "matlab" else np.floor(truncate * field + 0.5)
    reach = int(radii.max())
    padded = np.pad(plane, reach, mode=_PAD[mode])
    variance = np.maximum(field, 1e-12) ** 2
    weights = [(np.exp(-0.5 * k * k / variance) * (k <= radii)).astype(plane.dtype) for k in range(reach + 1)]
    norm = weights[0] + 2.0 * sum(weights[1:], np.zeros_like(plane))
    height, width = plane.shape
    out = np.zeros_like(plane)
    row = np.empty_like(plane)
    pair = np.empty_like(plane)
    for dy in range(-reach, reach + 1):
        lines = padded[reach + dy : reach + dy + height]
        np.multiply(weights[0], lines[:, reach : reach + width], out=row)
        for dx in range(1, reach + 1):
            np.add(lines[:, reach - dx : reach - dx + width], lines[:, reach + dx : reach + dx + width], out=pair)
            pair *= weights[dx]
            row += pair
        row *= weights[abs(dy)]
        out += row
    return np.asarray(out / norm**2)
