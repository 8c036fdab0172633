"""How much memory is left."""

from __future__ import annotations

import psutil


def free_memory() -> float:
    """Bytes that can be had without slowing the computer down to a crawl, swap included."""
    return float(psutil.virtual_memory().available + psutil.swap_memory().free)
