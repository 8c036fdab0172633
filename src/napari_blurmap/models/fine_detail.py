"""Where a picture has far more fine detail than the camera's noise can make: such a place is not empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F

if TYPE_CHECKING:
    from torch import Tensor

    from ..picture.plane import Plane

#: Pixels of a cell, and cells along each axis of the window in which detail is counted.
_CELL, _WINDOW = 4, 5
#: Detail stands out from this many standard deviations of the noise on, and fills a place from this share of pixels on.
_DEVIATIONS, _SHARE = 3.0, 0.5
#: Pixels around a place that count for it, in whole cells.
REACH = _CELL * (_WINDOW // 2 + 1)


def stands_out(plane: Plane) -> Tensor:
    """Where most pixels around differ from their neighbours by more than the noise explains.

    The difference is that of the two diagonals of 2 x 2 pixels, to which slopes of the light, and its steps along rows
    and columns, add nothing. A single edge fills no place; grain, sand and cloth do.

    Parameters
    ----------
    plane : Plane
        Numbers, which begin at a multiple of 4 pixels of the picture.

    Returns
    -------
    Tensor of bool, shape (Y, X)
        False everywhere, where the noise is not known for certain.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_blurmap.picture.plane import Plane
    >>> noise, seen = np.full((64, 64), 0.01, np.float32), np.ones((64, 64), bool)
    >>> grain = np.random.default_rng(0).normal(0, 0.2, (64, 64)).astype(np.float32)
    >>> bool(stands_out(Plane(grain, seen, ~seen, noise=noise, certain=True)).all())
    True
    """
    height, width = plane.shape
    if plane.noise is None or not plane.certain:
        return torch.zeros(plane.shape, dtype=torch.bool)
    picture, noise = torch.from_numpy(plane.picture), torch.from_numpy(plane.noise)
    columns = picture[1:] - picture[:-1]
    detail = (columns[:, 1:] - columns[:, :-1]).abs_()
    above = torch.zeros(1, -(-height // _CELL) * _CELL, -(-width // _CELL) * _CELL)
    above[0, : height - 1, : width - 1] = detail > 2 * _DEVIATIONS * noise[1:, 1:]
    cells = F.avg_pool2d(above, _CELL)
    fills = F.avg_pool2d(cells, _WINDOW, 1, _WINDOW // 2, count_include_pad=False)[0] > _SHARE
    return fills.repeat_interleave(_CELL, 0).repeat_interleave(_CELL, 1)[:height, :width]
