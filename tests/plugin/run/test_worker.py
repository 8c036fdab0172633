"""Work for another thread: three ways to end, none of which raises."""

from __future__ import annotations

from typing import Any

import pytest

from napari_blurmap import BlurMapError
from napari_blurmap.plugin.run.worker import Done, Failed, Job, Step, Stopped


def run(work: Any, about: str = "") -> tuple[Any, list[Step]]:
    steps: list[Step] = []
    return Job("work", work, steps.append, about)(), steps


def test_done() -> None:
    def work(progress: Any, cancel: Any) -> str:
        progress(1, 3, "a third")
        return f"stopped {cancel()}"

    assert run(work) == (Done("stopped False"), [Step(1, 3, "a third")])


def test_stopped_on_the_way_keeps_the_part() -> None:
    def work(progress: Any, cancel: Any) -> Any:
        assert not cancel()
        job.stop()
        return Stopped("half") if cancel() else "whole"

    job = Job("work", work, lambda _: None)
    assert job() == Stopped("half")


def test_stopped_before_it_began() -> None:
    job = Job("work", lambda *_: pytest.fail("must not run"), lambda _: None)
    job.stop()
    assert job() == Stopped()


@pytest.mark.parametrize("error", [BlurMapError("Take another."), ZeroDivisionError("oh"), MemoryError()])
def test_failures_come_back_as_words(error: Exception) -> None:
    def work(*_: Any) -> None:
        raise error

    outcome, _ = run(work, "m = nb.estimate_blur(layer)")
    assert isinstance(outcome, Failed)
    assert str(error) in outcome.message
    assert "Traceback" not in outcome.message
    assert outcome.report.startswith("m = nb.estimate_blur(layer)\n\nPython 3.")
    assert "numpy " in outcome.report
    # Where the fault may be ours the report says where it happened.
    ours = not isinstance(error, BlurMapError)
    assert (type(error).__name__ in outcome.message) == ours
    assert ("Traceback" in outcome.report and __file__ in outcome.report) == ours


def test_a_failing_listener_is_a_failure_too() -> None:
    def told(_: Step) -> None:
        raise RuntimeError("nobody listens")

    outcome = Job("work", lambda progress, _: progress(1, 2, ""), told)()
    assert isinstance(outcome, Failed)
    assert "nobody listens" in outcome.message


def test_napari_sees_its_name() -> None:
    assert repr(Job("Blur of cells", lambda *_: None, lambda _: None)) == "Blur of cells"
