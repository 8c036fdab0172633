"""Brightness of a colour picture."""

from __future__ import annotations

from typing import Any

import numpy as np

#: Rec. 601 luminance of red, green and blue.
LUMINANCE = (0.299, 0.587, 0.114)


def luminance(array: Any) -> Any:
    """Weighted sum of red, green and blue, without alpha; of grey with alpha the grey.

    Parameters
    ----------
    array : array, shape (..., colour)
        1 to 4 values a pixel: grey, grey and alpha, RGB, RGBA; numpy or dask.

    Returns
    -------
    array, shape (...)
        Of a colour picture float32, or float64 where the picture's numbers need it; of a grey one its own type.

    Examples
    --------
    >>> float(luminance(np.array([255, 255, 255], np.uint8)).round(3))
    255.0
    """
    if array.shape[-1] < 3:
        return array[..., 0]
    wide = np.float64 if array.dtype == np.float64 or array.dtype.itemsize > 4 else np.float32
    return sum(wide(w) * array[..., i].astype(wide) for i, w in enumerate(LUMINANCE))
