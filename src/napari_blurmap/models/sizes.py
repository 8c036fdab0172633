"""Sizes of the default network, and what follows from them: strides, and halos of tiles."""

from __future__ import annotations

from dataclasses import dataclass

from ..ground.arguments import flag, number, whole
from .contrast import CELL

#: Pixels of the picture for one value of the network's output.
STRIDE = CELL
#: The same for what is gathered from all levels, before it is joined with the finest one.
GATHERED = 2 * STRIDE
#: The smallest and the largest of each size.
_LIMITS = (
    ("bins", 4, 1000),
    *((name, 1, 4096) for name in ("narrow", "wide", "fused")),
    ("levels", 2, 6),
    ("deep", 0, 32),
    ("fine", 0, 32),
    ("noise", 0, 64),
)


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
    rank : float, default=0.0
        Where it is not 0, each 3x3 convolution is a column of 3 and then a
        row of 3, with so many channels between them, over those of its input.
    whole : bool, default=False
        Whether those at a sixteenth of the resolution and coarser are not: there they cost little.
    noise : int, default=0
        Octaves of the contrast over the camera's noise that it is told; 0: it is not told the noise.
    shape : bool, default=False
        Whether it gives the shape of the blur too.
    """

    bins: int = 48
    narrow: int = 32
    wide: int = 64
    fused: int = 96
    levels: int = 3
    window: float = 8.0
    deep: int = 0
    fine: int = 0
    rank: float = 0.0
    whole: bool = False
    noise: int = 0
    shape: bool = False

    def __post_init__(self) -> None:
        for name, least, most in _LIMITS:
            whole(name, getattr(self, name), least=least, most=most)
        number("window", self.window, "a number of pixels above 0, at most 64", above=0.0, most=64.0)
        number("rank", self.rank, "a number from 0 to 4", least=0.0, most=4.0)
        flag("whole", self.whole)
        flag("shape", self.shape)

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
    def level_halo(self) -> int:
        """Pixels of a level beyond a tile that its features and slants may depend on, a multiple of the stride."""
        # The local mean, its interpolation, the local deviation and its; for the slants a window and one more of each.
        cells = int(2.5 * self.window / CELL + 0.5) + 1
        return max(self.trunk_halo + 2 * CELL * cells, CELL * (3 * cells + 2))

    @property
    def around(self) -> int:
        """Pixels beyond a place that its output takes features from, rounded up to the total stride."""
        return -(-(self.gather_halo + self.finish_halo) // self.total_stride) * self.total_stride

    @property
    def reach(self) -> int:
        """Pixels of the picture beyond a place that its output may depend on, rounded up to the total stride."""
        reach = self.around + (self.level_halo << (self.levels - 1))
        return -(-reach // self.total_stride) * self.total_stride

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
        """Pixels beyond a tile that its output and the cell around it may depend on, rounded up likewise."""
        # Each residual block 1 + 2 cells, and the interpolation one of the gathered features' cells.
        return -(-(STRIDE + 3 * self.fine * STRIDE + GATHERED) // GATHERED) * GATHERED
