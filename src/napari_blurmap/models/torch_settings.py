"""PyTorch as it is when nobody has changed its settings: our numbers depend on no state of the process.

Other plugins and libraries set default types and devices, switch gradients or
half precision on or off, and fork the process. Types are named wherever
numbers are made; the rest is here.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from functools import partial, wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    T = TypeVar("T")
    P = ParamSpec("P")

if hasattr(os, "register_at_fork"):
    # A child does not inherit the threads that its parent computes with, and would wait for them for ever.
    os.register_at_fork(after_in_child=partial(torch.set_num_threads, 1))


@contextmanager
def own_settings(*, gradients: bool = False) -> Iterator[None]:
    """New tensors on the CPU, whole precision, and gradients only where they are wanted; in this thread.

    Parameters
    ----------
    gradients : bool, default=False
        Whether they are recorded.

    Examples
    --------
    >>> with torch.inference_mode(), own_settings(gradients=True):
    ...     torch.is_grad_enabled()
    True
    """
    with ExitStack() as stack:
        for kind in ("cpu", "cuda", "mps"):
            stack.enter_context(torch.autocast(kind, enabled=False))
        torch.clear_autocast_cache()  # around us, half precision would keep the weights of our step before
        with torch.device("cpu"), torch.inference_mode(not gradients), torch.set_grad_enabled(gradients):
            yield


def in_own_settings(steps: Callable[P, Iterator[T]]) -> Callable[P, Iterator[T]]:
    """Make a function whose values are yielded compute each of them with gradients and our own settings.

    Between two of them the caller has his own again.
    """

    @wraps(steps)
    def run(*args: P.args, **options: P.kwargs) -> Iterator[T]:
        iterator = steps(*args, **options)
        try:
            while True:
                with own_settings(gradients=True):
                    try:
                        value = next(iterator)
                    except StopIteration:
                        return
                yield value
        finally:
            with own_settings(gradients=True):
                getattr(iterator, "close", lambda: None)()

    return run
