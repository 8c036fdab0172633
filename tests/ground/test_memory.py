"""How much memory is left: what the system itself says."""

from __future__ import annotations

import sys
from math import inf

from napari_blurmap.ground.memory import free_memory


def test_free_memory(monkeypatch):
    import psutil

    free = free_memory()
    assert 0 < free <= psutil.virtual_memory().total + psutil.swap_memory().total
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert free_memory() == inf
