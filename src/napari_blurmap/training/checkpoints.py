"""Checkpoints of running trainings: tensors and plain containers in a file that runs no code on loading."""

from __future__ import annotations

import io
import pickle
import time
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ..errors import BlurMapError
from ..io.atomic import write_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


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
    # What is no checkpoint makes the reader fail in any of these ways.
    except (OSError, RuntimeError, EOFError, LookupError, TypeError, ValueError, pickle.UnpicklingError) as error:
        reason = str(error).partition("\n")[0]
        raise BlurMapError(
            f"The checkpoint {path} cannot be read ({reason}). Delete it, or name another one, to start anew."
        ) from error
    if not isinstance(state, dict):
        raise BlurMapError(f"{path} is no checkpoint of a training. Delete it, or name another one, to start anew.")
    return state


@contextmanager
def taking_up(path: Path) -> Iterator[None]:
    """Around the use of a checkpoint: what does not fit is another training's.

    Raises
    ------
    BlurMapError
        Where something is missing in it, or of another size.

    Examples
    --------
    >>> with taking_up(Path("c.pt")):
    ...     {"step": 7}["weights"]
    Traceback (most recent call last):
    napari_blurmap.errors.BlurMapError: c.pt is the checkpoint of another training. Name another file, or delete it.
    """
    try:
        yield
    except (LookupError, RuntimeError, TypeError, ValueError) as error:
        raise BlurMapError(f"{path} is the checkpoint of another training. Name another file, or delete it.") from error


@contextmanager
def saving(path: Path | None, state: Callable[[], dict[str, Any]], every: float) -> Iterator[Callable[[], None]]:
    """Around a training: its checkpoint is written now and then, and at the end, also where the caller stops.

    Parameters
    ----------
    path : Path, optional
        Where; without it nothing is written.
    state : callable
        What to write, as in `write_checkpoint`.
    every : float
        Seconds between two of them.

    Yields
    ------
    callable
        To be called after every step; writes where it is time to.

    Warns
    -----
    UserWarning
        If it cannot be written: a full disk is no reason to lose the training.
    """
    last = time.perf_counter()

    def save() -> None:
        try:
            if path is not None:
                write_checkpoint(path, state())
        except BlurMapError as error:
            warnings.warn(str(error), stacklevel=3)

    def save_if_due() -> None:
        nonlocal last
        if time.perf_counter() - last > every:
            save()
            last = time.perf_counter()

    try:
        yield save_if_due
    finally:
        save()
