"""The objects of a label image: which pixels of a map each has, and its row in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.ndimage import find_objects

from ..errors import BlurMapError
from ..ground.arrays import as_array, in_memory
from ..ground.units import meters, unit_label, unit_name
from .optics_limit import resolved
from .sampling import NOT_ASKED
from .summary import summarize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ..ground.status import Array
    from .figures import Figured
    from .optics_limit import Sharp
    from .shape import Shaped

#: Of an object of which less than this was judged, nothing is told.
_LEAST_JUDGED = 0.2


class Object(NamedTuple):
    """An object in one plane of a map."""

    label: int
    plane: Figured  # in memory
    box: tuple[slice, slice]
    mask: NDArray[np.bool_]  # its pixels in that box

    def summary(self, reference: Sharp = None) -> dict[str, Any]:
        """Its figures, as `napari_blurmap.BlurMap.summary` gives them."""
        return figures_of(self.plane, reference, self.box, self.mask)

    @property
    def maps(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Sigma, uncertainty and status in the box; `NOT_ASKED` beside the object."""
        status = np.where(self.mask, self.plane.status[self.box], NOT_ASKED)
        return self.plane.sigma[self.box], self.plane.uncertainty[self.box], status


def figures_of(m: Shaped, reference: Sharp, box: tuple[slice, ...] = (), mask: Array | None = None) -> dict[str, Any]:
    """What `napari_blurmap.BlurMap.summary` says of the pixels of a mask in a box of the last axes."""
    status = m.status[(..., *box)]
    return summarize(
        m.sigma[(..., *box)],
        m.uncertainty[(..., *box)],
        status if mask is None else np.where(mask, status, NOT_ASKED),
        reference=resolved(reference, m),
        pixel_length=m.pixel_side,
        unit=unit_label(str(m.unit)),
        zero=str(m.provenance.get("reference", "absolute")),
        shape=[values[(..., *box)] for values in m.ellipticities],
        sensor_notes=m.sensor_notes,
        partial=bool(m.provenance.get("partial")),
    )


def objects_in(m: Figured, labels: Array) -> Iterator[Object]:
    """Go through the objects of a label image, plane by plane.

    Parameters
    ----------
    m : Figured
        The map.
    labels : array of int, shape (..., Y, X)
        As `checked_labels` takes them.

    Yields
    ------
    Object
        By label.

    Raises
    ------
    BlurMapError
        If the labels are none of this map, or below 0.
    """
    labels = checked_labels(labels, m.sigma.shape)
    lead = labels.shape[:-2]
    for index in np.ndindex(m.sigma.shape[:-2]):
        plane = m.plane(index).in_memory()
        own = tuple(min(place, size - 1) for place, size in zip(index[len(index) - len(lead) :], lead, strict=True))
        for label, box, mask in _boxes(in_memory(labels[own])):
            yield Object(label, plane, box, mask)


def checked_labels(labels: Array, shape: tuple[int, ...]) -> Array:
    """A label image that fits a map.

    Parameters
    ----------
    labels : array of int
        In the map's shape, or without some of its first axes, or with size 1 along them.
    shape : tuple of int
        Of the map.

    Raises
    ------
    BlurMapError
        If it is of another shape or holds no whole numbers.
    """
    labels = as_array(labels, "labels")
    if labels.dtype.kind not in "ui":
        raise BlurMapError(
            f"labels holds {labels.dtype}; a label image holds whole numbers, 0 where there is no object. Store "
            "them so; in Python give labels.astype(int), or of a mask skimage.measure.label(mask)."
        )
    lead = labels.shape[:-2]
    pairs = zip(lead[::-1], shape[-3::-1], strict=False)
    if len(lead) > len(shape) - 2 or labels.shape[-2:] != shape[-2:] or any(a not in (1, b) for a, b in pairs):
        raise BlurMapError(
            f"The labels have shape {tuple(labels.shape)} and the map {shape}; expected labels of the same picture: "
            "in that shape, or of one plane for all planes."
        )
    return labels


def _boxes(labels: NDArray[Any]) -> Iterator[tuple[int, Any, NDArray[np.bool_]]]:
    """Number, box and pixels in it, of every object of a plane."""
    if (least := int(labels.min())) < 0:
        raise BlurMapError(f"labels holds {least}; objects have numbers above 0, and 0 is where there is none.")
    numbers: Any = range(int(labels.max()) + 1)
    if len(numbers) > labels.size:  # a list of so many would not fit into memory
        numbers = np.union1d(np.zeros(1, labels.dtype), labels)
        labels = np.searchsorted(numbers, labels)
    for n, box in enumerate(find_objects(labels), start=1):
        if box is not None:
            yield int(numbers[n]), box, labels[box] == n


def object_columns(label: int, figures: dict[str, Any]) -> dict[str, Any]:
    """An object's row in a table.

    Parameters
    ----------
    label : int
        Its number.
    figures : dict
        Its summary.

    Returns
    -------
    dict
        ``label``, ``pixels``, `figure_columns` and ``note``. Where less than 20 % of it was judged, ``verdict`` is
        "cannot tell".
    """
    columns = {"label": label, "pixels": figures["pixels"], **figure_columns(figures)}
    if columns["verdict"] is not None and figures["judged_share"] < _LEAST_JUDGED:
        columns["verdict"] = "cannot tell"
    return columns | {"note": " ".join(filter(None, (figures["warning"], figures["note"]))) or None}


def figure_columns(figures: dict[str, Any]) -> dict[str, Any]:
    """What a row of a table says of a picture or a part of one.

    Parameters
    ----------
    figures : dict
        Its summary, or an empty one.

    Returns
    -------
    dict
        Values by column; None where there is none. Columns of pixels end in ``_px``, of micrometres in ``_um``.
    """
    shape = figures.get("axes_of_blur") or {}
    reference = figures.get("reference") or {}
    low, high = figures.get("quartiles_sigma") or (None, None)
    length = meters(unit_name(figures.get("unit")) or "") or 0.0  # of a pixel's unit, m
    width, error = (figures.get(f"median_fwhm_in_unit{end}") for end in ("", "_error"))
    return {
        "judged_share": figures.get("judged_share"),
        "median_sigma_px": figures.get("median_sigma"),
        "median_sigma_error_px": figures.get("median_sigma_error"),
        "quartile_1_sigma_px": low,
        "quartile_3_sigma_px": high,
        "median_fwhm_px": figures.get("median_fwhm"),
        "median_fwhm_error_px": figures.get("median_fwhm_error"),
        "median_fwhm_um": None if width is None else 1e6 * length * width,
        "median_fwhm_error_um": None if error is None else 1e6 * length * error,
        "sigma_major_px": shape.get("major"),
        "sigma_minor_px": shape.get("minor"),
        "angle_degrees": shape.get("angle"),
        "reference": reference.get("name"),
        "reference_sigma_px": reference.get("sigma"),
        "times_reference": figures.get("ratio"),
        "sharp_share": figures.get("sharp_share"),
        "verdict": figures.get("verdict"),
    }
