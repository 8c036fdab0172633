"""Parts of panels by themselves."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication, QWidget

from napari_blurmap.plugin.widgets.choice import Choice
from napari_blurmap.plugin.widgets.fields import plain_label
from napari_blurmap.plugin.widgets.layout import Column, Fold

pytestmark = pytest.mark.gui_subset


def test_words_in_a_fold_are_never_cut(qtbot: Any) -> None:
    label = plain_label()
    label.setText("Words that wrap, many more than there is room for in one line of a narrow panel. " * 8)
    fold = Fold("About", label)
    panel = Column(fold, QWidget())
    qtbot.addWidget(panel)
    panel.resize(260, 900)
    panel.show()
    assert not label.isVisible()
    fold.toggleButton().click()
    for width in (260, 400, 260):
        panel.resize(width, 900)
        qtbot.waitUntil(lambda: label.isVisible() and label.height() == label.heightForWidth(label.width()))
    fold.toggleButton().click()
    assert not label.isVisible()
    assert fold.text() == "▸ About"


def test_a_choice_keeps_its_value_when_it_is_listed_anew(qtbot: Any) -> None:
    choice, told = Choice("", {1: "one", 2: "two"}), []
    qtbot.addWidget(choice)
    choice.changed.connect(lambda: told.append(choice.value))
    choice.value = 2
    choice.relist([(3, "three"), (2, "deux"), (1, "un")])
    assert (choice.value, choice.currentText()) == (2, "deux")
    choice.relist([(3, "three"), (1, "un")])
    assert choice.value == 3
    assert not choice.choose(2)
    choice.relist([])
    assert choice.value is None
    assert told == [2, 3, None]


def test_the_wheel_scrolls_the_panel_and_changes_no_choice(qtbot: Any) -> None:
    choice = Choice("", {1: "one", 2: "two"})
    qtbot.addWidget(choice)
    choice.show()
    middle = QPointF(choice.rect().center())
    turn = QWheelEvent(
        middle,
        middle,
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    choice.clearFocus()
    QApplication.sendEvent(choice, turn)
    assert choice.value == 1
