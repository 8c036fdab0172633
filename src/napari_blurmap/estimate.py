"""The straight road: picture, planes, tiles, network, BlurMap."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch.nn import functional as F

from . import __version__
from .blurmap import BlurMap, Status
from .devices import choose_device
from .errors import BlurMapError, Cancelled
from .models.decode import decode
from .models.dense import STRIDE
from .models.registry import load_model
from .planes import Plane, Stack, as_stack, read_plane
from .status import MAX_RELATIVE, SMALLEST_WIDTH
from .tiling import Tile, tiles

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike

    from numpy.typing import NDArray
    from torch import Tensor

    from .models.dense import DenseNetwork
    from .models.model import Model

    Progress = Callable[[int, int, str], None]
    Cancel = Callable[[], bool]

#: Default edge of a tile, pixels: its features fit a processor's cache, larger ones only cost time.
TILE = {"cpu": 512, "mps": 1024, "cuda": 2048}
#: Tiles of features are joined in larger pieces: they hold a sixteenth of the pixels.
_FUSE = 4


class _Stop(Exception):
    """The caller asked to stop; carried from a tile up to `estimate_blur`."""


@dataclass
class _Pace:
    """Counts tiles for the caller and asks him whether to go on."""

    total: int
    progress: Progress | None
    cancel: Cancel | None
    message: str = ""
    done: int = 0

    def tick(self, steps: int = 1) -> None:
        self.done += steps
        if self.progress is not None:
            self.progress(min(self.done, self.total), self.total, self.message)
        if self.cancel is not None and self.cancel():
            raise _Stop


@dataclass(frozen=True)
class _Engine:
    """A model on a device, with the edge of its tiles."""

    model: Model
    network: DenseNetwork
    device: torch.device
    tile: int
    keep: bool

    def steps(self, shape: tuple[int, ...]) -> int:
        """Number of tiles that one plane takes."""
        stride = self.network.config.total_stride
        padded = [-(-n // stride) * stride for n in shape[-2:]]
        levels = range(self.network.config.levels)
        cuts = [(p >> level, self.tile) for level in levels for p in padded]
        cuts += [(p, _FUSE * self.tile) for p in padded]
        counts = [-(-length // edge) for length, edge in cuts]
        return sum(a * b for a, b in zip(counts[::2], counts[1::2], strict=True))


def estimate_blur(
    image: Any,
    *,
    model: str | PathLike[str] | Model = "default",
    axes: Sequence[str] | None = None,
    channel_axis: int | None = None,
    pixel_size: float | tuple[float, float] | None = None,
    unit: str | None = None,
    device: str = "auto",
    tile: int | Literal["auto"] = "auto",
    keep_probabilities: bool = False,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> BlurMap:
    """Estimate how blurred every place of a picture is.

    Parameters
    ----------
    image : array-like or layer-like, shape (..., Y, X)
        Any real numeric array (numpy, memory map, zarr, dask; bool to
        float64), or an object with ``.data``, ``.scale`` and ``.units`` such
        as a napari layer. Leading axes are estimated plane by plane. NaN and
        infinite pixels stay NaN.
    model : str, path-like or Model, default="default"
        Bundled name, ``.blurmap.safetensors`` file, or a loaded model.
    axes : sequence of str, optional
        Name of every axis but colour, such as ``"TZYX"``; y and x come last in
        the result. By default the last two are y and x.
    channel_axis : int, optional
        Colour axis (grey, RGB, with or without alpha): the luminance is
        estimated and the axis is dropped. Fluorescence channels are leading axes.
    pixel_size : float or (float, float), optional
        Size of a pixel, or (y, x), in ``unit``; wins over the layer's scale.
    unit : str, optional
        Unit of ``pixel_size``, "um" where it is left out.
    device : {"auto", "cpu", "cuda", "mps"}, default="auto"
        Where the network runs; "auto" takes a GPU where there is one.
    tile : int or "auto", default="auto"
        Edge of the tiles, pixels, rounded up to the network's stride; does not
        change the result. Halved when a GPU's memory runs out.
    keep_probabilities : bool, default=False
        Keep the whole distribution over ``sigma_grid``, a value every 4 pixels.
    progress : callable, optional
        ``progress(done, total, message)``, called between tiles.
    cancel : callable, optional
        ``cancel() -> bool``, asked between tiles.

    Returns
    -------
    BlurMap
        Sigma and its standard error in pixels, (..., Y, X); numpy, or dask
        for dask (then planes are estimated when they are computed, and
        progress and cancel are not called).

    Raises
    ------
    BlurMapError
        For a picture that is empty, complex, of objects, 1-D, all NaN or below
        32 x 32 pixels; for a colour picture without ``channel_axis``; for a
        model or device that cannot be used.
    Cancelled
        When ``cancel()`` returned True; holds the partial result.

    Examples
    --------
    >>> import numpy as np
    >>> import napari_blurmap as nb
    >>> texture = np.random.default_rng(0).random((128, 128))
    >>> m = nb.estimate_blur(nb.apply_blur(texture, 2.0), pixel_size=0.2, unit="um")
    >>> m.sigma.shape, m.pixel_size, m.unit
    ((128, 128), (0.2, 0.2), 'micrometer')
    """
    stack = as_stack(image, axes=axes, channel_axis=channel_axis, pixel_size=pixel_size, unit=unit)
    loaded = load_model(model)
    engine = _engine(loaded, device, tile, keep_probabilities)
    parameters = {"axes": list(stack.axes), "channel_axis": channel_axis, "tile": engine.tile}
    about: dict[str, Any] = {
        "model": loaded.info.name,
        "model_hash": loaded.hash,
        "version": __version__,
        "parameters": parameters,
        "source": stack.source,
        "device": str(engine.device),
        "reference": loaded.info.reference,
    }
    if stack.lazy:
        return _assemble(stack, _lazy_planes(stack, engine), about, loaded)
    planes = list(stack.indices())
    pace = _Pace(len(planes) * engine.steps(stack.shape), progress, cancel)
    results = _blank(stack.shape, engine)
    anything = False
    try:
        for number, index in enumerate(planes, start=1):
            pace.message = f"plane {number} of {len(planes)}" if len(planes) > 1 else "estimating"
            plane = read_plane(stack.plane(index))
            anything = anything or bool(plane.valid.any())
            for target, values in zip(results, _estimate_plane(plane, engine, pace), strict=True):
                target[index] = values
    except _Stop:
        partial = _assemble(stack, results, about | {"partial": True}, loaded)
        raise Cancelled(partial) from None
    if not anything:
        raise BlurMapError("Every pixel of the picture is NaN, infinite or transparent; expected some numbers.")
    return _assemble(stack, results, about, loaded)


def _engine(model: Model, device: str, tile: int | Literal["auto"], keep: bool) -> _Engine:
    network = model.estimator
    chosen = choose_device(device, network)
    if chosen.type != "cpu":
        network = network.fused().to(chosen)
    edge = TILE[chosen.type] if tile == "auto" else tile
    if isinstance(edge, bool) or not isinstance(edge, int) or edge < 1:
        raise BlurMapError(f"tile is {tile!r}; expected a number of pixels above 0, or 'auto'.")
    stride = network.config.total_stride
    return _Engine(model, network, chosen, -(-edge // stride) * stride, keep)


def _blank(shape: tuple[int, ...], engine: _Engine) -> list[NDArray[Any]]:
    blank: list[NDArray[Any]] = [
        np.full(shape, np.nan, np.float32),
        np.full(shape, np.nan, np.float32),
        np.full(shape, Status.INVALID, np.uint8),
    ]
    if engine.keep:
        small = (-(-n // STRIDE) for n in shape[-2:])
        blank.append(np.full((*shape[:-2], len(engine.model.info.sigma_grid), *small), np.nan, np.float32))
    return blank


def _lazy_planes(stack: Stack, engine: _Engine) -> list[Any]:
    """Dask arrays of the results; a plane is estimated when one of its values is asked for."""
    import dask.array as da
    from dask.delayed import delayed as later

    def one(plane: Any) -> tuple[NDArray[Any], ...]:
        read = read_plane(plane)
        return _estimate_plane(read, engine, _Pace(engine.steps(read.valid.shape), None, None))

    blank = _blank((1,) * (len(stack.shape) - 2) + stack.shape[-2:], engine)
    delayed = {index: later(one, nout=len(blank))(stack.plane(index)) for index in stack.indices()}
    outputs = []
    for which, example in enumerate(blank):
        tail = example.shape[len(stack.shape) - 2 :]
        grid = np.empty(stack.shape[:-2], dtype=object)
        for index, parts in delayed.items():
            grid[index] = da.from_delayed(parts[which], tail, example.dtype)
        planes = da.stack([grid[i] for i in stack.indices()])
        outputs.append(planes.reshape(*stack.shape[:-2], *tail))
    return outputs


def _assemble(stack: Stack, results: list[Any], about: dict[str, Any], model: Model) -> BlurMap:
    sigma, uncertainty, status, *rest = results
    return BlurMap(
        sigma,
        uncertainty,
        status,
        axes=stack.axes,
        scale=stack.scale,
        units=stack.units,
        translate=stack.translate,
        affine=stack.affine,
        provenance=about,
        probabilities=rest[0] if rest else None,
        sigma_grid=np.asarray(model.info.sigma_grid) if rest else None,
    )


def _estimate_plane(plane: Plane, engine: _Engine, pace: _Pace) -> tuple[NDArray[Any], ...]:
    """Sigma, standard error and status of one plane, and the probabilities where they are kept."""
    try:
        output = _run_network(plane, engine, pace)
    except torch.OutOfMemoryError:
        if engine.tile <= 128:
            raise BlurMapError(
                f"The memory of {engine.device} does not hold one plane of {plane.valid.shape[0]} x "
                f"{plane.valid.shape[1]} pixels even in small tiles. Use device='cpu', or a smaller region."
            ) from None
        if engine.device.type == "cuda":
            torch.cuda.empty_cache()
        stride = engine.network.config.total_stride
        smaller = replace(engine, tile=max(engine.tile // 2 // stride, 1) * stride)
        return _estimate_plane(plane, smaller, pace)
    with torch.inference_mode():
        grid = torch.tensor(engine.model.info.sigma_grid, dtype=torch.float32, device=output.device)
        out = decode(output, grid)
        error = engine.model.standard_error(out.sigma, out.spread)
        maps = torch.stack([out.sigma, error, out.beyond, out.structure], dim=1)
        maps = F.interpolate(maps, scale_factor=float(STRIDE), mode="bilinear", align_corners=False)
        height, width = plane.valid.shape
        sigma, uncertainty, beyond, structure = maps[0, :, :height, :width].cpu().numpy()
        sigma[~plane.valid] = np.nan
        uncertainty[~plane.valid] = np.nan
        status = _status(plane, sigma, uncertainty, beyond, structure)
        if not engine.keep:
            return sigma, uncertainty, status
        weights = output[0, :-1].softmax(dim=0)[:, : -(-height // STRIDE), : -(-width // STRIDE)]
        return sigma, uncertainty, status, weights.cpu().numpy()


def _status(
    plane: Plane,
    sigma: NDArray[np.float32],
    uncertainty: NDArray[np.float32],
    beyond: NDArray[np.float32],
    structure: NDArray[np.float32],
) -> NDArray[np.uint8]:
    """One reason a pixel; a later line wins over an earlier one."""
    status = np.full(sigma.shape, Status.MEASURED, np.uint8)
    status[uncertainty > MAX_RELATIVE * np.maximum(sigma, SMALLEST_WIDTH)] = Status.TOO_NOISY
    status[beyond > 0.5] = Status.BEYOND_RANGE
    status[structure < 0.5] = Status.EMPTY
    status[plane.saturated] = Status.SATURATED
    status[~plane.valid] = Status.INVALID
    return status


def _run_network(plane: Plane, engine: _Engine, pace: _Pace) -> Tensor:
    """Output of the network for one plane, (1, K + 1, Y / 4, X / 4), padded to whole strides.

    Every pyramid level goes through the trunk in tiles of its own, then the
    features of all levels are joined, in tiles too.
    """
    network, config = engine.network, engine.network.config
    height, width = plane.valid.shape
    stride = config.total_stride
    # What lies beyond the border is invalid, as in training: it invents no edge.
    border = (0, -width % stride, 0, -height % stride)
    with torch.inference_mode():
        picture = F.pad(torch.from_numpy(plane.picture)[None, None], border).to(engine.device)
        valid = F.pad(torch.from_numpy(plane.valid.astype(np.float32))[None, None], border).to(engine.device)
        features = []
        for level in network.prepare(picture, valid):
            shape = (level.shape[2], level.shape[3])
            feature = level.new_empty((1, config.wide, shape[0] // STRIDE, shape[1] // STRIDE)).contiguous(
                memory_format=torch.channels_last
            )
            for tile in tiles(shape, engine.tile, config.trunk_halo):
                part = network.trunk(level[:, :, tile.outer[0], tile.outer[1]])
                _paste(feature, part, tile)
                pace.tick()
            features.append(feature)
        shape = (picture.shape[2], picture.shape[3])
        output = picture.new_empty((1, config.bins + 1, shape[0] // STRIDE, shape[1] // STRIDE))
        for tile in tiles(shape, _FUSE * engine.tile, config.fuse_halo):
            part = network.fuse([_cut(feature, tile, STRIDE << level) for level, feature in enumerate(features)])
            _paste(output, part, tile)
            pace.tick()
    return output


def _cut(feature: Tensor, tile: Tile, cell: int) -> Tensor:
    """What a tile reads of features with one value for ``cell`` pixels."""
    y, x = (slice(s.start // cell, s.stop // cell) for s in tile.outer)
    return feature[:, :, y, x]


def _paste(whole: Tensor, part: Tensor, tile: Tile) -> None:
    """Put what is kept of a tile's output into the whole."""
    to_y, to_x = tile.target(STRIDE)
    y, x = tile.kept(STRIDE)
    whole[:, :, to_y, to_x] = part[:, :, y, x]
