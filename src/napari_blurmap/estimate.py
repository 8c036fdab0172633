"""From a picture to its blur map: planes, tiles, network, status of every pixel."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from math import hypot, prod
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .errors import BlurMapError
from .ground.arrays import in_memory
from .ground.memory import free_memory
from .ground.progress import Pace
from .ground.status import Status
from .ground.version import VERSION
from .io.fingerprint import fingerprint
from .models.chunks import lazy_maps
from .models.pixels import blank_maps, fill_maps
from .models.reading import reader_of
from .models.registry import load_model
from .models.side_by_side import one_thread
from .picture.plane import numbers_of
from .picture.sensor import noise_record, sensors_of
from .picture.stack import Stack, as_stack
from .result.blurmap import BlurMap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from os import PathLike

    from .ground.progress import Cancel, Progress
    from .models.model import Model
    from .models.reading import Reader
    from .picture.sensor import GivenNoise, Sensors


#: Edge of the middle of a picture in which its colours are compared, pixels; how far apart they are worth a word,
#: pixels of sigma; and the least share of it that has to be judged.
_MIDDLE, _APART, _ENOUGH = 320, 0.5, 0.05


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
        For a picture that is empty, complex, of objects, 1-D, all NaN or below 32 x 32 pixels; for a colour picture
        without ``channel_axis``; for a model or device that cannot be used.
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
    ready = prepare(
        image,
        model=model,
        axes=axes,
        channel_axis=channel_axis,
        pixel_size=pixel_size,
        unit=unit,
        device=device,
        tile=tile,
        noise=noise,
        keep_probabilities=keep_probabilities,
    )
    stack, reader, sensors = ready.stack, ready.reader, ready.sensors
    like = blank_maps(reader, stack.shape, lazy=True)
    if stack.lazy:
        return ready.blurmap(lazy_maps(like, stack, sensors, reader))
    with _enough_memory(f"the maps of a picture of shape {stack.shape}", sum(each.nbytes for each in like.values())):
        results = {name: np.array(values) for name, values in like.items()}
    planes = prod(stack.shape[:-2])
    pace = Pace(
        planes * reader.steps(stack.shape),
        progress,
        cancel,
        lambda: ready.blurmap(results, partial=True, share_done=round(pace.done / pace.total, 4)),
        "estimating",
        planes,
    )
    for index in np.ndindex(stack.shape[:-2]):
        with _enough_memory(f"a plane of {' x '.join(map(str, stack.shape[-2:]))}"):
            plane = numbers_of(stack.plane(index), sensors.at(index))
        reader = fill_maps({name: maps[index] for name, maps in results.items()}, plane, reader, pace.tick)
    if results["status"].min() == Status.INVALID:  # the highest
        raise BlurMapError("Every pixel of the picture is NaN, infinite or transparent; expected some numbers.")
    return ready.blurmap(results, device=str(reader.device))


@dataclass(frozen=True)
class Ready:
    """A picture of which everything is known that its maps need.

    Parameters
    ----------
    stack : Stack
        Its planes.
    sensors : Sensors
        What the sensor adds to them.
    reader : Reader
        The model.
    about : dict
        Provenance, but for the picture's file.
    """

    stack: Stack
    sensors: Sensors
    reader: Reader
    about: dict[str, Any]

    def described(self, **about: Any) -> dict[str, Any]:
        """All of a map but its numbers, with more to its provenance."""
        # Reading a file for it takes time.
        about = self.about | {"source": fingerprint(self.stack.source)} | about
        names = ("axes", "scale", "units", "translate", "affine")
        return {name: getattr(self.stack, name) for name in names} | {"provenance": about}

    def blurmap(self, maps: dict[str, Any], **about: Any) -> BlurMap:
        """The result."""
        grid = np.asarray(self.reader.model.info.sigma_grid) if "probabilities" in maps else None
        return BlurMap(**maps, **self.described(**about), sigma_grid=grid)


def prepare(
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
) -> Ready:
    """Load the model and look at a sample of the picture; everything as in `estimate_blur`."""
    stack = as_stack(image, axes=axes, channel_axis=channel_axis, pixel_size=pixel_size, unit=unit)
    with one_thread():
        loaded = load_model(model)
        reader = reader_of(loaded, device, tile, keep=keep_probabilities)
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
    for channel in about["sensor"]:
        channel["notes"] += _colours_apart(stack, loaded, device)
    return Ready(stack, sensors, reader, about)


def _colours_apart(stack: Stack, model: Model, device: str) -> list[str]:
    """A word where red, green and blue are not equally blurred in the middle of the picture, beyond their errors."""
    if stack.colour is None or stack.data.shape[stack.colour] < 3:
        return []
    middle = tuple(slice(max(0, (n - _MIDDLE) // 2), (n + _MIDDLE) // 2) for n in stack.shape[-2:])
    picture = in_memory(stack.plane(tuple(n // 2 for n in stack.shape[:-2]))[middle])
    found = []
    for number, colour in enumerate(("red", "green", "blue")):
        try:
            figures = estimate_blur(picture[..., number], model=model, device=device).summary()
        except BlurMapError:  # nothing but NaN
            continue
        if figures["judged_share"] >= _ENOUGH and figures["median_sigma_error"] is not None:
            found.append((figures["median_sigma"], figures["median_sigma_error"], colour))
    if len(found) < 2:
        return []
    (low, error, sharp), (high, other, blurred) = min(found), max(found)
    if high - low <= max(_APART, hypot(error, other)):
        return []
    return [
        f"Colours are not equally blurred: sigma {low:.2f} px in {sharp}, {high:.2f} px in {blurred}. They have "
        "different foci, or the file keeps colours more coarsely than light, as JPEG does."
    ]


@contextmanager
def _enough_memory(what: str, size: int = 0) -> Iterator[None]:
    """Say what the memory does not hold, of a size in bytes before the work begins."""
    free = free_memory()
    try:
        if size > free:
            raise MemoryError
        yield
    except MemoryError:
        known = f" ({size / 1e9:.1f} GB, of which {free / 1e9:.1f} GB are free)" if size else ""
        raise BlurMapError(
            f"The memory does not hold {what}{known}. Estimate a smaller region, or give the picture as a dask array, "
            "such as dask.array.from_array(picture, chunks=2048): it is estimated when it is needed, and "
            "save('NAME.sigma.ome.zarr') goes through chunk by chunk."
        ) from None
