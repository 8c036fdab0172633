"""What counts as sharp, from the options of the command line."""

from __future__ import annotations

from typing import Any

import typer


def typed_reference(limit: float | None, sharp: str | None, **optics: Any) -> Any:
    """What counts as sharp, as `napari_blurmap.estimate_batch` takes it.

    Parameters
    ----------
    limit : float, optional
        Largest sigma, pixels.
    sharp : str, optional
        A picture, or "tenth".
    **optics : float or str, optional
        Of the optics limit, by the names of `napari_blurmap.OpticsLimit`.

    Raises
    ------
    typer.BadParameter
        If options do not go together.
    """
    given = {name: value for name, value in optics.items() if value is not None}
    if sharp is not None and ("na" in given or limit is not None):
        raise typer.BadParameter("--sharp, --limit and the optics limit all say what counts as sharp; give one of them")
    for name in given:
        if "na" not in given:
            option = "--sharp-factor" if name == "factor" else f"--{name.replace('_', '-')}"
            raise typer.BadParameter(f"{option} is part of the optics limit: give --na too")
    if limit is not None and given:
        raise typer.BadParameter("--limit and the optics limit both say what counts as sharp; give one of them")
    if "wavelength" in given:
        given["wavelength"] = _wavelengths(given["wavelength"])
    return given or (limit if sharp is None else sharp)


def _wavelengths(typed: str) -> float | list[float] | dict[str, float]:
    """A wavelength, or one a channel, perhaps by its name."""
    try:
        if "=" in typed:
            pairs = (text.rpartition("=") for text in typed.split(","))
            return {name.strip(): float(nm) for name, _, nm in pairs}
        found = [float(text) for text in typed.split(",")]
    except ValueError as error:
        raise typer.BadParameter(
            f"--wavelength is {typed!r}; expected nm, such as 520, or one a channel: 450,520 or DAPI=450,FITC=520"
        ) from error
    return found if len(found) > 1 else found[0]
