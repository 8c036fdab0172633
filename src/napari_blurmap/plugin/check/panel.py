"""The panel "Check on my picture": blur it by known amounts and see how well the model reads them."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import napari.viewer
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog

from ...errors import BlurMapError
from ..panels.base import RunPanel, copy_python
from ..run.view import RunView
from ..run.worker import Done, Failed, Outcome
from .form import Check, CheckForm, CheckRequest
from .view import CheckView

if TYPE_CHECKING:
    from ...checking.report import CheckReport

_ENDING = ".check.png"


class _Relay(QObject):
    """Brings reports from the thread of the work to that of the panel; as long-lived as the work."""

    came = Signal(object)

    def tell(self, report: CheckReport) -> None:
        """Pass a report on, from any thread."""
        self.came.emit(report)


class CheckPanel(RunPanel):
    """Check how well a model reads blur on a picture of one's own.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        Where the pictures are.
    check : callable, optional
        Used in place of `napari_blurmap.check_on_image`.
    """

    form: CheckForm
    view: CheckView

    def __init__(self, napari_viewer: napari.viewer.Viewer, check: Check | None = None) -> None:
        super().__init__(napari_viewer)
        self._saving = self._new_control()
        self._check = check
        self._name = ""
        self._report: CheckReport | None = None
        self.form = CheckForm(napari_viewer)
        self.run_view = RunView()
        self.run_view.button.setToolTip(
            "Blur the picture by known amounts and estimate each; nothing of yours is changed."
        )
        self.view = CheckView(napari_viewer.theme)
        self._column = self._stack(self.form, self.run_view, self.view)
        self._connect()
        self._attach()

    def run(self) -> None:
        """Start the check, as the button does."""
        request = self._request()
        if request is None or self.control.state.busy:
            return
        from . import plot as check_plot  # noqa: F401 - imported here and now, while nothing else is going on

        relay = _Relay()
        relay.came.connect(self._on_report)
        self._name, self._report = request.picture.name, None
        self.view.hide()
        self.control.start(
            f"Check on {self._name}",
            partial(request.run, update=relay.tell, check=self._check),
            loads_torch=self._check is None,
            about=request.as_python(),
        )

    def _connect(self) -> None:
        self._connect_run(self.run, self._copy, self._on_ended)
        self.view.save.clicked.connect(self._save)
        self._saving.ended.connect(self._on_saved)

    def _let_go(self) -> None:
        super()._let_go()
        self.form.unfollow()

    def _request(self) -> CheckRequest | None:
        """What the form asks for; what is wrong with it is said."""
        try:
            return self.form.request()
        except BlurMapError as error:
            self.run_view.say(str(error))
            return None

    def _on_report(self, report: CheckReport) -> None:
        if self.control.state.busy:
            self.view.show_report(self._name, report, running=True)
            self._column.ensureWidgetVisible(self.view)

    def _on_ended(self, outcome: Outcome) -> None:
        if isinstance(outcome, Failed):
            self.view.hide()
            self.run_view.show_failure(outcome)
            return
        self._report = outcome.value if isinstance(outcome, Done) else outcome.partial
        if self._report is None or not self._report.asked:
            self.view.hide()
            self.run_view.say("Cancelled before any of it was finished.")
            return
        self.view.show_report(self._name, self._report, running=False)
        self.run_view.say("" if isinstance(outcome, Done) else "Cancelled; what was finished until then is shown.")

    def _copy(self) -> None:
        if (request := self._request()) is not None:
            copy_python(request.as_python(), self.run_view.say)

    def _save(self) -> None:
        report = self._report
        if report is None:
            return
        name = re.sub(r"[^\w.-]+", "_", self._name) or "picture"
        path, _ = QFileDialog.getSaveFileName(self, "Save the check", name + _ENDING, f"Check (*{_ENDING})")
        if not path:
            return
        # The dialog has asked whether that file may be replaced, but not one whose ending is completed here.
        asked = path.endswith(_ENDING) and Path(path).is_file()
        target, title = Path(path.removesuffix(_ENDING)), self._name

        def write() -> Path:
            from ...checking.figure import save_check

            return save_check(report, target.parent, target.name, title=title, overwrite=asked)[0]

        self.view.save.setEnabled(False)
        self._saving.start(f"Saving {name}", lambda _progress, _cancel: write())

    def _on_saved(self, outcome: Outcome) -> None:
        self.view.save.setEnabled(True)
        if isinstance(outcome, Failed):
            self.run_view.show_failure(outcome)
        elif isinstance(outcome, Done):
            self.run_view.say(f"Saved as {outcome.value} and {outcome.value.with_suffix('.json').name}.")
