"""What is found out about one of the user's pictures before a training, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .pieces import SMALLEST

#: A picture's own blur above which it is called blurred, px.
_BLURRED = 1.0


@dataclass(frozen=True)
class Finding:
    """What a picture is worth for training.

    Parameters
    ----------
    name : str
        Of the file or layer.
    problem : str
        Why it cannot be used; empty where it can.
    warnings : tuple of str
        What is wrong with it although it can be used.
    shape : tuple of int
        Of all its planes.
    textured : float
        Share of what was looked at that can be learnt from.
    own_sigma : float or None
        The bundled model's reading of it, px (median); None where it cannot judge it.
    noise : float or None
        Standard deviation of its noise at its median, grey levels.

    Examples
    --------
    >>> Finding("a.tif", problem="it is flat.").lines()
    ['a.tif cannot be used: it is flat.']
    """

    name: str
    problem: str = ""
    warnings: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    textured: float = 0.0
    own_sigma: float | None = None
    noise: float | None = None

    def lines(self) -> list[str]:
        """What is wrong with it, a sentence each."""
        problem = [f"{self.name} cannot be used: {self.problem}"] if self.problem else []
        return problem + [f"{self.name}: {text}" for text in self.warnings]


def lines_of(findings: Iterable[Finding]) -> list[str]:
    """What is wrong with all pictures, a sentence each."""
    return [line for finding in findings for line in finding.lines()]


def why_not(usable: float, saturated: float, is_masked: bool) -> str:
    """Why a picture cannot be trained on; shares of its pixels that are usable, and saturated."""
    if saturated > 0.5:
        return "it is saturated: what is clipped shows no detail. Take it again with a shorter exposure."
    if not usable:
        return "its region is empty." if is_masked else "it has no valid pixels."
    place = "its region" if is_masked else "it"
    return f"{place} is flat or empty: nothing in it stands out from its noise."


def warnings_of(
    shape: tuple[int, ...], usable: float, textured: float, saturated: float, own: float | None
) -> Iterator[str]:
    """What is wrong with a picture that can be trained on, given shares of its pixels and its own blur in px."""
    if min(shape[-2:]) < 2 * SMALLEST:
        yield f"it is small ({shape[-2]} x {shape[-1]} pixels): few places to learn from."
    if saturated > 0.01:
        yield f"{100 * saturated:.0f} % of it is saturated and left out."
    if textured < 0.1 * usable:
        yield f"only {100 * textured / usable:.2g} % of it has detail to learn from; the rest is empty."
    if own is not None and own > _BLURRED:
        yield (
            f"it looks already blurred: the bundled model reads sigma {own:.1f} px (median). Use a sharper picture, or "
            "mark what is in focus."
        )
