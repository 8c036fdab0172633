"""How each kind of network goes over a plane in tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, TypeAlias

import numpy as np
import torch
from torch.nn import functional as F

from ..ground.memory import give_back
from ..ground.regions import grown, inside
from .dense import Level, on_one_grid
from .side_by_side import side_by_side
from .sizes import GATHERED, STRIDE
from .tiling import Tile, tiles
from .window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

    from ..ground.regions import Region
    from ..picture.plane import LargePlane, Plane
    from .dense import DenseNetwork
    from .patch import PatchesOfPicture

#: Pixels of which features are held at a time, some 25 bytes each, and least edge of the pieces in which more are read.
_HELD, _PIECE = 2**23, 1024


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
    reach : int
        Pixels of the plane beyond a place that its output may depend on, a multiple of ``align``.
    """

    edges: ClassVar[dict[str, int]]
    stride: int
    align: int
    reach: int

    def steps(self, within: Region, whole: tuple[int, int], edge: int) -> int:
        """How often `over` yields."""

    def over(
        self, plane: Plane | LargePlane, within: Region, device: torch.device, edge: int, use: Use, workers: int = 1
    ) -> Iterator[None]:
        """Go over a part of a plane in tiles, yielding after every step.

        ``use(tile, output)`` is called for tiles that cover the part (of the plane padded to ``align``, and aligned to
        it), with the output of each and its halo, (1, channels, Y / stride, X / stride), right for the tile and one
        value around it; where there are several workers, in their threads.
        """


