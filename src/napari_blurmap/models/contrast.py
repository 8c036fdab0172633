"""The local contrast of a picture, and how much of it the camera's noise explains."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

#: Pixels of a level for one value of its local mean and deviation.
CELL = 4


def _window(sigma: float, like: Tensor) -> Tensor:
    cells = sigma / CELL
    radius = int(2.5 * cells + 0.5)
    k = torch.arange(-radius, radius + 1, dtype=like.dtype, device=like.device)
    g = torch.exp(-0.5 * (k / cells) ** 2)
    return g / g.sum()


def _smooth(x: Tensor, kernel: Tensor) -> Tensor:
    radius = kernel.numel() // 2
    x = F.conv2d(x, kernel.view(1, 1, -1, 1), padding=(radius, 0))
    return F.conv2d(x, kernel.view(1, 1, 1, -1), padding=(0, radius))


def local_contrast(picture: Tensor, valid: Tensor, window: float) -> tuple[Tensor, Tensor]:
    """Subtract the local mean and divide by the local standard deviation.

    Both are Gaussian averages over the valid pixels, computed at a quarter of
    the resolution. The deviation is taken after the mean is subtracted, so
    that a faint structure on a high offset keeps its digits.

    Parameters
    ----------
    picture, valid : Tensor, shape (B, 1, Y, X)
        Grey levels, and the weight of every pixel.
    window : float
        Sigma of the window, pixels.

    Returns
    -------
    contrast : Tensor, shape (B, 1, Y, X)
        0 where nothing is valid or the window is constant.
    deviation : Tensor, shape (B, 1, Y / 4, X / 4)
        The local standard deviation, grey levels.
    """
    kernel = _window(window, picture)
    size = picture.shape[-2:]
    weight = _smooth(F.avg_pool2d(valid, CELL), kernel).clamp_min(1e-6)
    mean = _smooth(F.avg_pool2d(picture * valid, CELL), kernel) / weight
    detail = (picture - F.interpolate(mean, size=size, mode="bilinear", align_corners=False)) * valid
    # Far above the rounding of float32, far below the noise of any camera, in the units of `read_plane`.
    deviation = (_smooth(F.avg_pool2d(detail * detail, CELL), kernel) / weight).sqrt().clamp_min(1e-4)
    return detail / F.interpolate(deviation, size=size, mode="bilinear", align_corners=False), deviation


def slant(contrast: Tensor, valid: Tensor, window: float) -> Tensor:
    """Along which direction the light changes least, as where it was smeared.

    Parameters
    ----------
    contrast, valid : Tensor, shape (B, 1, Y, X)
        As `local_contrast` takes and gives them.
    window : float
        Sigma of the Gaussian window, pixels.

    Returns
    -------
    Tensor, shape (B, 2, Y / 4, X / 4)
        Of the structure tensor (Bigun and Granlund, ICCV 1987), the gradient's mean square along y less that along
        x, and twice their product, over the sum of both: ``cos(2 angle)`` and ``sin(2 angle)`` of the direction in
        which nothing changes, 0 where all directions are alike.

    Examples
    --------
    >>> stripes = torch.arange(32.0).cos()[None, None, :, None].expand(1, 1, 32, 32)  # along x
    >>> slant(stripes, torch.ones_like(stripes), 4.0)[0, :, 4, 4].tolist()
    [1.0, 0.0]
    """
    known = valid > 0
    known = known[..., 1:, :] & known[..., :-1, :]
    known = known[..., 1:] & known[..., :-1]
    # Along the two diagonals of four pixels, from which the squares of those along y and x follow.
    falling = (contrast[..., 1:, 1:] - contrast[..., :-1, :-1]).mul_(known)
    rising = (contrast[..., 1:, :-1] - contrast[..., :-1, 1:]).mul_(known)
    kernel = _window(window, contrast)

    def mean(products: Tensor) -> Tensor:
        return _smooth(F.avg_pool2d(products, CELL, ceil_mode=True, divisor_override=CELL**2), kernel)

    both, down, up = mean(rising * falling), mean(falling.square_()), mean(rising.square_())
    return torch.cat([2 * both, up - down], dim=1) / (up + down).clamp_min(5e-7)


def contrast_over_noise(deviation: Tensor, noise: Tensor, steps: int) -> Tensor:
    """How far the local contrast stands above the noise, as weights of octaves.

    Parameters
    ----------
    deviation, noise : Tensor, shape (B, 1, Y, X)
        Local standard deviation of the picture, and of its noise alone; 0 where that is not known.
    steps : int
        Octaves that are told apart, from "all of it is noise" on.

    Returns
    -------
    Tensor, shape (B, steps, Y, X)
        The two nearest octaves share one; all are 0 where the noise is not known.
    """
    octave = (deviation / noise.clamp_min(1e-9)).log2().clamp(0, steps - 1)
    known = (noise > 0).to(octave)
    steps_ = torch.arange(steps, device=octave.device, dtype=octave.dtype).view(1, -1, 1, 1)
    return (1 - (octave - steps_).abs()).clamp_min(0) * known
