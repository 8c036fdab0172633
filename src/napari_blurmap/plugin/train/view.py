"""How a training goes: its curves while it runs, what was found in the pictures, and the report at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyqtgraph as pg
from qtpy.QtCore import Qt

from ..widgets.column_view import ColumnView
from ..widgets.fields import plain_label, text_box
from ..widgets.layout import Fold, column
from ..widgets.plot import make_still, take_theme

if TYPE_CHECKING:
    from ...training.own.config import TuneStep
    from ...training.own.report import TuneReport

#: Steps over which the loss is averaged for the eye.
_SMOOTH = 0.95


class TrainPlot(pg.GraphicsLayoutWidget):
    """Error on held-out pictures, with that of the starting model as a line, and the loss below it."""

    def __init__(self, theme: str) -> None:
        super().__init__()
        self.setToolTip(
            "Above: error on pictures that are not trained on, pixels; dashed, that of the model it started from. "
            "Below: the loss, averaged over about twenty steps."
        )
        self._steps: list[int] = []
        self._errors: list[float] = []
        self._losses: list[float] = []
        self._above, self._below = self.addPlot(row=0, col=0), self.addPlot(row=1, col=0)
        make_still(self, [self._above, self._below], height=230)
        self.error, self._loss = self._above.plot(), self._below.plot()
        self._before = pg.InfiniteLine(angle=0)
        self._above.addItem(self._before)
        self._before.hide()
        self._above.setLabel("left", "error (px)")
        self._below.setLabel("left", "loss")
        self._below.setLabel("bottom", "step")
        self.set_theme(theme)

    def add(self, steps: list[TuneStep]) -> None:
        """Append steps."""
        for at in steps:
            if at.loss is None:
                continue
            last = self._losses[-1] if self._losses else at.loss
            self._steps.append(at.step)
            self._losses.append(_SMOOTH * last + (1 - _SMOOTH) * at.loss)
            self._errors.append(float("nan") if at.error is None else at.error)
        self.error.setData(self._steps, self._errors)
        self._loss.setData(self._steps, self._losses)
        if steps[-1].start_error is not None:
            self._before.setValue(steps[-1].start_error)
            self._before.show()

    def set_theme(self, name: str) -> None:
        """Take the colours of a theme of napari."""
        text, _ = take_theme(self, [self._above, self._below], name)
        self.error.setPen(pg.mkPen(text, width=2))
        self._loss.setPen(pg.mkPen(text))
        self._before.setPen(pg.mkPen(text, style=Qt.PenStyle.DashLine))


class TrainView(ColumnView):
    """Curves, findings and report of a training; hidden until there is one.

    Parameters
    ----------
    theme : str
        napari's name of the theme.
    """

    def __init__(self, theme: str) -> None:
        super().__init__(theme)
        self.plot: TrainPlot | None = None
        self.line, self.findings = plain_label(bold=True), plain_label()
        self.report = text_box(260)
        self.fold = Fold("Validation report", self.report)
        column(self, self.line, self.findings, self.fold)

    def begin(self) -> None:
        """Empty it for a new training."""
        if self.plot is not None:
            self._column.removeWidget(self.plot)
            self.plot.deleteLater()
        self.plot = TrainPlot(self._theme)
        self._column.insertWidget(0, self.plot)
        self.line.hide()
        self.findings.hide()
        self.fold.hide()
        self.show()

    def show_steps(self, steps: list[TuneStep], findings: tuple[str, ...]) -> None:
        """Show steps, and what was found in the pictures so far."""
        if self.plot is not None:
            self.plot.add(steps)
        at = steps[-1]
        if at.error is not None and at.error == at.error:
            before = "" if at.start_error is None else f" ({at.start_error:.3f} px at the start)"
            self.line.setText(f"Error on held-out pictures {at.error:.3f} px{before}")
            self.line.show()
        self.findings.setText("\n".join(findings))
        self.findings.setVisible(bool(findings))

    def show_report(self, report: TuneReport) -> None:
        """Show the figures of the finished model."""
        self.line.setText(report.summary_line())
        self.line.show()
        self.report.setPlainText(report.text())
        self.fold.expand(animate=False)
        self.fold.show()
