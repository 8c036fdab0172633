"""Work on a cluster of dask instead of in this process."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def threads_of(address: str) -> Iterator[int]:
    """Let the workers of a scheduler compute everything, and say how many threads they have.

    Parameters
    ----------
    address : str
        Of the scheduler, such as ``tcp://10.0.0.1:8786``.

    Yields
    ------
    int
        Threads of all workers.

    Raises
    ------
    typer.BadParameter
        If dask.distributed is not installed, nobody answers, or there is no worker.
    """
    try:
        from distributed import Client
    except ImportError:
        raise typer.BadParameter(
            "--scheduler needs dask.distributed. Install it with: pip install 'napari-blurmap[distributed]'"
        ) from None
    try:
        # Not yet the one that everything is computed with: dask would go on to ask it after it has failed.
        with Client(address, timeout=10, set_as_default=False) as client:
            threads = sum(client.nthreads().values())
    except (OSError, ValueError) as error:
        raise typer.BadParameter(
            f"The scheduler {address} does not answer ({error}). Check the address, or start one with: dask scheduler"
        ) from None
    if not threads:
        raise typer.BadParameter(
            f"The scheduler {address} has no worker. Start some with: dask worker {address} --nthreads 1"
        )
    with Client(address):
        yield threads
