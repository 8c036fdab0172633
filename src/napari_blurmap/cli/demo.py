"""`napari-blurmap demo`, the main job in one go: a texture blurred by a known map, estimated, judged, saved."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import BlurMapError
from .options import Device, Json
from .output import say, show

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A seed that no training uses.
_SEED = 20170503
#: Edge of the picture, pixels.
_SIZE = 768


def demo(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the picture, the drawing and the result.")
    ] = Path("blurmap-demo"),
    viewer: Annotated[bool, typer.Option(help="Open napari afterwards, where there is a screen.")] = True,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Blur a texture by a known map, estimate it, print how well, and show it."""
    from tifffile import imwrite

    from ..checking.figure import comparison_figure
    from ..estimate import estimate_blur
    from ..io.folders import make_folder
    from ..result.scores import score

    make_folder(out)
    picture, truth = _blurred()
    estimate_blur(picture[:64, :64], device=device)  # loads the model, so that the time is the estimate's own
    started = time.perf_counter()
    m = estimate_blur(picture, device=device)
    seconds = time.perf_counter() - started
    judged = m.masked().sigma
    found = score(judged, truth)
    title = f"RMSE {found.rmse:.3f} px, bias {found.bias:+.3f} px, {100 * found.coverage:.0f} % judged"
    files = {"picture": out / "demo.tif", "figure": out / "demo.png", "result": out / "demo.sigma.ome.tif"}
    try:
        imwrite(files["picture"], picture, compression="zlib")
        comparison_figure(picture, truth, judged, title=title).savefig(files["figure"], dpi=110)
    except OSError as error:
        raise BlurMapError(f"{out} cannot be written to ({error.strerror or error}). Choose another folder.") from error
    m.save(files["result"], overwrite=True)
    about = {"seconds": seconds, "device": m.provenance["device"], **{name: str(path) for name, path in files.items()}}
    show(
        asdict(found) | about,
        as_json,
        [
            "Ramp of sigma 0.3 to 3 px over a synthetic texture, 8 bit:",
            f"  RMSE      {found.rmse:.3f} px",
            f"  bias      {found.bias:+.3f} px",
            f"  coverage  {100 * found.coverage:.1f} % of the picture judged",
            f"  time      {seconds:.2f} s for {picture.size / 1e6:.2f} Mpx on {about['device']}",
            *(f"  {name:<9} {path}" for name, path in files.items()),
        ],
    )
    if not viewer:
        return
    if not has_screen():
        say("No screen here, so napari was not opened. Open the files above in napari where there is one.")
        return
    process = open_napari(files["picture"], out / "demo.blurmap.json", log=out / "napari.log")
    say(f"napari opens in a window of its own (process {process.pid}).")


def _blurred() -> tuple[NDArray[Any], NDArray[Any]]:
    """A texture as a camera sees it, and the sigma that it was blurred by."""
    import numpy as np

    from ..ground.blur import apply_blur
    from ..synthesis.camera import Camera
    from ..synthesis.fields import sigma_ramp
    from ..synthesis.textures import dead_leaves

    rng = np.random.default_rng(_SEED)
    truth = sigma_ramp((_SIZE, _SIZE), 0.3, 3.0)
    sharp = dead_leaves((_SIZE, _SIZE), rng, radii=(1.0, 80.0), textured=0.5)
    return Camera(bits=8).expose(apply_blur(0.9 * sharp, truth), rng), truth


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
