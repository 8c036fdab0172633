"""What counts as sharp in a batch, where it depends on the pixels of each picture: the optics limit."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import BlurMapError
from ..ground.arguments import number, one_of, shown
from ..ground.microscope import MODES, limit_name, optics_limit
from ..ground.units import meters, unit_label
from ..result.reference import Reference

if TYPE_CHECKING:
    from ..result.blurmap import BlurMap
    from .measured import Measured

#: No light of a microscope is shorter (nm): below this another unit was meant.
_SHORTEST = 100.0


@dataclass(frozen=True)
class OpticsLimit:
    """The optics limit of a microscope, for pixels of any size.

    Parameters
    ----------
    na : float
        Numerical aperture.
    wavelength : float
        Of the emission, nm.
    refractive_index : float, default=1
        Of the immersion medium.
    mode : str, default="widefield"
        Kind of microscope, as `optics_limit` knows it.
    excitation : float, optional
        Wavelength, nm.
    pinhole : float, optional
        Diameter in Airy units.
    factor : float, optional
        How many times the optics limit still counts as sharp.

    Raises
    ------
    BlurMapError
        If it can be no reference for any picture: said before minutes are spent on them.
    """

    na: float
    wavelength: float
    refractive_index: float = 1.0
    mode: str = "widefield"
    excitation: float | None = None
    pinhole: float | None = None
    factor: float | None = None

    def __post_init__(self) -> None:
        """Refuse an impossible one."""
        for name, length in (("wavelength", self.wavelength), ("excitation", self.excitation)):
            if length is not None and 0 < number(name, length) < _SHORTEST:
                raise BlurMapError(f"The {name} is {length:g} nm, shorter than any light. {_meant(length)}")
        na, index = number("na", self.na), number("refractive_index", self.refractive_index)
        if 0 < index <= na:
            raise BlurMapError(
                f"A numerical aperture of {na:g} is impossible with a refractive index of {index:g}; it has to be "
                "below the index. For oil the index is 1.515, for water 1.333."
            )
        self.for_pixel(self.wavelength)

    def of(self, found: BlurMap | Measured) -> Reference:
        """The reference of a map; BlurMapError where it has none for want of a pixel size."""
        if found.pixel_size is None or found.unit is None:
            raise BlurMapError(
                "The optics limit needs the pixel size, and the file has none. Give it (in the shell --pixel-size in "
                "um, or with --unit), and do it again with --overwrite."
            )
        if (side := found.pixel_side) is None:
            y, x = found.pixel_size
            raise BlurMapError(
                f"Pixels are {y:.4g} x {x:.4g} {unit_label(found.unit)} (y, x), so the optics limit is no single "
                "sigma in pixels. Resample the picture to square pixels, or give a limit in pixels."
            )
        return self.for_pixel(1e9 * side * (meters(found.unit) or 0.0))

    def for_pixel(self, pixel_nm: float) -> Reference:
        """The reference for pixels with a side of so many nm."""
        mode = one_of("mode", self.mode, MODES)
        sigma = optics_limit(
            self.na,
            self.wavelength,
            pixel_nm,
            self.refractive_index,
            mode=mode,
            excitation_wavelength=self.excitation,
            pinhole=self.pinhole,
        )
        name = f"{limit_name(mode)} of NA {self.na:g} at {self.wavelength:g} nm"
        return Reference(sigma, name, "optics", self.factor)


#: What counts as sharp of any picture.
Limit: TypeAlias = OpticsLimit | Reference | None


def limit_of(given: Any) -> Limit:
    """What counts as sharp, as `napari_blurmap.estimate_batch` takes it; of what is known after the work None."""
    if given is None or isinstance(given, Reference | str | os.PathLike):
        return given if isinstance(given, Reference) else None
    if not isinstance(given, Mapping):
        return Reference(given, "limit", "typed")
    try:
        return OpticsLimit(**given)
    except TypeError as error:
        raise BlurMapError(
            f"reference is {shown(given)}; of an optics limit expected na and wavelength (nm), and of "
            "refractive_index, mode, excitation, pinhole and factor those that are known."
        ) from error


def reference_for(found: BlurMap | Measured, limit: Limit) -> Reference | None:
    """The reference of a map; BlurMapError where it has none."""
    return limit.of(found) if isinstance(limit, OpticsLimit) else limit


def compared(found: BlurMap | Measured, limit: Limit) -> dict[str, Any]:
    """Figures of a map and its line, against what counts as sharp; and the ``problem`` where it cannot be compared."""
    from ..result.words import summary_line

    problem: dict[str, str] = {}
    try:
        reference = reference_for(found, limit)
    except BlurMapError as error:
        reference, problem = None, {"problem": str(error)}
    summary = found.summary(reference)
    return {"summary": summary, "line": summary_line(summary, verdict=True), **problem}


def _meant(wavelength: float) -> str:
    """What to give instead of so short a wavelength: most often it was in micrometres."""
    nanometers = 1000 * wavelength
    if _SHORTEST <= nanometers <= 100 * _SHORTEST:
        return f"It is in nm: for {wavelength:g} um give {nanometers:g}."
    return "Give it in nm, such as 520."
