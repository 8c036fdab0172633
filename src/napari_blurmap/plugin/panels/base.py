"""What every docked panel is: a column of widgets that follows the viewer, and leaves nothing behind."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from qtpy.QtCore import QEvent, QTimer
from qtpy.QtWidgets import QApplication, QDockWidget, QMainWindow, QSizePolicy, QVBoxLayout, QWidget

from ..run.control import RunControl
from ..widgets.fields import Column
from ..widgets.viewer_link import ViewerLink

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari.viewer

    from ..run.view import RunView
    from ..run.worker import Outcome
    from ..widgets.column_view import ColumnView
    from ..widgets.model_choice import ModelChoice

    class ModelForm(Protocol):
        """A form with a choice of models."""

        model: ModelChoice
        ready_changed: Any

        def follow(self, link: ViewerLink) -> None:
            """Follow the viewer through a link."""


class Panel(QWidget):
    """A column in a dock of napari's window.

    A subclass says in `_follow` what of the viewer it listens to, through
    ``_link``, and in `_let_go` what else it must end when it is taken out.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose window it is in.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._viewer = viewer
        self._link = ViewerLink()
        self._controls: list[RunControl] = []
        self._was_shown = False
        self.control = self._new_control()
        # No method of the panel: it is no more when this signal comes.
        self.destroyed.connect(partial(_abandon, self._link, self._controls))

    def event(self, event: QEvent | None) -> bool:
        """Let go of the viewer when the panel is taken out of it; take its place when it is first shown."""
        if event is not None and event.type() == QEvent.Type.ParentChange:
            if self.parent() is None:
                self._let_go()
            else:
                self._attach()
        elif event is not None and event.type() == QEvent.Type.Show and not self._was_shown:
            self._was_shown = True
            QTimer.singleShot(0, self._join_panels)  # when the window has laid itself out
        return super().event(event)

    def _stack(self, *widgets: QWidget) -> Column:
        """Fill the panel, from top to bottom."""
        column = Column(*widgets)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(column)
        # Tells napari that the panel itself takes the height that is left.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        return column

    def _new_control(self) -> RunControl:
        """Something that may run beside others, and ends with the panel."""
        control = RunControl()
        self._controls.append(control)
        return control

    def _attach(self) -> None:
        self._link.cut()
        self._follow()

    def _join_panels(self) -> None:
        """Become a tab of another panel in the same area: below it there is no room for both."""
        dock = dock_of(self)
        window = None if dock is None else dock.parentWidget()
        if dock is None or not isinstance(window, QMainWindow):
            return
        if dock.isFloating() or window.tabifiedDockWidgets(dock):
            return
        area = window.dockWidgetArea(dock)
        docks = (dock_of(panel) for panel in window.findChildren(Panel) if panel is not self)
        for other in docks:
            if other is not None and not other.isFloating() and window.dockWidgetArea(other) == area:
                window.tabifyDockWidget(other, dock)
                dock.raise_()
                return

    def _follow(self) -> None:
        """Connect to the viewer."""

    def _let_go(self) -> None:
        """End all that runs, and all connections."""
        _abandon(self._link, self._controls)


class RunPanel(Panel):
    """A panel that works with a model: a form, a button with its progress, and a view of what came out.

    A subclass makes ``form``, ``run_view`` and ``view``, stacks them and calls
    `_connect_run`.
    """

    form: ModelForm
    run_view: RunView
    view: ColumnView

    def _connect_run(self, run: Callable[[], None], copy: Callable[[], None], ended: Callable[[Outcome], None]) -> None:
        """Wire the button to what it starts, copies, and leads to."""
        self.form.ready_changed.connect(self.run_view.set_ready)
        self.form.model.failed.connect(self.run_view.say)
        self.run_view.run_clicked.connect(run)
        self.run_view.cancel_clicked.connect(self.control.cancel)
        self.run_view.copy.clicked.connect(copy)
        self.control.state_changed.connect(self.run_view.show_state)
        self.control.stepped.connect(self.run_view.show_step)
        self.control.ended.connect(ended)

    def _follow(self) -> None:
        self.form.follow(self._link)
        self._link.connect(self._viewer.events.theme, self._on_theme)

    def _on_theme(self) -> None:
        self.view.set_theme(self._viewer.theme)


def dock_of(widget: QWidget) -> QDockWidget | None:
    """The dock that holds a widget; None where it is not docked."""
    holder = widget.parentWidget()
    while holder is not None and not isinstance(holder, QDockWidget):
        holder = holder.parentWidget()
    return holder


def copy_python(code: str, say: Callable[[str], None]) -> None:
    """Put code on the clipboard, and say so."""
    if (clipboard := QApplication.clipboard()) is not None:
        clipboard.setText(code)
        say("Copied. Paste it into napari's console, or into a script.")


def _abandon(link: ViewerLink, controls: list[RunControl], *_: object) -> None:
    link.cut()
    for control in controls:
        control.abandon()
