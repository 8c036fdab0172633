"""Crops used more than once, where making them takes longer than learning from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torch import Tensor

    Batch = tuple[Tensor, ...]

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
    batches : iterable of tuple of Tensor, shapes (B, C, Y, Y)
        Square crops, all of one size, and their truth, of any number of channels; from the third on a truth's are
        the components of the anisotropy, which turn with the crop.
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
    tuple of Tensor, shapes (B, C, Y, Y)

    Examples
    --------
    >>> crops = torch.arange(3.0).view(3, 1, 1, 1).expand(3, 2, 8, 8)
    >>> [len(picture) for picture, truth in echoed([(crops, crops)], 4, "cpu", seed=0)]
    [3, 3, 3, 3]
    """
    draw = torch.Generator().manual_seed(seed)
    kept: Tensor | None = None
    count = 0
    for batch in batches:
        fresh = tuple(part.to(device, non_blocking=True) for part in batch)
        yield fresh
        if times == 1:
            continue
        joined = torch.cat(fresh, dim=1)
        if kept is None:
            kept = joined.new_empty((pool, *joined.shape[1:]))
        kept[torch.arange(count, count + len(joined)) % pool] = joined
        count += len(joined)
        for _ in range(times - 1):
            chosen = torch.randint(min(count, pool), (len(joined),), generator=draw)
            turn, mirrored = (int(torch.randint(n, (), generator=draw)) for n in (4, 2))
            seen = torch.rot90(kept[chosen.to(device)], turn, (2, 3))
            seen = seen.flip(3) if mirrored else seen
            *inputs, truth = torch.split(seen, [part.shape[1] for part in fresh], dim=1)
            across = -1.0 if turn % 2 else 1.0
            signs = truth.new_tensor([1.0, 1.0, across, -across if mirrored else across])[: truth.shape[1]]
            yield *inputs, truth * signs[:, None, None]
