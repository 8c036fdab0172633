"""The panel "Check on my picture": blur it by known amounts and see how well the model reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari.viewer

from ..panels.base import RunPanel, Saving
from ..run.view import RunView
from ..run.worker import Done, Stopped
from .form import CheckForm
from .job import CheckJob
from .view import CheckView

if TYPE_CHECKING:
    from ...checking.report import CheckReport

_ENDING = ".check.png"


class CheckPanel(RunPanel):
    """Check how well a model reads blur on a picture of one's own.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        Where the pictures are.
    check : callable, optional
        Used in place of `napari_blurmap.check_on_image`.
    """

    title = "Check on my picture"
    gives_map = False
    form: CheckForm
    view: CheckView

    def __init__(self, napari_viewer: napari.viewer.Viewer, check: Callable[..., Any] | None = None) -> None:
        super().__init__(
            napari_viewer,
            CheckForm(napari_viewer),
            RunView("Blur the picture by known amounts and estimate each"),
            CheckView(napari_viewer.theme),
            check,
        )
        self._name = ""
        self._report: CheckReport | None = None
        self._attach()

    def _begin(self, job: CheckJob) -> None:
        from . import plot  # noqa: F401 - imported here and now, while nothing else is going on

        self._name, self._report = job.picture.name, None
        self.view.hide()

    def _show_news(self, news: list[CheckReport]) -> None:
        self.view.show_report(self._name, news[-1], running=True)
        self._column.ensureWidgetVisible(self.view)

    def _show(self, job: CheckJob, outcome: Done | Stopped) -> str:
        report: CheckReport | None = outcome.value
        if report is None or not report.asked:
            self.view.hide()
            return "Cancelled before any of it was finished."
        self._report = report
        self.view.show_report(self._name, report, running=False)
        return "Cancelled; what was finished until then is shown." if isinstance(outcome, Stopped) else ""

    def _dismiss(self) -> None:
        self.view.hide()

    def _to_save(self) -> Saving | None:
        report, title = self._report, self._name
        if report is None:
            return None

        def write(target: Path, replace: bool) -> str:
            from ...checking.figure import save_check

            stem = target.name.removesuffix(_ENDING)
            figure, numbers = save_check(report, target.parent, stem, title=title, overwrite=replace)
            return f"{figure} and {numbers.name}"

        return Saving("Save the check", title, {_ENDING: "Check"}, write)
