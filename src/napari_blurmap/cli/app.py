"""The command line: thin words around the functions of the package."""

from __future__ import annotations

import logging
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import BlurMapError, Cancelled
from .output import print_any_name, progress, say, show

if TYPE_CHECKING:
    from ..checking.report import CheckReport

app = typer.Typer(
    name="napari-blurmap",
    help="How blurred every place of a microscope picture is.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
#: Exit codes: something failed, wrong usage (click's own), interrupted.
FAILED, USAGE, INTERRUPTED = 1, 2, 130

Json = Annotated[bool, typer.Option("--json", help="Print figures as JSON.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]


def main() -> None:
    """Run the command line; what the user can mend is said without a traceback."""
    # What it logs of a damaged file is said again, in our words.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    print_any_name()
    try:
        app()
    except BlurMapError as error:
        say(f"Error: {error}")
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


@app.command()
def demo(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the picture, the drawing and the result.")
    ] = Path("blurmap-demo"),
    viewer: Annotated[bool, typer.Option(help="Open napari afterwards, where there is a screen.")] = True,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Blur a texture by a known map, estimate it, print how well, and show it."""
    from .demo import has_screen, open_napari, run_demo

    done = run_demo(out, device=device)
    found = done.figures
    pixels = done.blurmap.sigma.size / 1e6
    files = {"picture": str(done.picture), "figure": str(done.figure), "result": str(done.result)}
    show(
        asdict(found) | {"seconds": done.seconds, "device": done.blurmap.provenance["device"], **files},
        as_json,
        [
            "Ramp of sigma 0.3 to 3 px over a synthetic texture, 8 bit:",
            f"  RMSE      {found.rmse:.3f} px",
            f"  bias      {found.bias:+.3f} px",
            f"  coverage  {100 * found.coverage:.1f} % of the picture judged",
            f"  time      {done.seconds:.2f} s for {pixels:.2f} Mpx on {done.blurmap.provenance['device']}",
            *(f"  {name:<9} {path}" for name, path in files.items()),
        ],
    )
    if not viewer:
        return
    if not has_screen():
        say("No screen here, so napari was not opened. Open the files above in napari where there is one.")
        return
    process = open_napari(done.picture, done.result.with_name("demo.blurmap.json"), log=out / "napari.log")
    say(f"napari opens in a window of its own (process {process.pid}).")


@app.command()
def estimate(
    files: Annotated[list[Path], typer.Argument(help="Pictures: TIFF, PNG, JPEG, BMP, GIF.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")],
    model: Annotated[str, typer.Option(help="Name of a bundled model, or a model file.")] = "default",
    device: Device = "auto",
    tile: Annotated[int | None, typer.Option(min=1, help="Edge of the tiles, pixels.")] = None,
    axes: Annotated[str | None, typer.Option(help="Axes of the picture without colour, such as TZYX.")] = None,
    pixel_size: Annotated[float | None, typer.Option(help="Instead of the file's own.")] = None,
    unit: Annotated[str | None, typer.Option(help="Of --pixel-size; um if not given.")] = None,
    na: Annotated[float | None, typer.Option("--na", help="Numerical aperture, for the optics limit.")] = None,
    wavelength: Annotated[float | None, typer.Option(help="In nm, such as 520, for the optics limit.")] = None,
    index: Annotated[
        float | None, typer.Option("--refractive-index", help="Of the immersion medium; 1 if not given.")
    ] = None,
    limit: Annotated[float | None, typer.Option(help="Largest sigma (px) that counts as sharp.")] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace results that exist.")] = False,
    as_json: Json = False,
) -> None:
    """Estimate pictures and write <stem>.sigma.ome.tif with its <stem>.blurmap.json."""
    from ..estimate import estimate_blur
    from ..io.folders import make_folder
    from .files import check_map_free, read, without_maps
    from .reference import check_reference, compared

    if unit is not None and pixel_size is None:
        raise typer.BadParameter("--unit is that of --pixel-size; give both, or neither to use the file's own")
    check_reference(na, wavelength, index, limit)
    files = without_maps(files)
    make_folder(out)
    stop = _Interrupt()
    report: list[dict[str, Any]] = []
    written: dict[Path, Path] = {}
    interrupted = False
    for file in files:
        target = out / f"{file.stem}.sigma.ome.tif"
        try:
            check_map_free(target, written, overwrite=overwrite)
            picture, which = read(file)
            found = estimate_blur(
                picture,
                model=model,
                axes=axes,
                pixel_size=pixel_size,
                unit=(unit or "um") if pixel_size is not None else None,
                device=device,
                tile=tile or "auto",
                progress=progress(file.name),
                cancel=stop,
            )
            found.save(target, overwrite=overwrite)
            written[target] = file
            entry = {"file": str(file), "result": str(target), **which}
            entry |= compared(found, na, wavelength, index, limit)
            report.append(entry)
            if "problem" in entry:
                say(f"{file}: the map was written, without a comparison: {entry['problem']}")
        except Cancelled as cancelled:
            partial = out / f"{file.stem}.partial.sigma.ome.tif"
            cancelled.partial.save(partial, overwrite=True)
            say(f"\nInterrupted; what was done of {file.name} is in {partial}.")
            interrupted = True
            break
        except (BlurMapError, OSError) as error:
            report.append({"file": str(file), "error": str(error)})
            say(f"{file}: {error}")
    good = [entry for entry in report if "error" not in entry]
    show({"results": report}, as_json, [f"{entry['file']}: {entry['line']}" for entry in good])
    if interrupted:
        raise typer.Exit(INTERRUPTED)
    failed, alone = len(report) - len(good), sum("problem" in entry for entry in good)
    if failed:
        say(f"{failed} of {len(report)} pictures failed.")
    if alone:
        say(f"{alone} of {len(report)} pictures could not be compared.")
    if failed or alone:
        raise typer.Exit(FAILED)


class _Interrupt:
    """Ctrl-C stops after the tile in hand; a second one stops at once."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGINT, self._ask)

    def _ask(self, *_: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def __call__(self) -> bool:
        return self.asked


@app.command()
def score(
    result: Annotated[Path, typer.Argument(help="A result file (.sigma.ome.tif, .sigma.ome.zarr, .blurmap.json).")],
    truth: Annotated[Path, typer.Argument(help="The true sigma in pixels: a result file, a TIFF or a .npy file.")],
    as_json: Json = False,
) -> None:
    """Compare the judged places of a result with a true map."""
    import numpy as np

    from ..io.results import is_result
    from ..result.blurmap import BlurMap
    from ..result.scores import score as compare
    from .files import read

    which: dict[str, str] = {}
    if is_result(truth):
        known = BlurMap.load(truth).sigma
    elif truth.suffix == ".npy":
        try:
            known = np.load(truth, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise BlurMapError(f"{truth} cannot be read as a .npy file ({error}).") from error
    else:
        picture, which = read(truth)
        known = picture.array
    found = compare(BlurMap.load(result).masked().sigma, known)
    show(asdict(found) | which, as_json, [f"{name:<17} {value:.4g}" for name, value in asdict(found).items()])


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Pictures, as sharp as you can get them.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for drawings and figures.")] = None,
    model: Annotated[str, typer.Option(help="Name of a bundled model, or a model file.")] = "default",
    sigma: Annotated[list[float] | None, typer.Option(help="A blur to add, px; may be given several times.")] = None,
    region: Annotated[
        tuple[int, int, int, int] | None, typer.Option(help="Rows from and to, columns from and to.")
    ] = None,
    plane: Annotated[list[int] | None, typer.Option(help="Index along a leading axis; once for each of them.")] = None,
    device: Device = "auto",
    axes: Annotated[str | None, typer.Option(help="Axes of the picture without colour, such as TZYX.")] = None,
    seed: Annotated[int, typer.Option(help="Of the noise.")] = 0,
    overwrite: Annotated[bool, typer.Option(help="Replace files that exist.")] = False,
    as_json: Json = False,
) -> None:
    """Blur your own pictures by known amounts and print how well the model reads them.

    With --out also writes <stem>.check.png and <stem>.check.json.
    """
    from ..io.folders import make_folder
    from .files import without_maps

    files = without_maps(files)
    if out is not None:
        make_folder(out)
    stop = _Interrupt()
    options: dict[str, Any] = {"model": model, "sigmas": sigma or None, "device": device, "seed": seed, "cancel": stop}
    options |= {"axes": axes, "plane": plane or None, "region": region}
    report: list[dict[str, Any]] = []
    names: set[str] = set()
    for file in files:
        try:
            if out is not None and file.stem in names:
                raise BlurMapError(f"Another picture is called {file.stem}, too. Rename it, or check it by itself.")
            found, entry = _check(file, out, options, overwrite)
            names.add(file.stem)
            report.append(entry)
        except (BlurMapError, OSError) as error:
            report.append({"file": str(file), "error": str(error)})
            say(f"{file}: {error}")
        else:
            if not as_json:
                typer.echo(f"{file}\n{found.text()}\n")
        if stop():
            break
    if as_json:
        show({"results": report}, True, [])
    if stop():
        say("Interrupted; the last check holds what was done until then.")
        raise typer.Exit(INTERRUPTED)
    failed = sum("error" in entry for entry in report)
    if failed:
        say(f"{failed} of {len(report)} pictures failed.")
        raise typer.Exit(FAILED)


def _check(
    file: Path, out: Path | None, options: dict[str, Any], overwrite: bool
) -> tuple[CheckReport, dict[str, Any]]:
    """Check one picture, and write its files where they are wanted; of a stopped check as partial ones."""
    from ..checking.check import check_on_image
    from ..checking.figure import check_paths, save_check
    from .files import read

    name = file.stem
    if out is not None:
        check_paths(out, name, overwrite=overwrite)  # before the work, not after it
    picture, which = read(file)
    try:
        found = check_on_image(picture, progress=progress(file.name), **options)
    except Cancelled as cancelled:
        found, name, overwrite = cancelled.partial, f"{name}.partial", True
    entry = {"file": str(file), **which, **found.to_dict()}
    if out is not None:
        drawing, figures = save_check(found, out, name, title=file.name, overwrite=overwrite)
        entry |= {"figure": str(drawing), "figures": str(figures)}
    return found, entry


@app.command()
def models(as_json: Json = False) -> None:
    """List the bundled models with their cards."""
    from ..models.registry import list_models

    cards = list_models()
    show(
        {name: asdict(info) for name, info in cards.items()},
        as_json,
        [f"{i.card()}\n" for i in cards.values()],
    )


@app.command()
def train(
    images: Annotated[list[Path] | None, typer.Argument(help="Sharp pictures, or folders with some.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The model file to write, .blurmap.safetensors.")
    ] = None,
    architecture: Annotated[str, typer.Option(help="dense, or patch: the thesis's network.")] = "dense",
    init: Annotated[
        str,
        typer.Option(help="Model to start from: a name, a file, or scratch (for --default and --patch: a file)."),
    ] = "default",
    sigma_range: Annotated[tuple[float, float], typer.Option(help="Smallest and largest blur, px.")] = (0.3, 3.0),
    classes: Annotated[int | None, typer.Option(help="Of a patch network; 10 if not given.")] = None,
    minutes: Annotated[float | None, typer.Option(min=0.01, help="Time budget; 10, for the bundled models 90.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Number of steps instead of a time.")] = None,
    seed: Annotated[int, typer.Option(help="Of data and weights.")] = 0,
    device: Device = "auto",
    checkpoint: Annotated[Path | None, typer.Option(help="Saved while training; resumed where it exists.")] = None,
    default: Annotated[
        bool, typer.Option("--default", help="Retrain the bundled model on synthetic pictures.")
    ] = False,
    patch: Annotated[
        int | None, typer.Option(metavar="10|30", help="Retrain the bundled patch model of so many classes.")
    ] = None,
    workers: Annotated[int, typer.Option(min=0, help="With --default: processes that make the pictures.")] = 1,
    overwrite: Annotated[bool, typer.Option(help="Replace the model file.")] = False,
    as_json: Json = False,
) -> None:
    """Train a model on your own sharp pictures, or a bundled one again."""
    from ..models.saving import check_target, model_name
    from ..training.dense import TrainConfig
    from ..training.own.config import TuneConfig
    from . import train as cli_train

    if bool(images) + default + (patch is not None) != 1:
        raise typer.BadParameter("give pictures to train on, or --default, or --patch 10 or 30")
    if images and out is None:
        raise typer.BadParameter("say with --out where to save the model, a file ending in .blurmap.safetensors")
    target = out or Path(f"{'default' if default else f'patch{patch}'}.blurmap.safetensors")
    check_target(target, overwrite=overwrite)
    name, stop = model_name(target), _Interrupt()
    # Never "auto" where the figures are to be reproduced.
    fixed = "cpu" if device == "auto" else device
    bundled: dict[str, Any] = {"minutes": minutes or TrainConfig.minutes, "steps": steps, "seed": seed, "device": fixed}
    start = None if init in ("default", "scratch") else init
    if default:
        model = cli_train.retrain_default(checkpoint, name, say, stop, workers=workers, init=start, **bundled)
    elif patch is not None:
        model = cli_train.retrain_patch(patch, checkpoint, start, name, say, stop, **bundled)
    else:
        config = TuneConfig(architecture, sigma_range, classes, minutes or 10.0, steps, device, seed)  # type: ignore[arg-type]
        first = None if init == "scratch" else init
        tuned = cli_train.train_on(images or [], config, first, checkpoint, name, say, stop)
        if tuned is None:
            say("Interrupted before the first step; there is no model yet.")
            raise typer.Exit(INTERRUPTED)
        model = tuned
    target = cli_train.save(model, target, say, overwrite=overwrite, half=patch is not None)
    figures = model.info.training["figures"]
    report = model.info.training.get("report")
    show({"model": str(target), "figures": figures, "report": report}, as_json, _figures(figures, report))
    if stop():
        say(f"Interrupted; the model until then is in {target}.")
        raise typer.Exit(INTERRUPTED)


def _figures(figures: dict[str, Any], report: dict[str, Any] | None) -> list[str]:
    """What is printed of a training."""
    if report is None:
        return [f"{name}: {value:.4g}" for name, value in figures.items()]
    return [str(report["text"])]
