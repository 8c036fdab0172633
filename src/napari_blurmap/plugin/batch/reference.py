"""What counts as sharp of many pictures."""

from __future__ import annotations

from typing import Any, NoReturn

from magicgui.types import FileDialogMode
from magicgui.widgets import FileEdit

from ...errors import BlurMapError
from ..estimate.optics import OpticsForm
from ..widgets.fields import path_in
from ..widgets.preferences import read_preferences

_MORE = {"picture": "a picture I call sharp", "tenth": "the sharpest tenth"}


class BatchReference(OpticsForm):
    """The references of one picture, for the pixel size of each; and a picture, or the sharpest of the batch itself."""

    def __init__(self) -> None:
        super().__init__(_MORE)
        self.sharp = FileEdit(mode=FileDialogMode.EXISTING_FILE, nullable=True, tooltip="A picture that is sharp.")
        self.sharp.choose_btn.text = "..."
        self._form.insertRow(1, "Picture", self.sharp.native)
        self.kind.changed.connect(self._show_sharp)
        self._show_sharp()
        for name, (show, _) in self.preferences.items():
            show(read_preferences()[name])
        self.begin()

    def given(self) -> Any:
        """What counts as sharp, as `napari_blurmap.estimate_batch` takes it.

        Raises
        ------
        BlurMapError
            If something is missing, or is what no objective or limit can have.
        """
        kind = self.kind.value
        if kind == "optics":
            return self.microscope_given() or self._missing("The optics limit needs the NA")
        if kind == "picture":
            return str(path_in(self.sharp) or self._missing("The picture that you call sharp is missing"))
        if kind == "typed":
            return getattr(self.reference(), "sigma", None) or self._missing(
                "The largest FWHM that you call sharp is missing"
            )
        return "tenth" if kind == "tenth" else None

    @staticmethod
    def _missing(what: str) -> NoReturn:
        raise BlurMapError(f"{what}. Give it, or choose another reference.")

    def _describe(self) -> str:
        kind = self.kind.value
        if kind == "picture":
            return "Sharp: no more blurred than this picture, the same channel of it."
        if kind == "tenth":
            return "Sharp: no more blurred than the sharpest tenth of the pictures, each channel by itself."
        if kind == "optics" and self.microscope_given() and not (self.pixel_size and self.wavelength.value):
            missing = {"pixel size": self.pixel_size, "wavelength of each channel": self.wavelength.value}
            own = " and the ".join(name for name, typed in missing.items() if not typed)
            return f"Optics limit: for the {own} in each file, or one that you type for all."
        return super()._describe()

    def _show_sharp(self) -> None:
        self._form.setRowVisible(self.sharp.native, self.kind.value == "picture")
