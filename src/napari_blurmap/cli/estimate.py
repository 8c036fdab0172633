"""`napari-blurmap estimate`: maps of many pictures."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import BlurMapError
from .cluster import threads_of
from .files import without_maps, work_through
from .options import Axes, Device, Interrupt, Json, ModelName, usable_model
from .output import progress, say
from .reference import Sharp, compared
from .regions import write_regions

if TYPE_CHECKING:
    from ..batch.journal import Done
    from ..picture.sensor import GivenNoise


def estimate(
    files: Annotated[
        list[str],
        typer.Argument(help="Pictures, patterns in quotes ('plate/*.tif'), folders, lists of files (.txt, or -)."),
    ],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the maps.")] = None,
    table: Annotated[Path | None, typer.Option(help="Figures of all pictures: a .csv or .parquet.")] = None,
    report: Annotated[Path | None, typer.Option(help="With --table: a page of plates and pictures, .html.")] = None,
    pattern: Annotated[
        str | None, typer.Option(help="What names tell: a regular expression with groups well, site, channel, ...")
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(help="With --table: objects to measure; a label image, or a folder or pattern of them."),
    ] = None,
    geojson: Annotated[
        bool, typer.Option("--geojson", help="With --out: blurred regions as <stem>.blurred.geojson, for QuPath.")
    ] = False,
    model: ModelName = "default",
    device: Device = "auto",
    tile: Annotated[int | None, typer.Option(min=1, help="Edge of the tiles, pixels.")] = None,
    noise: Annotated[
        str, typer.Option(help="Of the camera: auto, grey levels (standard deviation), or GAIN/OFFSET/READ_NOISE.")
    ] = "auto",
    axes: Axes = None,
    pixel_size: Annotated[float | None, typer.Option(help="Pixel size, instead of the file's own.")] = None,
    unit: Annotated[str | None, typer.Option(help="Unit of --pixel-size; um if not given.")] = None,
    na: Annotated[float | None, typer.Option("--na", help="Numerical aperture, for the optics limit.")] = None,
    wavelength: Annotated[float | None, typer.Option(help="In nm, such as 520, for the optics limit.")] = None,
    index: Annotated[
        float | None, typer.Option("--refractive-index", help="Of the immersion medium; 1 (air) if not given.")
    ] = None,
    mode: Annotated[
        str | None, typer.Option(help="widefield, confocal, spinning disk or two-photon; widefield if not given.")
    ] = None,
    excitation: Annotated[float | None, typer.Option(help="Excitation wavelength in nm; not for widefield.")] = None,
    pinhole: Annotated[float | None, typer.Option(help="Diameter in Airy units; confocal and spinning disk.")] = None,
    sharp_factor: Annotated[
        float | None, typer.Option(help="How many times the optics limit still is sharp; 1.5 if not given.")
    ] = None,
    limit: Annotated[float | None, typer.Option(help="Largest sigma (px) that counts as sharp.")] = None,
    sharp: Annotated[
        str | None, typer.Option(help="What counts as sharp: a picture, or 'tenth', the sharpest tenth of a channel.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Pictures side by side, a thread each.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a dask scheduler whose workers do it; maps are then OME-Zarr.")
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace results that exist.")] = False,
    as_json: Json = False,
) -> None:
    """Estimate pictures and write <stem>.sigma.ome.tif with its <stem>.blurmap.json, and a table of all.

    Pictures that an earlier run has done with the same model are not done again.
    """
    from ..batch.job import Job, usual_workers
    from ..batch.labels import pair_labels
    from ..batch.names import name_pattern
    from ..batch.outcome import open_journal, write_outcome
    from ..batch.rows import compare_rows, outcome_line, rows_of, sharpest
    from ..batch.sources import find_files, result_names
    from ..io.folders import make_folder

    if unit is not None and pixel_size is None:
        raise typer.BadParameter("--unit is the unit of --pixel-size: give both, or neither to use the file's own")
    if out is None and table is None:
        raise typer.BadParameter("give --out for maps, --table for a table, or both")
    if sharp is not None and (na is not None or limit is not None):
        raise typer.BadParameter("--sharp, --limit and the optics limit all say what counts as sharp; give one of them")
    if table is None and (report or sharp or pattern or labels):
        raise typer.BadParameter("--report, --sharp, --pattern and --labels belong to the table: give --table too")
    if geojson and (out is None or (na is None and limit is None)):
        raise typer.BadParameter("--geojson needs --out, and what counts as sharp: --na and --wavelength, or --limit")
    if scheduler is not None and out is None:
        raise typer.BadParameter("the workers of --scheduler write the maps: give --out, a folder that they all see")
    limit_of = Sharp(na, wavelength, index, limit, mode, excitation, pinhole, sharp_factor)
    known_noise = _noise(noise)
    patterns = name_pattern(pattern)
    found, left_out = find_files(files)
    for file in left_out:
        say(f"{file}: left out, it is no picture.")
    pictures = without_maps(found)
    pairs = {} if labels is None else pair_labels(labels, pictures)
    if labels is not None:
        pictures = list(pairs)
        for file in (file for file, own in pairs.items() if own is None):
            say(f"{file}: no label image has its name, so none of its objects is measured.")
    loaded = usable_model(model, device)
    if out is not None:
        make_folder(out)
    stop = Interrupt()
    given = {"axes": axes, "pixel_size": pixel_size, "unit": (unit or "um") if pixel_size is not None else None}
    how = {"device": device, "tile": tile or "auto", "noise": known_noise}
    names = dict(zip(pictures, result_names(pictures), strict=True))
    job = Job(
        loaded,
        names,
        given,
        how,
        figures=lambda found: compared(found, limit_of)["summary"],
        out=out,
        journal=None if table is None else open_journal(table, pictures, overwrite=overwrite),
        overwrite=overwrite,
        tell=say,
        labels={file: own for file, own in pairs.items() if own is not None},
        progress=(lambda file: progress(file.name)) if len(pictures) == 1 else (lambda file: None),
        cancel=stop,
        cluster=scheduler is not None,
    )

    of_pictures = None
    if sharp is not None and sharp != "tenth":
        file = Path(sharp)
        done = replace(job, names={file: Path(file.stem)}, out=None, journal=None, labels={})(file)
        of_pictures = sharpest(rows_of([file], {done.file: done}, {}, patterns), f"blur of {file.name}")
    finished: dict[str, Done] = {}

    def work(file: Path) -> tuple[dict[str, Any], str]:
        done = finished[os.path.abspath(file)] = job(file)
        entry, text = _told(file, done, limit_of)
        if geojson and done.result is not None and "problem" not in entry:
            entry["regions"], words = write_regions(Path(done.result), limit_of, entry["summary"])
            text += f"\n  {words}"
        return entry, text

    def finish(errors: dict[Path, str]) -> None:
        if table is None:
            return
        rows = rows_of(pictures, job.known() | finished, errors, patterns)
        tenth = sharpest(rows, "sharpest tenth", 0.1) if sharp == "tenth" else None
        compare_rows(rows, of_pictures or tenth or (lambda found, channel: limit_of.of(found)))
        for path in write_outcome(rows, table, report):
            say(f"{path} was written: {outcome_line(rows)}." if path.suffix == table.suffix else f"{path} was written.")

    side_by_side = workers or (usual_workers(pictures) if device in ("auto", "cpu") else 1)
    with nullcontext(side_by_side) if scheduler is None else threads_of(scheduler) as threads:
        count = workers or threads
        work_through(pictures, work, stop, as_json=as_json, lacking="problem", workers=count, finish=finish)


def _told(file: Path, done: Done, sharp: Sharp) -> tuple[dict[str, Any], str]:
    """Figures and words of a picture."""
    result = {} if done.result is None else {"result": done.result}
    entry = {"file": str(file), **result, **done.about, **compared(done.whole, sharp)}
    lines = [f"{file}: {entry['line']}", *([f"  read as {entry['axes']}"] if "axes" in entry else [])]
    if done.channels:
        entry["channels"] = [compared(channel, sharp) for channel in done.channels]
        of = len(done.channels)
        lines += [f"  channel {n} of {of}: {one['line']}" for n, one in enumerate(entry["channels"], start=1)]
    if "problem" in entry:
        what = "the map was written, " if result else ""
        say(f"{file}: {what}without a comparison: {entry['problem']}")
    return entry, "\n".join(lines)


def _noise(typed: str) -> GivenNoise:
    from ..picture.sensor import typed_noise

    try:
        return typed_noise(typed)
    except BlurMapError as error:
        raise typer.BadParameter(str(error)) from error
