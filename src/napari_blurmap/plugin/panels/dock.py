"""What every docked panel is: a column of widgets that follows the viewer, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QSizePolicy, QWidget

from ..run.control import RunControl
from ..widgets.layout import Column, column
from ..widgets.viewer_link import ViewerLink

if TYPE_CHECKING:
    import napari.viewer


#: What is to be called when panels end.
_WAITING: set[Callable[..., None]] = set()


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
        # Not a method of the panel, which no longer exists when this signal comes.
        self.destroyed.connect(_held(partial(_abandon, self._link, self._controls)))

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
        stacked = Column(*widgets)
        column(self, stacked)
        # Tells napari that the panel itself takes the height that is left.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        return stacked

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


def dock_of(widget: QWidget) -> QDockWidget | None:
    """The dock that holds a widget; None where it is not docked."""
    holder = widget.parentWidget()
    while holder is not None and not isinstance(holder, QDockWidget):
        holder = holder.parentWidget()
    return holder


def bring_to_front(widget: QWidget) -> None:
    """Show a docked widget, also where it is closed or behind another tab."""
    for part in (dock_of(widget), widget):
        if part is not None:
            part.show()
            part.raise_()


def _held(end: Callable[..., None]) -> Callable[..., None]:
    """What is called once, however late: the garbage collector would empty it with the window that it waits for."""

    def call(*_: object) -> None:
        _WAITING.discard(call)
        end()

    _WAITING.add(call)
    return call


def _abandon(link: ViewerLink, controls: list[RunControl]) -> None:
    link.cut()
    for control in controls:
        control.abandon()
