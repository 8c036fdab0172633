"""Last used values of the panel, kept among napari's preferences."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from napari.settings import get_plugin_settings

PLUGIN = "napari-blurmap"

#: Name in the manifest's configurations, and what holds where there are none (napari without the manifest).
DEFAULTS: dict[str, Any] = {
    "compute.device": "auto",
    "compute.tile": 0,
    "optics.numerical_aperture": 0.0,
    "optics.wavelength_nm": 0.0,
    "optics.microscope": "widefield",
    "optics.excitation_nm": 0.0,
    "optics.pinhole": 0.0,
    "optics.sharp_factor": 1.5,
    "optics.contrast": "fluorescence",
}


def read_preferences() -> dict[str, Any]:
    """Every value by its name, such as ``"compute.device"``."""
    settings = _settings()
    if settings is None:
        return dict(DEFAULTS)
    return {name: getattr(group, key) for name, group, key in _entries(settings)}


def store_preferences(values: dict[str, Any]) -> None:
    """Keep some values; napari writes those that changed to its preferences.

    Parameters
    ----------
    values : dict
        By name, as `read_preferences` gives them.
    """
    settings = _settings()
    if settings is None:
        return
    for name, group, key in _entries(settings):
        if name in values and getattr(group, key) != values[name]:
            with suppress(ValueError):  # what the preferences do not allow is used, but not kept
                setattr(group, key, values[name])


def preference_events() -> dict[str, Any]:
    """Emitters of napari's that tell when somebody changes a preference of ours, by its name."""
    settings = _settings()
    return {} if settings is None else {name: getattr(group.events, key) for name, group, key in _entries(settings)}


def _settings() -> Any:
    try:
        return get_plugin_settings(PLUGIN)
    except KeyError:
        return None


def _entries(settings: Any) -> list[tuple[str, Any, str]]:
    """Name, group of settings and key in it."""
    split = ((name, *name.split(".")) for name in DEFAULTS)
    return [(name, getattr(settings, group), key) for name, group, key in split]
