"""The thesis's network: 32 x 32 pixels in, the class of their sigma out; and the same run over a whole picture."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import BlurMapError
from ..ground.arguments import entries, flag, number, shown, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Edge of what the network looks at, pixels.
PATCH = 32
#: Distances between the patches of a map, pixels.
STRIDES = (1, 2, 4, 8, 16, 32)
#: Grey levels of 255. A window with a smaller standard deviation holds little but the rounding of 8 bits (0.29).
FLAT = 0.5

Layers = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class PatchConfig:
    """Layers of a `PatchNetwork`; the defaults are the thesis's.

    Parameters
    ----------
    classes : int, default=30
        Values of sigma that it tells apart.
    before, after : tuple of (int, int)
        Channels and kernel edge of the convolutions before and after the one
        max-pooling by 2; none has a border.
    hidden : tuple of int
        Values after every linear layer but the last.
    dropout : float, default=0.0
        Part of the hidden values dropped while training.
    batch_norm : bool, default=False
        Batch norm after every convolution.
    stride : int, default=1
        Pixels between the places of a map: 1, 2, 4, 8, 16 or 32.
    mean, deviation : float
        Of the training set, grey levels of 0 to 255.

    Raises
    ------
    BlurMapError
        For layers that do not fit into 32 x 32 pixels, or another stride.

    Examples
    --------
    >>> PatchConfig().last_edge, PatchConfig().values
    (4, 1024)
    """

    classes: int = 30
    before: Layers = ((4, 3), (8, 3), (16, 3), (32, 3), (64, 3), (64, 3), (64, 5))
    after: Layers = ((64, 5),)
    hidden: tuple[int, ...] = (1600, 800, 100)
    dropout: float = 0.0
    batch_norm: bool = False
    stride: int = 1
    mean: float = 127.5
    deviation: float = 64.0

    def __post_init__(self) -> None:
        # A model file holds lists.
        for name in ("before", "after"):
            object.__setattr__(self, name, tuple(_layer(name, layer) for layer in _layers(name, getattr(self, name))))
        hidden = tuple(whole("hidden", size, least=1, most=2**16) for size in _layers("hidden", self.hidden))
        object.__setattr__(self, "hidden", hidden)
        whole("classes", self.classes, least=2, most=1000)
        number("dropout", self.dropout, "a number from 0 to below 1", least=0.0, most=0.999)
        number("mean", self.mean, "a number of grey levels", least=-1e6, most=1e6)
        number("deviation", self.deviation, "a number of grey levels above 0", above=0.0, least=1e-6, most=1e6)
        flag("batch_norm", self.batch_norm)
        edge = PATCH - _loss(self.before)
        if edge < 2 or edge % 2 or self.last_edge < 1:
            raise BlurMapError(
                f"The convolutions leave {edge} pixels before the pooling and {self.last_edge} at the end; expected an "
                "even number, and at least 1. Use smaller kernels or fewer layers."
            )
        if whole("stride", self.stride) not in STRIDES:
            raise BlurMapError(f"stride is {self.stride!r}; expected one of {', '.join(map(str, STRIDES))}.")

    @property
    def last_edge(self) -> int:
        """Edge of what the first linear layer sees."""
        return (PATCH - _loss(self.before)) // 2 - _loss(self.after)

    @property
    def values(self) -> int:
        """Values that the first linear layer sees."""
        return self.last_edge**2 * (self.after or self.before)[-1][0]

    @property
    def border(self) -> tuple[int, int]:
        """Pixels that a map needs before and after the picture: 15 and 16 at a stride of 1, none at 32."""
        return (PATCH - self.stride) // 2, (PATCH - self.stride + 1) // 2


def large_config(classes: int = 30) -> PatchConfig:
    """The variant of about 5 million weights: larger kernels, 13 layers instead of 12.

    The thesis does not state its layers; these are ours.

    Examples
    --------
    >>> sum(p.numel() for p in PatchNetwork(large_config()).parameters())
    4960722
    """
    return PatchConfig(
        classes,
        before=((8, 5), (16, 5), (32, 3), (64, 3), (64, 3)),
        after=((128, 5), (192, 3)),
        hidden=(1600, 800, 400, 200, 100),
    )


def _layers(name: str, layers: Any) -> tuple[Any, ...]:
    return entries(name, layers, "a short list of layers")


def _layer(name: str, layer: Any) -> tuple[int, int]:
    sizes = entries(name, layer, "channels and edge of the kernel for each layer", most=2)
    if len(sizes) != 2:
        raise BlurMapError(f"{name} has a layer {shown(layer)}; expected its channels and the edge of its kernel.")
    return whole("channels", sizes[0], least=1, most=4096), whole("kernel", sizes[1], least=1, most=PATCH)


def _loss(layers: Layers) -> int:
    return sum(kernel - 1 for _, kernel in layers)


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
