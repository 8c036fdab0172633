"""`napari-blurmap models`: the bundled models."""

from __future__ import annotations

from dataclasses import asdict

from .options import Json
from .output import show


def models(as_json: Json = False) -> None:
    """List the bundled models with their cards."""
    from ..models.registry import list_models

    cards = list_models()
    show({name: asdict(info) for name, info in cards.items()}, as_json, [f"{i.card()}\n" for i in cards.values()])
