"""The files given on the command line: each is worked on by itself, and what is made of it has its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from ..errors import BlurMapError, Cancelled
from .options import FAILED, INTERRUPTED, Interrupt
from .output import Report, say

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..io.pictures import Picture
    from ..models.model import Model
    from ..picture.sensor import GivenNoise
    from ..result.blurmap import BlurMap


def work_through(
    files: list[Path],
    work: Callable[[Path], tuple[dict[str, Any], str]],
    stop: Interrupt,
    *,
    as_json: bool,
    lacking: str = "",
) -> None:
    """Do the same with every file: one that fails is said and does not end the others.

    Parameters
    ----------
    files : list of Path
        Pictures.
    work : callable
        ``work(file)`` returns its figures, and the text that says the same.
        Raising Cancelled ends the work.
    stop : Interrupt
        Whether to stop after the file in hand.
    as_json : bool
        Print the figures instead of the text.
    lacking : str, default=""
        Name of the figure that is there where a comparison was asked for and failed.

    Raises
    ------
    typer.Exit
        If something failed, or it was interrupted.
    """
    failed = incomplete = 0
    with Report(as_json) as report:
        for file in files:
            try:
                entry, text = work(file)
                report.add(entry, text)
                incomplete += lacking in entry
            except Cancelled:
                break
            except (BlurMapError, OSError, MemoryError, RuntimeError) as error:  # PyTorch's own are RuntimeErrors
                failed += 1
                words = _words(error)
                report.add({"file": str(file), "error": words})
                say(words if words.startswith(str(file)) else f"{file}: {words}")
            if stop():
                break
    if stop():
        raise typer.Exit(INTERRUPTED)
    if failed:
        say(f"{failed} of {report.count} pictures failed.")
    if incomplete:
        say(f"{incomplete} of {report.count} pictures could not be compared.")
    if failed or incomplete:
        raise typer.Exit(FAILED)


def _words(error: Exception) -> str:
    """What is said of an error."""
    if isinstance(error, (BlurMapError, OSError)):
        return str(error)
    what = "The memory of this computer is too small for it" if "memory" in repr(error).lower() else "It failed"
    return (
        f"{what} ({str(error).partition(chr(10))[0] or type(error).__name__}). Try a smaller --tile, or a part of it."
    )


def without_maps(files: list[Path]) -> list[Path]:
    """Leave out the program's own maps, which ``*.tif`` finds beside their pictures."""
    from ..io.results import is_result

    maps = [file for file in files if is_result(file)]
    for file in maps:
        say(f"{file}: left out, it is a blur map and no picture.")
    if len(maps) == len(files):
        raise BlurMapError("There are only blur maps among the files given. Give the pictures they were made from.")
    return [file for file in files if file not in maps]


def read(file: Path) -> tuple[Picture, dict[str, str]]:
    """Read a picture; and what the report says of it: a ``note``, and the ``image`` that was read of several."""
    from ..io.pictures import read_picture

    picture = read_picture(file)
    about: dict[str, str] = {}
    if picture.note is not None:
        say(f"{file}: {picture.note}")
        about["note"] = picture.note
    image = picture.source.get("image")
    if image is None:
        return picture, about
    which = image.replace(" of ", " of its ")
    say(f"{file}: only the {which} images was read. For the others save each as a file of its own.")
    return picture, about | {"image": image}


def finished_map(
    target: Path, picture: Picture, model: Model, given: dict[str, Any], noise: GivenNoise
) -> BlurMap | None:
    """The map that an earlier run made of the same picture, with the same model, noise and description; else None."""
    from ..io.fingerprint import fingerprint
    from ..io.plain_text import without_folders
    from ..picture.sensor import noise_record
    from ..picture.stack import as_stack
    from ..result.blurmap import BlurMap

    try:
        found = BlurMap.load(target)
        stack = as_stack(picture, channel_axis=None, **given)
    except BlurMapError:
        return None
    known = without_folders({"source": fingerprint(picture.source)}) | {"model_hash": model.hash}
    same = all(found.provenance.get(name) == value for name, value in known.items())
    same = same and found.provenance.get("parameters", {}).get("noise") == noise_record(noise)
    names = ("axes", "scale", "units")
    same = same and found.sigma.shape == stack.shape and all(getattr(found, n) == getattr(stack, n) for n in names)
    return found if same else None


def check_map_free(target: Path, *, overwrite: bool) -> None:
    """Refuse to replace a map unasked, before minutes are spent on it."""
    from ..io.results import sidecar_path

    for path in (target, sidecar_path(target)):
        if path.exists() and not overwrite:
            raise BlurMapError(f"{path} exists already. Use --overwrite, or another folder.")
