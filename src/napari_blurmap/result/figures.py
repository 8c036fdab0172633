"""Figures of a map: of all of it, of a part, of every object in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import BlurMapError
from ..ground.arguments import number, whole
from ..ground.arrays import as_array
from .objects import figures_of, object_columns, objects_in
from .optics_limit import resolved
from .reference import as_reference
from .regions import blurred_regions
from .shape import Shaped
from .summary import other_zero

if TYPE_CHECKING:
    from ..ground.status import Array
    from .maps import Maps
    from .optics_limit import OpticsLimit, Sharp
    from .reference import Reference


class Figured(Shaped):
    """Figures of maps."""

    def summary(self, reference: Sharp = None, where: Array | None = None) -> dict[str, Any]:
        """Figures of the map: coverage, medians, shares and a verdict.

        Parameters
        ----------
        reference : Reference, OpticsLimit or float, optional
            What counts as sharp; a number is a limit in pixels of sigma.
        where : array of bool, shape (..., Y, X) or (Y, X), optional
            The pixels that count, such as those of a region; all of them by default.

        Returns
        -------
        dict
            Ready for JSON: ``judged_share`` first, then medians with their
            errors, shares by status and, against a reference, ``verdict``.
            Every key: `napari_blurmap.result.summary.summarize`.

        Raises
        ------
        BlurMapError
            If ``where`` has another shape or holds no pixel.

        Examples
        --------
        >>> import numpy as np
        >>> from napari_blurmap import BlurMap
        >>> sigma = np.repeat([[1.0, 3.0]], 64, axis=0).repeat(32, axis=1)
        >>> m = BlurMap(sigma, 0.1 * sigma, 0 * sigma, axes="yx", scale=(1, 1), units=("px", "px"), provenance={})
        >>> m.summary(reference=1.5)["verdict"], m.summary(reference=1.5, where=sigma < 2)["verdict"]
        ('partly blurred', 'sharp')
        """
        return figures_of(self, reference, mask=None if where is None else self._mask(where))

    def objects(self, labels: Array, reference: Sharp = None) -> list[dict[str, Any]]:
        """Figures of every object of a label image, as a table.

        Parameters
        ----------
        labels : array of int, shape (..., Y, X) or (Y, X)
            The number of the object that each pixel belongs to, 0 for none. With fewer axes than the map it counts
            for every plane.
        reference : Reference, OpticsLimit or float, optional
            What counts as sharp; a number is a limit in pixels of sigma.

        Returns
        -------
        list of dict
            A row an object and plane, ready for ``pandas.DataFrame``: its place along the leading axes, counted from
            1, "c" as ``channel``; ``label``, its ``pixels``, and what the table of a batch says of a picture
            (`napari_blurmap.result.objects.object_columns`). Each plane is computed in one piece.

        Raises
        ------
        BlurMapError
            If the labels are of another shape, no whole numbers, or below 0.

        Examples
        --------
        >>> import numpy as np
        >>> from napari_blurmap import BlurMap
        >>> sigma = np.repeat([[1.0, 3.0]], 64, axis=0).repeat(32, axis=1)
        >>> m = BlurMap(sigma, 0.1 * sigma, 0 * sigma, axes="yx", scale=(1, 1), units=("px", "px"), provenance={})
        >>> [(row["label"], row["verdict"]) for row in m.objects(1 + (sigma > 2), reference=1.5)]
        [(1, 'sharp'), (2, 'blurred')]
        """
        rows = []
        for one in objects_in(self, labels):
            at = {"channel" if axis == "c" else axis: n + 1 for axis, n in one.plane.provenance["at"].items()}
            rows.append(at | object_columns(one.label, one.summary(reference)))
        return rows

    def blurred_regions(
        self, reference: Reference | OpticsLimit | float, *, step: int = 16, downsample: float = 1.0
    ) -> dict[str, Any]:
        """Outlines of the blurred places, as GeoJSON that QuPath reads.

        Parameters
        ----------
        reference : Reference, OpticsLimit or float
            What counts as sharp; a number is a limit in pixels of sigma.
        step : int, default=16
            Edge of the cells, pixels: one of which at least 20 % was judged, and of that more than half blurred,
            counts as a whole.
        downsample : float, default=1
            Pixels of the full resolution a pixel of the map, where it was made of a smaller level of a pyramid.

        Returns
        -------
        dict
            A FeatureCollection, ready for JSON: an annotation of the class "Blurred" for each connected region, a
            polygon with its holes, in pixels (x, y) of the full resolution from the picture's upper left corner. Of a
            stack, each has its ``plane``. A lazy map is read piece by piece.

        Raises
        ------
        BlurMapError
            If the map cannot be compared with the reference, or an argument is none.

        Examples
        --------
        >>> import numpy as np
        >>> from napari_blurmap import BlurMap
        >>> sigma = np.repeat([[1.0, 3.0]], 64, axis=0).repeat(32, axis=1)
        >>> m = BlurMap(sigma, 0.1 * sigma, 0 * sigma, axes="yx", scale=(1, 1), units=("px", "px"), provenance={})
        >>> m.blurred_regions(1.5)["features"][0]["geometry"]["coordinates"]
        [[[32.0, 64.0], [32.0, 0.0], [64.0, 0.0], [64.0, 64.0], [32.0, 64.0]]]
        """

        def threshold(plane: Maps) -> float:
            sharp = as_reference(resolved(reference, plane))
            if note := other_zero(str(self.provenance.get("reference", "absolute")), sharp):
                raise BlurMapError(note)
            return sharp.threshold

        step = whole("step", step, least=1)
        times = number("downsample", downsample, "a number of pixels above 0", above=0)
        return blurred_regions(self, threshold, step, times)

    def _mask(self, where: Array) -> Array:
        mask = as_array(where, "where")
        if mask.dtype != bool or mask.shape not in (self.sigma.shape, self.sigma.shape[-2:]):
            raise BlurMapError(
                f"where is an array of {mask.dtype}, shape {mask.shape}; expected bool, True for the pixels that "
                f"count, in the map's shape {self.sigma.shape}, or one plane of it."
            )
        if not mask.any():
            raise BlurMapError("No pixel is True in where, so there is nothing to summarize.")
        return mask
