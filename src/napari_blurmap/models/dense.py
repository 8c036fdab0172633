"""The default network: one small trunk over a pyramid, fused into a distribution over sigma."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import BlurMapError

#: Pixels of the picture for one value of the network's output.
STRIDE = 4
#: The same for what is gathered from all levels, before it is joined with the finest one.
GATHERED = 2 * STRIDE
#: Scale of what a new residual block adds to a trained network; at 0 its ReLU would have no gradient.
_FAINT = 0.05


@dataclass(frozen=True)
class DenseConfig:
    """Sizes of a `DenseNetwork`.

    Parameters
    ----------
    bins : int, default=48
        Values of sigma that the network can give a probability to.
    narrow, wide, fused : int
        Channels at half resolution, at quarter resolution, and after the fusion.
    levels : int, default=3
        Pyramid levels: 1, 1/2, 1/4, ...
    window : float, default=8.0
        Sigma of the Gaussian window of the local contrast, pixels of a level.
    deep : int, default=0
        Residual blocks after each step of the fusion that is coarser than the
        output: they cost little there, and tell a soft texture from blur by
        what lies around.
    fine : int, default=0
        Residual blocks at the resolution of the output, at the end of the
        trunk and again after the fusion: they follow steep fields.
    """

    bins: int = 48
    narrow: int = 32
    wide: int = 64
    fused: int = 96
    levels: int = 3
    window: float = 8.0
    deep: int = 0
    fine: int = 0

    @property
    def total_stride(self) -> int:
        """Pixels to which pictures are padded and tiles are aligned."""
        return STRIDE << self.levels

    @property
    def trunk_halo(self) -> int:
        """Pixels of a level beyond a tile that its features may depend on, rounded up to the stride."""
        # stem 3, the 3x3 at half resolution 2, the stride-2 step 1, dilations 1 + 2 + 3 at quarter resolution
        return -(-(3 + 2 + 1 + 4 * (1 + 2 + 3 + 3 * self.fine)) // STRIDE) * STRIDE

    @property
    def gather_halo(self) -> int:
        """Pixels beyond a tile that its gathered features may depend on, rounded up to the total stride."""
        # At every stride the halving on the way up, and the 3x3 and the interpolation on the way down, have a
        # cell each; the top, at the largest stride, has two 3x3 and an interpolation. A residual block has 1 + 2.
        steps = [STRIDE << i for i in range(1, self.levels)]
        reach = (3 + 3 * self.deep) * (sum(steps) + self.total_stride)
        return -(-reach // self.total_stride) * self.total_stride

    @property
    def finish_halo(self) -> int:
        """Pixels beyond a tile that its output may depend on, rounded up to the stride of the gathered features."""
        # Each residual block 1 + 2 cells, and the interpolation one of the gathered features' cells.
        return -(-(3 * self.fine * STRIDE + GATHERED) // GATHERED) * GATHERED


def _conv(inner: int, outer: int, size: int = 3, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    padding = (size - stride) // 2 if stride > 1 else dilation * (size // 2)
    conv = nn.Conv2d(inner, outer, size, stride, padding, dilation, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outer), nn.ReLU(inplace=True))


class _Residual(nn.Module):
    def __init__(self, channels: int, *dilations: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(_conv(channels, channels, dilation=d) for d in dilations))

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, x + self.layers(x))

    def fade(self) -> None:
        """Change almost nothing."""
        *_, (_, norm, _) = cast("list[nn.Sequential]", self.layers)
        nn.init.constant_(cast(nn.BatchNorm2d, norm).weight, _FAINT)


class DenseNetwork(nn.Module):
    """Picture and validity in, log-weights over sigma and structure out, at a stride of 4 pixels.

    Four steps, so that large pictures can go through in tiles: `prepare`
    makes the pyramid and normalises the contrast of every level locally,
    `trunk` turns a level into features (the same weights at every level),
    `gather` brings the levels together, `finish` gives the output. `forward`
    does all four.

    Even kernels at every stride keep the output cell (i, j) centred on the
    4 x 4 pixels it stands for.

    Parameters
    ----------
    config : DenseConfig
        Sizes.
    """

    def __init__(self, config: DenseConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or DenseConfig()
        self.trunk_layers = nn.Sequential(
            _conv(1, c.narrow, 6, stride=2),
            _conv(c.narrow, c.narrow),
            _conv(c.narrow, c.wide, 2, stride=2),
            _Residual(c.wide, 1, 2),
            _Residual(c.wide, 3),
            *(_Residual(c.wide, 1, 2) for _ in range(c.fine)),
        )
        inner = [c.wide] + [c.wide + (c.wide if i == 0 else c.fused) for i in range(c.levels - 1)]
        self.up = nn.ModuleList([_conv(i, c.fused, 1) for i in inner[1:]])
        self.top = nn.Sequential(_conv(c.fused, c.fused), _conv(c.fused, c.fused))
        self.down = nn.ModuleList([_conv(c.fused, c.fused) for _ in range(c.levels - 1)])
        blocks = [[_Residual(c.fused, 1, 2) for _ in range(c.deep)] for _ in range(c.levels)]
        self.deep = nn.ModuleList([nn.Sequential(*block) for block in blocks])  # from coarse to fine
        self.join = nn.Conv2d(c.fused, c.wide, 1)
        self.fine = nn.Sequential(*(_Residual(c.wide, 1, 2) for _ in range(c.fine)))
        self.last = _conv(c.wide, c.fused, 1)
        self.head = nn.Conv2d(c.fused, c.bins + 1, 1)

    def prepare(self, picture: Tensor, valid: Tensor) -> list[Tensor]:
        """Pyramid of locally normalised pictures.

        Parameters
        ----------
        picture, valid : Tensor, shape (B, 1, Y, X)
            Grey levels, and 1 where they count, 0 elsewhere; Y and X are
            multiples of ``config.total_stride``.

        Returns
        -------
        list of Tensor, shapes (B, 1, Y / 2**level, X / 2**level)
            Zero mean and unit standard deviation in a Gaussian window; 0
            where nothing is valid, so that a border invents no edge.
        """
        levels = []
        picture = picture * valid
        for level in range(self.config.levels):
            levels.append(local_contrast(picture, valid, self.config.window))
            if level + 1 < self.config.levels:
                weight = F.avg_pool2d(valid, 2)
                picture = F.avg_pool2d(picture, 2) / weight.clamp_min(1e-3)
                valid = weight
        return levels

    def trunk(self, level: Tensor) -> Tensor:
        """Features (B, wide, Y / 4, X / 4) of one normalised level (B, 1, Y, X)."""
        return cast(Tensor, self.trunk_layers(level))

    def gather(self, features: list[Tensor]) -> Tensor:
        """From the features of all levels what the finest one has to know of the others.

        Parameters
        ----------
        features : list of Tensor, shapes (B, wide, Y / 4 / 2**level, X / 4 / 2**level)
            Finest level first.

        Returns
        -------
        Tensor, shape (B, wide, Y / 8, X / 8)
        """
        climbed: list[Tensor] = []
        x = features[0]
        for step, feature in zip(self.up, features[1:], strict=True):
            x = step(torch.cat([F.avg_pool2d(x, 2), feature], dim=1))
            climbed.append(x)
        x = self.deep[0](self.top(F.avg_pool2d(x, 2)))
        for step, block, side in zip(self.down, self.deep[1:], reversed(climbed), strict=True):
            x = block(step(_twice(x).add_(side)))
        return cast(Tensor, self.join(x))

    def finish(self, gathered: Tensor, finest: Tensor) -> Tensor:
        """Join what was gathered with the features of the finest level.

        Parameters
        ----------
        gathered : Tensor, shape (B, wide, Y / 8, X / 8)
            From all levels.
        finest : Tensor, shape (B, wide, Y / 4, X / 4)
            Features of the finest level.

        Returns
        -------
        Tensor, shape (B, bins + 1, Y / 4, X / 4)
            Log-weights (not normalised) of the values of sigma; the last
            channel is the log-odds that there is structure to measure at all.
        """
        x = self.fine(_twice(gathered).add_(finest))
        return cast(Tensor, self.head(self.last(x)))

    def fuse(self, features: list[Tensor]) -> Tensor:
        """`gather` and `finish`."""
        return self.finish(self.gather(features), features[0])

    def forward(self, picture: Tensor, valid: Tensor) -> Tensor:
        """All steps on whole pictures."""
        return self.fuse([self.trunk(level) for level in self.prepare(picture, valid)])

    def fused(self) -> DenseNetwork:
        """Copy for estimating: batch norms folded into the convolutions before them, channels last."""
        copy = DenseNetwork(self.config)
        copy.load_state_dict(self.state_dict())
        copy.eval()
        for module in list(copy.modules()):
            if isinstance(module, nn.Sequential) and len(module) == 3 and isinstance(module[1], nn.BatchNorm2d):
                folded = nn.utils.fusion.fuse_conv_bn_eval(cast(nn.Conv2d, module[0]), module[1])
                module[0], module[1] = folded, nn.Identity()
        return copy.channels_last()

    def start_from(self, other: DenseNetwork) -> None:
        """Take over the weights of a trained network.

        Parameters
        ----------
        other : DenseNetwork
            Of the same sizes, or with fewer residual blocks: those that it
            lacks change almost nothing at first.

        Raises
        ------
        BlurMapError
            If its sizes are others.
        """
        mine, theirs = self.config, other.config
        if (
            replace(theirs, deep=mine.deep, fine=mine.fine) != mine
            or theirs.deep > mine.deep
            or theirs.fine > mine.fine
        ):
            raise BlurMapError(
                f"The network to start from has other sizes ({theirs}); expected those of the one to train "
                f"({mine}), or fewer residual blocks (deep, fine)."
            )
        known = other.state_dict()
        self.load_state_dict(known, strict=False)
        for name, module in self.named_modules():
            if isinstance(module, _Residual) and f"{name}.layers.0.0.weight" not in known:
                module.fade()

    def channels_last(self) -> DenseNetwork:
        """Itself, with the order of the weights in memory that convolutions are fastest with."""
        super().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return self


def _twice(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def _window(sigma: float, like: Tensor) -> Tensor:
    cells = sigma / STRIDE
    radius = int(2.5 * cells + 0.5)
    k = torch.arange(-radius, radius + 1, dtype=like.dtype, device=like.device)
    g = torch.exp(-0.5 * (k / cells) ** 2)
    return g / g.sum()


def _smooth(x: Tensor, kernel: Tensor) -> Tensor:
    radius = kernel.numel() // 2
    x = F.conv2d(x, kernel.view(1, 1, -1, 1), padding=(radius, 0))
    return F.conv2d(x, kernel.view(1, 1, 1, -1), padding=(0, radius))


def local_contrast(picture: Tensor, valid: Tensor, window: float) -> Tensor:
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
    Tensor, shape (B, 1, Y, X)
        0 where nothing is valid or the window is constant.
    """
    kernel = _window(window, picture)
    size = picture.shape[-2:]
    weight = _smooth(F.avg_pool2d(valid, STRIDE), kernel).clamp_min(1e-6)
    mean = _smooth(F.avg_pool2d(picture * valid, STRIDE), kernel) / weight
    detail = (picture - F.interpolate(mean, size=size, mode="bilinear", align_corners=False)) * valid
    square = _smooth(F.avg_pool2d(detail * detail, STRIDE), kernel) / weight
    deviation = F.interpolate(square.sqrt(), size=size, mode="bilinear", align_corners=False)
    # Far above the rounding of float32, far below the noise of any camera, in the units of `read_plane`.
    return detail / deviation.clamp_min(1e-4)
