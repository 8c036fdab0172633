"""Saving and loading of results: which format, where the sidecar lies, and never half a file."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ..errors import BlurMapError
from ..ground.arguments import as_path, flag
from ..ground.arrays import is_lazy
from ..ground.version import VERSION
from . import sidecar
from .atomic import replacing
from .ome_tiff import read_ome_tiff, write_ome_tiff
from .ome_zarr import describe, is_described, is_own, read_ome_zarr, write_ome_zarr
from .plain_text import without_folders

if TYPE_CHECKING:
    from os import PathLike

    from ..ground.progress import Pace

TIFF, ZARR = ".sigma.ome.tif", ".sigma.ome.zarr"


def save_result(
    path: str | PathLike[str],
    arrays: dict[str, Any],
    header: dict[str, Any],
    *,
    overwrite: bool = False,
    pace: Pace | None = None,
) -> Path:
    """Write a result and its sidecar, both or neither.

    Parameters
    ----------
    path : path
        ``NAME.sigma.ome.tif`` or ``NAME.sigma.ome.zarr``.
    arrays : dict
        sigma, uncertainty and status, shape (..., Y, X), numpy or dask.
    header : dict
        axes, shape, scale, units, translate, affine, colormap, provenance; of
        the picture's path only its name is written.
    overwrite : bool, default=False
        Replace what is there.
    pace : Pace, optional
        Counts the steps of what is computed for a Zarr.

    Returns
    -------
    pathlib.Path
        The path written.

    Raises
    ------
    BlurMapError
        If the name is another one, something is there already, or writing
        fails; then what was there is unchanged.

    Notes
    -----
    Whatever ends the writing of lazy arrays into a Zarr, what was computed stays (`partial_path`), and the same call
    goes on from there.
    """
    data = as_path("path", path)
    beside = sidecar_path(data)
    header = header | {"id": uuid4().hex, "provenance": without_folders(header["provenance"])}
    text = sidecar.dump_header(header, data.name)
    kept = partial_path(data) if data.name.endswith(ZARR) and is_lazy(*arrays.values()) else None
    try:
        _check_free(data, beside, overwrite)
        with replacing(data, beside, kept=kept) as (new_data, new_beside):
            if data.name.endswith(TIFF):
                write_ome_tiff(new_data, arrays, header, data.name)
            elif kept is None:
                write_ome_zarr(new_data, arrays, header, data.name, pace)
            else:
                part = _partial(header, arrays)
                _take(kept, new_data, part, data.name, overwrite)
                write_ome_zarr(new_data, arrays, part, data.name, pace)
                describe(new_data, header, data.name)
            new_beside.write_text(text, encoding="utf-8")
    except OSError as error:
        left = "nothing was changed" if kept is None or not kept.exists() else f"what was done is kept in {kept}"
        raise BlurMapError(
            f"{data} could not be written ({error}); {left}. Check that the folder exists, may "
            "be written to and has room, or choose another one."
        ) from error
    return data


def partial_path(path: Path) -> Path:
    """Where a part of a result stays until there is the whole.

    Examples
    --------
    >>> partial_path(Path("a.sigma.ome.zarr")).name
    'a.partial.sigma.ome.zarr'
    """
    ending = ZARR if path.name.endswith(ZARR) else TIFF
    return path.with_name(f"{path.name.removesuffix(ending)}.partial{ending}")


def _partial(header: dict[str, Any], arrays: dict[str, Any]) -> dict[str, Any]:
    """The description of a part, which is the same only where the rest would be: dask names what it computes so."""
    from dask.base import tokenize

    key = tokenize(VERSION, *arrays.values())
    return header | {"id": key, "provenance": header["provenance"] | {"partial": True}}


def _take(kept: Path, data: Path, header: dict[str, Any], file: str, overwrite: bool) -> None:
    """Go on with what an earlier run has left, if the rest of it is the same."""
    if not kept.exists():
        return
    if is_described(kept, header, file):
        os.replace(kept, data)
    elif overwrite and is_own(kept):
        shutil.rmtree(kept)
    else:
        raise BlurMapError(
            f"{kept} holds a part of another picture or of one with other settings, and was left as it is. Choose "
            "another name, move it away, or overwrite it (overwrite=True)."
        )


def is_result(path: Path) -> bool:
    """Whether a file's name is that of a result or of its sidecar.

    Examples
    --------
    >>> is_result(Path("a.sigma.ome.tif")), is_result(Path("a.ome.tif"))
    (True, False)
    """
    return path.name.lower().endswith((TIFF, ZARR, sidecar.SUFFIX))


def sidecar_path(path: Path) -> Path:
    """Path of the ``.blurmap.json`` that belongs to a result.

    Parameters
    ----------
    path : pathlib.Path
        ``NAME.sigma.ome.tif`` or ``NAME.sigma.ome.zarr``.

    Returns
    -------
    pathlib.Path
        ``NAME.blurmap.json`` in the same folder.

    Raises
    ------
    BlurMapError
        If the name is another one.

    Examples
    --------
    >>> sidecar_path(Path("a.sigma.ome.tif")).name
    'a.blurmap.json'
    """
    for ending in (TIFF, ZARR):
        stem = path.name.removesuffix(ending)
        if stem not in ("", path.name):
            return path.with_name(stem + sidecar.SUFFIX)
    stem = path.name.split(".")[0] or "map"
    raise BlurMapError(f"{path} is no name for a result; use one that ends in {TIFF} or {ZARR}, such as {stem}{TIFF}.")


def _check_free(data: Path, beside: Path, overwrite: bool) -> None:
    if not data.parent.is_dir():
        raise BlurMapError(f"{data} could not be written: there is no folder {data.parent}. Create it first.")
    taken = [path for path in (data, beside) if path.exists()]
    if taken and not flag("overwrite", overwrite):
        raise BlurMapError(
            f"{taken[0]} exists already and was left as it is. Choose another name, or overwrite it (overwrite=True)."
        )
    is_folder = data.name.endswith(ZARR)
    if data.exists() and (data.is_dir() != is_folder or (is_folder and not is_own(data))):
        raise BlurMapError(f"{data} exists and is no result, so it is not replaced. Choose another name.")
    if beside.is_dir():
        raise BlurMapError(f"{beside} is a folder, so it is not replaced. Choose another name.")


def load_result(path: str | PathLike[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read a result by the path of its data or of its sidecar.

    Parameters
    ----------
    path : path
        ``.sigma.ome.tif``, ``.sigma.ome.zarr`` or ``.blurmap.json``; the data
        may also have been renamed to another ``.tif`` or ``.zarr``.

    Returns
    -------
    arrays : dict
        sigma, uncertainty and status; numpy from TIFF, dask from Zarr.
    header : dict
        As given to `save_result`. The sidecar wins over the data; without one
        the copy inside the data is used, without that the OME metadata.

    Raises
    ------
    BlurMapError
        If it is missing, damaged, no result, or of a newer version.
    """
    given = as_path("path", path)
    if not given.exists():
        raise BlurMapError(f"{given} does not exist; give a {TIFF}, {ZARR} or {sidecar.SUFFIX}.")
    if given.name.lower().endswith(sidecar.SUFFIX):
        header: dict[str, Any] | None = sidecar.read_sidecar(given)
        data = _data_of(given, str(header and header["file"]))
    else:
        data = given
        header = _sidecar_of(given)
    if data.is_dir():
        return read_ome_zarr(data, header)
    return read_ome_tiff(data, header)


def _data_of(beside: Path, file: str) -> Path:
    """Find the data that a sidecar names, or that has its name where both were renamed."""
    stem = beside.name[: -len(sidecar.SUFFIX)]
    for name in (file, stem + TIFF, stem + ZARR):
        if (beside.parent / name).exists():
            return beside.parent / name
    raise BlurMapError(f"{beside} describes {file}, which is not beside it; put them into one folder.")


def _sidecar_of(data: Path) -> dict[str, Any] | None:
    """Read the sidecar of that name, unless it describes another file that is there."""
    try:
        beside = sidecar_path(data)
    except BlurMapError:
        return None
    if not beside.exists():
        return None
    header = sidecar.read_sidecar(beside)
    other = data.parent / header["file"]
    return None if header["file"] != data.name and other.exists() else header
