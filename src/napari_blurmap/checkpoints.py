"""Checkpoints of running trainings: tensors and plain containers in a file that runs no code on loading."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import torch

from .errors import BlurMapError
from .io.atomic import write_file


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint beside under a temporary name, then rename it: until then the last one stays whole.

    Parameters
    ----------
    path : Path
        Where; an existing file is replaced.
    state : dict
        Tensors, numbers, texts and containers of them.

    Raises
    ------
    BlurMapError
        If it cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_checkpoint(Path(folder, "c.pt"), {"step": 7})
    ...     read_checkpoint(Path(folder, "c.pt"))["step"]
    7
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    try:
        write_file(path, buffer.getvalue())
    except OSError as error:
        raise BlurMapError(
            f"The checkpoint {path} cannot be written ({error.strerror or error}); the last one, where there was one, "
            "is still whole. Make room, or name another place."
        ) from error


def read_checkpoint(path: Path, device: str | torch.device = "cpu") -> dict[str, Any]:
    """Read what `write_checkpoint` wrote.

    Parameters
    ----------
    path : Path
        The file.
    device : str or torch.device
        Where its tensors go.

    Returns
    -------
    dict

    Raises
    ------
    BlurMapError
        If it is no checkpoint, or damaged.
    """
    try:
        state = torch.load(path, weights_only=True, map_location=device)
    except (OSError, RuntimeError, EOFError, KeyError, ValueError, pickle.UnpicklingError) as error:
        reason = str(error).partition("\n")[0]
        raise BlurMapError(
            f"The checkpoint {path} cannot be read ({reason}). Delete it, or name another, to start anew."
        ) from error
    if not isinstance(state, dict):
        raise BlurMapError(f"{path} is no checkpoint of a training. Delete it, or name another, to start anew.")
    return state
