"""The default network: one small trunk over a pyramid, fused into a distribution over sigma."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import BlurMapError
from ..ground.regions import inside
from .blocks import Residual, Separable, conv_block, product
from .contrast import CELL, contrast_over_noise, local_contrast, slant
from .sizes import DenseConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..ground.regions import Region

_ORIGIN = (slice(0, 0), slice(0, 0))


class Level(NamedTuple):
    """One level of the pyramid.

    Attributes
    ----------
    contrast : Tensor, shape (B, 1, Y, X)
        Locally normalised picture.
    told : Tensor, shape (B, config.noise, Y / 4, X / 4), or None
        What is known of its noise, see `contrast_over_noise`.
    slant : Tensor, shape (B, 2, Y / 4, X / 4), or None
        Along which direction the light changes least, see `slant`; for the shape.
    """

    contrast: Tensor
    told: Tensor | None
    slant: Tensor | None = None


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
        rank = c.rank
        self.trunk_layers = nn.Sequential(
            conv_block(1, c.narrow, 6, stride=2),
            conv_block(c.narrow, c.narrow, rank=rank),
            conv_block(c.narrow, c.wide, 2, stride=2),
            Residual(c.wide, 1, 2, rank=rank),
            Residual(c.wide, 3, rank=rank),
            *(Residual(c.wide, 1, 2, rank=rank) for _ in range(c.fine)),
        )
        if c.noise:
            self.told = nn.Conv2d(c.noise, c.wide, 1, bias=False)
        inner = [c.wide] + [c.wide + (c.wide if i == 0 else c.fused) for i in range(c.levels - 1)]
        self.up = nn.ModuleList([conv_block(i, c.fused, 1) for i in inner[1:]])
        ranks = [*((0.0 if c.whole else rank,) * (c.levels - 1)), rank]  # from coarse to fine
        self.top = nn.Sequential(*(conv_block(c.fused, c.fused, rank=ranks[0]) for _ in range(2)))
        self.down = nn.ModuleList([conv_block(c.fused, c.fused, rank=each) for each in ranks[1:]])
        blocks = [[Residual(c.fused, 1, 2, rank=each) for _ in range(c.deep)] for each in ranks]
        self.deep = nn.ModuleList([nn.Sequential(*block) for block in blocks])  # from coarse to fine
        self.join = nn.Conv2d(c.fused, c.wide, 1)
        self.fine = nn.Sequential(*(Residual(c.wide, 1, 2, rank=rank) for _ in range(c.fine)))
        self.last = conv_block(c.wide, c.fused, 1)
        self.head = nn.Conv2d(c.fused, c.bins + 1 + (c.levels + 1 if c.shape else 0), 1)
        self.float()

    def prepare(
        self,
        picture: Tensor,
        valid: Tensor,
        noise: Tensor | None = None,
        averaged: Tensor | None = None,
        parts: Sequence[Region] | None = None,
    ) -> list[Level]:
        """Pyramid of locally normalised pictures.

        Parameters
        ----------
        picture, valid : Tensor, shape (B, 1, Y, X)
            Grey levels, and 1 where they count, 0 elsewhere; Y and X are
            multiples of ``config.total_stride``.
        noise : Tensor, shape (B, 1, Y / 4, X / 4), optional
            Standard deviation of the camera's noise, grey levels; 0 where it is not known.
        averaged : Tensor, shape (B, levels), optional
            What the means of 1, 2 x 2, 4 x 4, ... pixels leave of it; of white noise, which is
            meant where it is left out, 1, 1/2, 1/4, ...
        parts : sequence of (slice, slice), optional
            Of each level the part that is wanted, pixels of that level.

        Returns
        -------
        list of Level
            Zero mean and unit standard deviation in a Gaussian window; 0
            where nothing is valid, so that a border invents no edge.
        """
        c, levels = self.config, []
        picture = picture * valid
        if averaged is None:
            averaged = picture.new_tensor([[0.5**level for level in range(c.levels)]])
        for level in range(c.levels):
            y, x = (slice(None), slice(None)) if parts is None else parts[level]
            counts = valid[..., y, x]
            contrast, deviation = local_contrast(picture[..., y, x], counts, c.window)
            told = None
            if c.noise and noise is not None:
                here = noise if parts is None else noise[..., *inside(parts[level], _ORIGIN, CELL)]
                told = contrast_over_noise(deviation, here * averaged[:, level, None, None, None], c.noise)
                noise = F.avg_pool2d(noise, 2) if level + 1 < c.levels else noise
            levels.append(Level(contrast, told, slant(contrast, counts, c.window) if c.shape else None))
            if level + 1 < c.levels:
                weight = F.avg_pool2d(valid, 2)
                picture = F.avg_pool2d(picture, 2) / weight.clamp_min(1e-3)
                valid = weight
        return levels

    def trunk(self, level: Level) -> Tensor:
        """Features (B, wide, Y / 4, X / 4) of one level."""
        features = cast(Tensor, self.trunk_layers[:3](level.contrast))
        if level.told is not None:
            features = features + self.told(level.told)
        return cast(Tensor, self.trunk_layers[3:](features))

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

    def slants(self, levels: list[Level]) -> Tensor:
        """Those of all levels on the grid of the output, (B, 2 * levels or 0, Y / 4, X / 4), finest level first."""
        finest = levels[0].contrast
        known = [level.slant for level in levels if level.slant is not None]
        return (
            on_one_grid(known)
            if known
            else finest.new_empty((finest.shape[0], 0, *(n // CELL for n in finest.shape[-2:])))
        )

    def finish(self, gathered: Tensor, finest: Tensor, slants: Tensor) -> Tensor:
        """Join what was gathered with the features of the finest level.

        Parameters
        ----------
        gathered : Tensor, shape (B, wide, Y / 8, X / 8)
            From all levels.
        finest : Tensor, shape (B, wide, Y / 4, X / 4)
            Features of the finest level.
        slants : Tensor, shape (B, 2 * levels or 0, Y / 4, X / 4)
            Of all levels. The shape is a sum of them with weights that the network gives: it turns as they turn.

        Returns
        -------
        Tensor, shape (B, bins + 1 or bins + 4, Y / 4, X / 4)
            Log-weights (not normalised) of the values of sigma; then the
            log-odds that there is structure to measure at all; then, with
            ``config.shape``, the anisotropy e cos 2 theta and e sin 2 theta,
            e being (major**2 - minor**2) / (major**2 + minor**2), and the
            logarithm of its error.
        """
        x = self.fine(_twice(gathered).add_(finest))
        output = cast(Tensor, self.head(self.last(x)))
        if not self.config.shape:
            return output
        known, weights, error = output.split_with_sizes([self.config.bins + 1, self.config.levels, 1], dim=1)
        parts = weights[:, :, None] * slants.reshape(slants.shape[0], -1, 2, *slants.shape[-2:])
        return torch.cat([known, parts.sum(dim=1), error], dim=1)

    def fuse(self, features: list[Tensor], slants: Tensor) -> Tensor:
        """`gather` and `finish`."""
        return self.finish(self.gather(features), features[0], slants)

    def forward(
        self, picture: Tensor, valid: Tensor, noise: Tensor | None = None, averaged: Tensor | None = None
    ) -> Tensor:
        """All steps on whole pictures; see `prepare` for what goes in."""
        levels = self.prepare(picture, valid, noise, averaged)
        return self.fuse([self.trunk(level) for level in levels], self.slants(levels))

    def fused(self) -> DenseNetwork:
        """Copy for estimating: batch norms folded into the convolutions before them, channels last."""
        copy = deepcopy(self).eval()
        for module in list(copy.modules()):
            if isinstance(module, nn.Sequential) and len(module) == 3 and isinstance(module[1], nn.BatchNorm2d):
                into, at = (module[0], 1) if isinstance(module[0], Separable) else (module, 0)
                into[at] = nn.utils.fusion.fuse_conv_bn_eval(cast(nn.Conv2d, into[at]), module[1])
                module[1] = nn.Identity()
        return copy.channels_last()

    def start_from(self, other: DenseNetwork) -> None:
        """Take over the weights of a trained network.

        Parameters
        ----------
        other : DenseNetwork
            Of the same sizes, or with less: residual blocks that it lacks
            change almost nothing at first, a shape that it does not give stays
            as drawn, a noise that it is not told counts for nothing, and its 3x3 convolutions are
            replaced by the nearest ones of the rank wanted.

        Raises
        ------
        BlurMapError
            If its sizes are others.
        """
        mine, theirs = self.config, other.config
        may = {name: getattr(mine, name) for name in ("deep", "fine", "rank", "whole", "noise", "shape")}
        if (
            replace(theirs, **may) != mine
            or theirs.rank not in (0.0, mine.rank)
            or theirs.noise not in (0, mine.noise)
            or any(getattr(theirs, name) > may[name] for name in ("deep", "fine", "whole", "shape"))
        ):
            raise BlurMapError(
                f"The network to start from has other sizes ({theirs}); expected those of the one to train "
                f"({mine}), or fewer (deep, fine, whole, noise, shape), or whole 3x3 convolutions (rank 0)."
            )
        known = other.state_dict()
        for name, module in self.named_modules():
            if isinstance(module, Separable) and f"{name}.weight" in known:
                known[f"{name}.0.weight"], known[f"{name}.1.weight"] = module.nearest(known.pop(f"{name}.weight"))
            elif isinstance(module, nn.Conv2d) and f"{name}.1.weight" in known:
                known[f"{name}.weight"] = product(known.pop(f"{name}.0.weight"), known.pop(f"{name}.1.weight"))
            elif isinstance(module, Residual) and not any(key.startswith(f"{name}.") for key in known):
                module.fade()
        if mine.noise and not theirs.noise:
            known["told.weight"] = torch.zeros_like(self.told.weight)
        for name in ("head.weight", "head.bias"):
            new = self.state_dict()[name].clone()
            new[: len(known[name])] = known[name]
            known[name] = new
        self.load_state_dict(known, strict=False)

    def channels_last(self) -> DenseNetwork:
        """Itself, with the order of the weights in memory that convolutions are fastest with."""
        super().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return self


def on_one_grid(slants: list[Tensor]) -> Tensor:
    """Those of all levels on the grid of the finest one."""
    size = slants[0].shape[-2:]
    return torch.cat([F.interpolate(part, size, mode="bilinear", align_corners=False) for part in slants], dim=1)


def _twice(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
