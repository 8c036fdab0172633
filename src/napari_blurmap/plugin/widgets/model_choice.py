"""Choice of a model, bundled or from a file, with its card."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QWidget

from ...errors import BlurMapError
from ...models.info import SUFFIX, read_info
from ...models.registry import list_models
from .choice import Choice
from .fields import plain_label
from .layout import Fold, column, rows

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
        self._infos: dict[str, ModelInfo] = list_models()
        self._chosen = "default"
        self.list = Choice(tooltip)
        self._text = plain_label()
        self._text.setContentsMargins(14, 0, 0, 0)
        self.card = Fold("About this model", self._text)
        column(self, rows({label: self.list}), self.card).setSpacing(2)
        self._relist()
        self.list.choose(self._chosen)
        self.list.changed.connect(self._show_card)
        self.list.activated.connect(self._on_activated)
        self._show_card()

    @property
    def model(self) -> str | None:
        """Name of a bundled model, or path of a file; None while a file is being chosen."""
        chosen: str | None = self.list.value
        return chosen

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
        self._infos[file], _ = read_info(file)
        self._relist()
        self.list.choose(file)
        self._show_card()

    def _relist(self) -> None:
        files = {name: f"{info.name} ({Path(name).name})" for name, info in self._infos.items() if SUFFIX in name}
        self.list.relist([*({name: name for name in self._infos} | files).items(), (None, _LOAD)])

    def _on_activated(self, _index: int) -> None:
        """Somebody picked an entry; the last one asks for a file."""
        if self.list.value is not None:
            return
        self.list.choose(self._chosen)
        path, _ = QFileDialog.getOpenFileName(self, "Load a blur model", "", f"Blur models (*{SUFFIX})")
        if path:
            try:
                self.select(path)
            except BlurMapError as error:
                self.failed.emit(str(error))

    def _show_card(self) -> None:
        info = self.info
        self.card.setVisible(info is not None)
        if self.model is not None and info is not None:
            self._chosen = self.model
            self._text.setText(info.card())
            self.changed.emit()
