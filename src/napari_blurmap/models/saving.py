"""Where a trained model goes: checked before minutes are spent, and never lost at the end."""

from __future__ import annotations

import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BlurMapError
from .info import SUFFIX

if TYPE_CHECKING:
    from .model import Model


def check_target(target: Path, *, overwrite: bool = False) -> None:
    """Refuse a file that could not be written in the end, before the work and not after it.

    Parameters
    ----------
    target : Path
        The model file to write.
    overwrite : bool, default=False
        Whether it may exist.

    Raises
    ------
    BlurMapError
        For a name without the right ending, a folder that does not exist or
        cannot be written to, or a file that exists.
    """
    model_name(target)
    if not target.parent.is_dir():
        raise BlurMapError(f"There is no folder {target.parent} to save the model in. Make it, or choose another one.")
    if target.exists() and not overwrite:
        raise BlurMapError(
            f"{target} exists already. Choose another name, or overwrite=True (--overwrite in the shell)."
        )
    try:
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise BlurMapError(
            f"Nothing can be written in {target.parent} ({error.strerror or error}). Choose another folder."
        ) from error


def model_name(target: Path) -> str:
    """What the model in a file is called.

    Raises
    ------
    BlurMapError
        If the file is not named as models are.

    Examples
    --------
    >>> model_name(Path("cells.v2.blurmap.safetensors"))
    'cells.v2'
    """
    name = target.name.removesuffix(SUFFIX)
    if name in ("", target.name):
        raise BlurMapError(f"A model is saved under a name ending in {SUFFIX}; got {target.name!r}. Add the ending.")
    return name


def save_anyhow(model: Model, target: Path, *, overwrite: bool = False, half: bool = False) -> tuple[Path, str]:
    """Save a model; where that fails, beside it, in the home or in the temporary folder: it took minutes to make.

    Parameters
    ----------
    model : Model
        What to save.
    target : Path
        Where.
    overwrite, half : bool
        As in `Model.save`.

    Returns
    -------
    Path, str
        The file, and why it is not the one asked for, or nothing.

    Raises
    ------
    BlurMapError
        If it cannot be saved anywhere.
    """
    try:
        return model.save(target, overwrite=overwrite, half=half), ""
    except BlurMapError as error:
        reason = error
    for folder in (target.parent, Path.home(), Path(tempfile.gettempdir())):
        others = (folder / f"{model_name(target)}-{i}{SUFFIX}" for i in count(2))
        try:
            return model.save(next(path for path in others if not path.exists()), half=half), str(reason)
        except BlurMapError:
            continue
    raise reason
