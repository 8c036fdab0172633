"""Many pictures, one call: maps, a table and a report of all of them."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..errors import BlurMapError, Cancelled
from ..ground.arguments import WRONG, as_path, callback, flag, shown, whole
from ..ground.progress import Pace
from ..io.folders import make_folder
from ..io.places import short_name
from ..models.devices import find_device
from ..models.registry import load_model
from ..models.side_by_side import one_thread
from ..picture.stack import SMALLEST, as_stack
from .image_sets import alike_line
from .job import Job, run, usual_workers, words_of
from .labels import pair_labels, without_others
from .names import name_pattern
from .outcome import open_journal, write_outcome
from .reference import compared, limit_of, reference_for
from .rows import columns_of, compare_rows, outcome_line, rows_of, sharpest
from .sources import find_files, result_names, without_maps

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from os import PathLike

    from ..ground.progress import Cancel, Progress
    from ..models.model import Model
    from ..picture.sensor import GivenNoise
    from ..result.reference import Reference
    from .journal import Done
    from .rows import ReferenceOf


@dataclass(frozen=True)
class Batch:
    """What came out of many pictures.

    Parameters
    ----------
    rows : list of dict
        A row a picture, plane and channel, with the columns of the table: ``pandas.DataFrame(batch.rows)``.
    errors : dict
        Why a picture failed, by its file.
    written : list of Path
        Table, image sets, objects and report, those that there are; of the maps each row has its ``result``.
    notes : list of str
        What else was said of the files, such as which were left out.
    """

    rows: list[dict[str, Any]]
    errors: dict[Path, str]
    written: list[Path]
    notes: list[str]

    @property
    def counts(self) -> Counter[str]:
        """How many rows "pass", "fail" and are for "review"; under "" those with nothing to compare with."""
        return Counter(row["outcome"] or "" for row in self.rows)


def estimate_batch(
    files: str | PathLike[str] | Iterable[str | PathLike[str]],
    *,
    out: str | PathLike[str] | None = None,
    table: str | PathLike[str] | None = None,
    report: str | PathLike[str] | None = None,
    pattern: str | None = None,
    labels: str | PathLike[str] | None = None,
    model: str | PathLike[str] | Model = "default",
    device: str = "auto",
    tile: int | Literal["auto"] = "auto",
    noise: GivenNoise = "auto",
    axes: Sequence[str] | None = None,
    channel_axis: int | None = None,
    pixel_size: float | tuple[float, float] | None = None,
    unit: str | None = None,
    reference: float | Reference | Mapping[str, Any] | str | PathLike[str] | None = None,
    workers: int | None = None,
    overwrite: bool = False,
    cluster: bool = False,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    tell: Callable[[str], None] | None = None,
    update: Callable[[Path, Done | str], None] | None = None,
) -> Batch:
    """Estimate many pictures, and say which of them are sharp; ``napari-blurmap estimate`` and the panel do this.

    A picture that fails does not end the others. Pictures that an earlier call has done with the same model, and kept
    beside its table or as maps, are not done again.

    Parameters
    ----------
    files : path or iterable of paths
        Pictures; patterns such as ``"plate/**/*.tif"``; folders, looked into with all folders in them; text files
        (``.txt``) with a path a line.
    out : path, optional
        Folder for the maps, ``<stem>.sigma.ome.tif`` each; not kept where it is not given.
    table : path, optional
        The rows as a ``.csv`` or ``.parquet``, with ``NAME.image_sets.csv`` beside it.
    report : path, optional
        A page of plates and pictures, ``.html``.
    pattern : str, optional
        What names tell: a regular expression with groups such as ``well``, ``site`` and ``channel``. By default the
        names of the common makers are known.
    labels : path, optional
        Objects to measure: a label image, or a folder or pattern of them; they get a table of their own beside
        ``table``.
    model : str, path-like or Model, default="default"
        As `estimate_blur` takes it, and so are ``device``, ``tile``, ``noise``, ``axes``, ``channel_axis``,
        ``pixel_size`` and ``unit``, the same for all pictures.
    device, tile, noise, axes, channel_axis, pixel_size, unit
        See ``model``.
    reference : float, Reference, dict, path or "tenth", optional
        What counts as sharp: the largest sigma in pixels; the optics limit for the pixels and channels of each
        picture, ``{"na": 0.8, "wavelength": 520}``, as `OpticsLimit` takes it, or with wavelengths by the names that
        files have for channels, ``{"DAPI": 450, "FITC": 520}``; a picture; or the sharpest tenth of each channel.
    workers : int, optional
        Pictures side by side, a thread each.
    overwrite : bool, default=False
        Replace results that exist.
    cluster : bool, default=False
        Let the workers of the client of dask.distributed in use do all work; needs ``out``, and maps are OME-Zarr.
    progress : callable, optional
        ``progress(done, total, message)``.
    cancel : callable, optional
        ``cancel() -> bool``.
    tell : callable, optional
        Takes what is said of the files, as soon as it is known.
    update : callable, optional
        ``update(file, found)`` after every picture, with what was kept of it, or, as text, why it failed.

    Returns
    -------
    Batch
        The rows, and why others failed.

    Raises
    ------
    BlurMapError
        If there is no picture, something cannot be written, or an argument is impossible.
    Cancelled
        When ``cancel()`` returned True; holds the `Batch` of what was done, which is written, too.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> import numpy as np
    >>> import tifffile
    >>> import napari_blurmap as nb
    >>> folder, texture = mkdtemp(), np.random.default_rng(0).random((128, 128))
    >>> for well, sigma in {"A01": 2.0, "A02": 5.0}.items():
    ...     tifffile.imwrite(f"{folder}/{well}.tif", nb.apply_blur(texture, sigma))
    >>> batch = nb.estimate_batch(folder, reference=3.0)
    >>> [(row["Metadata_Well"], row["outcome"]) for row in batch.rows]
    [('A01', 'pass'), ('A02', 'fail')]
    """
    places = {"out": out, "table": table, "report": report}
    folder, rows_to, page = (None if place is None else as_path(name, place) for name, place in places.items())
    if workers is not None:
        whole("workers", workers, least=1)
    if flag("cluster", cluster) and out is None:
        raise BlurMapError("The workers of a cluster write the maps: give out, a folder that they all see.")
    if page is not None and (not page.name or page.is_dir()):
        raise BlurMapError(f"report is {shown(report)}; expected the name of a page, such as report.html.")
    callback("tell", tell)
    callback("update", update)
    limit, patterns, notes = limit_of(reference), name_pattern(pattern), list[str]()

    def say(text: str) -> None:
        notes.append(text)
        if tell is not None:
            tell(text)

    size: dict[str, Any] = {"pixel_size": pixel_size, "unit": None if pixel_size is None else unit or "um"}
    as_stack(np.empty((SMALLEST, SMALLEST)), **size)  # says what is wrong once, not of each picture
    pictures, own_labels = _pictures(files, labels, say)
    find_device(device)
    with one_thread():
        loaded = load_model(model)
    for place in (folder, page and page.parent):
        if place is not None:
            make_folder(place)
    count = workers or (usual_workers(pictures) if device in ("auto", "cpu") else 1)
    pace = Pace(len(pictures), progress, cancel)
    job = Job(
        loaded,
        dict(zip(pictures, result_names(pictures), strict=True)),
        {"axes": axes, "channel_axis": channel_axis} | size,
        {"device": device, "tile": tile, "noise": noise},
        figures=lambda found: compared(found, limit)["summary"],
        out=folder,
        journal=None if rows_to is None else open_journal(rows_to, pictures, overwrite=flag("overwrite", overwrite)),
        overwrite=flag("overwrite", overwrite),
        tell=say,
        labels=own_labels,
        progress=lambda file: pace.within if count == 1 else None,
        cancel=cancel or (lambda: False),
        cluster=cluster,
    )
    sharp = _sharp_picture(reference, job, patterns)
    errors: dict[Path, str] = {}
    try:
        stopped = _work(job, pictures, count, pace, errors, update)
    finally:  # also of what Ctrl-C ends
        rows = rows_of(pictures, job.known(), errors, patterns)
        tenth = sharpest(rows, "sharpest tenth", 0.1) if reference == "tenth" else None
        compare_rows(rows, sharp or tenth or (lambda found, channel: reference_for(found, limit, channel)))
        written = write_outcome(rows, rows_to, page)
        for path in written:
            say(
                f"{path} was written: {outcome_line(row.outcome for row in rows)}."
                if path == written[0]
                else f"{path} was written."
            )
        if rows_to is not None and (line := alike_line(rows)):
            say(line)
    batch = Batch([columns_of(row) for row in rows], errors, written, notes)
    if stopped:
        raise Cancelled(batch)
    return batch


def _pictures(files: Any, labels: Any, say: Callable[[str], None]) -> tuple[list[Path], dict[Path, Path]]:
    """The pictures that are meant, and the label images of those that have one."""
    if isinstance(files, str | os.PathLike):
        files = [files]
    try:
        several = iter(files)
    except WRONG as error:
        raise BlurMapError(
            f"files is {shown(files)}; expected the path of a picture or a folder, or several."
        ) from error
    found, left_out = find_files(several)
    for file in left_out:
        say(f"{file}: left out, it is no picture.")
    pictures = without_maps(found, say)
    pairs = {} if labels is None else pair_labels(str(as_path("labels", labels)), pictures)
    pictures = without_others(list(pairs) or pictures, say)
    for file in (file for file in pictures if file in pairs and pairs[file] is None):
        say(f"{file}: no label image has its name, so none of its objects is measured.")
    return pictures, {file: own for file, own in pairs.items() if own is not None}


def _sharp_picture(reference: Any, job: Job, patterns: Sequence[re.Pattern[str]]) -> ReferenceOf | None:
    """What counts as sharp, where that is a picture."""
    if reference == "tenth" or not isinstance(reference, str | os.PathLike):
        return None
    file = as_path("reference", reference)
    try:
        done = replace(job, names={file: short_name(file)}, out=None, journal=None, labels={}, by_plane=False)(file)
    except Cancelled as cancelled:
        raise Cancelled(Batch([], {}, [], [])) from cancelled
    rows = rows_of([file], {done.file: done}, {}, patterns)
    named = any(row.told.get("channel") or row.measured is None or row.measured.channel is not None for row in rows)
    return sharpest(rows, f"blur of {file.name}", of_any_channel=not named)


def _work(
    job: Job,
    pictures: Sequence[Path],
    workers: int,
    pace: Pace,
    errors: dict[Path, str],
    update: Callable[[Path, Done | str], None] | None,
) -> bool:
    """Do all pictures, and fill in why some failed; whether it was stopped."""
    pace.message = f"0 of {len(pictures)} pictures"
    pace.within(0, 1)
    for file, found in run(job, pictures, workers):
        if isinstance(found, Cancelled):
            return True
        if isinstance(found, Exception):
            errors[file] = found = words_of(found)
        if update is not None:
            update(file, found)
        pace.done += 1
        pace.message = f"{pace.done} of {len(pictures)} pictures"
        pace.within(0, 1)
        if job.cancel():
            return True
    return False
