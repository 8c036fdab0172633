"""How much memory is left."""

from __future__ import annotations

import ctypes
from contextlib import suppress

import psutil


def free_memory() -> float:
    """Bytes that can be had without slowing the computer down to a crawl, swap included."""
    return float(psutil.virtual_memory().available + psutil.swap_memory().free)


def give_back() -> None:
    """Let the system have what was freed; glibc keeps it for the threads that had it, half of what there is."""
    with suppress(AttributeError, OSError, TypeError):  # other libraries have no such function, and do not need it
        ctypes.CDLL(None).malloc_trim(0)