def padded(shape: tuple[int, ...], align: int) -> tuple[int, int]:
    """Y and X rounded up."""
    return -(-shape[-2] // align) * align, -(-shape[-1] // align) * align


class _Band(NamedTuple):
    """Some rows of a part of a plane: what is due, and what has to be computed for it that no band before had."""

    fresh: Region
    gathered: Region
    due: Region
    #: First rows whose features, and whose gathered features, are still needed.
    first: int
    first_gathered: int


class DensePass:
    """Every pyramid level through the trunk in tiles of its own, then all gathered and finished, in tiles too.

    Of a large plane band by band, downwards: features are computed once, and forgotten when they lie behind.
    """

    #: Smaller tiles read much of the picture twice, larger ones leave a processor's cache.
    edges: ClassVar[dict[str, int]] = {"cpu": 1024, "mps": 1024, "cuda": 2048}
    stride = STRIDE

    def __init__(self, network: DenseNetwork) -> None:
        self.network = network
        self.align = network.config.total_stride
        self.reach = network.config.reach
        #: Pixels beyond a place of which gathered features are needed, rounded up.
        self.near = -(-network.config.finish_halo // self.align) * self.align

    def steps(self, within: Region, whole: tuple[int, int], edge: int) -> int:
        """Tiles of all levels, of what is gathered, and of the output."""
        parts, bands = [], list(self._bands(within, whole, edge))
        for band in bands:
            for piece in self._pieces(band, whole, edge):
                parts += [(piece.inner, edge << level) for level in range(self.network.config.levels)]
            parts += [(band.gathered, _gather_edge(bands, edge)), (band.due, edge)]
        return sum(len(list(tiles(whole, size, 0, part))) for part, size in parts)

    def _bands(self, within: Region, whole: tuple[int, int], edge: int) -> Iterator[_Band]:
        rows, columns = within
        around, near = self.network.config.around, self.near
        above, wide = grown(within, around, whole)
        _, less_wide = grown(within, near, whole)
        height = rows.stop - rows.start
        if (above.stop - above.start) * (wide.stop - wide.start) > _HELD:
            height = max(edge, (_HELD // (wide.stop - wide.start) - 2 * around) // self.align * self.align)
        done, gathered = above.start, max(rows.start - near, 0)
        for top in range(rows.start, rows.stop, height):
            end = min(top + height, rows.stop)
            first, first_gathered = max(top - around, 0), max(top - near, 0)
            to, gathered_to = min(end + around, whole[0]), min(end + near, whole[0])
            fresh, more = (slice(done, to), wide), (slice(gathered, gathered_to), less_wide)
            yield _Band(fresh, more, (slice(top, end), columns), first, first_gathered)
            done, gathered = to, gathered_to

    def _pieces(self, band: _Band, whole: tuple[int, int], edge: int) -> Iterator[Tile]:
        """What is read of the plane at a time."""
        rows, columns = band.fresh
        size = (rows.stop - rows.start) * (columns.stop - columns.start)
        config = self.network.config
        return tiles(
            whole,
            max(whole) if size <= _HELD else max(edge, _PIECE),
            config.level_halo << (config.levels - 1),
            band.fresh,
        )

    def over(
        self, plane: Plane | LargePlane, within: Region, device: torch.device, edge: int, use: Use, workers: int = 1
    ) -> Iterator[None]:
        """See `Pass`."""
        network, config, whole = self.network, self.network.config, padded(plane.shape, self.align)
        bands = list(self._bands(within, whole, edge))
        rows = max(band.fresh[0].stop - band.first for band in bands)
        fewer = max(band.gathered[0].stop - band.first_gathered for band in bands)

        def window(channels: int, cell: int) -> Window:
            return Window(channels, rows, bands[0].fresh[1], cell, device)

        features = [window(config.wide, STRIDE << level) for level in range(config.levels)]
        slants = [window(2, STRIDE << level) for level in range(config.levels if config.shape else 0)]
        gathered = Window(config.wide, fewer, bands[0].gathered[1], GATHERED, device)

        def gather(tile: Tile) -> None:
            gathered.put(
                network.gather([feature.cut(tile.outer) for feature in features])[..., *tile.kept(GATHERED)], tile.inner
            )

        def finish(tile: Tile) -> None:
            finest = features[0].cut(tile.outer)
            around = grown(tile.inner, self.near, whole)
            if slants:
                slant = on_one_grid([one.cut(around) for one in slants])[..., *inside(tile.outer, around, STRIDE)]
            else:
                slant = finest[:, :0]
            use(tile, network.finish(gathered.cut(tile.outer), finest, slant))

        for band in bands:
            for one in (*features, *slants):
                one.forget(band.first)
            gathered.forget(band.first_gathered)
            for piece in self._pieces(band, whole, edge):
                parts = [grown(piece.inner, config.level_halo << level, whole) for level in range(config.levels)]
                for number, level in enumerate(self._levels(plane, piece, parts, whole, device)):
                    cell, part = STRIDE << number, parts[number]
                    if level.slant is not None:
                        slants[number].put(level.slant[..., *inside(piece.inner, part, cell)], piece.inner)

                    def read(tile: Tile, level: Level = level, part: Region = part, number: int = number) -> None:
                        cell = STRIDE << number
                        told = None if level.told is None else level.told[..., *inside(tile.outer, part, cell)]
                        contrast = level.contrast[..., *inside(tile.outer, part, 1 << number)]
                        read = network.trunk(Level(contrast, told))
                        features[number].put(read[..., *tile.kept(cell)], tile.inner)

                    cut = tiles(whole, edge << number, config.trunk_halo << number, piece.inner)
                    yield from side_by_side(read, cut, workers)
            yield from side_by_side(
                gather, tiles(whole, _gather_edge(bands, edge), config.gather_halo, band.gathered), workers
            )
            yield from side_by_side(finish, tiles(whole, edge, config.finish_halo, band.due), workers)
            if len(bands) > 1:
                give_back()

    def _levels(
        self, plane: Plane | LargePlane, piece: Tile, parts: list[Region], whole: tuple[int, int], device: torch.device
    ) -> list[Level]:
        """The pyramid of a piece: of each level the part that is wanted of the plane."""
        one = plane.at(piece.outer)
        height, width = (s.stop - s.start for s in piece.outer)
        # As in training what is clipped or lies beyond the border is invalid: it invents no edge.
        border = (0, width - one.shape[1], 0, height - one.shape[0])

        def tensor(values: Any) -> Tensor:
            return F.pad(torch.from_numpy(values)[None, None], border).to(device)

        noise = averaged = None
        if one.noise is not None:
            noise = F.avg_pool2d(tensor(one.noise), STRIDE)
            averaged = torch.tensor([one.averaged], dtype=noise.dtype, device=device)
        cut = [inside(part, piece.outer, 1 << level) for level, part in enumerate(parts)]
        known = tensor(one.known.astype(np.float32))
        return self.network.prepare(tensor(one.picture), known, noise, averaged, cut)


def _gather_edge(bands: list[_Band], edge: int) -> int:
    """Features are gathered in larger tiles: they hold a sixteenth of the pixels or less."""
    return (4 if len(bands) == 1 else 2) * edge


class PatchPass:
    """All patches of a picture with a reflected border, in tiles.

    The network knows grey levels of 0 to 255 only: see `Plane.grey`.
    """

    #: Small: its first linear layer has 1600 values a pixel.
    edges: ClassVar[dict[str, int]] = {"cpu": 128, "mps": 256, "cuda": 256}
    #: A patch has 32 pixels.
    reach = 64

    def __init__(self, network: PatchesOfPicture) -> None:
        self.network = network
        self.stride = network.config.stride
        self.align = network.align

    def steps(self, within: Region, whole: tuple[int, int], edge: int) -> int:
        """Tiles."""
        return sum(len(list(tiles(whole, edge, 0, piece.inner))) for piece in self._pieces(within, whole))

    def _pieces(self, within: Region, whole: tuple[int, int]) -> Iterator[Tile]:
        return tiles(whole, max(whole) if whole[0] * whole[1] <= _HELD else _PIECE, self.reach, within)

    def over(
        self, plane: Plane | LargePlane, within: Region, device: torch.device, edge: int, use: Use, workers: int = 1
    ) -> Iterator[None]:
        """See `Pass`."""
        whole = padded(plane.shape, self.align)
        more = sum(self.network.config.border)
        for piece in self._pieces(within, whole):
            extended = self.network.extend(torch.from_numpy(plane.at(piece.outer).grey())[None, None].to(device))

            def read(tile: Tile, extended: Tensor = extended, piece: Tile = piece) -> None:
                y, x = (slice(s.start, s.stop + more) for s in inside(tile.outer, piece.outer))
                use(tile, self.network.over(extended[:, :, y, x]))

            halo = self.stride if self.stride > 1 else 0  # a map is interpolated between its values
            yield from side_by_side(read, tiles(whole, edge, halo, piece.inner), workers)
