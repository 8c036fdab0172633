"""Crops used more than once, where making them takes longer than learning from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torch import Tensor

    Batch = tuple[Tensor, Tensor]

#: Newest crops that are drawn from: 1 MB each at 256 pixels.
_POOL = 2048


def echoed(batches: Iterable[Batch], times: int, device: str, *, seed: int, pool: int = _POOL) -> Iterator[Batch]:
    """Each batch as it comes, then others of its size drawn from the newest crops, turned and mirrored.

    Data echoing (Choi et al. 2019, arXiv 1907.05550): a GPU learns from a crop
    in less time than sixteen processor cores need to make one, and a crop that
    is seen again some thousand crops later, lying otherwise, is nearly as good
    as a new one.

    Parameters
    ----------
    batches : iterable of (Tensor, Tensor), shapes (B, 2, Y, Y)
        Square crops, all of one size, and their truth.
    times : int
        How often a crop is used on average; at 1 the batches pass as they are.
    device : str
        Where the batches are wanted, and where the pool is kept.
    seed : int
        Of what is drawn.
    pool : int, default=2048
        Crops to draw from.

    Yields
    ------
    (Tensor, Tensor), shapes (B, 2, Y, Y)

    Examples
    --------
    >>> crops = torch.arange(3.0).view(3, 1, 1, 1).expand(3, 2, 8, 8)
    >>> [len(picture) for picture, truth in echoed([(crops, crops)], 4, "cpu", seed=0)]
    [3, 3, 3, 3]
    """
    draw = torch.Generator().manual_seed(seed)
    kept: Tensor | None = None
    count = 0
    for inputs, truth in batches:
        fresh = inputs.to(device, non_blocking=True), truth.to(device, non_blocking=True)
        yield fresh
        if times == 1:
            continue
        both = torch.cat(fresh, dim=1)
        if kept is None:
            kept = both.new_empty((pool, *both.shape[1:]))
        kept[torch.arange(count, count + len(both)) % pool] = both
        count += len(both)
        for _ in range(times - 1):
            chosen = torch.randint(min(count, pool), (len(both),), generator=draw)
            turn, mirrored = (int(torch.randint(n, (), generator=draw)) for n in (4, 2))
            seen = torch.rot90(kept[chosen.to(device)], turn, (2, 3))
            seen = seen.flip(3) if mirrored else seen
            yield seen[:, : inputs.shape[1]], seen[:, inputs.shape[1] :]
