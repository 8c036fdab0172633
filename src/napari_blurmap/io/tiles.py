"""A result that is filled tile by tile, with all its levels, so that it can be looked at meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .layout import stored_lead
from .levels import maps_of, open_levels
from .pyramid import means
from .streaming import is_there, put

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ..ground.regions import Region


#: The smallest level is held in memory up to this size, bytes: viewers read all of it after every tile.
_HELD = 2**28


class TileStore:
    """A folder as `napari_blurmap.BlurMap.save` makes it, filled by one thread.

    Parameters
    ----------
    path : Path
        The folder; made where it is missing, else what it holds of the same map is kept.
    names : tuple of str
        Of the maps, as files have them.
    header : dict
        What describes the result, see `napari_blurmap.io.results.save_result`.
    """

    def __init__(self, path: Path, names: tuple[str, ...], header: dict[str, Any]) -> None:
        self.path, self.names, self.header = path, names, header
        self._levels, self._channel = open_levels(path, names, header, path.name)
        smallest = self._levels[-1]
        if len(self._levels) > 1 and smallest.nbytes <= _HELD:
            self._levels[-1] = smallest[:]

    def has(self, plane: int, part: Region) -> bool:
        """Whether a part of a plane is there; planes are counted along all leading axes."""
        level, channel = self._levels[0], self._channel
        place = [*(slice(n, n + 1) for n in self._lead(plane)), *part]
        status = self.names.index("status")
        return is_there(level, self.path / "0", (*place[:channel], slice(status, status + 1), *place[channel:]))

    def put(self, plane: int, part: Region, maps: dict[str, NDArray[Any]]) -> None:
        """Write a part of a plane into all levels; its place is a multiple of their ratio."""
        self._write(plane, part, np.stack([maps[name].astype(np.float32, copy=False) for name in self.names]))

    def erase(self, plane: int, part: Region) -> None:
        """Take a part of a plane away."""
        sizes = (s.stop - s.start for s in part)
        self._write(plane, part, np.full((len(self.names), *sizes), np.nan, np.float32))

    def _write(self, plane: int, part: Region, block: NDArray[np.float32]) -> None:
        status = self.names.index("status")
        blocks = [block]
        while len(blocks) < len(self._levels) and min(blocks[-1].shape[-2:]) > 1:
            blocks.append(means(blocks[-1], 0, status))
        # The largest last: where it is there, all are.
        for number, each in reversed([*enumerate(blocks)]):
            y, x = (
                slice(s.start >> number, (s.start >> number) + n) for s, n in zip(part, each.shape[-2:], strict=True)
            )
            put(self._levels[number], self._channel, status, [*self._lead(plane), y, x], each)

    def maps(self) -> list[dict[str, Any]]:
        """The maps of every level, lazy, largest first; what is not there yet is NaN, status 5."""
        return [
            maps_of(level, self.path, self.path / str(number), self.names, self._channel, self.header["shape"])
            for number, level in enumerate(self._levels)
        ]

    def _lead(self, plane: int) -> tuple[int, ...]:
        sizes = stored_lead(self.header)[1]
        return tuple(int(n) for n in np.unravel_index(plane, sizes)) if sizes else ()
