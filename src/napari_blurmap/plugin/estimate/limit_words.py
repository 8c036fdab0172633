"""What counts as sharp, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...ground.optics import FWHM_PER_SIGMA
from ...ground.units import readable_unit
from ...result.optics_limit import OpticsLimit
from ..layers.picture import is_square

if TYPE_CHECKING:
    from ...result.reference import Reference


def limit_words(reference: Reference | OpticsLimit, size: tuple[float, float, str] | None) -> str:
    """A reference as a width, with the tolerance that an optics limit has.

    Parameters
    ----------
    reference : Reference or OpticsLimit
        The latter with its wavelengths and the size of a pixel.
    size : (float, float, str) or None
        Of a pixel (y, x), and its unit.
    """
    if isinstance(reference, OpticsLimit):
        each = {nm: reference.for_pixel(reference.pixel_nm or 0.0, nm) for nm in reference.given}
        words = ", ".join(f"{FWHM_PER_SIGMA * one.sigma:.3g} px at {nm:g} nm" for nm, one in each.items())
        return f"Optics limit of each channel: FWHM {words}; sharp up to {each.popitem()[1].factor:g} x that"
    fwhm = FWHM_PER_SIGMA * reference.sigma
    text = f"{reference.name[0].upper()}{reference.name[1:]}: FWHM {fwhm:.3g} px"
    if size and is_square(size):
        length = fwhm * (size[0] + size[1]) / 2
        factor, unit = readable_unit(length, size[2])
        text += f" = {length * factor:.3g} {unit}"
    text += f" (sigma {reference.sigma:.3g} px)"
    return f"{text}; sharp up to {reference.factor:g} x that" if reference.kind == "optics" else text
