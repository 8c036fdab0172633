"""The input of the panel "Estimate many pictures": what, where to, model, reference."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from magicgui.widgets import CheckBox
from qtpy.QtCore import QUrl
from qtpy.QtWidgets import QFileDialog, QPushButton, QTextEdit

from ...errors import BlurMapError
from ...picture.sensor import typed_noise
from ..panels.form import Form
from ..widgets.fields import NOISE, folder_field, path_in, plain_label, text_field
from ..widgets.layout import beside, column, folded, rows
from ..widgets.model_choice import ModelChoice
from ..widgets.preferences import read_preferences, store_preferences
from .job import BatchJob
from .reference import BatchReference

if TYPE_CHECKING:
    import napari.viewer

    from ..widgets.viewer_link import ViewerLink

_PATTERN = re.compile(r"[*?\[]")


class BatchForm(Form):
    """Everything that many pictures need to be estimated.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose window it is in.
    """

    model: ModelChoice

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer)
        self._proposed: Path | None = None
        self.pictures = QTextEdit()
        self.pictures.setToolTip("A folder and all in it, a pattern such as /plate/**/*.tif, or pictures; a line each.")
        self.pictures.setLineWrapMode(QTextEdit.LineWrapMode.NoWrap)
        self.pictures.setAcceptRichText(False)
        self.pictures.setTabChangesFocus(True)
        self.pictures.setFixedHeight(62)
        self.folder, self.files = QPushButton("Folder..."), QPushButton("Files...")
        self.out = folder_field("Folder for the maps, the table and the report; made where it is missing.")
        self.table = CheckBox(
            value=True,
            text="qc.csv and its report, qc.html",
            tooltip="A row a picture, plane and channel, as CellProfiler reads it, and a page that opens anywhere.",
        )
        self.model = ModelChoice()
        self.reference = BatchReference()
        self.axes = text_field(
            "those of each file",
            "A letter for each axis of the data, such as TZCYX, where files do not name them or name them wrongly:\n"
            "T time, Z depth, C channel, S colours (RGB), Y and X. The same for all pictures.",
        )
        self.noise = text_field("auto", NOISE)
        self.names = text_field(
            "those of the common makers",
            "What names tell: a regular expression with groups such as (?P<well>[A-P]\\d\\d), site, channel and plate.",
        )
        self.labels = folder_field(
            "Folder or pattern of label images, or one, for a table of objects, qc.objects.csv.\n"
            "They have the names of the pictures, and may end in _labels, _masks, _cp_masks or _seg."
        )
        self.again = CheckBox(text="do what is done again (overwrite)", tooltip="Else Run does only what is missing.")
        self.words = plain_label()
        buttons = beside(self.folder, self.files)
        fields = {"Pictures": self.pictures, "": buttons, "Results in": self.out, "Table": self.table}
        advanced = {"Axes": self.axes, "Noise": self.noise, "Names": self.names, "Objects": self.labels}
        more = folded("Advanced", {**advanced, "": self.again})
        column(self, rows(fields), self.model, self.reference, more, self.words)
        self.folder.clicked.connect(self._pick_folder)
        self.files.clicked.connect(self._pick_files)
        self.pictures.textChanged.connect(self._propose)
        for widget in (self.out, self.model):
            widget.changed.connect(self._settle)
        self._settle()

    @property
    def given(self) -> list[str]:
        """Folders, patterns and pictures, with their whole paths."""
        # Windows copies paths with quotes around them.
        lines = filter(None, (line.strip().strip('"') for line in self.pictures.toPlainText().splitlines()))
        local = (QUrl(line).toLocalFile() if line.startswith("file:") else line for line in lines)  # dropped on it
        return [os.path.abspath(os.path.expanduser(path)) for path in local]

    @property
    def ready(self) -> bool:
        """Whether it is said what is estimated, where to, and by which model."""
        return bool(self.given) and path_in(self.out) is not None and self.model.model is not None

    def follow(self, link: ViewerLink) -> None:
        """Nothing of the viewer's is asked for."""

    def job(self) -> BatchJob | None:
        """What Run asks for; None where there is nothing to run on.

        Raises
        ------
        BlurMapError
            If the reference is missing or cannot be, or nor can the noise; or there is no table for objects.
        """
        out = path_in(self.out)
        if not self.ready or out is None:
            return None
        out = Path(os.path.abspath(out))
        options: dict[str, Any] = {"out": str(out)}
        if self.table.value:
            options |= {"table": str(out / "qc.csv"), "report": str(out / "qc.html")}
        options |= {"model": self.model.model, "device": read_preferences()["compute.device"]}
        if (reference := self.reference.given()) is not None:
            options["reference"] = reference
        if typed := self.reference.typed_pixel:
            options |= {"pixel_size": typed[0], "unit": typed[2]}
        if axes := "".join(self.axes.text().split()).upper():
            options["axes"] = axes.replace("S", "", 1)
            if "S" in axes:
                options["channel_axis"] = axes.index("S")
        if (noise := typed_noise(self.noise.text())) != "auto":
            options["noise"] = noise
        if names := self.names.text().strip():
            options["pattern"] = names
        if (labels := path_in(self.labels)) is not None:
            if not self.table.value:
                raise BlurMapError("Objects get a table beside qc.csv. Tick the table, or name no objects.")
            options["labels"] = os.path.abspath(labels)
        if self.again.value:
            options["overwrite"] = True
        return BatchJob(self.given, options)

    def store_preferences(self) -> None:
        """Keep the microscope of this run for the next time."""
        store_preferences({name: value for name, (_, value) in self.reference.preferences.items()})

    def _pick_folder(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, "Folder of pictures"):
            self.pictures.setPlainText(folder)

    def _pick_files(self) -> None:
        files, _ = QFileDialog.getOpenFileNames(self, "Pictures")
        if files:
            self.pictures.setPlainText("\n".join(files))

    def _propose(self) -> None:
        """A folder beside that of the pictures, unless another was chosen."""
        if path_in(self.out) in (None, self._proposed):
            first = Path(next(iter(self.given), ""))
            while _PATTERN.search(str(first)) or first.is_file():
                first = first.parent
            self._proposed = first.with_name(f"{first.name} blur") if first.name else None
            self.out.value = self._proposed
        self._settle()

    def _settle(self) -> None:
        """Say what is missing."""
        where = "Choose a folder for the results." if path_in(self.out) is None else ""
        self.words.setText(where if self.given else "Choose a folder or pictures, or type a pattern, /plate/*.tif.")
        self.words.setVisible(bool(self.words.text()))
        self._tell_ready()
