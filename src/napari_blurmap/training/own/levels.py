"""A piece of a picture at every level of blur, so that any blur between them costs little."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from ...ground.blur import apply_blur
from ...picture.camera_noise import CameraNoise
from ...picture.noise import Digits, blur_again

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .pieces import Piece

#: Places of a piece that crops are laid around, about.
_PLACES = 20_000


class Levels:
    """A piece at every level of blur, in units of its own contrast, and how far each place is from what is unknown."""

    def __init__(self, piece: Piece, sigmas: NDArray[np.float64]) -> None:
        sample = piece.sample
        self.noise, self.digits, self.blur = sample.noise, sample.digits, piece.blur
        self.middle = float(np.median(sample.grey))
        self.unit = float(np.quantile(np.abs(sample.grey - self.middle), 0.98)) or float(np.ptp(sample.grey)) or 1.0
        sharp = ((sample.grey - self.middle) / self.unit).astype(np.float32)
        self.stack = np.stack([apply_blur(sharp, s) for s in sigmas])
        self.distance = ndimage.distance_transform_edt(np.pad(piece.usable, 1))[1:-1, 1:-1].astype(np.float32)
        places = np.argwhere(piece.textured)
        self.centres = places[:: max(1, len(places) // _PLACES)].astype(np.int32)

    def white(self, light: NDArray[Any]) -> NDArray[Any]:
        """Variance of the noise before rounding, squared grey levels; what is clipped shows none."""
        grey = self.middle + self.unit * light
        if self.noise is None:
            return np.zeros_like(grey)
        variance = np.maximum(self.noise.variance(grey) - self.digits.step**2 / 12, 0.0)
        return np.where((grey <= self.digits.low) | (grey >= self.digits.high), 0.0, variance)


def lost_noise(sigmas: NDArray[np.float64], edge: int, seed: int) -> NDArray[np.float32]:
    """What white noise of variance 1 loses at every level, of one and the same noise: (N, edge, edge)."""
    unit, nothing = CameraNoise((0.0, 0.0), (1.0, 1.0)), np.zeros((edge, edge))
    draws = (np.random.default_rng((seed, 8)) for _ in sigmas)
    anything = Digits(-inf, inf, 0.0)
    stack = [blur_again(nothing, float(s), unit, anything, draw) for s, draw in zip(sigmas, draws, strict=True)]
    return np.stack(stack).astype(np.float32)
