"""`napari-blurmap demo`, the main job in one go: a texture blurred by a known map, estimated, judged, saved."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import BlurMapError
from .options import Device, Json
from .output import say, show

if TYPE_CHECKING:
    from ..result.blurmap import BlurMap
    from ..result.scores import Score

#: A seed that no training uses.
_SEED = 20170503


def demo(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the picture, the drawing and the result.")
    ] = Path("blurmap-demo"),
    viewer: Annotated[bool, typer.Option(help="Open napari afterwards, where there is a screen.")] = True,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Blur a texture by a known map, estimate it, print how well, and show it."""
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


@dataclass(frozen=True)
class Demo:
    """What the demonstration found and wrote.

    Parameters
    ----------
    blurmap : BlurMap
        The estimate.
    figures : Score
        Of its judged places, against the truth.
    seconds : float
        Time of the estimate alone, with the model loaded.
    picture, figure, result : Path
        The blurred picture, the drawing, and the result file.
    """

    blurmap: BlurMap
    figures: Score
    seconds: float
    picture: Path
    figure: Path
    result: Path


def run_demo(out: Path, *, size: int = 768, device: str = "auto") -> Demo:
    """Blur a texture by a ramp from 0.3 to 3 px, estimate the map, and write everything to a folder.

    Parameters
    ----------
    out : Path
        A folder, made where it is missing; files of an earlier demonstration are replaced.
    size : int, default=768
        Edge of the picture, pixels.
    device : str, default="auto"
        As in `estimate_blur`.

    Returns
    -------
    Demo
        Figures and files.

    Raises
    ------
    BlurMapError
        If the folder cannot be made or written to.
    """
    import numpy as np
    import tifffile

    from ..checking.figure import comparison_figure
    from ..estimate import estimate_blur
    from ..ground.blur import apply_blur
    from ..io.folders import make_folder
    from ..result.scores import score
    from ..synthesis.camera import Camera
    from ..synthesis.fields import sigma_ramp
    from ..synthesis.textures import dead_leaves

    make_folder(out)
    rng = np.random.default_rng(_SEED)
    truth = sigma_ramp((size, size), 0.3, 3.0)
    sharp = dead_leaves((size, size), rng, radii=(1.0, 80.0), textured=0.5)
    picture = Camera(bits=8).expose(apply_blur(0.9 * sharp, truth), rng)
    estimate_blur(picture[:64, :64], device=device)  # loads the model, so that the time is the estimate's own
    started = time.perf_counter()
    found = estimate_blur(picture, device=device)
    seconds = time.perf_counter() - started
    judged = found.masked().sigma
    figures = score(judged, truth)
    paths = out / "demo.tif", out / "demo.png", out / "demo.sigma.ome.tif"
    title = f"RMSE {figures.rmse:.3f} px, bias {figures.bias:+.3f} px, {100 * figures.coverage:.0f} % judged"
    drawing = comparison_figure(picture, truth, judged, title=title)
    try:
        tifffile.imwrite(paths[0], picture, compression="zlib")
        drawing.savefig(paths[1], dpi=110)
    except OSError as error:
        raise BlurMapError(f"{out} cannot be written to ({error.strerror or error}). Choose another folder.") from error
    found.save(paths[2], overwrite=True)
    return Demo(found, figures, seconds, *paths)


def has_screen() -> bool:
    """Whether a window can be opened here."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    return any(importlib.util.find_spec(binding) is not None for binding in ("PyQt6", "PySide6"))


def open_napari(*files: Path, log: Path) -> subprocess.Popen[bytes]:
    """Open files in napari, in a process of its own that outlives this one.

    Parameters
    ----------
    *files : Path
        What to open.
    log : Path
        Where napari's own messages go.

    Returns
    -------
    subprocess.Popen
        The process; nobody needs to wait for it.
    """
    command = [sys.executable, "-m", "napari", *map(str, files)]
    with log.open("wb") as stream:
        return subprocess.Popen(command, stdout=stream, stderr=stream, stdin=subprocess.DEVNULL, start_new_session=True)
