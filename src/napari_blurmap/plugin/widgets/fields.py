"""Small parts of panels: a number, a text or a folder that may be left out, words that can be copied."""

from __future__ import annotations

from math import isfinite
from pathlib import Path

from magicgui.types import FileDialogMode
from magicgui.widgets import FileEdit
from qtpy.QtCore import QLocale, Qt
from qtpy.QtGui import QDoubleValidator, QFontDatabase
from qtpy.QtWidgets import QLabel, QLineEdit, QPlainTextEdit, QSizePolicy

#: What is typed as noise (`napari_blurmap.picture.sensor.typed_noise`).
NOISE = (
    "The camera's noise: auto measures it in the picture. Else its standard deviation in grey levels, or\n"
    "gain / offset / read noise: grey levels an electron, grey level in the dark, electrons."
)


class NumberField(QLineEdit):
    """A number above 0 that may be left out.

    Parameters
    ----------
    placeholder : str
        Shown while it is empty.
    tooltip : str
        What it means.
    """

    def __init__(self, placeholder: str, tooltip: str) -> None:
        super().__init__()
        # A point is a point in every language: numbers are copied from papers and objectives.
        validator = QDoubleValidator(0.0, 1e9, 6, self)
        validator.setLocale(QLocale.c())
        self.setValidator(validator)
        self.setPlaceholderText(placeholder)
        self.setToolTip(tooltip)
        self.setMinimumWidth(40)
        self.textEdited.connect(self._point)

    @property
    def value(self) -> float | None:
        """The number; None where the field is empty, or holds none above 0."""
        try:
            number = float(self.text())
        except ValueError:
            return None
        return number if isfinite(number) and number > 0 else None

    def set_value(self, value: float | None) -> None:
        """Show a number, or nothing for None or 0."""
        self.setText(f"{value:.6g}" if value else "")

    def _point(self, text: str) -> None:
        """Show a decimal comma as what it counts as."""
        if "," in text:
            place = self.cursorPosition()
            self.setText(text.replace(",", "."))
            self.setCursorPosition(place)


def text_field(placeholder: str, tooltip: str) -> QLineEdit:
    """A line of text that may be left out."""
    field = QLineEdit()
    field.setPlaceholderText(placeholder)
    field.setToolTip(tooltip)
    field.setMinimumWidth(40)
    return field


def folder_field(tooltip: str) -> FileEdit:
    """A folder that may be left out, typed or picked."""
    field = FileEdit(mode=FileDialogMode.EXISTING_DIRECTORY, nullable=True, tooltip=tooltip)
    field.choose_btn.text = "..."  # the room is the path's
    field.native.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return field


def path_in(field: FileEdit) -> Path | None:
    """What a field for files holds; None where it is empty."""
    return Path(str(field.value)).expanduser() if str(field.value) not in ("None", "", ".") else None


def plain_label(bold: bool = False) -> QLabel:
    """A label that wraps and whose text can be copied."""
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if bold:
        label.setStyleSheet("font-weight: bold;")
    return label


def text_box(height: int) -> QPlainTextEdit:
    """A box for lines of text that stand below one another, to be read and copied."""
    box = QPlainTextEdit()
    box.setReadOnly(True)
    box.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    box.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
    box.setFixedHeight(height)
    return box
