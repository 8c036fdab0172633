"""What counts as sharp, from the options of the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from ..errors import BlurMapError

if TYPE_CHECKING:
    from ..batch.measured import Measured
    from ..result.blurmap import BlurMap
    from ..result.reference import Reference

#: No light of a microscope is shorter (nm): below this another unit was meant.
_SHORTEST = 100.0
#: Refractive index where none is given.
_AIR = 1.0


@dataclass(frozen=True)
class Sharp:
    """What counts as sharp: the optics limit, a limit, or nothing.

    Parameters
    ----------
    na : float, optional
        Numerical aperture; with ``wavelength`` (nm).
    wavelength : float, optional
    index : float, optional
        Refractive index of the immersion medium.
    limit : float, optional
        Largest sigma, pixels.
    mode : str, optional
        Kind of microscope, as `optics_limit` knows it.
    excitation : float, optional
        Wavelength, nm.
    pinhole : float, optional
        Diameter in Airy units.
    factor : float, optional
        How many times the optics limit still counts as sharp.

    Raises
    ------
    typer.BadParameter
        If options do not go together.
    BlurMapError
        If it can be no reference for any picture: said before minutes are spent on them.
    """

    na: float | None = None
    wavelength: float | None = None
    index: float | None = None
    limit: float | None = None
    mode: str | None = None
    excitation: float | None = None
    pinhole: float | None = None
    factor: float | None = None

    def __post_init__(self) -> None:
        from ..result.reference import Reference

        na, wavelength, index = self.na, self.wavelength, self.index
        if (na is None) != (wavelength is None):
            raise typer.BadParameter("the optics limit needs both --na and --wavelength")
        for name, value in (
            ("--refractive-index", index),
            ("--mode", self.mode),
            ("--excitation", self.excitation),
            ("--pinhole", self.pinhole),
            ("--sharp-factor", self.factor),
        ):
            if value is not None and na is None:
                raise typer.BadParameter(f"{name} is part of the optics limit: give --na and --wavelength too")
        if self.limit is not None and na is not None:
            raise typer.BadParameter(
                "--limit and the optics limit both say what counts as sharp; give --limit, or --na and --wavelength"
            )
        if na is not None and wavelength is not None:
            for name, length in (("--wavelength", wavelength), ("--excitation", self.excitation)):
                if length is not None and 0 < length < _SHORTEST:
                    raise BlurMapError(f"{name} is {length:g} nm, shorter than any light. {_meant(name, length)}")
            if 0 < (index := self._index) <= na:
                raise BlurMapError(
                    f"A numerical aperture of {na:g} is impossible with a refractive index of {index:g}; it has to be "
                    "below the index. For oil give --refractive-index 1.515, for water 1.333."
                )
            self._optics(na, wavelength, wavelength)
        if self.limit is not None:
            Reference(self.limit, "limit", "typed")

    def of(self, found: BlurMap | Measured) -> Reference | float | None:
        """The reference of a map; BlurMapError where it has none for want of a pixel size."""
        from ..ground.units import meters, unit_label

        if self.na is None or self.wavelength is None:
            return self.limit
        if found.pixel_size is None or found.unit is None:
            raise BlurMapError(
                "The optics limit needs the pixel size, and the file has none. Repeat it with --pixel-size (in um, or "
                "with --unit) and --overwrite."
            )
        if (side := found.pixel_side) is None:
            y, x = found.pixel_size
            raise BlurMapError(
                f"Pixels are {y:.4g} x {x:.4g} {unit_label(found.unit)} (y, x), so the optics limit is no single "
                "sigma in pixels. Resample the picture to square pixels, or give --limit instead of --na and "
                "--wavelength."
            )
        pixel_nm = 1e9 * side * (meters(found.unit) or 0.0)
        return self._optics(self.na, self.wavelength, pixel_nm)

    @property
    def _index(self) -> float:
        return _AIR if self.index is None else self.index

    def _optics(self, na: float, wavelength: float, pixel_nm: float) -> Reference:
        """The reference for a size of pixel."""
        from ..ground.arguments import one_of
        from ..ground.microscope import MODES, limit_name, optics_limit
        from ..result.reference import Reference

        mode = one_of("--mode", self.mode or "widefield", MODES)
        sigma = optics_limit(
            na,
            wavelength,
            pixel_nm,
            self._index,
            mode=mode,
            excitation_wavelength=self.excitation,
            pinhole=self.pinhole,
        )
        return Reference(sigma, f"{limit_name(mode)} of NA {na:g} at {wavelength:g} nm", "optics", self.factor)


def _meant(name: str, wavelength: float) -> str:
    """What to give instead of so short a wavelength: most often it was in micrometres."""
    nanometers = 1000 * wavelength
    if _SHORTEST <= nanometers <= 100 * _SHORTEST:
        return f"It is in nm: for {wavelength:g} um give {name} {nanometers:g}."
    return "Give it in nm, such as 520."


def compared(found: BlurMap | Measured, sharp: Sharp) -> dict[str, Any]:
    """Figures of a map and its line, against what counts as sharp; and the ``problem`` where it cannot be compared."""
    from ..result.words import summary_line

    problem: dict[str, str] = {}
    try:
        reference = sharp.of(found)
    except BlurMapError as error:
        reference, problem = None, {"problem": str(error)}
    summary = found.summary(reference)
    return {"summary": summary, "line": summary_line(summary, verdict=True), **problem}
