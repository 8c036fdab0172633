"""Progress told, planes named, work stopped with what was done."""

from __future__ import annotations

import pytest

from napari_blurmap.errors import Cancelled
from napari_blurmap.ground.progress import Pace


def test_steps_are_told_by_their_planes():
    told = []
    pace = Pace(6, lambda *step: told.append(step), planes=3)
    for _ in range(7):  # a tile that did not fit into memory takes more
        pace.tick()
    assert told == [(min(n, 6), 6, f"plane {min((n + 1) // 2, 3)} of 3") for n in range(1, 8)]


def test_work_within_a_step():
    told = []
    pace = Pace(4, lambda *step: told.append(step), message="second")
    pace.done = 1
    pace.within(3, 12, "of its own")
    assert told == [(125, 400, "second")]


def test_stopping_gives_what_was_done_until_then():
    done = []
    pace = Pace(3, cancel=lambda: len(done) == 2, partial=lambda: list(done))

    def work():
        for number in range(3):
            done.append(number)
            pace.tick()

    with pytest.raises(Cancelled) as stopped:
        work()
    assert stopped.value.partial == [0, 1]
