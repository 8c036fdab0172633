"""The blurred places of a map as polygons in GeoJSON, as QuPath reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import find_objects, label
from skimage.measure import find_contours

from ..ground.arrays import together
from ..ground.status import judged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from .maps import Maps

    Ring = list[tuple[int, int]]

#: A cell of which less than this was judged is no part of a region.
_LEAST_JUDGED = 0.2
#: Rows of a map that are read at once.
_ROWS = 1024
#: As QuPath has them: a name and a colour.
_CLASS = {"name": "Blurred", "color": [209, 73, 91]}


def blurred_regions(m: Maps, threshold: Callable[[Maps], float], step: int, downsample: float) -> dict[str, Any]:
    """Outline the blurred places of a map.

    Parameters
    ----------
    m : Maps
        The map, piece by piece where it is lazy.
    threshold : callable
        ``threshold(plane)`` is the largest sigma that counts as sharp in a plane, pixels.
    step : int
        Edge of the cells that are judged as a whole, pixels.
    downsample : float
        Pixels of the full resolution a pixel of the map.

    Returns
    -------
    dict
        A FeatureCollection; `napari_blurmap.BlurMap.blurred_regions` describes it.
    """
    features = []
    for index in np.ndindex(m.sigma.shape[:-2]):
        plane = m.plane(index)
        at = {"c": -1, "z": 0, "t": 0} | {axis: n for axis, n in plane.provenance["at"].items() if axis in "czt"}
        edges: Any = [downsample * np.append(np.arange(0, n, step), n) for n in m.sigma.shape[-2:]]
        for rings in _polygons(_blurred_cells(plane, threshold(plane), step)):
            placed = [[[float(edges[1][x]), float(edges[0][y])] for x, y in ring] for ring in rings]
            geometry = {
                "type": "Polygon",
                "coordinates": placed,
                **({"plane": at} if index or plane.channel is not None else {}),
            }
            about = {"objectType": "annotation", "classification": _CLASS}
            features.append({"type": "Feature", "geometry": geometry, "properties": about})
    return {"type": "FeatureCollection", "features": features}


def _blurred_cells(plane: Maps, threshold: float, step: int) -> NDArray[np.bool_]:
    """Cells of which enough was judged, and more than half of that blurred."""
    rows = step * max(1, _ROWS // step)
    bands = []
    for top in range(0, plane.sigma.shape[0], rows):
        band = np.s_[top : top + rows]
        sigma, uncertainty, status = together(plane.sigma[band], plane.uncertainty[band], plane.status[band])
        known = judged(sigma, uncertainty, status)
        bands.append(np.stack([_share(known, step), _share(known & (sigma > threshold), step)]))
    seen, blurred = np.concatenate(bands, axis=1)
    return np.asarray((seen >= _LEAST_JUDGED) & (2 * blurred > seen))


def _share(mask: NDArray[np.bool_], step: int) -> NDArray[np.float64]:
    """Share of the pixels of each cell; those at the border are smaller."""
    starts = [np.arange(0, n, step) for n in mask.shape]
    counts = np.add.reduceat(np.add.reduceat(mask.astype(np.float64), starts[0], axis=0), starts[1], axis=1)
    rows, columns = (np.diff(np.append(start, n)) for start, n in zip(starts, mask.shape, strict=True))
    return np.asarray(counts / np.outer(rows, columns))


def _polygons(cells: NDArray[np.bool_]) -> Iterator[list[Ring]]:
    """Corners (x, y) of the outline of each connected part, then those of its holes; in cells."""
    parts, _ = label(cells)
    for number, box in enumerate(find_objects(parts), start=1):
        inside = np.pad(parts[box] == number, 1)
        contours = find_contours(inside, 0.5)  # type: ignore[no-untyped-call]
        rings = [ring for contour in contours for ring in _simple(_corners(contour, box))]
        # The outline has more area than any of its holes.
        yield [_closed(ring, around=n == 0) for n, ring in enumerate(sorted(rings, key=lambda r: -abs(_area(r))))]


def _corners(contour: NDArray[np.float64], box: tuple[slice, slice]) -> Ring:
    """From the middles of the edges that a contour crosses to the corners between them."""
    # The middles of two edges that follow each other lie on the sides of the square between four cells' centres.
    between = np.floor((contour[:-1] + contour[1:]) / 2).astype(int)
    y, x = (between + np.array([box[0].start, box[1].start])).T
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _simple(ring: Ring) -> list[Ring]:
    """A ring cut where it meets itself in a corner: GeoJSON wants rings that do not."""
    found: list[Ring] = []
    path: dict[tuple[int, int], None] = {}
    for corner in ring:
        if corner in path:
            loop = [corner]
            while (last := path.popitem()[0]) != corner:
                loop.append(last)
            found.append(loop[:1] + loop[:0:-1])
        path[corner] = None
    return [*found, list(path)]


def _closed(ring: Ring, *, around: bool) -> Ring:
    """A ring with corners only where it turns, the first at its end; one way around a part, the other around a hole."""
    kept = [
        b
        for a, b, c in zip(ring[-1:] + ring[:-1], ring, ring[1:] + ring[:1], strict=True)
        if not (a[0] == b[0] == c[0] or a[1] == b[1] == c[1])
    ]
    if (_area(kept) > 0) != around:
        kept.reverse()
    return [*kept, kept[0]]


def _area(ring: Ring) -> float:
    x, y = np.array(ring).T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
