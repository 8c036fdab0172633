"""What a model reads of one plane: in the plane itself and, far out of focus, in a coarser copy of it."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from ..ground.arguments import flag, whole
from ..ground.regions import inside
from ..ground.status import NUMBERS
from .architectures import ARCHITECTURES
from .calibration import shape_error, standard_error
from .decode import decode
from .devices import choose_device
from .passes import padded

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from ..ground.regions import Region
    from ..picture.plane import LargePlane, Plane
    from .model import Model
    from .passes import Pass
    from .tiling import Tile

    Use: TypeAlias = Callable[[Tile, Tensor, Tensor], None]

#: Mean of both readings, pixels, from which the coarse copy begins to count, and from which it alone does.
_BEGINS, _ALONE = 8.0, 12.0
#: Smallest edge of a coarse copy, pixels.
_SMALLEST_COPY = 32
#: What is read of every place: sigma and its standard error, pixels; the probabilities that it is beyond range and that
#: there is structure; and, of models that give the shape, its two components and their standard error.
SIGMA, ERROR, BEYOND, STRUCTURE, SHAPE = 0, 1, 2, 3, slice(4, 7)
NUMBER_AT = dict(zip(NUMBERS, (SIGMA, ERROR, 4, 5, 6), strict=True))


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

    @property
    def channels(self) -> int:
        """Of what is read of every place."""
        return 7 if self.model.info.gives_shape else 4

    def on_cpu(self) -> Reader:
        """The same on the processor."""
        return reader_of(self.model, "cpu", keep=self.keep)

    def steps(self, shape: tuple[int, ...]) -> int:
        """How often `read` calls ``tick`` for a whole plane."""
        times, steps = self.copied(shape), 0
        for scale in {1, times}:
            full = padded((shape[-2] // scale, shape[-1] // scale), self.over.align)
            steps += self.over.steps(_all(full), full, self.tile)
        return steps

    def copied(self, shape: tuple[int, ...]) -> int:
        """Pixels averaged along each axis in the copy; 1 where there is none."""
        times = self.model.info.coarse_copy
        return times if times > 1 and min(shape[-2:]) // times >= _SMALLEST_COPY else 1

    def read(
        self,
        plane: Plane | LargePlane,
        use: Use,
        tick: Callable[[], None],
        workers: int = 1,
        *,
        within: Region | None = None,
        far: Tensor | None = None,
    ) -> None:
        """Read a plane, or a part of it.

        Parameters
        ----------
        plane : Plane or LargePlane
            Its numbers.
        use : callable
            ``use(tile, maps, weights)`` is called for tiles that cover the part: ``maps``, (1, 4 or 7, y, x), see
            `SIGMA` and the others, of a tile and one value around it, and ``weights``, (1, K or 0, y, x), the
            probabilities of the values of sigma, where they are kept, as read in the plane itself; both on the
            network's grid.
        tick : callable
            Called after every tile.
        workers : int, default=1
            Threads of a processor that read tiles side by side, and call ``use``.
        within : (slice, slice), optional
            The part, aligned to the network's grid.
        far : Tensor, optional
            What `read_copy` gave for the coarse copy of all of the plane, if that is known.
        """
        times, stride = self.copied(plane.shape), self.over.stride
        if times > 1 and far is None:
            far = self.read_copy(plane.coarser(times), tick, workers)

        def join(tile: Tile, maps: Tensor, weights: Tensor) -> None:
            if far is not None:
                maps = _joined(maps, far, times, *(s.start // stride for s in tile.outer))
                maps[:, BEYOND] = torch.maximum(maps[:, BEYOND], maps[:, SIGMA].gt(self.model.info.sigma_range[1]))
            use(tile, maps, weights)

        self._read(plane, within, join, tick, workers, keep=self.keep)

    def read_copy(
        self, copy: Plane, tick: Callable[[], None], workers: int = 1, *, within: Region | None = None
    ) -> Tensor:
        """Read a coarse copy, or a part of it: the maps of `read`, in pixels of the copy."""
        stride = self.over.stride
        part = within or _all(padded(copy.shape, self.over.align))
        cells = [(s.stop - s.start) // stride for s in part]
        maps = torch.empty((1, self.channels, *cells), dtype=torch.float32, device=self.device)

        def use(tile: Tile, read: Tensor, _: Tensor) -> None:
            maps[..., *inside(tile.inner, part, stride)] = read[..., *tile.kept(stride)]

        self._read(copy, within, use, tick, workers, keep=False)
        return maps

    def _read(
        self,
        plane: Plane | LargePlane,
        within: Region | None,
        use: Use,
        tick: Callable[[], None],
        workers: int,
        *,
        keep: bool,
    ) -> None:
        info, over = self.model.info, self.over
        workers = workers if self.device.type == "cpu" else 1
        grid = torch.tensor(info.sigma_grid, dtype=torch.float32, device=self.device)

        def decoded(tile: Tile, output: Tensor) -> None:
            out = decode(output, grid, info.decode)
            read = [out.sigma, standard_error(info.calibration, out.sigma, out.spread), out.beyond, out.structure]
            if out.anisotropy is not None and out.anisotropy_error is not None:
                read += [*out.anisotropy.unbind(dim=1), shape_error(info.calibration, out.anisotropy_error)]
            use(tile, torch.stack(read, dim=1), output[:, : grid.numel() if keep else 0].softmax(dim=1))

        with torch.inference_mode():
            part = within or _all(padded(plane.shape, over.align))
            for _ in over.over(plane, part, self.device, self.tile, decoded, workers):
                tick()


def reader_of(model: Model, device: str, tile: int | Literal["auto"] = "auto", *, keep: bool = False) -> Reader:
    """A model on a device.

    Parameters
    ----------
    model : Model
        It is not changed.
    device : str
        See `napari_blurmap.models.devices.choose_device`.
    tile : int or "auto", default="auto"
        Edge of the tiles, pixels, rounded up to the network's stride.
    keep : bool, default=False
        Whether the probabilities are kept.
    """
    network = model.estimator
    chosen = choose_device(device, network)
    if chosen != torch.device("cpu"):
        network = deepcopy(network).to(chosen)
    over: Pass = ARCHITECTURES[model.info.architecture].over(network)
    edge = over.edges[chosen.type] if isinstance(tile, str) and tile == "auto" else whole("tile", tile, least=1)
    return Reader(model, over, chosen, -(-edge // over.align) * over.align, flag("keep_probabilities", keep))


def _all(shape: tuple[int, int]) -> Region:
    return slice(0, shape[0]), slice(0, shape[1])


def _joined(near: Tensor, far: Tensor, times: int, top: int = 0, left: int = 0) -> Tensor:
    """What is read in the plane and in its coarse copy; where both read a far sigma, the copy sees more of it.

    ``near`` may be a part that begins at a row and a column; ``far`` is of the whole plane.
    """
    cut, skipped, size = far, [], near.shape[-2:]
    for axis, (start, count) in enumerate(zip((top, left), size, strict=True), start=2):
        most = far.shape[axis]
        first, last = (min(max(n, 0), most - 1) for n in (start // times - 1, (start + count) // times + 1))
        cut = cut.narrow(axis, first, last + 1 - first)
        skipped.append(start - first * times)
    far = F.interpolate(cut, scale_factor=float(times), mode="bilinear", align_corners=False)
    below, right = (max(0, s + n - m) for s, n, m in zip(skipped, size, far.shape[-2:], strict=True))
    far = F.pad(far, (0, right, 0, below), mode="replicate")
    far = far[:, :, skipped[0] : skipped[0] + size[0], skipped[1] : skipped[1] + size[1]]
    far[:, [SIGMA, ERROR]] *= times
    # Where the plane itself shows a sharp layer, or nothing that the copy shows, the copy's sigma does not count alone.
    seen = torch.where(near[:, STRUCTURE] > 0.5, near[:, SIGMA], far[:, SIGMA])
    mean = (0.5 * (seen.clamp_min(0.1).log() + far[:, SIGMA].clamp_min(0.1).log())).clamp(log(_BEGINS), log(_ALONE))
    share = (mean - log(_BEGINS)) / log(_ALONE / _BEGINS) * far[:, STRUCTURE].gt(0.5)
    return torch.lerp(near, far, share[:, None])
