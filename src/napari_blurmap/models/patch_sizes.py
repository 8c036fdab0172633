"""Layers of the thesis's network, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import BlurMapError
from ..ground.arguments import entries, flag, number, shown, whole

#: Edge of what the network looks at, pixels.
PATCH = 32
#: Distances between the patches of a map, pixels.
STRIDES = (1, 2, 4, 8, 16, 32)

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
        what = "a short list of layers"
        for name in ("before", "after"):
            layers = tuple(_layer(name, layer) for layer in entries(name, getattr(self, name), what))
            object.__setattr__(self, name, layers)
        hidden = tuple(whole("hidden", size, least=1, most=2**16) for size in entries("hidden", self.hidden, what))
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


def _layer(name: str, layer: Any) -> tuple[int, int]:
    sizes = entries(name, layer, "channels and edge of the kernel for each layer", most=2)
    if len(sizes) != 2:
        raise BlurMapError(f"{name} has a layer {shown(layer)}; expected its channels and the edge of its kernel.")
    return whole("channels", sizes[0], least=1, most=4096), whole("kernel", sizes[1], least=1, most=PATCH)


def _loss(layers: Layers) -> int:
    return sum(kernel - 1 for _, kernel in layers)
