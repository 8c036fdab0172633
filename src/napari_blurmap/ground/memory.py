"""How much memory is left."""

from __future__ import annotations

from math import inf


def free_memory() -> float:
    """Bytes that can be had without slowing the computer down to a crawl, swap included; infinite if nobody knows."""
    try:
        import psutil  # type: ignore[import-untyped]  # comes with napari
    except ImportError:
        return inf
    return float(psutil.virtual_memory().available + psutil.swap_memory().free)
