"""What counts as sharp in a batch, where it depends on the pixels of each picture: the optics limit."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import BlurMapError
from ..ground.arguments import shown
from ..result.optics_limit import OpticsLimit
from ..result.reference import Reference
from ..result.words import summary_line

if TYPE_CHECKING:
    from ..result.blurmap import BlurMap
    from .measured import Measured


@dataclass(frozen=True)
class ByChannel:
    """The optics limit of each channel, by the name that files have for it."""

    limits: dict[str, OpticsLimit]

    def of(self, channel: str) -> OpticsLimit:
        """That of a channel; BlurMapError where none was given."""
        if channel not in self.limits:
            known = ", ".join(self.limits)
            raise BlurMapError(f"There is no wavelength for channel {channel}: they were given for {known}.")
        return self.limits[channel]


#: What counts as sharp of any picture.
Limit: TypeAlias = OpticsLimit | ByChannel | Reference | None


def limit_of(given: Any) -> Limit:
    """What counts as sharp, as `napari_blurmap.estimate_batch` takes it; of what is known after the work None."""
    if given is None or isinstance(given, Reference | str | os.PathLike):
        return given if isinstance(given, Reference) else None
    if not isinstance(given, Mapping):
        return Reference(given, "limit", "typed")
    try:
        if isinstance(light := given.get("wavelength"), Mapping):
            return ByChannel({str(name): OpticsLimit(**{**given, "wavelength": nm}) for name, nm in light.items()})
        return OpticsLimit(**given)
    except TypeError as error:
        raise BlurMapError(
            f"reference is {shown(given)}; of an optics limit expected na and, where they are known, wavelength (nm), "
            "refractive_index, mode, excitation, pinhole and factor."
        ) from error


def reference_for(found: BlurMap | Measured, limit: Limit, channel: str = "1") -> Reference | None:
    """The reference of a map, whose channel may have a name; BlurMapError where it has none."""
    if isinstance(limit, ByChannel):
        several = found.channel is None and found.channel_count > 1
        limit = None if several else limit.of(channel)
    return limit.of(found) if isinstance(limit, OpticsLimit) else limit


def compared(found: BlurMap | Measured, limit: Limit, channel: str = "1") -> dict[str, Any]:
    """Figures of a map and its line, against what counts as sharp; and the ``problem`` where it cannot be compared."""
    problem: dict[str, str] = {}
    try:
        reference = reference_for(found, limit, channel)
    except BlurMapError as error:
        reference, problem = None, {"problem": str(error)}
    summary = found.summary(reference)
    return {"summary": summary, "line": summary_line(summary, verdict=True), **problem}
