"""What a result looks like in napari: layers that lie on their picture, made by one pure function."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels, Layer

from ...errors import BlurMapError
from ...ground.arguments import number, shown
from ...ground.arrays import is_lazy
from ...ground.status import Array, Status, judged
from ...result.maps import refuse_other
from .axes import axes_layer
from .colormaps import (
    REASONS,
    SHARPEST,
    SPAN,
    TOO_UNCERTAIN,
    blur_colormap,
    reason_colormap,
)
from .geometry import Placement, located, placement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel

    from ...result.blurmap import BlurMap

#: About half of what is seen is the picture: both must be read at once.
OPACITY = 0.6
_SHARE = "share of the picture"


def result_layers(
    blurmap: BlurMap,
    source: Layer | None = None,
    *,
    limit: float | None = None,
    name: str | None = None,
    smaller: Sequence[BlurMap] = (),
) -> list[Layer]:
    """The layers that show a map, in the order in which to add them.

    Parameters
    ----------
    blurmap : BlurMap
        The map, numpy or dask; a lazy one stays lazy.
    source : napari.layers.Layer, optional
        The picture's layer; the results lie exactly on it. Without it they
        lie where the map remembers that its picture was.
    limit : float, optional
        Sigma, pixels, at which the colours start: the optics limit. Without
        it 0.42 px, a FWHM of 1 px.
    name : str, optional
        What layers are called after, instead of the name of ``source``.
    smaller : sequence of BlurMap, optional
        The same map in smaller and smaller levels: layers then show the one that the screen has room for.

    Returns
    -------
    list of napari.layers.Layer
        ``<source> sigma (<model>)``, an Image in pixels, NaN and transparent
        where nothing was judged; ``<source> uncertainty (<model>)``, hidden,
        in the same colours for a tenth of the value; ``<source> cannot tell``,
        Labels of the places that were not judged, with the reason of each in
        ``features``; of a map with the shape of the blur, in memory, also
        ``<source> blur axes (<model>)``, Vectors (`axes_layer`).
        ``metadata["blurmap"]`` of each holds the whole map.

    Raises
    ------
    BlurMapError
        If the map does not fit the layer, or the limit is no positive number.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_blurmap import BlurMap
    >>> m = BlurMap(
    ...     [[1.0, 2.0]],
    ...     [[0.1, 0.1]],
    ...     [[0, 1]],
    ...     axes=("y", "x"),
    ...     scale=(1, 1),
    ...     units=("um", "um"),
    ...     provenance={"model": "default"},
    ... )
    >>> [layer.name for layer in result_layers(m, name="cells")]
    ['cells sigma (default)', 'cells uncertainty (default)', 'cells cannot tell']
    """
    low = checked_limit(limit)
    placed = placement(blurmap, source)
    base = name or base_name(blurmap, source)
    by = str(blurmap.provenance.get("model", "unknown model"))
    if blurmap.provenance.get("partial"):
        by += ", partial"
    metadata = {"blurmap": located(blurmap, source), "blurmap_view": {"limit": low, "name": base}}
    levels = (blurmap, *smaller)
    sigma = sigma_layer(
        [each.masked().sigma for each in levels], placed, f"{base} sigma ({by})", low=low, metadata=metadata
    )
    uncertainty = sigma_layer(
        [each.uncertainty for each in levels],
        placed,
        f"{base} uncertainty ({by})",
        low=low / 10.0,
        metadata=dict(metadata),
    )
    uncertainty.visible = False
    cannot_tell = _cannot_tell(levels, placed, f"{base} cannot tell", dict(metadata))
    axes = axes_layer(blurmap, source, f"{base} blur axes ({by})", metadata=dict(metadata))
    return [sigma, uncertainty, cannot_tell, *([] if axes is None else [axes])]


def renew(layer: Layer, *, all_levels: bool = False) -> None:
    """Show what the levels of a layer hold now: napari keeps the smallest in memory until it gets new data."""
    if all_levels or layer.data_level == len(layer.data) - 1:
        layer.data = list(layer.data)
    else:
        layer.refresh(thumbnail=False, highlight=False, extent=False)


def tell_shares(layers: Sequence[Layer], figures: dict[str, Any]) -> None:
    """Put the shares that a summary has found into the layer of reasons, which does not know them of a lazy map."""
    partial, by_label = figures["estimated_share"] is not None, figures["shares"]
    found = [figures["judged_share"], *(by_label[s.label] for s in Status if s), figures["uncertain_share"]]
    for layer in layers:
        if isinstance(layer, Labels) and _SHARE in layer.features:
            layer.features = _reason_table([round(share, 4) for share in found], partial=partial)
            layer.colormap = reason_colormap(partial=partial)


def finish_layers(layers: Sequence[Layer], blurmap: BlurMap) -> None:
    """Make layers of a part of a map those of the whole, which their data have become."""
    for layer in layers:
        part = layer.metadata["blurmap"]
        layer.metadata["blurmap"] = replace(blurmap, translate=part.translate, affine=part.affine)
        layer.name = layer.name.replace(", partial)", ")")


def sigma_layer(
    sigma: Array | Sequence[Array],
    placed: Placement,
    name: str,
    *,
    low: float = SHARPEST,
    metadata: dict[str, Any] | None = None,
) -> Image:
    """One Image in the colours of blur, with its colour bar.

    Parameters
    ----------
    sigma : array, shape (..., Y, X), or list of array
        Pixels; NaN is transparent. Of several levels the largest first.
    placed : Placement
        Where it lies.
    name : str
        Name of the layer.
    low : float
        Value of the darkest colour; 16 times that is the brightest.
    metadata : dict, optional
        Of the layer.

    Returns
    -------
    napari.layers.Image
        The picture below shines through.
    """
    layer = Image(
        name=name,
        colormap=blur_colormap(),
        contrast_limits=(low, SPAN * low),
        blending="translucent",
        opacity=OPACITY,
        metadata=metadata,
        rgb=False,
        **leveled(sigma if isinstance(sigma, list) else [sigma], placed),
    )
    layer.colorbar.visible = True
    layer.colorbar.size = (20, 220)  # higher than napari's: half of the colours lie in its lowest fifth
    return layer


def add_to_viewer(
    viewer: ViewerModel, m: BlurMap, source: Layer | str | None = None, *, limit: float | None = None
) -> list[Layer]:
    """Show a map in napari, for its console and for scripts.

    Parameters
    ----------
    viewer : napari.Viewer
        Or its model.
    m : BlurMap
        The map.
    source : napari.layers.Layer or str, optional
        The layer that it was made from, or its name. Without it the map lies
        where it remembers that its picture was.
    limit : float, optional
        Sigma, pixels, at which the colours start, as `optics_limit` gives it.

    Returns
    -------
    list of napari.layers.Layer
        What was added, sigma first and selected; existing layers stay as they
        are.

    Raises
    ------
    BlurMapError
        If there is no layer of that name, the map was not made from it, or
        the limit is no positive number.

    Examples
    --------
    In napari's console, with the picture's layer selected::

        import napari_blurmap as nb

        layer = viewer.layers.selection.active
        nb.add_to_viewer(viewer, nb.estimate_blur(layer), layer)
    """
    if not hasattr(viewer, "add_layer"):
        raise BlurMapError(f"viewer is {shown(viewer)}; expected a viewer of napari, such as napari.current_viewer().")
    refuse_other(m)
    if isinstance(source, str):
        if source not in viewer.layers:
            names = ", ".join(repr(layer.name) for layer in viewer.layers) or "none"
            raise BlurMapError(f"There is no layer {shown(source)} in this viewer; it has {names}.")
        source = viewer.layers[source]
    if not isinstance(source, Layer | None):
        raise BlurMapError(f"source is {shown(source)}; expected a layer of napari or its name, or None.")
    added = [viewer.add_layer(layer) for layer in result_layers(m, source, limit=limit)]
    viewer.layers.selection.active = added[0]
    return added


def leveled(levels: Sequence[Array], placed: Placement) -> dict[str, Any]:
    """What a layer is told of its data: one array, or several levels of it, largest first."""
    data = [placed.arrange(each) for each in levels]
    if len(data) == 1:
        return {"data": data[0], "multiscale": False, **placed.keywords}
    # napari would show what it has read once, and the levels may still grow.
    return {"data": data, "multiscale": True, "cache": False, **placed.keywords}


def _cannot_tell(levels: Sequence[BlurMap], placed: Placement, name: str, metadata: dict[str, Any]) -> Labels:
    """Labels of the places that were not judged, by their reason."""
    labels, partial = [_reasons(each) for each in levels], bool(levels[0].provenance.get("partial"))
    return Labels(
        name=name,
        colormap=reason_colormap(partial=partial),
        features=_reason_table(shares(labels[0], len(REASONS) + 1), partial=partial),
        opacity=OPACITY,
        metadata=metadata,
        **leveled(labels, placed),
    )


def _reason_table(found: Sequence[float], *, partial: bool) -> dict[str, Any]:
    words = ["judged", *(REASONS | ({int(Status.INVALID): "not estimated yet"} if partial else {})).values()]
    return {"index": [0, *REASONS], "reason": words, _SHARE: found}


def _reasons(blurmap: BlurMap) -> Array:
    known = judged(blurmap.sigma, blurmap.uncertainty, blurmap.status)
    uncertain = np.where(known, np.uint8(0), np.uint8(TOO_UNCERTAIN))
    return np.where(blurmap.status > 0, blurmap.status, uncertain).astype(np.uint8)


def shares(labels: Array, count: int, skip: int = 0) -> list[float]:
    """Share of every label from ``skip`` on, of all pixels that have one of them; NaN for a lazy array."""
    if is_lazy(labels):
        return [float("nan")] * (count - skip)
    counts = np.bincount(labels.ravel(), minlength=count)[skip:]
    return [float(share) for share in (counts / max(int(counts.sum()), 1)).round(4)]


def base_name(blurmap: BlurMap, source: Layer | None) -> str:
    """What layers are called after: the picture's layer, or its file."""
    if source is not None:
        return str(source.name)
    path = (blurmap.provenance.get("source") or {}).get("path")
    return Path(str(path)).name.split(".")[0] if path else "picture"


def checked_limit(limit: float | None) -> float:
    """The value at which the colours start."""
    if limit is None:
        return SHARPEST
    return number("The limit", limit, "a sigma in pixels above 0, or None", above=0)
