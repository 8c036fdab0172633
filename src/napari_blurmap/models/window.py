"""Features of the rows of a plane that are still needed, while a network goes down over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from ..ground.regions import inside

if TYPE_CHECKING:
    from torch import Tensor

    from ..ground.regions import Region


class Window:
    """Values for cells of some rows of a plane.

    Parameters
    ----------
    channels : int
        Values of a cell.
    rows : int
        Rows that are held, pixels; all are multiples of the cell.
    columns : slice
        Columns that are held, pixels.
    cell : int
        Pixels of the plane along each axis of a cell.
    device : torch.device
        Where they lie.

    Examples
    --------
    >>> window = Window(1, 4, slice(0, 2), 1, torch.device("cpu"))
    >>> window.forget(10)
    >>> window.put(torch.ones(1, 1, 1, 2), (slice(13, 14), slice(0, 2)))
    >>> window.forget(13)
    >>> window.cut((slice(13, 14), slice(0, 2))).tolist()
    [[[[1.0, 1.0]]]]
    """

    def __init__(self, channels: int, rows: int, columns: slice, cell: int, device: torch.device) -> None:
        self.columns, self.cell, self.first = columns, cell, 0
        shape = (1, channels, rows // cell, (columns.stop - columns.start) // cell)
        self.values = torch.empty(shape, dtype=torch.float32, device=device, memory_format=torch.channels_last)

    def forget(self, first: int) -> None:
        """Forget the rows before this one; those that are left move up."""
        lost, rows = (first - self.first) // self.cell, self.values.shape[2]
        self.first = first
        for row in range(lost, rows, max(lost, 1)) if lost else ():  # in pieces that do not overlap where they go
            left = self.values[:, :, row : row + lost]
            self.values[:, :, row - lost : row - lost + left.shape[2]] = left

    def cut(self, part: Region) -> Tensor:
        """Values of a part of the plane."""
        return self.values[..., *self._place(part)]

    def put(self, values: Tensor, part: Region) -> None:
        """Set those of a part of the plane."""
        self.values[..., *self._place(part)] = values

    def _place(self, part: Region) -> Region:
        return inside(part, (slice(self.first, 0), self.columns), self.cell)
