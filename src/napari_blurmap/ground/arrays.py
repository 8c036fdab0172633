"""Pictures of which a mask hides a part, in memory or lazy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def in_memory(data: Any) -> Any:
    """A part of a picture as numpy's array, masked where it has a mask: `numpy.asarray` drops that."""
    array = data.compute() if hasattr(data, "dask") else data
    return array if isinstance(array, np.ma.MaskedArray) else np.asarray(array)


def without_masked(data: Any) -> NDArray[Any]:
    """Numbers of a part of a picture, with NaN where a mask says that there is no data."""
    array = in_memory(data)
    if np.ma.is_masked(array):
        # Small integers are exact in float32.
        array = np.ma.filled(array.astype(np.result_type(array.dtype, np.float32)), np.nan)
    return np.asarray(array)
