"""Maps of one picture, with the axes that they share; cut and copied together."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError
from ..ground.arguments import shown, whole, whole_numbers
from ..ground.arrays import is_lazy, together
from ..ground.optics import FWHM_PER_SIGMA
from ..ground.status import NUMBERS, Array
from ..ground.units import pixel_side, readable_unit
from .validation import checked_fields

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self


@dataclass(frozen=True, eq=False, repr=False)
class Maps:
    """What `napari_blurmap.BlurMap` holds: every parameter is described there."""

    sigma: Array
    uncertainty: Array
    status: Array
    axes: tuple[str, ...] = field(kw_only=True)
    scale: tuple[float, ...] = field(kw_only=True)
    units: tuple[str, ...] = field(kw_only=True)
    provenance: dict[str, Any] = field(kw_only=True)
    translate: tuple[float, ...] | None = field(default=None, kw_only=True)
    affine: list[list[float]] | None = field(default=None, kw_only=True)
    ellipticity_1: Array | None = field(default=None, kw_only=True)
    ellipticity_2: Array | None = field(default=None, kw_only=True)
    ellipticity_error: Array | None = field(default=None, kw_only=True)
    probabilities: Array | None = field(default=None, kw_only=True)
    sigma_grid: Array | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Bring every field into its final type, or say what is wrong."""
        for name, value in checked_fields({f.name: getattr(self, f.name) for f in fields(self)}).items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        """Axes and pixel size; the arrays would fill the screen."""
        sizes = ", ".join(f"{axis} {size}" for axis, size in zip(self.axes, self.sigma.shape, strict=True))
        known = ""
        if self.pixel_size is not None:
            factor, unit = readable_unit(self.scale[-1], str(self.unit))
            known = f", pixel {factor * self.scale[-2]:g} x {factor * self.scale[-1]:g} {unit}"
        return f"BlurMap({sizes}{known})"

    @property
    def fwhm(self) -> Array:
        """Full width at half maximum, pixels, shape (..., Y, X)."""
        return self.sigma * np.float32(FWHM_PER_SIGMA)

    @property
    def pixel_size(self) -> tuple[float, float] | None:
        """Size of a pixel (y, x) in `unit`; None where the unit is not known."""
        return None if self.unit is None else (self.scale[-2], self.scale[-1])

    @property
    def unit(self) -> str | None:
        """Unit of `pixel_size`, by pint's name; None where it is not known."""
        return None if self.units[-1] == "pixel" else self.units[-1]

    @property
    def pixel_side(self) -> float | None:
        """Side of a square pixel in `unit`; None where it is not known or not square within 1 %."""
        return None if self.unit is None else pixel_side(self.scale)

    @property
    def numbers(self) -> dict[str, Array]:
        """Every map that holds numbers, sigma first, by name."""
        return {name: getattr(self, name) for name in NUMBERS if getattr(self, name) is not None}

    @property
    def ellipticities(self) -> tuple[Array, ...]:
        """Both ellipticities and their standard error; empty where the model gives none."""
        return tuple(self.numbers.values())[2:]

    @property
    def channel(self) -> int | None:
        """Which channel of its picture it is, counted from 0; None for a whole picture."""
        place: int | None = self.provenance.get("at", {}).get("c")
        return place

    @property
    def channel_count(self) -> int:
        """How many channels it has."""
        return int(self.sigma.shape[self.axes.index("c")]) if "c" in self.axes else 1

    @property
    def emission_nm(self) -> tuple[float | None, ...]:
        """Wavelength of each of its picture's channels, as the file names them; none where it names none."""
        return tuple(one.get("emission_nm") for one in (self.provenance.get("source") or {}).get("channels") or ())

    @property
    def sensor_notes(self) -> list[str]:
        """What the estimate has to say of the camera: patterns that it took out, noise that is surprising."""
        notes = [list(one.get("notes") or ()) for one in self.provenance.get("sensor", ())]
        if self.channel is not None:
            notes = notes[self.channel : self.channel + 1]
        if all(one == notes[0] for one in notes):
            return notes[0] if notes else []
        return [f"Channel {n}: {said}" for n, one in enumerate(notes, start=1) for said in one]

    def in_memory(self) -> Self:
        """The same with numpy arrays; what lazy ones share, the network, is computed once."""
        arrays = {**self.numbers, "status": self.status}
        found: dict[str, Any] = dict(zip(arrays, together(*arrays.values()), strict=True))
        return replace(self, **found) if is_lazy(*arrays.values()) else self

    def at(self, **index: int) -> Self:
        """The part at one place along some of the leading axes, which it no longer has.

        Parameters
        ----------
        **index : int
            For each of these axes the place along it, counted from 0.

        Returns
        -------
        BlurMap
            With ``provenance["at"]`` naming the place; lazy where this one is.

        Raises
        ------
        BlurMapError
            If there is no such axis or place.

        Examples
        --------
        >>> import numpy as np
        >>> from napari_blurmap import BlurMap
        >>> one = np.ones((3, 32, 32))
        >>> m = BlurMap(one, 0.1 * one, 0 * one, axes="zyx", scale=(1, 1, 1), units=["um"] * 3, provenance={})
        >>> m.at(z=2)
        BlurMap(y 32, x 32, pixel 1 x 1 um)
        """
        sizes = dict(zip(self.axes[:-2], self.sigma.shape[:-2], strict=True))
        for axis, place in index.items():
            if not 0 <= whole(axis, place) < sizes.get(axis, 0):
                known = ", ".join(f"{name} (0 to {size - 1})" for name, size in sizes.items()) or "no leading axis"
                raise BlurMapError(f"There is no place {axis} = {place} in this map; it has {known}.")
        kept = [number for number, axis in enumerate(self.axes) if axis not in index]
        where = tuple(index.get(axis, slice(None)) for axis in self.axes[:-2])
        cut: dict[str, Any] = {name: values[where] for name, values in (*self.numbers.items(), ("status", self.status))}
        for name in ("axes", "scale", "units", "translate"):
            values = getattr(self, name)
            cut[name] = None if values is None else tuple(values[number] for number in kept)
        if self.affine is not None:
            rows = [*(number - len(self.axes) - 1 for number in kept), -1]
            rows = [row for row in rows if -row <= len(self.affine)]
            cut["affine"] = np.asarray(self.affine)[np.ix_(rows, rows)].tolist()
        if self.probabilities is not None:
            cut["probabilities"] = self.probabilities[where]
        return replace(self, **cut, provenance=self.provenance | {"at": self.provenance.get("at", {}) | index})

    def plane(self, index: Sequence[int]) -> Self:
        """One plane.

        Parameters
        ----------
        index : sequence of int
            The place along every leading axis, such as ``(0, 3)``.
        """
        places = whole_numbers("index", index)
        if len(places) != len(self.axes) - 2:
            raise BlurMapError(f"index is {places}; expected one number for each of the axes {self.axes[:-2]}.")
        return self.at(**dict(zip(self.axes[:-2], places, strict=True)))

    def channels(self) -> list[Self]:
        """The part of every channel (axis "c"); the whole map where there is no such axis."""
        if "c" not in self.axes:
            return [self]
        return [self.at(c=number) for number in range(self.channel_count)]


def refuse_other(m: Any) -> None:
    """Refuse what is no map."""
    if not isinstance(m, Maps):
        raise BlurMapError(f"m is {shown(m)}; expected a BlurMap, as estimate_blur gives it.")
