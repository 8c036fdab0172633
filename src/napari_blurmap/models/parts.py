"""Maps of one part after another of a picture with large planes, of which what the next one needs is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from torch.nn import functional as F

from ..ground.arrays import in_memory
from ..ground.regions import grown, inside
from ..picture.copies import Copies
from ..picture.plane import LargePlane, numbers_of
from .pixels import blank_maps, fill_maps, in_turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor

    from ..ground.regions import Region
    from ..picture.sensor import Sensors
    from ..picture.stack import Stack
    from .reading import Reader


class Parts:
    """Parts of the maps of a picture.

    Parameters
    ----------
    stack : Stack
        Its planes.
    sensors : Sensors
        What the sensor adds to them.
    reader : Reader
        The model.
    """

    def __init__(self, stack: Stack, sensors: Sensors, reader: Reader) -> None:
        self.stack, self.sensors, self.reader = stack, sensors, reader
        self._shape = stack.shape[-2], stack.shape[-1]
        self._times = reader.copied(stack.shape)
        self._copies = Copies(self._times)

    def maps(
        self, index: tuple[int, ...], part: Region, tick: Callable[[], None], *, margin: int | None = None
    ) -> dict[str, NDArray[Any]]:
        """All maps of a part of a plane, for which no more is read than they depend on.

        Parameters
        ----------
        index : tuple of int
            Of the plane.
        part : (slice, slice)
            Begins at multiples of the network's grid.
        tick : callable
            Called after every tile, and before each piece of a large part is made numbers.
        margin : int, optional
            Pixels read around it in place of those: soon there, but not quite the same.
        """
        over, given, sensor = self.reader.over, self.stack.plane(index), self.sensors.at(index)
        unit = over.align * self._times
        around = grown(part, -(-over.reach // unit) * unit if margin is None else margin, self._shape)
        plane = numbers_of(in_memory(given[around]), sensor)
        if isinstance(plane, LargePlane):
            plane = replace(plane, between=tick)
        far = None
        if self._times > 1 and margin is None:
            far = self._far(index, LargePlane(given, sensor, tick), part, around, tick)
        y, x = (slice(s.start, -(-s.stop // over.align) * over.align) for s in inside(part, around))
        maps = blank_maps(self.reader, tuple(s.stop - s.start for s in part))
        fill_maps(maps, plane, self.reader, tick, within=(y, x), far=far)
        return maps

    def _far(
        self, index: tuple[int, ...], plane: LargePlane, part: Region, around: Region, tick: Callable[[], None]
    ) -> Tensor:
        """What is read in the coarse copy for a part, beginning where what is read around that begins."""
        over, times = self.reader.over, self._times
        size, unit = (self._shape[0] // times, self._shape[1] // times), over.align * times
        y, x = (slice(s.start // unit, -(-s.stop // unit)) for s in part)
        # One value around it counts, too.
        y, x = grown((y, x), 1, (-(-size[0] // over.align), -(-size[1] // over.align)))
        wanted = slice(y.start * over.align, y.stop * over.align), slice(x.start * over.align, x.stop * over.align)
        cut = grown(wanted, over.reach, size)
        copy, within = self._copies.part(index, plane, cut), inside(wanted, cut)
        _, maps = in_turn(self.reader, copy.shape, lambda r, workers: r.read_copy(copy, tick, workers, within=within))
        above, left = (
            w.start // over.stride - a.start // (times * over.stride) for w, a in zip(wanted, around, strict=True)
        )
        return F.pad(maps, (left, 0, above, 0))
