"""How much memory is left: what the system itself says."""

from __future__ import annotations

import psutil

from napari_blurmap.ground.memory import free_memory


def test_free_memory():
    free = free_memory()
    assert 0 < free <= psutil.virtual_memory().total + psutil.swap_memory().total
