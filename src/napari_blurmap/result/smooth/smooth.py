"""Smoothing of a map plane by plane, by one of four methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...errors import BlurMapError
from ...ground.arguments import number, one_of
from ...ground.arrays import is_lazy, map_planes
from ...ground.progress import Pace
from ...picture.plane import read_plane
from ..guide import guide_of
from ..maps import refuse_other
from .edge import edge_preserving
from .gradient import along_level_lines
from .judged_plane import JudgedPlane, judged_plane_of
from .mean import moving_average
from .mrf import random_field

if TYPE_CHECKING:
    from ...ground.progress import Cancel, Progress
    from ..blurmap import BlurMap
    from .judged_plane import Plane


class Method(NamedTuple):
    """A way to smooth, and the meaning and limits of its strength."""

    smooth: Callable[[JudgedPlane, float], Plane]
    strength: float
    largest: float
    meaning: str
    takes_picture: bool = False


#: Largest strength that is a length, pixels.
_LONGEST = 1000.0
METHODS = {
    "mean": Method(moving_average, 15.0, _LONGEST, "edge of the window, pixels"),
    "gradient": Method(along_level_lines, 31.0, _LONGEST, "length of the line, pixels"),
    "edge": Method(edge_preserving, 6.0, _LONGEST, "distance of averaging, pixels", takes_picture=True),
    "mrf": Method(random_field, 0.5, 1.0, "weight of the neighbours against 1, 0 to 1", takes_picture=True),
}


def smooth_sigma(
    m: BlurMap,
    method: str = "mean",
    *,
    image: Any = None,
    strength: float | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> BlurMap:
    """Smooth a map, every place weighted by 1/uncertainty^2.

    Parameters
    ----------
    m : BlurMap
        The map; leading axes are smoothed plane by plane.
    method : {"mean", "gradient", "edge", "mrf"}, default="mean"
        ``"mean"``: moving average over a square window. ``"gradient"``:
        average along the lines of equal blur, for ramps and waves.
        ``"edge"``: averages that stop at outlines of the picture where the
        blur changes. ``"mrf"``: Markov random field over the probabilities,
        which decides where two sigmas are possible.
    image : array-like or layer-like, optional
        The picture that the map was made from, for ``"edge"`` (required) and
        ``"mrf"``; the others do not look at it. Colour counts by its luminance.
    strength : float, optional
        ``"mean"``: edge of the window, pixels (15). ``"gradient"``: length of
        the line, pixels (31). ``"edge"``: distance over which even ground is
        averaged, pixels (6). ``"mrf"``: what all neighbours together count against 1
        for the place itself, up to 1 (0.5).
    progress, cancel : callable, optional
        ``progress(done, total, message)`` and ``cancel() -> bool``, called
        after each plane; not for a lazy map.

    Returns
    -------
    BlurMap
        Sigma and uncertainty of the judged places smoothed, and likewise the
        shape of the blur where the map has it (not by ``"mrf"``, whose
        probabilities are of sigma: for those of motion see
        `napari_blurmap.BlurMap.motion`); all other places,
        which are not read either, and every status as they were. Without
        probabilities, which belong to the map before. The method and its
        strength are added to ``provenance["smoothed"]``. Lazy (dask) where the
        map is.

    Raises
    ------
    BlurMapError
        For an unknown method, a strength out of range, a picture that is
        missing or of another size, missing probabilities.
    Cancelled
        When ``cancel()`` returned True; in its partial map the planes that
        were not reached are as they were.

    Notes
    -----
    Errors of neighbouring places are no independent draws: their correlation
    was measured as 0.9 at 12 px and 0.5 at 32 to 64 px on textures, since the
    network sees that far. So the uncertainty of an average is the average of the
    uncertainties, by the same weights (what it is at a correlation of 1, and
    more than it is at any other), and not that over sqrt(n). Where smoothing moves a place by more than its own
    error, what is beyond that error is added in squares.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_blurmap import BlurMap
    >>> sigma = 2 + 0.1 * np.random.default_rng(0).standard_normal((64, 64))
    >>> m = BlurMap(
    ...     sigma,
    ...     np.full((64, 64), 0.1),
    ...     np.zeros((64, 64)),
    ...     axes=("y", "x"),
    ...     scale=(1, 1),
    ...     units=("pixel", "pixel"),
    ...     provenance={},
    ... )
    >>> bool(smooth_sigma(m, "mean", strength=9).sigma.std() < m.sigma.std() / 4)
    True
    """
    refuse_other(m)
    chosen, amount = _checked(m, method, strength)
    pictures = guide_of(m, image) if chosen.takes_picture and image is not None else None
    if method == "edge" and pictures is None:
        raise BlurMapError('Edge-preserving smoothing is guided by the picture: pass image=, or use method="mean".')
    grid = np.asarray(m.sigma_grid, np.float32) if method == "mrf" else None
    reading = str(m.provenance.get("decode", "mean"))

    def smooth(status: Any, picture: Any, weights: Any, *numbers: Any) -> list[Plane]:
        shown = None if picture is None else read_plane(picture).picture
        guides = {"picture": shown, "probabilities": weights, "sigma_grid": grid, "reading": reading}
        return _smooth_plane(numbers, status, chosen, amount, **guides)

    def parts(index: tuple[int, ...]) -> tuple[Any, ...]:
        picture = None if pictures is None else pictures.plane(index)
        weights = m.probabilities[index] if method == "mrf" and m.probabilities is not None else None
        return m.status[index], picture, weights, *(values[index] for values in m.numbers.values())

    done = {"method": method, "strength": amount, "guided_by_picture": pictures is not None}
    about = m.provenance | {"smoothed": [*m.provenance.get("smoothed", []), done]}

    def result(maps: Sequence[Any], **more: Any) -> BlurMap:
        smoothed: dict[str, Any] = dict(zip(m.numbers, maps, strict=True))
        return replace(m, **smoothed, probabilities=None, sigma_grid=None, provenance=about | more)

    lazy = is_lazy(*m.numbers.values(), m.status)
    maps = [values if lazy else values.copy() for values in m.numbers.values()]
    leading = m.sigma.shape[:-2]
    pace = Pace(prod(leading), progress, cancel, lambda: result(maps, partial=True), "smoothing", prod(leading))
    return result(map_planes(smooth, parts, maps, leading, lazy=lazy, after=pace.tick))


def _checked(m: BlurMap, method: str, strength: float | None) -> tuple[Method, float]:
    chosen = METHODS[one_of("method", method, tuple(METHODS))]
    if method == "mrf" and m.probabilities is None:
        raise BlurMapError(
            "This map was made without its probabilities, which the Markov random field works on. Estimate it again "
            'with estimate_blur(..., keep_probabilities=True), or use method="edge".'
        )
    if strength is None:
        return chosen, chosen.strength
    what = f"the {chosen.meaning}, above 0 and up to {chosen.largest:g}"
    return chosen, number(f"The strength of {method!r}", strength, what, above=0, most=chosen.largest)


def _smooth_plane(numbers: Sequence[Plane], status: Any, chosen: Method, strength: float, **guides: Any) -> list[Plane]:
    """Sigma, uncertainty and shape of one plane."""
    measured = judged_plane_of(numbers, status, **guides)
    if measured is None:
        return list(numbers)
    moved = chosen.smooth(measured, strength) - measured.planes
    # Differences are added to what was measured: none leaves it exactly as it was.
    smoothed = [values + by for values, by in zip(numbers, moved, strict=True)]
    smoothed[0] = np.maximum(smoothed[0], 0)
    smoothed[1] = _with_rest(smoothed[1], numbers[1], np.square(moved[0]))
    if len(numbers) > 2:
        smoothed[4] = _with_rest(smoothed[4], numbers[4], np.maximum(np.square(moved[2]), np.square(moved[3])))
    kept = zip(smoothed, numbers, strict=True)
    return [np.where(measured.judged, new, old).astype(np.float32) for new, old in kept]


def _with_rest(error: Plane, before: Plane, moved_squared: Plane) -> Plane:
    """A smoothed error, and in squares what a place was moved by beyond its own."""
    rest = np.maximum(moved_squared - np.square(before.astype(np.float64)), 0)
    return np.asarray(np.sqrt(np.square(np.maximum(error, 0)) + rest))
