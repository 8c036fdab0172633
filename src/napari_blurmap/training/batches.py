"""Batches on their way to a training: cut into smaller crops, made ahead."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torch import Tensor


def cut(batch: Tensor, edge: int) -> Tensor:
    """Cut crops into smaller ones.

    Parameters
    ----------
    batch : Tensor, shape (B, C, Y, X)
        Y and X are multiples of ``edge``.
    edge : int
        Pixels.

    Returns
    -------
    Tensor, shape (N, C, edge, edge)
        All pieces.

    Examples
    --------
    >>> import torch
    >>> cut(torch.zeros(2, 1, 8, 8), 4).shape
    torch.Size([8, 1, 4, 4])
    """
    pieces = batch.unfold(2, edge, edge).unfold(3, edge, edge)
    return pieces.permute(0, 2, 3, 1, 4, 5).reshape(-1, batch.shape[1], edge, edge)


def ahead(batches: Iterable[Any]) -> Iterator[Any]:
    """Batches, of which the next is made, in a thread, while one is worked with."""
    iterator = iter(batches)
    with ThreadPoolExecutor(1, "blurmap-crops") as maker:
        coming = maker.submit(next, iterator, None)
        while (batch := coming.result()) is not None:
            coming = maker.submit(next, iterator, None)
            yield batch
