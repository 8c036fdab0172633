"""Work for another thread: three ways to end, none of which raises."""

from __future__ import annotations

import logging
from queue import Empty, Queue
from threading import Thread
from typing import Any

import pytest

from napari_blurmap import BlurMapError, Cancelled
from napari_blurmap.plugin.run.worker import Awaited, Done, Failed, Step, Stopped, Task, TaskWorker


def run(work: Any) -> tuple[Any, list[Any]]:
    told: list[Any] = []
    return Task("work", work, told.append)(), told


def test_done() -> None:
    def work(progress: Any, cancel: Any, tell: Any) -> str:
        progress(1, 3, "a third")
        tell("news")
        return f"stopped {cancel()}"

    assert run(work) == (Done("stopped False"), [Step(1, 3, "a third"), "news"])


def test_stopped_on_the_way_keeps_the_part() -> None:
    def work(progress: Any, cancel: Any, tell: Any) -> Any:
        assert not cancel()
        task.stop()
        return Stopped("half") if cancel() else "whole"

    task = Task("work", work, lambda _: None)
    assert task() == Stopped("half")


def test_cancelled_is_stopped_and_keeps_the_part() -> None:
    def work(progress: Any, cancel: Any, tell: Any) -> None:
        raise Cancelled("half")

    assert run(work)[0] == Stopped("half")


def test_stopped_before_it_began() -> None:
    task = Task("work", lambda *_: pytest.fail("must not run"), lambda _: None)
    task.stop()
    assert task() == Stopped()


def test_napari_that_closes_stops_it() -> None:
    """napari quits its workers when its window is closed."""
    task = Task("work", lambda *_: pytest.fail("must not run"), lambda _: None)
    TaskWorker(task).quit()
    assert task() == Stopped()


@pytest.mark.parametrize("error", [BlurMapError("Take another."), ZeroDivisionError("oh"), MemoryError()])
def test_failures_come_back_as_words(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    def work(*_: Any) -> None:
        raise error

    with caplog.at_level(logging.INFO, "napari_blurmap"):
        outcome, _ = run(work)
    assert isinstance(outcome, Failed)
    assert str(error) in outcome.message
    assert "Traceback" not in outcome.message
    # Where the fault may be ours it says where it happened, as napari's log does.
    ours = not isinstance(error, BlurMapError)
    assert (type(error).__name__ in outcome.message) == ours
    assert ("Traceback" in outcome.trace and __file__ in outcome.trace) == ours
    (record,) = caplog.records
    assert record.name == "napari_blurmap.plugin.run.worker"
    assert (record.levelno == logging.ERROR and record.exc_info is not None) == ours


def test_it_waits_until_what_is_awaited_is_shown() -> None:
    told, after = Queue(), Queue()

    def work(progress: Any, cancel: Any, tell: Any) -> None:
        for number in range(2):
            tell(number)
            tell(Awaited())
            after.put(number)

    task = Task("work", work, told.put)
    thread = Thread(target=task)
    thread.start()
    assert told.get(timeout=10) == 0
    awaited = told.get(timeout=10)
    with pytest.raises(Empty):
        after.get(timeout=0.1)
    awaited.shown.set()
    assert after.get(timeout=10) == 0
    assert told.get(timeout=10) == 1
    task.leave()  # nobody looks any more
    assert after.get(timeout=10) == 1
    thread.join(10)


def test_a_failing_listener_is_a_failure_too() -> None:
    def told(_: Step) -> None:
        raise RuntimeError("nobody listens")

    outcome = Task("work", lambda progress, *_: progress(1, 2, ""), told)()
    assert isinstance(outcome, Failed)
    assert "nobody listens" in outcome.message


def test_napari_sees_its_name() -> None:
    assert repr(Task("Blur of cells", lambda *_: None, lambda _: None)) == "Blur of cells"
