"""Tiles side by side, each in one thread: threads that share one tile wait for each other where a core is busy."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock, Thread
from typing import TYPE_CHECKING, TypeVar

import torch

from .torch_settings import own_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    T = TypeVar("T")

_SETTING = Lock()


@contextmanager
def one_thread() -> Iterator[int]:
    """Compute in the calling thread alone; how many threads PyTorch would have taken.

    A process that is forked later does not inherit a pool of threads that are not there.
    """
    before = _leave_the_others()
    try:
        yield before
    finally:
        torch.set_num_threads(before)


def _leave_the_others() -> int:
    """Let the calling thread compute alone; how many threads it had.

    PyTorch gives threads that are new the number that was set last, in whatever thread: another one sets it back.
    """
    with _SETTING:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        setter = Thread(target=torch.set_num_threads, args=(before,))
        setter.start()
        setter.join()
    return before


def side_by_side(work: Callable[[T], None], items: Iterable[T], workers: int) -> Iterator[None]:
    """Do the same work on many items, yielding after each; whoever stops listening stops the work.

    Parameters
    ----------
    work : callable
        Takes an item; called in one of the threads, where no gradients are recorded.
    items : iterable
        What is to be done.
    workers : int
        Threads; with 1 the work is done in the calling one.

    Yields
    ------
    None
        In the calling thread, after every item.

    Examples
    --------
    >>> done = []
    >>> len(list(side_by_side(done.append, range(5), workers=2))), sorted(done)
    (5, [0, 1, 2, 3, 4])
    """

    def one(item: T) -> None:
        with own_settings():  # known to each thread by itself
            work(item)

    if workers == 1:
        for item in items:
            one(item)
            yield
        return
    with ThreadPoolExecutor(workers, "tiles", _leave_the_others) as pool:
        waiting = deque(pool.submit(one, item) for item in items)
        try:
            while waiting:
                waiting.popleft().result()
                yield
        finally:
            pool.shutdown(cancel_futures=True)
