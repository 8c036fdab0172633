"""The optics limit as what counts as sharp: of each picture for its pixels, of each channel for its light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..errors import BlurMapError
from ..ground.arguments import number, one_of
from ..ground.microscope import MODES, limit_name, optics_limit
from ..ground.units import meters, unit_label
from .reference import Reference

#: No light of a microscope is shorter (nm): below this another unit was meant.
_SHORTEST = 100.0
#: Stands in for wavelengths that only the files know (nm), to find what is wrong with the rest before the work.
_GREEN = 520.0


@dataclass(frozen=True)
class OpticsLimit:
    """The optics limit of a microscope, for pixels of any size and channels of any colour.

    Parameters
    ----------
    na : float
        Numerical aperture.
    wavelength : float, or list or tuple of float, optional
        Of the emission, nm, or one a channel. By default each channel has the one that its file names
        (``BlurMap.emission_nm``).
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
    pixel_nm : float, optional
        Side of a pixel, nm; by default that of each picture.

    Raises
    ------
    BlurMapError
        If it can be no reference for any picture: said before minutes are spent on them.

    Examples
    --------
    >>> import numpy as np
    >>> import napari_blurmap as nb
    >>> one = np.ones((2, 64, 64))
    >>> about = {"axes": "cyx", "scale": (1, 0.1, 0.1), "units": ("pixel", "um", "um"), "provenance": {}}
    >>> limit = nb.OpticsLimit(0.8, (450, 600))
    >>> [m.summary(limit)["reference"]["name"] for m in nb.BlurMap(one, 0.1 * one, 0 * one, **about).channels()]
    ['optics limit of NA 0.8 at 450 nm', 'optics limit of NA 0.8 at 600 nm']
    """

    na: float
    wavelength: float | list[float] | tuple[float, ...] | None = None
    refractive_index: float = 1.0
    mode: str = "widefield"
    excitation: float | None = None
    pinhole: float | None = None
    factor: float | None = None
    pixel_nm: float | None = None

    def __post_init__(self) -> None:
        """Refuse an impossible one."""
        if isinstance(self.wavelength, list):
            object.__setattr__(self, "wavelength", tuple(self.wavelength))
        lengths = [("wavelength", length) for length in self.given]
        for name, length in [*lengths, ("excitation", self.excitation)]:
            if length is not None and 0 < number(name, length) < _SHORTEST:
                raise BlurMapError(f"The {name} is {length:g} nm, shorter than any light. {_meant(length)}")
        na, index = number("na", self.na), number("refractive_index", self.refractive_index)
        if 0 < index <= na:
            raise BlurMapError(
                f"A numerical aperture of {na:g} is impossible with a refractive index of {index:g}; it has to be "
                "below the index. For oil the index is 1.515, for water 1.333."
            )
        one_of("mode", self.mode, MODES)
        for length in self.given or ([_GREEN] if self.excitation is None else []):
            self.for_pixel(length if self.pixel_nm is None else self.pixel_nm, length)

    def of(self, found: Any) -> Reference | None:
        """The reference of a map.

        Parameters
        ----------
        found : BlurMap, or what was kept of one
            A channel of a picture, or a whole one.

        Returns
        -------
        Reference or None
            None of several channels together that have different limits.

        Raises
        ------
        BlurMapError
            If a pixel size or wavelength is missing.
        """
        lengths = set(self._wavelengths(found))
        if len(lengths) > 1 and found.channel is None and found.channel_count == 1:
            raise BlurMapError(
                f"{len(lengths)} wavelengths were given, and the picture has one channel. Give that of its light; in a "
                "batch each file has its own whose name numbers its channel, such as _w2 or -ch2, or by the names of "
                "channels, DAPI=450,FITC=520."
            )
        return self.for_pixel(self._side(found), lengths.pop()) if len(lengths) == 1 else None

    def for_pixel(self, pixel_nm: float, wavelength: float) -> Reference:
        """The reference for one size of pixel and one wavelength.

        Parameters
        ----------
        pixel_nm : float
            Side of a pixel, nm.
        wavelength : float
            Of the light that is seen, nm.

        Returns
        -------
        Reference
            Its sigma in pixels.

        Raises
        ------
        BlurMapError
            If a value or the mode cannot be.

        Examples
        --------
        >>> round(OpticsLimit(0.8).for_pixel(100, 520).sigma, 2)
        1.67
        """
        mode = one_of("mode", self.mode, MODES)
        sigma = optics_limit(
            self.na,
            wavelength,
            pixel_nm,
            self.refractive_index,
            mode=mode,
            excitation_wavelength=self.excitation,
            pinhole=self.pinhole,
        )
        name = f"{limit_name(mode)} of NA {self.na:g} at {wavelength:g} nm"
        return Reference(sigma, name, "optics", self.factor)

    @property
    def sharpest(self) -> float | None:
        """Sigma of the shortest wavelength, pixels; None where only files know wavelengths or pixel sizes."""
        side = self.pixel_nm
        return None if side is None else min((self.for_pixel(side, nm).sigma for nm in self.given), default=None)

    @property
    def given(self) -> list[float]:
        """Wavelengths that were given."""
        light = () if self.wavelength is None else self.wavelength
        return list(light) if isinstance(light, list | tuple) else [light]

    def _side(self, found: Any) -> float:
        """Side of a map's pixels, nm."""
        if self.pixel_nm is not None:
            return self.pixel_nm
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
        return 1e9 * float(side) * (meters(found.unit) or 0.0)

    def _wavelengths(self, found: Any) -> list[float]:
        """Those of a map's channels."""
        known: Sequence[float | None] = self.given or found.emission_nm
        if len(known) > 1 and found.channel is not None:
            if found.channel >= len(known):
                raise BlurMapError(
                    f"There is no wavelength for channel {found.channel + 1}: {len(known)} were given. Give one for "
                    "each channel, or one for all."
                )
            known = known[found.channel : found.channel + 1]
        if not known or None in known:
            raise BlurMapError(
                "The optics limit needs the wavelength of the emission, and the file has none. Give it in nm (in the "
                "shell --wavelength 520, or one a channel, --wavelength 450,520)."
            )
        return [float(length) for length in known if length is not None]


#: What counts as sharp, as maps take it; a number is a limit in pixels of sigma.
Sharp: TypeAlias = Reference | OpticsLimit | float | None


def resolved(reference: Sharp, found: Any) -> Reference | float | None:
    """What counts as sharp of a map: of an optics limit that for its pixels and light."""
    return reference.of(found) if isinstance(reference, OpticsLimit) else reference


def _meant(wavelength: float) -> str:
    """What to give instead of so short a wavelength: most often it was in micrometres."""
    nanometers = 1000 * wavelength
    if _SHORTEST <= nanometers <= 100 * _SHORTEST:
        return f"It is in nm: for {wavelength:g} um give {nanometers:g}."
    return "Give it in nm, such as 520."
