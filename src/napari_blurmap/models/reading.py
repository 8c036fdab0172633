"""What a model reads of one plane: in the plane itself and, far out of focus, in a coarser copy of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from .decode import decode
from .passes import padded, paste

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..picture.plane import Plane
    from .model import Model
    from .passes import Pass
    from .tiling import Tile

#: Mean of both readings, pixels, from which the coarse copy begins to count, and from which it alone does.
_BEGINS, _ALONE = 8.0, 12.0
#: Smallest edge of a coarse copy, pixels.
_SMALLEST_COPY = 32
#: What is read of every place: sigma and its standard error, pixels; the probabilities that it is beyond range and that
#: there is structure; and, of models that give the shape, its two components and their standard error.
SIGMA, ERROR, BEYOND, STRUCTURE, SHAPE = 0, 1, 2, 3, slice(4, 7)


@dataclass(frozen=True)
class Reader:
    """A model on a device, with the edge of its tiles.

    Parameters
    ----------
    model : Model
        Whose card says how distributions become numbers.
    over : Pass
        Its network, on the device.
    device : torch.device
        Where it runs.
    tile : int
        Edge of the tiles, pixels.
    keep : bool
        Whether the probabilities of all values of sigma are kept.
    """

    model: Model
    over: Pass
    device: torch.device
    tile: int
    keep: bool

    def steps(self, shape: tuple[int, ...]) -> int:
        """How often `read` calls ``tick`` for a plane."""
        whole = self.over.steps((shape[-2], shape[-1]), self.tile)
        times = self._copied(shape)
        return whole + (self.over.steps((shape[-2] // times, shape[-1] // times), self.tile) if times > 1 else 0)

    def _copied(self, shape: tuple[int, ...]) -> int:
        """Pixels averaged along each axis in the copy; 1 where there is none."""
        times = self.model.info.coarse_copy
        return times if times > 1 and min(shape[-2:]) // times >= _SMALLEST_COPY else 1

    def read(self, plane: Plane, tick: Callable[[], None], workers: int = 1) -> tuple[Tensor, Tensor]:
        """Read a plane.

        Parameters
        ----------
        plane : Plane
            Its numbers.
        tick : callable
            Called after every tile.
        workers : int, default=1
            Threads of a processor that read tiles side by side.

        Returns
        -------
        maps : Tensor, shape (1, 4 or 7, Y / stride, X / stride)
            See `SIGMA` and the others, on the network's grid, padded.
        weights : Tensor, shape (1, K or 0, Y / stride, X / stride)
            Probabilities of the values of sigma, where they are kept, as read in the plane itself.
        """
        maps, weights = self._read(plane, tick, workers, keep=self.keep)
        times = self._copied(plane.valid.shape)
        if times > 1:
            far, _ = self._read(plane.coarser(times), tick, workers, keep=False)
            maps = _joined(maps, far, times)
        return maps, weights

    def _read(self, plane: Plane, tick: Callable[[], None], workers: int, *, keep: bool) -> tuple[Tensor, Tensor]:
        info, over = self.model.info, self.over
        workers = workers if self.device.type == "cpu" else 1
        grid = torch.tensor(info.sigma_grid, dtype=torch.float32, device=self.device)
        rows, columns = (n // over.stride for n in padded(plane.valid.shape, over.align))
        with torch.inference_mode():
            maps = grid.new_empty((1, 7 if info.gives_shape else 4, rows, columns))
            weights = grid.new_empty((1, grid.numel() if keep else 0, rows, columns))

            def use(tile: Tile, output: Tensor) -> None:
                out = decode(output, grid, info.decode)
                read = [out.sigma, self.model.standard_error(out.sigma, out.spread), out.beyond, out.structure]
                if out.anisotropy is not None and out.anisotropy_error is not None:
                    read += [*out.anisotropy.unbind(dim=1), self.model.shape_error(out.anisotropy_error)]
                paste(maps, torch.stack(read, dim=1), tile, over.stride)
                if keep:
                    paste(weights, output[:, : grid.numel()].softmax(dim=1), tile, over.stride)

            for _ in over.over(plane, self.device, self.tile, use, workers):
                tick()
        return maps, weights


def _joined(near: Tensor, far: Tensor, times: int) -> Tensor:
    """What is read in the plane and in its coarse copy; where both read a far sigma, the copy sees more of it."""
    height, width = near.shape[-2:]
    far = F.interpolate(far, scale_factor=float(times), mode="bilinear", align_corners=False)
    far = F.pad(far, (0, max(0, width - far.shape[-1]), 0, max(0, height - far.shape[-2])), mode="replicate")
    far = far[:, :, :height, :width]
    far[:, [SIGMA, ERROR]] *= times
    # Where the plane itself shows a sharp layer, or nothing that the copy shows, the copy's sigma does not count alone.
    seen = torch.where(near[:, STRUCTURE] > 0.5, near[:, SIGMA], far[:, SIGMA])
    mean = (0.5 * (seen.clamp_min(0.1).log() + far[:, SIGMA].clamp_min(0.1).log())).clamp(log(_BEGINS), log(_ALONE))
    share = (mean - log(_BEGINS)) / log(_ALONE / _BEGINS) * far[:, STRUCTURE].gt(0.5)
    return torch.lerp(near, far, share[:, None])
