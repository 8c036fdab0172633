"""Principal axes of the blur as a layer of crosses, as densely as the zoom has room for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from napari.layers import Vectors

from ...ground.arrays import is_lazy
from ...ground.optics import FWHM_PER_SIGMA
from ...ground.status import judged
from ...result.not_round import share_not_round
from ...result.shape import principal_axes
from .geometry import Placement, placement

if TYPE_CHECKING:
    from napari.layers import Layer
    from numpy.typing import NDArray

    from ...result.blurmap import BlurMap

#: Pixels of the screen from one cross to the next at least, and pixels of the map: networks see no finer.
_ROOM, _CLOSEST = 28, 8
#: Crosses along the longer side before a zoom is known, and in all planes at most.
_AT_FIRST, _MOST = 32, 20_000
#: Length of long crosses, and width of their lines, over the distance to the next.
_LONG, _WIDE = 0.85, 0.06
#: Neither among the colours of blur nor grey.
_COLOUR = "#ff5a1f"


class _Crosses(NamedTuple):
    """Lines, in pixels of the layer, and what each is."""

    data: NDArray[np.float64]
    features: dict[str, Any]


def axes_layer(
    blurmap: BlurMap, source: Layer | None, name: str, *, metadata: dict[str, Any] | None = None
) -> Vectors | None:
    """The axes of the blur where it was measured and is not round within its errors.

    Parameters
    ----------
    blurmap : BlurMap
        The map.
    source : napari.layers.Layer or None
        As `napari_blurmap.plugin.layers.layers.result_layers` takes it.
    name : str
        Name of the layer.
    metadata : dict, optional
        Of the layer.

    Returns
    -------
    napari.layers.Vectors or None
        Two lines a place, both axes in one proportion; the true figures are the ``features``. The places come closer
        when the layer is zoomed into. Hidden where the blur of the picture as a whole is round. None for a map without
        shape, and for a lazy one, which would have to be computed.

    Examples
    --------
    >>> from napari_blurmap import BlurMap
    >>> one, about = np.ones((64, 64)), dict(axes="yx", scale=(1, 1), units=("px", "px"), provenance={})
    >>> shape = dict(ellipticity_1=0.8 * one, ellipticity_2=0 * one, ellipticity_error=0.02 * one)
    >>> layer = axes_layer(BlurMap(2 * one, 0.1 * one, 0 * one, **shape, **about), None, "axes")
    >>> layer.data.shape, layer.features["FWHM (px)"].max().round(1), layer.visible
    ((128, 2, 2), 6.3, True)
    """
    if not blurmap.ellipticities or is_lazy(*blurmap.numbers.values(), blurmap.status):
        return None
    placed = placement(blurmap, source)
    first = _spacing(blurmap, max(blurmap.sigma.shape[-2:]) / _AT_FIRST)
    crosses = _crosses(blurmap, placed, first)
    layer = Vectors(
        crosses.data,
        name=name,
        features=crosses.features,
        edge_color=_COLOUR,
        edge_width=_WIDE * first,
        vector_style="line",
        opacity=1.0,
        visible=_is_not_round(blurmap, first),
        metadata=metadata,
        ndim=len(placed.order) + len(placed.inserted),
        **placed.keywords,
    )
    _follow_zoom(layer, blurmap, placed, first)
    return layer


def _is_not_round(blurmap: BlurMap, spacing: int) -> bool:
    """Whether the picture as a whole is not."""
    sigma, uncertainty, *shape, status = (a[_cells(spacing)] for a in (*blurmap.numbers.values(), blurmap.status))
    known = judged(sigma, uncertainty, status)
    return share_not_round(*(values[known] for values in shape)) > 0


def _follow_zoom(layer: Vectors, blurmap: BlurMap, placed: Placement, spacing: int) -> None:
    def follow(_event: object = None) -> None:
        nonlocal spacing
        wanted = _spacing(blurmap, _ROOM * layer.scale_factor / _pixel(layer, _plane(blurmap, placed)))
        if wanted != spacing:
            spacing = wanted
            crosses = _crosses(blurmap, placed, spacing)
            layer.data = crosses.data
            layer.features = crosses.features
            layer.edge_width = _WIDE * spacing

    layer.events.scale_factor.connect(follow)


def _spacing(blurmap: BlurMap, least: float) -> int:
    """Pixels from one cross to the next: a power of two, so that those of coarser grids are about the same places."""
    spacing, (height, width) = _CLOSEST, blurmap.sigma.shape[-2:]
    planes = int(np.prod(blurmap.sigma.shape[:-2]))
    while spacing < max(height, width) and (
        spacing < least or planes * (height // spacing) * (width // spacing) > _MOST
    ):
        spacing *= 2
    return spacing


def _plane(blurmap: BlurMap, placed: Placement) -> tuple[int, int]:
    """Which axes of the layer are y and x."""
    names: list[str | None] = [blurmap.axes[number] for number in placed.order]
    for position, _ in placed.inserted:
        names.insert(position, None)
    return names.index("y"), names.index("x")


def _pixel(layer: Vectors, axes: tuple[int, int]) -> float:
    """The shorter side of a pixel in the world, wherever the layer was turned and stretched to."""
    steps = (np.asarray(layer.data_to_world(one)) - layer.data_to_world(0 * one) for one in np.eye(layer.ndim)[[*axes]])
    return min(float(np.linalg.norm(step)) for step in steps)


def _cells(spacing: int) -> tuple[Any, ...]:
    """One place in every square of a grid, at its middle."""
    return (..., slice(spacing // 2, None, spacing), slice(spacing // 2, None, spacing))


def _crosses(blurmap: BlurMap, placed: Placement, spacing: int) -> _Crosses:
    """Both axes at every place of a grid that has some."""
    cells = _cells(spacing)
    numbers = [values[cells] for values in blurmap.numbers.values()]
    axes = principal_axes(*numbers)
    told = judged(numbers[0], numbers[1], blurmap.status[cells]) & np.isfinite(axes.angle)
    major, minor, angle, told = (placed.arrange(values) for values in (axes.major, axes.minor, axes.angle, told))
    y, x = _plane(blurmap, placed)
    middle = np.stack(np.nonzero(told), axis=-1).astype(np.float64)
    middle[:, [y, x]] = middle[:, [y, x]] * spacing + spacing // 2
    fwhm = FWHM_PER_SIGMA * np.stack([major[told], minor[told]])
    turned = np.stack([angle[told], (angle[told] + 90) % 180])
    longest = float(np.percentile(fwhm[0], 95)) if fwhm.size else 1.0
    length = spacing * np.minimum(_LONG * fwhm / longest, 1.0)
    along = np.zeros((2, *middle.shape))
    along[..., y], along[..., x] = length * np.sin(np.radians(turned)), length * np.cos(np.radians(turned))
    data = np.stack([middle - along / 2, along], axis=-2).reshape(-1, 2, middle.shape[-1])
    kind = np.repeat(["major", "minor"], len(middle))
    features = {"axis": kind, "FWHM (px)": fwhm.ravel(), "angle (degrees)": turned.ravel()}
    return _Crosses(data, features)
