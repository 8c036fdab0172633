"""What counts as sharp, from the options of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import BlurMapError

if TYPE_CHECKING:
    from .blurmap import BlurMap, Reference


def check_reference(na: float | None, wavelength: float | None, index: float, limit: float | None) -> None:
    """Refuse what can be no reference for any picture, before minutes are spent on them."""
    from .blurmap import Reference
    from .optics import optics_limit

    if na is not None and wavelength is not None:
        optics_limit(na, wavelength, wavelength, index)
    if limit is not None:
        Reference(limit, "limit", "typed")


def reference_of(
    found: BlurMap, na: float | None, wavelength: float | None, index: float, limit: float | None
) -> Reference | float | None:
    """What counts as sharp in a map: the optics limit, the limit typed in, or nothing."""
    from .blurmap import Reference
    from .io.units import meters
    from .optics import optics_limit

    if na is None or wavelength is None:
        return limit
    if found.pixel_size is None or found.unit is None:
        raise BlurMapError("The optics limit needs the pixel size; the file has none. Give --pixel-size and --unit.")
    pixel_nm = 1e9 * found.pixel_size[1] * (meters(found.unit) or 0.0)
    sigma = optics_limit(na, wavelength, pixel_nm, index)
    return Reference(sigma, f"optics limit of NA {na:g} at {wavelength:g} nm", "optics")
