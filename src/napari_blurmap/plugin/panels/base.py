"""What the panels have in common: a form, a button with its progress, and a view of what came out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from qtpy.QtWidgets import QApplication, QFileDialog

from ...errors import BlurMapError
from ..run.worker import Done, Failed, Outcome, Stopped
from .dock import Panel
from .report import issue_report

if TYPE_CHECKING:
    import napari.viewer

    from ...result.blurmap import BlurMap
    from ...result.optics_limit import Sharp
    from ..run.view import RunView
    from ..widgets.column_view import ColumnView
    from .form import Form
    from .job import Job


@dataclass(frozen=True, eq=False)
class Saving:
    """What a panel can save, and how.

    Parameters
    ----------
    title : str
        Of the dialog.
    name : str
        Proposed for the file, without its ending.
    kinds : mapping of str to str
        Words by the ending of a file's name.
    write : callable
        Takes the file and whether it may be replaced; gives what was written, in words. Runs in a worker.
    """

    title: str
    name: str
    kinds: Mapping[str, str]
    write: Callable[[Path, bool], object]


class RunPanel(Panel):
    """A panel whose button starts a job.

    A subclass hands over its parts, calls `_attach` when it has made the rest,
    and overrides what it needs of `_begin`, `_show_news`, `_show`, `_dismiss`
    and `_to_save`.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose window it is in.
    form : Form
        Makes the job.
    run_view : RunView
        The button and what is said below it.
    view : ColumnView, optional
        Shows what came out.
    function : callable, optional
        Used in place of the function of `napari_blurmap` that does the work.
    """

    #: What it is called in napari's menus.
    title: ClassVar[str]
    #: Whether its result is a map of blur.
    gives_map: ClassVar[bool] = True
    #: Whether its work imports PyTorch.
    loads_torch: ClassVar[bool] = True

    def __init__(
        self,
        viewer: napari.viewer.Viewer,
        form: Form,
        run_view: RunView,
        view: ColumnView | None = None,
        function: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(viewer)
        self.form, self.run_view, self.view = form, run_view, view
        self.control, self._saving, self._copying = (self._new_control() for _ in range(3))
        self._function = function
        self._job: Job | None = None
        self._failed: Failed | None = None
        self._notices: list[str] = []
        self._column = self._stack(form, run_view, *([] if view is None else [view]))
        form.ready_changed.connect(run_view.set_ready)
        run_view.set_ready(form.ready)
        if form.model is not None:
            form.model.failed.connect(run_view.say)
        run_view.run_clicked.connect(self.run)
        run_view.cancel_clicked.connect(self.control.cancel)
        for name, action in run_view.copies.items():
            action.triggered.connect(partial(self._copy, name))
            action.setVisible(self.gives_map or name not in ("methods", "psf"))
        self._copying.ended.connect(self._on_text)
        self.control.state_changed.connect(run_view.show_state)
        self.control.stepped.connect(run_view.show_step)
        self.control.told.connect(self._on_told)
        self.control.noticed.connect(self._notices.append)
        self.control.ended.connect(self._on_ended)
        self._saving.ended.connect(self._on_saved)
        if view is not None and view.save is not None:
            view.save.clicked.connect(self._save)

    def run(self) -> None:
        """Start what the form asks for, as the button does."""
        job = None if self.control.state.busy else self._asked()
        if job is None:
            return
        self._job = job
        self._notices.clear()
        self._begin(job)
        self.control.start(
            job.name,
            partial(job.run, function=self._function),
            loads_torch=self.loads_torch and self._function is None,
        )

    def _begin(self, job: Any) -> None:
        """Make ready for a job that is about to start."""

    def _show_news(self, news: list[Any]) -> None:
        """Show what a job has told since the last time."""

    def _show(self, job: Any, outcome: Done | Stopped) -> str:
        """Show what came out of a job; gives what is said below the button."""
        raise NotImplementedError

    def _dismiss(self) -> None:
        """Take away what was shown of a job that then failed."""

    def _to_tell(self) -> tuple[BlurMap, Sharp] | None:
        """The last map and what it is compared with, for texts about it; None where there is nothing yet."""

    def _to_save(self) -> Saving | None:
        """What the button Save... saves; None where there is nothing yet."""

    def _follow(self) -> None:
        self.form.follow(self._link)
        self._link.connect(self._viewer.events.theme, self._on_theme)

    def _on_theme(self) -> None:
        if self.view is not None:
            self.view.set_theme(self._viewer.theme)

    def _asked(self) -> Job | None:
        """What the form asks for; what is wrong with it is said."""
        try:
            return self.form.job()
        except BlurMapError as error:
            self.run_view.say(str(error))
            return None

    def _on_told(self, news: list[Any]) -> None:
        if self.control.state.busy:
            self._show_news(news)

    def _on_ended(self, outcome: Outcome) -> None:
        job, self._job = self._job, None
        if isinstance(outcome, Failed):
            self._dismiss()
            self._fail(outcome)
        else:
            self.run_view.say(" ".join([self._show(job, outcome), *self._notices]).strip())

    def _fail(self, failed: Failed) -> None:
        self._failed = failed
        self.run_view.show_failure(failed)

    def _copy(self, what: str, *_: object) -> None:
        """Put something on the clipboard: at once, or when it is found where that takes time."""
        if what == "report":
            report = issue_report(self.title, self.form, self._failed)
            self._put_on_clipboard(report, "Copied. Read it before you send it: it names your layers and files.")
        elif what in ("python", "shell"):
            if (job := self._asked()) is None:
                return
            if what == "python":
                self._put_on_clipboard(job.as_python(), "Copied. Paste it into napari's console, or into a script.")
            else:
                self._find_text(job.as_shell)
        elif (told := self._to_tell()) is None:
            self.run_view.say("There is no result yet.")
        else:
            blurmap, reference = told
            self._find_text(blurmap.psf_text if what == "psf" else partial(blurmap.methods_text, reference))

    def _find_text(self, find: Callable[[], str]) -> None:
        """Find a text for the clipboard, in another thread."""
        self._copying.start("Copying", lambda *_: find(), bar=False)

    def _on_text(self, outcome: Outcome) -> None:
        if isinstance(outcome, Done):
            self._put_on_clipboard(outcome.value, f"Copied: {outcome.value}")
        elif isinstance(outcome, Failed) and outcome.trace:
            self._fail(outcome)
        elif isinstance(outcome, Failed):
            self.run_view.say(outcome.message)

    def _put_on_clipboard(self, text: str, words: str) -> None:
        if (clipboard := QApplication.clipboard()) is not None:
            clipboard.setText(text)
            self.run_view.say(words)

    def _save(self) -> None:
        saving = self._to_save()
        if saving is None or self.view is None or self.view.save is None:
            return
        name = re.sub(r"[^\w.-]+", "_", saving.name) or "picture"
        endings = tuple(saving.kinds)
        kinds = ";;".join(f"{words} (*{ending})" for ending, words in saving.kinds.items())
        path, kind = QFileDialog.getSaveFileName(self, saving.title, name + endings[0], kinds)
        if not path:
            return
        # The dialog has asked whether that file may be replaced, but neither what lies beside it nor a completed name.
        typed = path.endswith(endings)
        target = Path(path if typed else path + next((end for end in endings if end in kind), endings[0]))
        replace = typed and target.is_file()
        self.view.save.setEnabled(False)
        self._saving.start(f"Saving {name}", lambda *_: saving.write(target, replace))

    def _on_saved(self, outcome: Outcome) -> None:
        if self.view is not None and self.view.save is not None:
            self.view.save.setEnabled(True)
        if isinstance(outcome, Failed):
            self._fail(outcome)
        elif isinstance(outcome, Done):
            self.run_view.say(f"Saved as {outcome.value}.")
