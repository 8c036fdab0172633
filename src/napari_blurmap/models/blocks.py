"""The layers that the default network is made of."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

#: Scale of what a new residual block adds to a trained network; at 0 its ReLU would have no gradient.
_FAINT = 0.05


class Separable(nn.Sequential):
    """A 3x3 convolution of limited rank: a column of 3, then a row of 3; half of the operations or less."""

    def __init__(self, inner: int, outer: int, rank: float, dilation: int) -> None:
        between = -(-int(rank * inner) // 8) * 8  # in eights, as processors take them
        d = dilation
        super().__init__(
            nn.Conv2d(inner, between, (3, 1), padding=(d, 0), dilation=(d, 1), bias=False),
            nn.Conv2d(between, outer, (1, 3), padding=(0, d), dilation=(1, d), bias=False),
        )

    def nearest(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Weights of both for which they are nearest to a 3x3 convolution's (Eckart and Young, 1936)."""
        outer, inner, rows, columns = weight.shape
        rank = cast(nn.Conv2d, self[0]).out_channels
        u, s, v = torch.linalg.svd(weight.permute(1, 2, 0, 3).reshape(inner * rows, outer * columns).double())
        most = min(rank, s.numel())
        first, second = weight.new_zeros(rank, inner, rows, 1), weight.new_zeros(outer, rank, 1, columns)
        root = s[:most].sqrt()
        first[:most] = (u[:, :most] * root).T.reshape(most, inner, rows, 1).to(weight)
        second[:, :most, 0] = (root[:, None] * v[:most]).reshape(most, outer, columns).movedim(0, 1).to(weight)
        return first, second


def product(first: Tensor, second: Tensor) -> Tensor:
    """Weights of the 3x3 convolution that the two of a `Separable` are together."""
    return torch.einsum("riy,orx->oiyx", first[..., 0], second[:, :, 0])


def conv_block(
    inner: int, outer: int, size: int = 3, stride: int = 1, dilation: int = 1, rank: float = 0.0
) -> nn.Sequential:
    """Convolution, batch norm and ReLU; with a rank, 3x3 convolutions are `Separable`."""
    padding = (size - stride) // 2 if stride > 1 else dilation * (size // 2)
    conv: nn.Module = nn.Conv2d(inner, outer, size, stride, padding, dilation, bias=False)
    if rank and size == 3:
        conv = Separable(inner, outer, rank, dilation)
    return nn.Sequential(conv, nn.BatchNorm2d(outer), nn.ReLU(inplace=True))


class Residual(nn.Module):
    """What convolutions add to their input."""

    def __init__(self, channels: int, *dilations: int, rank: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(conv_block(channels, channels, dilation=d, rank=rank) for d in dilations))

    def forward(self, x: Tensor) -> Tensor:
        """Input and what is added to it."""
        return cast(Tensor, x + self.layers(x))

    def fade(self) -> None:
        """Change almost nothing."""
        *_, (_, norm, _) = cast("list[nn.Sequential]", self.layers)
        nn.init.constant_(cast(nn.BatchNorm2d, norm).weight, _FAINT)
