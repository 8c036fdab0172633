"""Steps that are done one a turn of the event loop."""

from __future__ import annotations

from napari_blurmap.plugin.run.turns import Turns


def test_steps_come_one_a_turn_in_their_order_and_wait_no_more_once_forgotten(qtbot):
    turns, done = Turns(), []
    turns.ask(lambda: done.append(1), lambda: done.append(2))
    turns.ask(lambda: done.append(3))
    assert not done
    qtbot.waitUntil(lambda: len(done) == 3)
    assert done == [1, 2, 3]
    turns.ask(lambda: (done.append(4), turns.forget()), lambda: done.append(5))
    turns.ask(lambda: done.append(6))
    qtbot.waitUntil(lambda: len(done) == 4)
    qtbot.wait(100)
    assert done == [1, 2, 3, 4]
