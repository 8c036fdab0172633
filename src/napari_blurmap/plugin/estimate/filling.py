"""A lazy picture with large planes, filled tile by tile in the window, what is seen first."""

from __future__ import annotations

import shutil
from math import lcm
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary, finalize

from ...errors import BlurMapError, Cancelled
from ...ground.progress import Pace
from ..layers.geometry import map_axes
from ..layers.position import middle_shown, plane_shown
from ..run.worker import Stopped
from .digest import digest
from .job import Made, Result

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Layer

    from ...estimate import Ready
    from ...ground.progress import Cancel, Progress
    from ...ground.regions import Region
    from ...io.tiles import TileStore
    from ..layers.picture import LayerPicture
    from ..run.worker import Tell
    from .job import EstimateJob

    Place = tuple[int, tuple[int, ...], Region]

#: Edge of a tile, pixels: a smaller one reads more around it.
_EDGE = 2048
#: Edge of what is shown before the first tile, and what is read around it, pixels: it is there in a twentieth of it,
#: and right but for what is so far out of focus that more has to be seen of it. The tile then takes its place.
_GLANCE, _MARGIN = 512, 128


#: Stores of maps that somebody still shows, by what they are maps of.
_STORES: WeakValueDictionary[str, TileStore] = WeakValueDictionary()


def fill(job: EstimateJob, picture: LayerPicture, progress: Progress, cancel: Cancel, tell: Tell) -> Result | Stopped:
    """Estimate tile by tile into a folder that the layers show meanwhile; what an earlier run has left is kept.

    Parameters
    ----------
    job : EstimateJob
        What is asked for.
    picture : LayerPicture
        Its picture, with lazy data.
    progress, cancel, tell : callable
        See `EstimateJob.run`; told is `Made`, after every tile.
    """
    from ...estimate import prepare
    from ...models.parts import Parts

    ready = prepare(picture, **{name: value for name, value in job.options.items() if name != "keep_probabilities"})
    parts, store = Parts(ready.stack, ready.sensors, ready.reader), _store(ready)
    maps = store.maps()
    part, *smaller = (job.noted(ready.blurmap(each, partial=True)) for each in maps)
    layers = job.layers(part, smaller)
    places = _places(ready, _EDGE)
    left = [place for place in places if not store.has(place[0], place[2])]
    pace = Pace(len(places), progress, cancel, message="estimating", done=len(places) - len(left))
    seen = _seen(job, layers[0], ready)
    stopped, glance = False, None
    try:
        if len(left) < len(places):
            tell(Made(layers, store))
        elif left:
            number, index, region = glance = min(_places(ready, _GLANCE, min(left, key=seen)), key=seen)
            store.put(number, region, parts.maps(index, region, pace.ask, margin=_MARGIN))
            tell(Made(layers, store))
        while left:
            number, index, region = place = min(left, key=seen)
            store.put(number, region, parts.maps(index, region, pace.ask))
            left.remove(place)
            glance = None  # it lay in the first of them
            tell(Made(layers, store))
            pace.tick()
    except Cancelled:
        stopped = bool(left)
    except OSError as error:
        raise BlurMapError(
            f"The map could not be written to {store.path.parent} ({error}). Make room there and press Run again: "
            "it goes on where it stopped."
        ) from error
    finally:
        if glance is not None:
            store.erase(glance[0], glance[2])
    whole = None if stopped else job.noted(ready.blurmap(maps[0]))
    result = Result(layers, digest(whole or (part, *smaller)[-1], job.judgement))
    if result.digest.anything:
        tell(Made(layers, store, result.digest.summary, whole))
    return Stopped(result) if stopped else result


def _store(ready: Ready) -> TileStore:
    """The store of a map: the same for the same picture, read in the same way by the same model.

    Its folder is removed when no layer has it any more, and when napari is closed.
    """
    from dask.base import tokenize

    from ...io.layout import CHANNELS, WITH_SHAPE
    from ...io.tiles import TileStore

    header = ready.described(partial=True) | {"shape": list(ready.stack.shape), "colormap": None}
    key = tokenize(ready.stack.data, header)
    store = _STORES.get(key)
    if store is None:
        names = WITH_SHAPE if ready.reader.model.info.gives_shape else CHANNELS
        folder = Path(mkdtemp(prefix="napari-blurmap-"))
        store = _STORES[key] = TileStore(folder / "map.sigma.ome.zarr", names, header | {"id": key})
        finalize(store, shutil.rmtree, folder, ignore_errors=True)
    return store


def _places(ready: Ready, edge: int, within: Place | None = None) -> list[Place]:
    """All tiles of all planes, or of a place: the number of the plane, its index, and the region."""
    edge = lcm(ready.reader.over.align, edge)
    height, width = ready.stack.shape[-2:]
    planes, whole = enumerate(ready.stack.indices()), (slice(0, height), slice(0, width))
    return [
        (number, index, (slice(y, min(y + edge, rows.stop)), slice(x, min(x + edge, columns.stop))))
        for number, index, (rows, columns) in ([within] if within else ((*plane, whole) for plane in planes))
        for y in range(rows.start, rows.stop, edge)
        for x in range(columns.start, columns.stop, edge)
    ]


def _seen(job: EstimateJob, layer: Layer, ready: Ready) -> Callable[[Place], Any]:
    """A key that puts the plane that the sliders show first, and in it what is next to the middle of the window."""
    try:
        axes = map_axes(layer.metadata["blurmap"], job.source)
    except BlurMapError:  # the layer has got another picture meanwhile
        return lambda place: place[0]
    sizes = ready.stack.shape[:-2]

    def key(place: Place) -> Any:
        _, index, (rows, columns) = place
        shown = () if job.dims is None else plane_shown(job.source, axes[:-2], sizes, job.dims)
        y, x = middle_shown(job.source, axes[-2:])
        away = (rows.start + rows.stop) / 2 - y, (columns.start + columns.stop) / 2 - x
        return index != shown, index, away[0] ** 2 + away[1] ** 2

    return key
