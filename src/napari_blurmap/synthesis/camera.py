"""A camera: photons, gain, offset, noise, quantisation, saturation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import BlurMapError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Camera:
    """A linear camera (EMVA 1288 model without dark current).

    ``grey = clip(round(offset + gain * (Poisson(photons * scene) + read_noise * N(0, 1))))``

    Parameters
    ----------
    bits : int, default=8
        Depth: 8 gives uint8, 9 to 16 uint16.
    photons : float or None, default=20000.0
        Photo-electrons at a scene brightness of 1; None for a camera that only
        rounds and clips.
    read_noise : float, default=2.0
        Standard deviation, electrons.
    gain : float, optional
        Grey levels an electron (a unit of brightness where ``photons`` is None);
        by default brightness 1 reaches 95 % of full scale.
    offset : float, default=0.0
        Grey levels.

    Examples
    --------
    >>> import numpy as np
    >>> Camera(bits=12).expose(np.full((4, 4), 2.0), np.random.default_rng(0)).max()
    np.uint16(4095)
    """

    bits: int = 8
    photons: float | None = 20000.0
    read_noise: float = 2.0
    gain: float | None = None
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= 16 or (self.photons or 1.0) <= 0 or self.read_noise < 0:
            raise BlurMapError(
                f"{self!r} is no camera: expected 1 to 16 bits, photons above 0 and a noise of 0 or more."
            )

    def expose(self, scene: ArrayLike, rng: np.random.Generator) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """Take a picture of a scene.

        Parameters
        ----------
        scene : array_like, shape (..., Y, X)
            Brightness, 0 or more; 1 is what the default gain is made for.
        rng : numpy.random.Generator
            Where the noise comes from.

        Returns
        -------
        ndarray of uint8 or uint16, shape (..., Y, X)
            Grey levels.
        """
        full_scale = 2**self.bits - 1
        light = np.maximum(np.asarray(scene, dtype=np.float64), 0.0)
        if self.photons is None:
            electrons = light
        else:
            noise = self.read_noise * rng.standard_normal(light.shape)
            electrons = rng.poisson(light * self.photons) + noise
        gain = self.gain
        if gain is None:
            gain = 0.95 * (full_scale - self.offset) / (self.photons or 1.0)
        grey = np.clip(np.rint(self.offset + gain * electrons), 0, full_scale)
        return grey.astype(np.uint8) if self.bits <= 8 else grey.astype(np.uint16)
