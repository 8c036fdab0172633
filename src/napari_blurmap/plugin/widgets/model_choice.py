"""Choice of a model, bundled or from a file, with its card."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from ...errors import BlurMapError
from ...models.info import SUFFIX, read_info
from ...models.registry import list_models
from .fields import Choice, Fold, empty_form, form_label, plain_label

if TYPE_CHECKING:
    from ...models.info import ModelInfo

_LOAD = "load a file..."
_TOOLTIP = "The network that estimates the blur. One trained on your own pictures can be loaded."


class ModelChoice(QWidget):
    """Bundled models, those loaded from files, and the card of the chosen one.

    Choosing needs no PyTorch. ``failed`` carries the message where a file
    cannot be used.

    Parameters
    ----------
    label, tooltip : str
        What the model is chosen for.
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(self, label: str = "Model", tooltip: str = _TOOLTIP) -> None:
        super().__init__()
        self._infos: dict[str, ModelInfo] = {}
        self.list = Choice(tooltip)
        self._text = plain_label()
        self._text.setContentsMargins(14, 0, 0, 0)
        self.card = Fold("About this model", self._text)
        form = empty_form()
        form.addRow(form_label(label), self.list)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(form)
        layout.addWidget(self.card)
        for name, info in list_models().items():
            self._infos[name] = info
            self.list.addItem(name, name)
        self.list.addItem(_LOAD, None)
        self.list.choose("default")
        self._chosen = self.list.currentIndex()
        self.list.currentIndexChanged.connect(self._show_card)
        self.list.activated.connect(self._activated)
        self._show_card()

    @property
    def model(self) -> str | None:
        """Name of a bundled model, or path of a file; None where there is none yet."""
        data = self.list.currentData()
        return None if data is None else str(data)

    @property
    def info(self) -> ModelInfo | None:
        """The card of the chosen model."""
        return self._infos.get(self.model or "")

    def select(self, path: str | Path) -> None:
        """Add a model file to the list and choose it.

        Parameters
        ----------
        path : path
            A ``.blurmap.safetensors`` file.

        Raises
        ------
        BlurMapError
            If it is no such file, damaged, or of a newer version.
        """
        file = str(Path(path).expanduser().resolve())
        info, _ = read_info(file)
        if file not in self._infos:
            self.list.insertItem(self.list.count() - 1, f"{info.name} ({Path(file).name})", file)
        self._infos[file] = info
        self.list.choose(file)
        self._show_card()

    def _activated(self, index: int) -> None:
        """Somebody picked an entry; the last one asks for a file."""
        if self.list.itemData(index) is not None:
            self._chosen = index
            return
        chosen, self._chosen = self._chosen, index
        path, _ = QFileDialog.getOpenFileName(self, "Load a blur model", "", f"Blur models (*{SUFFIX})")
        self.list.setCurrentIndex(chosen)
        self._chosen = chosen
        if path:
            try:
                self.select(path)
            except BlurMapError as error:
                self.failed.emit(str(error))
            self._chosen = self.list.currentIndex()

    def _show_card(self) -> None:
        info = self.info
        self.card.setVisible(info is not None)
        if info is not None:
            self._text.setText(info.card())
            self.changed.emit()
