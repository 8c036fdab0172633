"""Blurred regions of a map, as a file beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..result.optics_limit import OpticsLimit
    from ..result.reference import Reference


def write_regions(result: Path, sharp: Sequence[Reference | OpticsLimit | float]) -> tuple[str, str]:
    """Write the blurred regions of a map as GeoJSON; an earlier file of them is replaced.

    Parameters
    ----------
    result : Path
        The map's file.
    sharp : sequence of OpticsLimit, Reference or float
        What counts as sharp in each channel, or in all.

    Returns
    -------
    path : str
        ``<stem>.blurred.geojson``.
    words : str
        What is in it, counted over the tissue: glass is none.

    Raises
    ------
    BlurMapError
        If it cannot be written.
    """
    from ..batch.table import write_beside
    from ..result.blurmap import BlurMap

    channels = BlurMap.load(result).channels()
    sharp = [*sharp] * len(channels) if len(sharp) == 1 else sharp
    regions = [one.blurred_regions(limit) for one, limit in zip(channels, sharp, strict=True)]
    features = [feature for each in regions for feature in each["features"]]
    path = result.with_name(f"{result.name.partition('.sigma.ome.')[0]}.blurred.geojson")
    path = write_beside(path, json.dumps(regions[0] | {"features": features}).encode())
    names = [""] if len(channels) == 1 else [f"channel {n}: " for n in range(1, len(channels) + 1)]
    tissue = "; ".join(
        f"{name}{_tissue(one.summary(limit))}" for name, one, limit in zip(names, channels, sharp, strict=True)
    )
    return str(path), f"{len(features)} blurred region{'' if len(features) == 1 else 's'} in {path.name}: {tissue}."


def sharp_of(rows: Iterable[dict[str, Any]]) -> dict[Path, list[Reference]]:
    """What a batch compared the channels of each map with; without those that were compared with nothing.

    Parameters
    ----------
    rows : iterable of dict
        Of `napari_blurmap.batch.batch.Batch`.
    """
    from ..result.reference import Reference

    found: dict[Path, dict[str, Reference]] = {}
    lacking = {row["result"] for row in rows if row["reference_sigma_px"] is None}
    for row in rows:
        if row["result"] is not None and row["result"] not in lacking:
            reference = Reference(row["reference_sigma_px"], row["reference"], "sharp region")
            found.setdefault(Path(row["result"]), {})[row["channel"]] = reference
    return {result: list(channels.values()) for result, channels in found.items()}


def _tissue(summary: dict[str, Any]) -> str:
    """How much of the tissue is blurred, and of how much that is not known."""
    from ..result.words import percent

    share, unknown = summary["blurred_of_tissue"], summary["tissue_share"] - summary["judged_share"]
    words = "no tissue was found" if share is None else f"{percent(share)} of the tissue is blurred"
    if summary["tissue_share"] and unknown:
        words += f", {percent(unknown / summary['tissue_share'])} cannot be judged"
    return words
