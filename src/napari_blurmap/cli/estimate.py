"""`napari-blurmap estimate`: maps of many pictures."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import BlurMapError, Cancelled
from .cluster import threads_of
from .files import Outcomes
from .options import Axes, Device, Interrupt, Json, ModelName, usable_model
from .output import TimeLeft, say
from .reference import typed_reference
from .regions import sharp_of, write_regions

if TYPE_CHECKING:
    from ..batch.journal import Done
    from ..batch.reference import Limit
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
    channel_axis: Annotated[
        int | None, typer.Option(help="Axis of the colours, counted from 0, where the file does not name it.")
    ] = None,
    pixel_size: Annotated[float | None, typer.Option(help="Pixel size, instead of the file's own.")] = None,
    unit: Annotated[str | None, typer.Option(help="Unit of --pixel-size; um if not given.")] = None,
    na: Annotated[float | None, typer.Option("--na", help="Numerical aperture, for the optics limit.")] = None,
    wavelength: Annotated[
        str | None,
        typer.Option(
            help="Of the emission in nm, such as 520; for channels 450,520 or DAPI=450,FITC=520; else the files' own."
        ),
    ] = None,
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
    from ..batch.batch import estimate_batch
    from ..batch.names import name_pattern, parts_of
    from ..batch.reference import limit_of, reference_for

    if unit is not None and pixel_size is None:
        raise typer.BadParameter("--unit is the unit of --pixel-size: give both, or neither to use the file's own")
    if out is None and table is None:
        raise typer.BadParameter("give --out for maps, --table for a table, or both")
    if table is None and (report or sharp or pattern or labels):
        raise typer.BadParameter("--report, --sharp, --pattern and --labels belong to the table: give --table too")
    if geojson and (out is None or (na is None and limit is None and sharp is None)):
        raise typer.BadParameter("--geojson needs --out, and what counts as sharp: --na, --limit or --sharp")
    if scheduler is not None and out is None:
        raise typer.BadParameter("the workers of --scheduler write the maps: give --out, a folder that they all see")
    optics = {"refractive_index": index, "mode": mode, "excitation": excitation, "pinhole": pinhole}
    reference = typed_reference(limit, sharp, na=na, wavelength=wavelength, **optics, factor=sharp_factor)
    known, known_noise, loaded = limit_of(reference), _noise(noise), usable_model(model, device)
    names = name_pattern(pattern)
    stop = Interrupt()
    outcomes = Outcomes(as_json)

    def show(file: Path, found: Done | str) -> None:
        if isinstance(found, str):
            outcomes.fail(file, found)
        else:
            channel = parts_of(file.absolute(), names).get("channel")
            whole = found.whole.named(channel)
            entry, text = _told(file, replace(found, whole=whole), known, channel or "1")
            if geojson and known is not None and found.result is not None and "problem" not in entry:
                parts: dict[Any, Any] = dict(enumerate(found.channels, start=1)) or {channel or "1": whole}
                try:
                    sharp: Any = [reference_for(one, known, str(name)) for name, one in parts.items()]
                    entry["regions"], words = write_regions(Path(found.result), sharp)
                    text += f"\n  {words}"
                except BlurMapError as error:
                    outcomes.failed += 1
                    say(f"{file}: {error}")
            outcomes.add(entry, text)
            outcomes.incomplete += "problem" in entry

    with nullcontext() if scheduler is None else threads_of(scheduler) as threads, outcomes, suppress(Cancelled):
        batch = estimate_batch(
            files,
            out=out,
            table=table,
            report=report,
            pattern=pattern,
            labels=labels,
            model=loaded,
            device=device,
            tile=tile or "auto",
            noise=known_noise,
            axes=axes,
            channel_axis=channel_axis,
            pixel_size=pixel_size,
            unit=unit,
            reference=reference,
            workers=workers or threads,
            overwrite=overwrite,
            cluster=scheduler is not None,
            progress=TimeLeft(),
            cancel=stop,
            tell=say,
            update=show,
        )
        for result, limits in sharp_of(batch.rows).items() if geojson and known is None else ():
            say(write_regions(result, limits)[1])
    outcomes.end(interrupted=stop())


def _told(file: Path, done: Done, limit: Limit, channel: str) -> tuple[dict[str, Any], str]:
    """Figures and words of a picture."""
    from ..batch.reference import compared

    result = {} if done.result is None else {"result": done.result}
    entry = {"file": str(file), **result, **done.about, **compared(done.whole, limit, channel)}
    said = {"image": "  image {}", "axes": "  read as {}"}
    lines = [f"{file}: {entry['line']}", *(words.format(entry[key]) for key, words in said.items() if key in entry)]
    if done.channels:
        entry["channels"] = [compared(one, limit, str(n)) for n, one in enumerate(done.channels, start=1)]
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
