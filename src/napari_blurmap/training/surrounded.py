"""Crops with something laid beside what they show: far enough from it nothing that is read may change."""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from ..models.sizes import STRIDE
from ..synthesis.surroundings import surround

#: Distance from what lies beside from which the same is to be read, pixels.
_FAR = 20
#: Pixels at the seam that do not count.
_SEAM = 2
#: At least this share of a crop is laid over, and stays.
_LEAST = 0.08


def surrounded(inputs: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Lay no data, black, camera noise or another picture beside what crops show.

    Parameters
    ----------
    inputs : Tensor, shape (B, 5, Y, X)
        See `network_inputs`.
    rng : numpy.random.Generator
        Where, and what.

    Returns
    -------
    inputs : Tensor, shape (B, 5, Y, X)
        Others, unchanged where what the crops show still is.
    shown : Tensor, shape (B, Y, X)
        1 where that is valid, but for the pixels at the seam; 0 elsewhere.
    far : Tensor, shape (B, Y / 4, X / 4)
        1 where the next pixel outside is 20 and more away, 0 elsewhere.

    Examples
    --------
    >>> crops = torch.full((2, 5, 64, 64), 0.5)
    >>> framed, shown, far = surrounded(crops, np.random.default_rng(0))
    >>> bool((framed[:, 0][shown > 0] == 0.5).all()), far.shape
    (True, torch.Size([2, 16, 16]))
    """
    framed, shown, far = inputs.clone(), [], []
    pictures = inputs[:, 0].cpu().numpy()
    for crop, picture, beside in zip(framed, pictures, np.roll(pictures, 1, axis=0), strict=True):
        laid = surround(picture, beside, rng)
        while not _LEAST < laid.outside.mean() < 1 - _LEAST:
            laid = surround(picture, beside, rng)
        outside = torch.from_numpy(laid.outside).to(crop.device)
        crop[0] = torch.from_numpy(laid.picture)
        if laid.known:
            crop[1, outside] = 0
        if laid.other is not None and bool(crop[2].any()):
            crop[2, outside] = laid.other.noise
        away = ndimage.distance_transform_edt(~laid.outside)
        cells = away.reshape(away.shape[0] // STRIDE, STRIDE, -1, STRIDE).min((1, 3))
        shown.append(torch.from_numpy(away > _SEAM))
        far.append(torch.from_numpy(cells >= _FAR))
    counts, apart = (torch.stack(each).to(inputs.device, inputs.dtype) for each in (shown, far))
    return framed, counts * framed[:, 1], apart
