"""The thesis's network: 32 x 32 pixels in, the class of their sigma out; and the same run over a whole picture."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import BlurMapError
from .patch_sizes import PATCH, PatchConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .patch_sizes import Layers

#: Grey levels of 255. A window with a smaller standard deviation holds little but the rounding of 8 bits (0.29).
FLAT = 0.5


def _convolutions(inner: int, layers: Layers, batch_norm: bool) -> nn.Sequential:
    modules: list[nn.Module] = []
    for outer, kernel in layers:
        modules += [nn.Conv2d(inner, outer, kernel), *([nn.BatchNorm2d(outer)] if batch_norm else []), nn.ReLU()]
        inner = outer
    return nn.Sequential(*modules)


class PatchNetwork(nn.Module):
    """Patches in, logarithms of the probabilities of the classes out.

    8 convolutions with 4 linear layers in the thesis, Blur Kernel Estimation
    using Deep Learning (Patro, 2017).

    Parameters
    ----------
    config : PatchConfig, optional
        Its layers.

    Examples
    --------
    >>> sum(p.numel() for p in PatchNetwork().parameters())
    3270426
    """

    def __init__(self, config: PatchConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or PatchConfig()
        self.before = _convolutions(1, c.before, c.batch_norm)
        self.after = _convolutions(c.before[-1][0], c.after, c.batch_norm)
        linear: list[nn.Module] = []
        inner = c.values
        for outer in c.hidden:
            linear += [nn.Linear(inner, outer), nn.ReLU(), nn.Dropout(c.dropout)]
            inner = outer
        self.linear = nn.Sequential(*linear, nn.Linear(inner, c.classes))
        self.float()

    def forward(self, patches: Tensor) -> Tensor:
        """Log-probabilities (N, classes) of patches (N, 1, 32, 32) in grey levels of 0 to 255."""
        x = F.max_pool2d(self.before((patches - self.config.mean) / self.config.deviation), 2)
        return F.log_softmax(self.linear(self.after(x).flatten(1)), dim=1)

    def fused(self) -> PatchesOfPicture:
        """Copy for estimating whole pictures."""
        return PatchesOfPicture(self)


class PatchesOfPicture(nn.Module):
    """A `PatchNetwork` over all patches of a picture at once: the same numbers for a small part of the work.

    What neighbouring patches share is computed once. The convolutions run over
    the whole picture. The pooling by 2 is done at every one of the four
    offsets and what follows runs on each of them, which gives what pooling at
    stride 1 and dilating the rest by two does; the linear layers become
    convolutions. At a stride of 2 and more one offset is enough, and the first
    linear layer skips the places between.

    Parameters
    ----------
    network : PatchNetwork
        Where the weights come from.
    """

    def __init__(self, network: PatchNetwork) -> None:
        super().__init__()
        self.config = c = network.config
        self.before = nn.Sequential(*_folded(network.before))
        rest = _folded(network.after)
        edge, step = c.last_edge, max(1, c.stride // 2)
        for place, layer in enumerate(m for m in network.linear if isinstance(m, nn.Linear)):
            if place:
                rest.append(nn.ReLU())
                edge = step = 1
            inner = layer.in_features // edge**2
            conv = nn.Conv2d(inner, layer.out_features, edge, step, device="meta")
            conv.weight = nn.Parameter(layer.weight.detach().reshape(conv.weight.shape).clone())
            conv.bias = nn.Parameter(layer.bias.detach().clone())
            rest.append(conv)
        self.rest = nn.Sequential(*rest)
        super().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.eval()

    @property
    def align(self) -> int:
        """Pixels that the size of a map is a multiple of."""
        return max(2, self.config.stride)

    def extend(self, picture: Tensor) -> Tensor:
        """The picture with the border that its outermost patches need, reflected, and filled up to ``align``."""
        first, last = self.config.border
        below, right = (last + -n % self.align for n in picture.shape[-2:])
        return F.pad(picture, (first, right, first, below), mode="reflect")

    def over(self, extended: Tensor) -> Tensor:
        """Log-probabilities of all patches.

        Parameters
        ----------
        extended : Tensor, shape (1, 1, Y + 32 - stride, X + 32 - stride)
            Grey levels of 0 to 255; Y and X are multiples of ``align``.

        Returns
        -------
        Tensor, shape (1, classes + 1, Y / stride, X / stride)
            The last channel is the log-odds that the patch is not flat: 20 or -20.
        """
        c = self.config
        grey = extended - c.mean
        x = self.before((grey / c.deviation).contiguous(memory_format=torch.channels_last))
        if c.stride > 1:
            classes = self.rest(F.max_pool2d(x, 2))
        else:
            height, width = x.shape[2] - 1, x.shape[3] - 1
            offsets = [x[:, :, i : i + height, j : j + width] for i in (0, 1) for j in (0, 1)]
            classes = _interleaved(self.rest(torch.cat([F.max_pool2d(part, 2) for part in offsets])))
        variance = F.avg_pool2d(grey**2, PATCH, c.stride) - F.avg_pool2d(grey, PATCH, c.stride) ** 2
        structure = torch.where(variance > FLAT**2, 20.0, -20.0)
        return torch.cat([F.log_softmax(classes.float(), dim=1), structure], dim=1)

    def forward(self, picture: Tensor, _valid: Tensor | None = None) -> Tensor:
        """Log-probabilities of a whole picture; an invalid pixel has to be filled before."""
        return self.over(self.extend(picture))


def _folded(layers: nn.Sequential) -> list[nn.Module]:
    """Copies of the layers, batch norms folded into the convolutions before them."""
    out: list[nn.Module] = []
    for layer in layers:
        if isinstance(layer, nn.BatchNorm2d):
            out[-1] = nn.utils.fusion.fuse_conv_bn_eval(cast(nn.Conv2d, out[-1]).eval(), layer.eval())
        elif isinstance(layer, nn.Conv2d):
            out.append(deepcopy(layer))
        else:
            out.append(nn.ReLU(inplace=True))
    return out


def _interleaved(parts: Tensor) -> Tensor:
    """Four maps of every other row and column, (4, K, Y, X), as one (1, K, 2 Y, 2 X)."""
    _, classes, height, width = parts.shape
    grid = parts.reshape(2, 2, classes, height, width).permute(2, 3, 0, 4, 1)
    return grid.reshape(1, classes, 2 * height, 2 * width)


def started_from(network: PatchNetwork, config: PatchConfig) -> PatchNetwork:
    """A network of other classes that starts with all weights of another one that fit.

    Parameters
    ----------
    network : PatchNetwork
        The trained one.
    config : PatchConfig
        Layers of the new one; its mean and deviation are taken from the
        trained one, whose weights depend on them.

    Returns
    -------
    PatchNetwork
        The last layer is new where the number of classes differs.

    Raises
    ------
    BlurMapError
        Where other layers differ.

    Examples
    --------
    >>> ten = started_from(PatchNetwork(), PatchConfig(classes=10))
    >>> ten.linear[-1].out_features
    10
    """
    own = network.config
    fresh = PatchNetwork(replace(config, mean=own.mean, deviation=own.deviation))
    if (own.before, own.after, own.hidden, own.batch_norm) != (
        config.before, config.after, config.hidden, config.batch_norm,
    ):  # fmt: skip
        raise BlurMapError(
            "The model to start from has other layers than the one to be trained. Start from a patch model with the "
            "same layers, or from scratch."
        )
    weights: dict[str, Tensor] = fresh.state_dict()
    old: Sequence[tuple[str, Tensor]] = list(network.state_dict().items())
    weights.update({name: value for name, value in old if value.shape == weights[name].shape})
    fresh.load_state_dict(weights)
    return fresh
