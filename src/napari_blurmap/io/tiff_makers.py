"""Pixel sizes in the private tags of microscopes: ThermoFisher (FEI) and Zeiss SEM, Aperio slides, Micro-Manager."""

from __future__ import annotations

from contextlib import suppress
from math import isfinite
from typing import TYPE_CHECKING, Any

from ..ground.units import meters, unit_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tifffile import TiffFile


def maker_steps(tif: TiffFile) -> tuple[str, tuple[float, float] | None] | None:
    """Pixel size as the maker's own tags give it.

    Parameters
    ----------
    tif : tifffile.TiffFile
        The open file.

    Returns
    -------
    (str, (float, float) or None) or None
        Whose tags they are, with height and width of a pixel in metres, None where they
        give none that can be; None where no tags of a maker name one.
    """
    # None of these tags has a specification: whatever is not as expected is not known.
    with suppress(Exception):
        for maker, sides in _sides(tif):
            with suppress(TypeError, ValueError):
                y, x = (float(number) * (meters(unit_name(unit) or "") or 0.0) for number, unit in sides)
                if min(x, y) > 0 and isfinite(x + y) and 0.5 < y / x < 2:
                    return maker, (y, x)
            return maker, None
    return None


def _sides(tif: TiffFile) -> Iterator[tuple[str, list[tuple[Any, str]]]]:
    """Makers whose tags name a pixel size, each with its height and width: a number and its unit."""
    page = tif.pages.first
    for beam in ("Scan", "EScan", "IScan"):
        scan = (tif.fei_metadata or {}).get(beam, {})
        if "PixelWidth" in scan:
            yield "ThermoFisher", [(scan.get("PixelHeight"), "m"), (scan["PixelWidth"], "m")]
    for name in ("ap_image_pixel_size", "ap_pixel_size"):
        entry = (tif.sem_metadata or {}).get(name)
        if entry is not None:
            yield "Zeiss", [(entry[1], entry[2] if len(entry) > 2 else "")] * 2
    if page.description.startswith("Aperio "):
        entries = dict(part.split("=", 1) for part in page.description.split("|") if "=" in part)
        sizes = [number for key, number in entries.items() if key.strip() == "MPP"]
        yield from (("Aperio", [(number, "um")] * 2) for number in sizes)
    if tif.is_micromanager:
        # A number for every plane in newer files, one for all in older ones.
        known = page.tags.valueof(51123) or {}
        if "PixelSizeUm" not in known:
            known = (tif.micromanager_metadata or {}).get("Summary", {})
        size = known.get("PixelSizeUm", known.get("PixelSize_um"))
        if size is not None:
            yield "Micro-Manager", [(size, "um")] * 2
