"""How each kind of network goes over a plane in tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias

import numpy as np
import torch
from torch.nn import functional as F

from .dense import Level
from .side_by_side import side_by_side
from .sizes import GATHERED, STRIDE
from .tiling import Tile, tiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

    from ..picture.plane import Plane
    from .dense import DenseNetwork
    from .patch import PatchesOfPicture

#: Tiles of a dense network's features are gathered in larger pieces: they hold a sixteenth of the pixels or less.
_GATHER = 4


Use: TypeAlias = "Callable[[Tile, Tensor], None]"


class Pass(Protocol):
    """A network that goes over planes.

    Attributes
    ----------
    edges : dict of str to int
        Usual edge of a tile on each kind of device, pixels.
    stride : int
        Pixels for one value of the output.
    align : int
        Pixels that tiles are aligned to, and planes padded to.
    """

    edges: ClassVar[dict[str, int]]
    stride: int
    align: int

    def steps(self, shape: tuple[int, int], edge: int) -> int:
        """How often `over` yields for a plane."""

    def over(self, plane: Plane, device: torch.device, edge: int, use: Use, workers: int = 1) -> Iterator[None]:
        """Go over a plane in tiles, yielding after every step.

        ``use(tile, output)`` is called for tiles that cover the plane padded to ``align``, with the output of each and
        its halo, (1, channels, Y / stride, X / stride); where there are several workers, in their threads.
        """


def padded(shape: tuple[int, ...], align: int) -> tuple[int, int]:
    """Y and X rounded up."""
    return -(-shape[-2] // align) * align, -(-shape[-1] // align) * align


class DensePass:
    """Every pyramid level through the trunk in tiles of its own, then all gathered and finished, in tiles too."""

    #: Smaller tiles read much of the picture twice, larger ones leave a processor's cache.
    edges: ClassVar[dict[str, int]] = {"cpu": 1024, "mps": 1024, "cuda": 2048}
    stride = STRIDE

    def __init__(self, network: DenseNetwork) -> None:
        self.network = network
        self.align = network.config.total_stride

    def steps(self, shape: tuple[int, int], edge: int) -> int:
        """Tiles of all levels, of what is gathered, and of the output."""
        whole = padded(shape, self.align)
        cuts = [([n >> level for n in whole], edge) for level in range(self.network.config.levels)]
        cuts += [(list(whole), _GATHER * edge), (list(whole), edge)]
        return sum(-(-y // e) * -(-x // e) for (y, x), e in cuts)

    def over(self, plane: Plane, device: torch.device, edge: int, use: Use, workers: int = 1) -> Iterator[None]:
        """See `Pass`."""
        network, config = self.network, self.network.config
        height, width = plane.valid.shape
        # As in training what is clipped or lies beyond the border is invalid: it invents no edge.
        border = (0, -width % self.align, 0, -height % self.align)
        picture = F.pad(torch.from_numpy(plane.picture)[None, None], border).to(device)
        valid = F.pad(torch.from_numpy(plane.known.astype(np.float32))[None, None], border).to(device)

        def empty(shape: tuple[int, ...], stride: int) -> Tensor:
            cells = (1, config.wide, shape[-2] // stride, shape[-1] // stride)
            return torch.empty(cells, dtype=picture.dtype, device=device, memory_format=torch.channels_last)

        features = []
        levels = network.prepare(picture, valid, *self._noise(plane, border, device))
        slants = network.slants(levels)
        for level in levels:
            features.append(empty(level.contrast.shape, STRIDE))

            def read(tile: Tile, level: Level = level, into: Tensor = features[-1]) -> None:
                told = None if level.told is None else _cut(level.told, tile, STRIDE)
                paste(into, network.trunk(Level(_cut(level.contrast, tile, 1), told)), tile, STRIDE)

            shape = (level.contrast.shape[2], level.contrast.shape[3])
            yield from side_by_side(read, tiles(shape, edge, config.trunk_halo), workers)
        whole, gathered = (picture.shape[2], picture.shape[3]), empty(picture.shape, GATHERED)

        def gather(tile: Tile) -> None:
            parts = [_cut(feature, tile, STRIDE << level) for level, feature in enumerate(features)]
            paste(gathered, network.gather(parts), tile, GATHERED)

        def finish(tile: Tile) -> None:
            parts = (_cut(feature, tile, STRIDE) for feature in (features[0], slants))
            use(tile, network.finish(_cut(gathered, tile, GATHERED), *parts))

        yield from side_by_side(gather, tiles(whole, _GATHER * edge, config.gather_halo), workers)
        yield from side_by_side(finish, tiles(whole, edge, config.finish_halo), workers)

    def _noise(
        self, plane: Plane, border: tuple[int, ...], device: torch.device
    ) -> tuple[Tensor | None, Tensor | None]:
        """What `DenseNetwork.prepare` is told of it."""
        if plane.noise is None:
            return None, None
        noise = F.pad(torch.from_numpy(plane.noise)[None, None], border).to(device)
        return F.avg_pool2d(noise, STRIDE), torch.tensor([plane.averaged], dtype=noise.dtype, device=device)


class PatchPass:
    """All patches of a picture with a reflected border, in tiles.

    The network knows grey levels of 0 to 255 only: see `Plane.grey`.
    """

    #: Small: its first linear layer has 1600 values a pixel.
    edges: ClassVar[dict[str, int]] = {"cpu": 128, "mps": 256, "cuda": 256}

    def __init__(self, network: PatchesOfPicture) -> None:
        self.network = network
        self.stride = network.config.stride
        self.align = network.align

    def steps(self, shape: tuple[int, int], edge: int) -> int:
        """Tiles."""
        y, x = padded(shape, self.align)
        return -(-y // edge) * -(-x // edge)

    def over(self, plane: Plane, device: torch.device, edge: int, use: Use, workers: int = 1) -> Iterator[None]:
        """See `Pass`."""
        shape = padded(plane.valid.shape, self.align)
        extended = self.network.extend(torch.from_numpy(plane.grey())[None, None].to(device))
        more = sum(self.network.config.border)

        def read(tile: Tile) -> None:
            y, x = (slice(s.start, s.stop + more) for s in tile.inner)
            use(tile, self.network.over(extended[:, :, y, x]))

        return side_by_side(read, tiles(shape, edge, 0), workers)


def _cut(feature: Tensor, tile: Tile, cell: int) -> Tensor:
    """What a tile reads of features with one value for ``cell`` pixels."""
    y, x = (slice(s.start // cell, s.stop // cell) for s in tile.outer)
    return feature[:, :, y, x]


def paste(whole: Tensor, part: Tensor, tile: Tile, stride: int) -> None:
    """Put what is kept of a tile's output into the whole."""
    to_y, to_x = tile.target(stride)
    y, x = tile.kept(stride)
    whole[:, :, to_y, to_x] = part[:, :, y, x]
