"""Figures of a map: of all of it, of a part, of every object in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError
from ..ground.arrays import as_array
from ..ground.units import unit_label
from .objects import object_columns, objects_in
from .sampling import NOT_ASKED
from .shape import Shaped
from .summary import summarize

if TYPE_CHECKING:
    from ..ground.status import Array
    from .reference import Reference


class Figured(Shaped):
    """Figures of maps."""

    def summary(self, reference: Reference | float | None = None, where: Array | None = None) -> dict[str, Any]:
        """Figures of the map: coverage, medians, shares and a verdict.

        Parameters
        ----------
        reference : Reference or float, optional
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
        return self.figures(reference, mask=None if where is None else self._mask(where))

    def figures(
        self, reference: Reference | float | None, box: tuple[slice, ...] = (), mask: Array | None = None
    ) -> dict[str, Any]:
        """What `summary` says of the pixels of a mask in a box of the last axes."""
        status = self.status[(..., *box)]
        return summarize(
            self.sigma[(..., *box)],
            self.uncertainty[(..., *box)],
            status if mask is None else np.where(mask, status, NOT_ASKED),
            reference=reference,
            pixel_length=self.pixel_side,
            unit=unit_label(str(self.unit)),
            zero=str(self.provenance.get("reference", "absolute")),
            shape=[values[(..., *box)] for values in self.ellipticities],
            sensor_notes=self.sensor_notes,
        )

    def objects(self, labels: Array, reference: Reference | float | None = None) -> list[dict[str, Any]]:
        """Figures of every object of a label image, as a table.

        Parameters
        ----------
        labels : array of int, shape (..., Y, X) or (Y, X)
            The number of the object that each pixel belongs to, 0 for none. With fewer axes than the map it counts
            for every plane.
        reference : Reference or float, optional
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
