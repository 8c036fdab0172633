"""What counts as sharp: nothing, the optics limit of an objective, or a limit typed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QLabel, QWidget
from superqt.utils import qdebounced

from ...errors import BlurMapError
from ...ground.microscope import MODES, limit_name
from ...ground.optics import fwhm_to_sigma
from ...ground.units import meters, unit_label
from ...result.optics_limit import OpticsLimit
from ...result.reference import FACTORS, Reference
from ..layers.picture import is_square
from ..widgets.choice import Choice
from ..widgets.fields import NumberField, plain_label
from ..widgets.layout import beside, column, rows
from .limit_words import limit_words

PixelSize = tuple[float, float, str]

_UNITS = ("nanometer", "micrometer", "millimeter")
_NANOMETER = 1e-9
_KINDS = {"none": "none (no verdict)", "optics": "the optics limit", "typed": "a limit I type"}
_IMMERSIONS = {"air": 1.0, "water": 1.333, "silicone oil": 1.406, "glycerol": 1.47, "oil": 1.518}
#: Kinds of microscope; those with a pinhole, and those that are excited through the lens.
MICROSCOPES = {mode: mode for mode in MODES}
_WITH_PINHOLE, _EXCITED = MODES[1:3], MODES[1:]


class OpticsForm(QWidget):
    """The reference of a verdict, and the pixel size that it needs.

    ``changed`` is emitted a moment after the last edit, ``limit_text`` shows
    what the numbers amount to.

    Parameters
    ----------
    more : mapping of str to str, optional
        Further references, their words by kind.
    """

    changed = Signal()

    def __init__(self, more: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._known: PixelSize | None = None
        self._light: Sequence[float] = ()
        self.kind = Choice(
            "What counts as sharp. Without it the blur is measured, but nothing is called sharp.",
            _KINDS | dict(more or {}),
        )
        self.aperture = NumberField("NA", "Numerical aperture of the objective, as engraved on it, such as 0.75.")
        self.wavelength = NumberField(
            "nm", "Wavelength of the emission, in nm. Where it is empty, that of each channel, as the file names it."
        )
        self.immersion = Choice(
            "What lies between objective and specimen; its refractive index bounds the NA.",
            {index: f"{text} ({index:g})" for text, index in _IMMERSIONS.items()},
        )
        self.microscope = Choice("Kind of microscope.", MICROSCOPES)
        self.excitation = NumberField(
            "nm",
            "Excitation wavelength, in nm. Where it is empty, 0.94 of the emission, for two photons 1.8 times it.",
        )
        self.pinhole = NumberField(
            "Airy units", "Diameter of the pinhole in Airy units. Where it is empty, 1; of a spinning disk 1.8."
        )
        self.factor = NumberField(
            "1.5",
            "How many times the optics limit you still call sharp. Facilities accept an objective up to 1.5.",
        )
        self.typed = NumberField("FWHM", "Largest blur (FWHM) that you still call sharp.")
        self.typed_unit = Choice("Unit of the limit.")
        self.pixel = NumberField("size", "Side of a pixel in the specimen.")
        self.unit = Choice("Unit of the pixel size.", {name: unit_label(name) for name in _UNITS})
        self.unit.choose("micrometer")
        self.override = QCheckBox("change")
        self.override.setToolTip("Use another pixel size than the one that the layer knows.")
        self.limit_text = plain_label()
        self._objective = _row(self.aperture, QLabel("at"), self.wavelength, QLabel("nm"))
        self._excited = _row(self.excitation, QLabel("nm"))
        self._opening = _row(self.pinhole, QLabel("Airy units"))
        self._within = _row(self.factor, QLabel("x the limit"))
        self._typed = _row(self.typed, self.typed_unit)
        self._form = rows(
            {
                "Reference": self.kind,
                "NA": self._objective,
                "Immersion": self.immersion,
                "Microscope": self.microscope,
                "Excitation": self._excited,
                "Pinhole": self._opening,
                "Sharp up to": self._within,
                "FWHM up to": self._typed,
                "Pixel size": _row(self.pixel, self.unit, self.override),
            }
        )
        column(self, self._form, self.limit_text)
        self._connect()
        self.set_known_pixel(None)

    def set_known_pixel(self, size: PixelSize | None, typed: PixelSize | None = None) -> None:
        """Take over the pixel size (y, x, unit) that a layer knows, or None, and the one that was typed for it."""
        before = self.pixel_size
        self._known = size
        self.override.setChecked(size is not None and typed is not None)
        self._show_known()
        if typed is not None:
            self.unit.choose(typed[2])
        if size is None or typed is not None:
            self.pixel.set_value(typed[0] if typed else None)
        after = self.pixel_size
        if before and after and self.typed_unit.value == "length" and self.typed.value:
            # The limit stays the same length.
            ratio = (meters(before[2]) or 1.0) / (meters(after[2]) or 1.0)
            self.typed.set_value(self.typed.value * ratio)
        self._edited()

    def set_known_light(self, emission_nm: Sequence[float]) -> None:
        """Take over the wavelength of each channel that a layer's file names; none where it does not."""
        self._light = emission_nm
        self.wavelength.setPlaceholderText(", ".join(f"{nm:g}" for nm in emission_nm) or "nm")
        self._edited()

    def begin(self) -> None:
        """Start with the limit of the objective as the reference, where there is one."""
        if self.aperture.value:
            self.kind.choose("optics")

    @property
    def pixel_size(self) -> PixelSize | None:
        """Pixel size (y, x) and pint's name of its unit, from the layer or typed; None where unknown."""
        return self._known if self._known and not self.override.isChecked() else self.typed_pixel

    @property
    def typed_pixel(self) -> PixelSize | None:
        """The pixel size that was typed in place of the layer's, for `estimate_blur`."""
        if self._known and not self.override.isChecked():
            return None
        side = self.pixel.value
        return (side, side, self.unit.value) if side else None

    def reference(self) -> Reference | OpticsLimit | None:
        """What counts as sharp, as it stands.

        Returns
        -------
        Reference, OpticsLimit or None
            An optics limit where channels differ; None where there is none, or something is still missing.

        Raises
        ------
        BlurMapError
            For values that no objective or limit can have.
        """
        kind, size = self.kind.value, self.pixel_size
        if kind == "typed" and self.typed.value:
            pixels = self.typed.value
            if self.typed_unit.value == "length":
                pixels /= self._square(size)[0]
            return Reference(fwhm_to_sigma(pixels), "limit", "typed")
        if kind == "optics" and size and self._emission and (microscope := self.microscope_given()):
            side, unit = self._square(size)
            pixel = side * (meters(unit) or 1.0) / _NANOMETER
            limit = OpticsLimit(**microscope | {"wavelength": self._emission, "pixel_nm": pixel})
            if len(set(self._emission)) > 1:
                return limit
            return replace(limit.for_pixel(pixel, self._emission[0]), name=limit_name(self.microscope.value))
        return None

    @property
    def _emission(self) -> tuple[float, ...]:
        """Wavelength of each channel, or the one that was typed for all."""
        return (self.wavelength.value,) if self.wavelength.value else tuple(self._light)

    def microscope_given(self) -> dict[str, Any]:
        """Arguments of an `OpticsLimit`; none while the NA is missing.

        Raises
        ------
        BlurMapError
            For an NA that the immersion cannot have.
        """
        aperture, wavelength = self.aperture.value, self.wavelength.value or None
        index, mode = self.immersion.value, self.microscope.value
        if not aperture:
            return {}
        if aperture >= index:
            raise BlurMapError(
                f"NA {aperture:g} is impossible in {self.immersion.currentText()}. Choose the "
                "immersion of the objective, or correct the NA."
            )
        given = {"na": aperture, "wavelength": wavelength, "refractive_index": index, "mode": mode}
        given |= {"excitation": self.excitation.value} if mode in _EXCITED else {}
        given |= {"pinhole": self.pinhole.value} if mode in _WITH_PINHOLE else {}
        return {name: value for name, value in (given | {"factor": self.factor.value}).items() if value is not None}

    @property
    def preferences(self) -> dict[str, tuple[Callable[[Any], object], Any]]:
        """What shows each of napari's preferences that are of the microscope, and its value here."""
        numbers = {
            "numerical_aperture": (self.aperture, 0.0),
            "wavelength_nm": (self.wavelength, 0.0),
            "excitation_nm": (self.excitation, 0.0),
            "pinhole": (self.pinhole, 0.0),
            "sharp_factor": (self.factor, FACTORS["optics"]),
        }
        kept: dict[str, tuple[Callable[[Any], object], Any]] = {
            f"optics.{name}": (field.set_value, field.value or empty) for name, (field, empty) in numbers.items()
        }
        return kept | {"optics.microscope": (self.microscope.choose, self.microscope.value)}

    @staticmethod
    def _square(size: PixelSize | None) -> tuple[float, str]:
        if size is None:
            raise BlurMapError("A limit as a length needs the pixel size. Type it below, or give the limit in px.")
        if not is_square(size):
            raise BlurMapError(
                f"Pixels are {size[0]:.4g} x {size[1]:.4g} {unit_label(size[2])} (y, x), so one blur is no single "
                "length. Resample the picture to square pixels, or type a limit in px."
            )
        return (size[0] + size[1]) / 2, size[2]

    def _describe(self) -> str:
        kind, size = self.kind.value, self.pixel_size
        if kind == "none":
            return ""
        if kind == "optics":
            needed = {"NA": self.aperture.value, "wavelength": self._emission, "pixel size": size}
            if missing := [name for name, value in needed.items() if not value]:
                return f"Optics limit: still needs {' and '.join(missing)}."
        reference = self.reference()
        return limit_words(reference, size) if reference else "Type the largest FWHM that you call sharp."

    @qdebounced(timeout=200)
    def _refresh(self) -> None:
        try:
            self.limit_text.setText(self._describe())
        except BlurMapError as error:
            self.limit_text.setText(str(error))
        self.limit_text.setVisible(bool(self.limit_text.text()))
        self.changed.emit()

    def _edited(self) -> None:
        kind, size = self.kind.value, self.pixel_size
        self.typed_unit.relist([("px", "px"), ("length", unit_label(size[2] if size else "micrometer"))])
        optics, mode = kind == "optics", self.microscope.value
        for row, visible in (
            (self._objective, optics),
            (self.immersion, optics),
            (self.microscope, optics),
            (self._excited, optics and mode in _EXCITED),
            (self._opening, optics and mode in _WITH_PINHOLE),
            (self._within, optics),
            (self._typed, kind == "typed"),
        ):
            self._form.setRowVisible(row, visible)
        self._refresh()

    def _show_known(self) -> None:
        known = self._known is not None and not self.override.isChecked()
        if known and self._known is not None:
            y, x, unit = self._known
            self.pixel.setText(f"{y:.4g}" if is_square(self._known) else f"{y:.4g} x {x:.4g}")
            self.unit.relist([(name, unit_label(name)) for name in dict.fromkeys((*_UNITS, unit))])
            self.unit.choose(unit)
        elif not self.pixel.isEnabled():
            self.pixel.set_value(self._known[0] if self._known else None)
        self.pixel.setEnabled(not known)
        self.unit.setEnabled(not known)
        self.override.setVisible(self._known is not None)

    def _overridden(self) -> None:
        self._show_known()
        self._edited()

    def _connect(self) -> None:
        numbers = (self.aperture, self.wavelength, self.excitation, self.pinhole, self.factor, self.typed, self.pixel)
        for field in numbers:
            field.textChanged.connect(self._edited)
        for choice in (self.kind, self.immersion, self.microscope, self.unit, self.typed_unit):
            choice.changed.connect(self._edited)
        self.override.toggled.connect(self._overridden)


def _row(*widgets: QWidget) -> QWidget:
    """Beside one another; numbers get twice the room of choices, words no more than they need."""
    for widget in widgets:
        policy = widget.sizePolicy()
        policy.setHorizontalStretch(2 if isinstance(widget, NumberField) else int(isinstance(widget, Choice)))
        widget.setSizePolicy(policy)
    return beside(*widgets)
