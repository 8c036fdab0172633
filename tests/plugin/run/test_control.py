"""Work that is followed from the window: messages in order, the newest of many questions, an end with its owner."""

from __future__ import annotations

from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import pytest
from qtpy.QtCore import QTimer

from napari_blurmap.plugin.panels.dock import Panel
from napari_blurmap.plugin.run.control import RunControl, RunState
from napari_blurmap.plugin.run.latest import LatestOnly
from napari_blurmap.plugin.run.relay import Relay
from napari_blurmap.plugin.run.worker import Done


def test_messages_that_come_while_nobody_looks_are_taken_together(qtbot: Any) -> None:
    relay, came = Relay(), []
    relay.came.connect(lambda: came.append(relay.take()))
    thread = Thread(target=lambda: [relay.tell(number) for number in range(1000)])
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: bool(came))
    assert came == [list(range(1000))]
    assert relay.take() == []


def test_of_many_questions_the_newest_waits(qtbot: Any) -> None:
    latest, gate, worked, answers = LatestOnly(RunControl()), Event(), [], []

    def answer(number: int) -> int:
        gate.wait(10)
        worked.append(number)
        return 10 * number

    for number in range(5):
        latest.ask("question", lambda number=number: answer(number), answers.append)
    assert latest.busy
    gate.set()
    qtbot.waitUntil(lambda: not latest.busy)
    assert worked == [0, 4]
    assert answers == [Done(0), Done(40)]
    gate.clear()
    latest.ask("question", lambda: answer(5), answers.append)
    latest.ask("question", lambda: answer(6), answers.append)
    latest.forget()
    gate.set()
    qtbot.waitUntil(lambda: not latest.control.state.busy)
    assert answers == [Done(0), Done(40)]


def test_a_flood_of_news_leaves_the_window_alive(qtbot: Any) -> None:
    control, end = RunControl(), monotonic() + 5

    def work(_progress: Any, cancel: Any, tell: Any) -> bool:
        while not cancel() and monotonic() < end:
            tell("news")
        return cancel()

    ended: list[Any] = []
    control.told.connect(lambda _: (sleep(0.002), QTimer.singleShot(50, control.cancel)))
    control.ended.connect(ended.append)
    control.start("flood", work)
    qtbot.waitUntil(lambda: bool(ended), timeout=20000)
    assert ended == [Done(True)]


@pytest.mark.gui_subset
def test_a_panel_that_is_deleted_stops_its_work(make_napari_viewer_proxy: Any, qtbot: Any) -> None:
    panel = Panel(make_napari_viewer_proxy())
    control, begun, ended, end = panel._new_control(), Event(), [], monotonic() + 20

    def long(_progress: Any, cancel: Any, _tell: Any) -> None:
        begun.set()
        while not cancel() and monotonic() < end:
            sleep(0.01)

    control.ended.connect(ended.append)
    control.start("long", long)
    qtbot.waitUntil(begun.is_set)
    panel.deleteLater()
    qtbot.waitUntil(lambda: control.state is RunState.DONE)
    assert ended == []  # nobody is there to be told


def test_a_run_that_ends_while_its_bar_is_made_leaves_no_bar(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """napari's bars process events when they are made."""
    control, open_bars = RunControl(), []

    class Slow:
        n = total = 0

        def __init__(self, **_: Any) -> None:
            open_bars.append(self)
            qtbot.waitUntil(lambda: not control.state.busy, timeout=20000)

        def update(self, _: float) -> None: ...

        def close(self) -> None:
            open_bars.remove(self)

    monkeypatch.setattr("napari_blurmap.plugin.run.control.progress", Slow)
    control.start("work", lambda tell_step, *_: tell_step(1, 2, ""))
    qtbot.waitUntil(lambda: control.state is RunState.DONE, timeout=20000)
    qtbot.waitUntil(lambda: not open_bars, timeout=5000)
