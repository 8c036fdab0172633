"""What counts as sharp, from the options of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from ..errors import BlurMapError

if TYPE_CHECKING:
    from ..result.blurmap import BlurMap
    from ..result.reference import Reference

#: No light of a microscope is shorter (nm): below this another unit was meant.
_SHORTEST = 100.0
#: Refractive index where none is given.
_AIR = 1.0


def check_reference(na: float | None, wavelength: float | None, index: float | None, limit: float | None) -> None:
    """Refuse what can be no reference for any picture, before minutes are spent on them."""
    from ..ground.optics import optics_limit
    from ..result.reference import Reference

    if (na is None) != (wavelength is None):
        raise typer.BadParameter("the optics limit needs both --na and --wavelength")
    if index is not None and na is None:
        raise typer.BadParameter("--refractive-index is of the optics limit: give --na and --wavelength too")
    if limit is not None and na is not None:
        raise typer.BadParameter(
            "--limit and the optics limit both say what counts as sharp; give --limit, or --na and --wavelength"
        )
    if na is not None and wavelength is not None:
        if 0 < wavelength < _SHORTEST:
            raise BlurMapError(f"--wavelength is {wavelength:g} nm, shorter than any light. {_meant(wavelength)}")
        index = _AIR if index is None else index
        if 0 < index <= na:
            raise BlurMapError(
                f"A numerical aperture of {na:g} is impossible with a refractive index of {index:g}; it has to be "
                "below the index. For oil give --refractive-index 1.515, for water 1.333."
            )
        optics_limit(na, wavelength, wavelength, index)
    if limit is not None:
        Reference(limit, "limit", "typed")


def _meant(wavelength: float) -> str:
    """What to give instead of so short a wavelength: most often it was in micrometres."""
    nanometers = 1000 * wavelength
    if _SHORTEST <= nanometers <= 100 * _SHORTEST:
        return f"It is in nm: for {wavelength:g} um give --wavelength {nanometers:g}."
    return "Give it in nm, such as 520."


def compared(
    found: BlurMap, na: float | None, wavelength: float | None, index: float | None, limit: float | None
) -> dict[str, Any]:
    """Figures of a map and its line, against what counts as sharp; and the ``problem`` where it cannot be compared."""
    from ..result.words import summary_line

    problem: dict[str, str] = {}
    try:
        reference = _reference_of(found, na, wavelength, index, limit)
    except BlurMapError as error:
        reference, problem = None, {"problem": str(error)}
    summary = found.summary(reference)
    return {"summary": summary, "line": summary_line(summary, verdict=True), **problem}


def _reference_of(
    found: BlurMap, na: float | None, wavelength: float | None, index: float | None, limit: float | None
) -> Reference | float | None:
    """The optics limit, the limit typed in, or nothing."""
    from ..ground.optics import optics_limit
    from ..ground.units import meters, unit_label
    from ..result.reference import Reference

    if na is None or wavelength is None:
        return limit
    if found.pixel_size is None or found.unit is None:
        raise BlurMapError(
            "The optics limit needs the pixel size, and the file has none. Repeat it with --pixel-size (in um, or with "
            "--unit) and --overwrite."
        )
    if (side := found.pixel_side) is None:
        y, x = found.pixel_size
        raise BlurMapError(
            f"Pixels are {y:.4g} x {x:.4g} {unit_label(found.unit)} (y x x), so the optics limit is no single sigma in "
            "pixels. Resample the picture to square pixels, or give --limit instead of --na and --wavelength."
        )
    pixel_nm = 1e9 * side * (meters(found.unit) or 0.0)
    sigma = optics_limit(na, wavelength, pixel_nm, _AIR if index is None else index)
    return Reference(sigma, f"optics limit of NA {na:g} at {wavelength:g} nm", "optics")
