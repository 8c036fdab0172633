"""What a blur map must fulfil: shapes that fit together, known axes, statuses from 0 to 5, JSON only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError
from ..ground.arguments import entries, number, shown
from ..ground.arrays import as_array, as_floats, in_memory, is_lazy
from ..ground.status import NUMBERS, OPTIONAL, Array, Status
from ..ground.units import unit_name
from .provenance import checked_provenance

if TYPE_CHECKING:
    from collections.abc import Sequence


def checked_fields(given: dict[str, Any]) -> dict[str, Any]:
    """Bring the fields of a blur map into their final types, or say what is wrong.

    Parameters
    ----------
    given : dict
        Every field of `napari_blurmap.BlurMap` by name, as passed by its user.

    Returns
    -------
    dict
        The same names: float32 and uint8 arrays (numpy, or dask where it was
        dask), tuples of str and float, unit names of pint, a JSON copy.

    Raises
    ------
    BlurMapError
        If they do not fit together.
    """
    done = dict(given)
    for name in NUMBERS:
        done[name] = None if name in OPTIONAL and given[name] is None else as_floats(name, given[name], np.float32)
    done["status"] = _as_status(given["status"])
    done["axes"] = tuple(map(str, entries("axes", given["axes"], "a name for every axis")))
    done["units"] = tuple(unit_name(u) or str(u) for u in entries("units", given["units"], "a unit for every axis"))
    done["scale"] = _numbers("scale", given["scale"])
    for name, convert in (("translate", _numbers), ("affine", _matrix)):
        if given[name] is not None:
            done[name] = convert(name, given[name])
    done["provenance"] = checked_provenance(given["provenance"])
    _check_shapes(done)
    _check_axes(done)
    _check_probabilities(done)
    return done


def _check_shapes(m: dict[str, Any]) -> None:
    given = [name for name in OPTIONAL if m[name] is not None]
    if len(given) not in (0, len(OPTIONAL)):
        raise BlurMapError(f"The shape of the blur is {', '.join(OPTIONAL)} together; got {', '.join(given)} alone.")
    shape = m["sigma"].shape
    if len(shape) < 2 or 0 in shape:
        raise BlurMapError(f"A blur map has at least the axes y and x, none of them empty; this one is {shape}.")
    for name in (*NUMBERS, "status"):
        if m[name] is not None and m[name].shape != shape:
            raise BlurMapError(f"{name} has shape {m[name].shape} but sigma {shape}; they must be the same.")


def _check_axes(m: dict[str, Any]) -> None:
    axes, count = m["axes"], m["sigma"].ndim
    if axes[-2:] != ("y", "x") or len(set(axes)) != len(axes) or any(a != str(a).lower() or not a for a in axes):
        raise BlurMapError(f'axes is {shown(axes)}; expected different lower-case names that end in "y", "x".')
    for name in ("axes", "scale", "units", "translate"):
        if m[name] is not None and len(m[name]) != count:
            raise BlurMapError(f"{name} has {len(m[name])} entries, but the map has {count} axes; give one for each.")
    if m["affine"] is not None and len(m["affine"]) > count + 1:
        raise BlurMapError(f"affine is larger than {count + 1} x {count + 1}, which is all that {count} axes need.")
    if min(m["scale"]) <= 0:
        raise BlurMapError(f"scale is {m['scale']}; the size of a pixel is above 0 along every axis.")
    if m["units"][-1] != m["units"][-2]:
        raise BlurMapError(f"y is in {m['units'][-2]} and x in {m['units'][-1]}; give both in the same unit.")


def _check_probabilities(m: dict[str, Any]) -> None:
    probabilities, grid = m["probabilities"], m["sigma_grid"]
    if (probabilities is None) != (grid is None):
        raise BlurMapError("probabilities and sigma_grid belong together; give both or neither.")
    if probabilities is None:
        return
    probabilities = m["probabilities"] = as_floats("probabilities", probabilities, np.float32)
    grid = m["sigma_grid"] = in_memory(as_floats("sigma_grid", grid))
    lead, shape = m["sigma"].shape[:-2], probabilities.shape
    if np.ndim(grid) != 1 or len(shape) != len(lead) + 3 or shape[:-2] != (*lead, len(grid)):
        raise BlurMapError(
            f"probabilities has shape {shape}; expected {(*lead, np.size(grid), 'h', 'w')}: "
            "the map's leading axes, one entry for each value of sigma_grid, rows and columns."
        )


def _as_status(array: Array) -> Array:
    """Statuses as uint8; those of a lazy map are not looked at."""
    if is_lazy(array):
        return array.astype(np.uint8)
    plain = in_memory(as_array(array, "status"))
    if plain.dtype.kind not in "buif" or (
        plain.size and not (plain.min() >= 0 and plain.max() <= max(Status) and _whole(plain))
    ):
        raise BlurMapError(f"The status of a pixel is a whole number from 0 to {int(max(Status))}; this one is not.")
    return np.asarray(plain.astype(np.uint8, copy=False))


def _whole(array: Array) -> bool:
    return array.dtype.kind != "f" or bool(np.all(array == np.rint(array)))


def _numbers(name: str, values: Sequence[float]) -> tuple[float, ...]:
    what = "one finite number for every axis"
    return tuple(number(name, value, what) for value in entries(name, values, what))


def _matrix(name: str, values: Any) -> list[list[float]]:
    matrix = in_memory(as_floats(name, values))
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
        raise BlurMapError(f"{name} is not a square matrix of finite numbers; leave it out or give a layer's affine.")
    rows: list[list[float]] = matrix.tolist()
    return rows
