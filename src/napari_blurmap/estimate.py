"""From a picture to its blur map: planes, tiles, network, status of every pixel."""

from __future__ import annotations

from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch.nn import functional as F

from .errors import BlurMapError
from .ground.arguments import flag, whole
from .ground.arrays import blank, map_planes
from .ground.progress import Pace
from .ground.status import LEAST_STRUCTURE, Status, judged
from .ground.version import VERSION
from .io.fingerprint import fingerprint
from .models.architectures import ARCHITECTURES
from .models.devices import choose_device
from .models.reading import Reader
from .models.registry import load_model
from .models.side_by_side import one_thread
from .models.torch_settings import own_settings
from .picture.plane import Plane, read_plane
from .picture.sensor import noise_record, sensors_of
from .picture.stack import Stack, as_stack
from .result.blurmap import BlurMap
from .result.validation import NUMBERS, OPTIONAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from os import PathLike

    from numpy.typing import NDArray
    from torch import Tensor

    from .ground.progress import Cancel, Progress
    from .models.model import Model
    from .models.passes import Pass
    from .picture.sensor import GivenNoise, Sensor

#: Where a GPU does not even hold tiles of this edge, there is no use in halving them.
_SMALLEST_TILE = 64


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
    noise: GivenNoise = "auto",
    keep_probabilities: bool = False,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> BlurMap:
    """Estimate how blurred every place of a picture is.

    Parameters
    ----------
    image : array-like, path or layer-like, shape (..., Y, X)
        Any real numeric array (numpy, memory map, zarr, dask, a tensor of
        torch; bool to float64), the path of a picture, or an object with
        ``.data``, ``.scale`` and ``.units`` such as a napari layer; of the
        levels of a pyramid the largest. Leading axes are estimated plane by
        plane. NaN and infinite pixels stay NaN, and so do those with a number
        that stands for "no data", such as -9999 or the lowest of float32.
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
    noise : "auto", float, (gain, offset, read noise) or dict, default="auto"
        The camera's noise: measured once in a sample of each channel, the
        standard deviation in grey levels, or a camera: grey levels an
        electron, grey level in the dark, and electrons, by these names or
        as ``{"gain": 2.2, "offset": 100, "read_noise": 1.5}``.
    keep_probabilities : bool, default=False
        Keep the whole distribution over ``sigma_grid``: one for every 4 x 4 pixels of dense models, for every pixel
        of patch models.
    progress : callable, optional
        ``progress(done, total, message)``, called between tiles.
    cancel : callable, optional
        ``cancel() -> bool``, asked between tiles.

    Returns
    -------
    BlurMap
        Sigma and its standard error in pixels, (..., Y, X); numpy, or dask
        for dask (then a sample is read for the noise, planes are estimated
        when they are computed, and progress and cancel are not called).

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
    with one_thread():
        loaded = load_model(model)
        reader = _reader(loaded, device, tile, keep_probabilities)
    sensors = sensors_of(stack, noise)
    colour = None if channel_axis is None else int(channel_axis)
    parameters: dict[str, Any] = {"axes": list(stack.data_axes), "channel_axis": colour, "tile": reader.tile}
    parameters["noise"] = noise_record(noise)
    about: dict[str, Any] = {
        "model": loaded.info.name,
        "model_hash": loaded.hash,
        "version": VERSION,
        "parameters": parameters,
        "decode": loaded.info.decode,
        "device": str(reader.device),
        "reference": loaded.info.reference,
        "sensor": sensors.record(),
    }
    with _enough_memory(f"the maps of a picture of shape {stack.shape}"):
        results = _blank(stack.shape, reader, lazy=stack.lazy)
    pace = Pace(reader.steps(stack.shape))
    if not stack.lazy:
        planes = prod(stack.shape[:-2])
        partial = about | {"partial": True}
        pace = Pace(
            planes * pace.total,
            progress,
            cancel,
            lambda: _assemble(stack, results, partial, loaded),
            "estimating",
            planes,
        )
    planes_done = map_planes(
        lambda plane, sensor: _estimate_plane(plane, sensor, reader, pace),
        lambda index: (stack.plane(index), sensors.at(index)),
        list(results.values()),
        stack.shape[:-2],
        lazy=stack.lazy,
    )
    maps = dict(zip(results, planes_done, strict=True))
    if not stack.lazy and np.all(maps["status"] == Status.INVALID):
        raise BlurMapError("Every pixel of the picture is NaN, infinite or transparent; expected some numbers.")
    return _assemble(stack, maps, about, loaded)


def _reader(model: Model, device: str, tile: int | Literal["auto"], keep: bool) -> Reader:
    network = model.estimator
    chosen = choose_device(device, network)
    if chosen != torch.device("cpu"):
        network = deepcopy(network).to(chosen)
    over: Pass = ARCHITECTURES[model.info.architecture].over(network)
    edge = over.edges[chosen.type] if isinstance(tile, str) and tile == "auto" else whole("tile", tile, least=1)
    return Reader(model, over, chosen, -(-edge // over.align) * over.align, flag("keep_probabilities", keep))


def _names(model: Model) -> list[str]:
    """Names of the maps that a model gives, the status last."""
    return [name for name in NUMBERS if model.info.gives_shape or name not in OPTIONAL] + ["status"]


def _blank(shape: tuple[int, ...], reader: Reader, *, lazy: bool) -> dict[str, NDArray[Any]]:
    """All maps before the first plane, and the probabilities where they are kept."""
    empty = {name: blank(shape, np.nan, np.float32, lazy=lazy) for name in _names(reader.model)}
    empty["status"] = blank(shape, Status.INVALID, np.uint8, lazy=lazy)
    if reader.keep:
        small = (-(-n // reader.over.stride) for n in shape[-2:])
        kept = (*shape[:-2], len(reader.model.info.sigma_grid), *small)
        empty["probabilities"] = blank(kept, np.nan, np.float32, lazy=lazy)
    return empty


def _assemble(stack: Stack, results: dict[str, Any], about: dict[str, Any], model: Model) -> BlurMap:
    return BlurMap(
        **results,
        axes=stack.axes,
        scale=stack.scale,
        units=stack.units,
        translate=stack.translate,
        affine=stack.affine,
        # After the work: reading a file for it takes time.
        provenance=about | {"source": fingerprint(stack.source)},
        sigma_grid=np.asarray(model.info.sigma_grid) if "probabilities" in results else None,
    )


@contextmanager
def _enough_memory(what: str) -> Iterator[None]:
    """Say what the memory does not hold."""
    try:
        yield
    except MemoryError:
        raise BlurMapError(
            f"The memory does not hold {what}. Estimate a smaller region, or give the picture as a dask array, of "
            "which each plane is estimated when it is needed."
        ) from None


def _estimate_plane(given: Any, sensor: Sensor, reader: Reader, pace: Pace) -> list[NDArray[Any]]:
    """All maps of one plane, the status last, and the probabilities where they are kept."""
    with _enough_memory(f"a plane of {' x '.join(map(str, given.shape))}"):
        plane = read_plane(given, sensor)
    with own_settings(), one_thread() as workers:
        maps, weights = _read(plane, reader, pace, workers)
        stride = reader.over.stride
        if stride > 1:
            maps = F.interpolate(maps, scale_factor=float(stride), mode="bilinear", align_corners=False)
    height, width = plane.valid.shape
    sigma, uncertainty, beyond, structure, *shape = maps[0, :, :height, :width].cpu().numpy()
    numbers = [sigma, uncertainty, *shape]
    for values in numbers:
        values[~plane.valid] = np.nan
    kept = weights[0, :, : -(-height // stride), : -(-width // stride)].cpu().numpy()
    return [*numbers, _status(plane, sigma, uncertainty, beyond, structure), *([kept] if reader.keep else [])]


def _read(plane: Plane, reader: Reader, pace: Pace, workers: int) -> tuple[Tensor, Tensor]:
    """What the network puts out, in tiles that the memory holds."""
    while True:
        try:
            return reader.read(plane, pace.tick, workers)
        except (MemoryError, RuntimeError) as error:
            is_lack = isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)
            if not is_lack:
                raise
        # Not before here is what had been computed given back.
        if reader.tile <= _SMALLEST_TILE:
            raise BlurMapError(
                f"The memory of {reader.device} does not hold one plane of {plane.valid.shape[0]} x "
                f"{plane.valid.shape[1]} pixels even in small tiles. Estimate a smaller region, or on another device."
            )
        if reader.device.type == "cuda":
            torch.cuda.empty_cache()
        align = reader.over.align
        reader = replace(reader, tile=max(reader.tile // 2 // align, 1) * align)


def _status(
    plane: Plane,
    sigma: NDArray[np.float32],
    uncertainty: NDArray[np.float32],
    beyond: NDArray[np.float32],
    structure: NDArray[np.float32],
) -> NDArray[np.uint8]:
    """One reason a pixel; a later line wins over an earlier one."""
    enough = judged(sigma, uncertainty, Status.MEASURED)
    status = np.where(enough, Status.MEASURED, Status.TOO_NOISY).astype(np.uint8)
    status[beyond > 0.5] = Status.BEYOND_RANGE
    status[structure < LEAST_STRUCTURE] = Status.EMPTY
    status[plane.saturated] = Status.SATURATED
    status[~plane.valid] = Status.INVALID
    return status
