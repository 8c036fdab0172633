"""`napari-blurmap check`: how well a model reads known blurs of one's own pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import BlurMapError, Cancelled
from .files import Outcomes
from .options import Axes, Device, Interrupt, Json, ModelName, usable_model
from .output import TimeLeft, progress, say


def check(
    files: Annotated[list[Path], typer.Argument(help="Pictures, as sharp as you can get them.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for drawings and figures.")] = None,
    model: ModelName = "default",
    sigma: Annotated[list[float] | None, typer.Option(help="A blur to add, px; may be given several times.")] = None,
    region: Annotated[
        tuple[int, int, int, int] | None, typer.Option(help="Rows from and to, columns from and to.")
    ] = None,
    plane: Annotated[list[int] | None, typer.Option(help="Index along a leading axis; once for each of them.")] = None,
    device: Device = "auto",
    axes: Axes = None,
    seed: Annotated[int, typer.Option(help="Seed of the noise that is added.")] = 0,
    overwrite: Annotated[bool, typer.Option(help="Replace files that exist.")] = False,
    as_json: Json = False,
) -> None:
    """Blur your own pictures by known amounts and print how well the model reads them.

    With --out also writes <stem>.check.png and <stem>.check.json.
    """
    from ..batch.job import run, words_of
    from ..batch.sources import without_maps
    from ..io.folders import make_folder
    from ..io.places import short_name

    files = without_maps(files, say)
    loaded = usable_model(model, device)
    if out is not None:
        make_folder(out)
    stop, names = Interrupt(), set[str]()
    options: dict[str, Any] = {"model": loaded, "sigmas": sigma or None, "device": device, "seed": seed}
    options |= {"axes": axes, "plane": plane or None, "region": region, "cancel": stop}

    def work(file: Path) -> tuple[dict[str, Any], str]:
        name = "-".join(short_name(file).parts)
        if out is not None and name in names:
            raise BlurMapError(f"Another picture is called {name}, too. Rename it, or check it by itself.")
        done = _check(file, out, options, overwrite)
        names.add(name)
        return done

    left = TimeLeft()
    with Outcomes(as_json) as outcomes:
        for file, found in run(work, files, 1):
            if isinstance(found, Exception):
                outcomes.fail(file, words_of(found))
            else:
                outcomes.add(*found)
            if stop():
                say("Interrupted; the last check holds what was done until then.")
                break
            if len(files) > 2:
                left(outcomes.count, len(files), f"{outcomes.count} of {len(files)} pictures")
    outcomes.end(interrupted=stop())


def _check(file: Path, out: Path | None, options: dict[str, Any], overwrite: bool) -> tuple[dict[str, Any], str]:
    """Check one picture, and write its files where they are wanted; of a stopped check as partial ones."""
    from ..batch.sources import read
    from ..checking.check import check_on_image
    from ..checking.figure import check_paths, save_check
    from ..io.places import short_name

    name = "-".join(short_name(file).parts)
    if out is not None:
        check_paths(out, name, overwrite=overwrite)  # before the work, not after it
    picture, about = read(file, say)
    try:
        found = check_on_image(picture, progress=progress(file.name), **options)
    except Cancelled as cancelled:
        found, name, overwrite = cancelled.partial, f"{name}.partial", True
    entry = {"file": str(file), **about, **found.to_dict()}
    if out is not None:
        drawing, figures = save_check(found, out, name, title=file.name, overwrite=overwrite)
        entry |= {"figure": str(drawing), "figures": str(figures)}
    return entry, f"{file}\n{found.text()}\n"
