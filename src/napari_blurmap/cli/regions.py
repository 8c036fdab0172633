"""Blurred regions of a map, as a file beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from ..batch.reference import Limit


def write_regions(result: Path, limit: Limit, summary: dict[str, Any]) -> tuple[str, str]:
    """Write the blurred regions of a map as GeoJSON; an earlier file of them is replaced.

    Parameters
    ----------
    result : Path
        The map's file.
    limit : OpticsLimit or Reference
        What counts as sharp.
    summary : dict
        Of the map.

    Returns
    -------
    path : str
        ``<stem>.blurred.geojson``.
    words : str
        What is in it, counted over the tissue: glass is none.
    """
    from ..io.atomic import write_file
    from ..result.blurmap import BlurMap
    from ..result.words import percent

    found = BlurMap.load(result)
    if limit is None:
        raise AssertionError  # the command has asked for one
    regions = found.blurred_regions(limit)
    path = result.with_name(f"{result.name.partition('.sigma.ome.')[0]}.blurred.geojson")
    write_file(path, json.dumps(regions).encode())
    count, share = len(regions["features"]), summary["blurred_of_tissue"]
    tissue = "no tissue was found" if share is None else f"{percent(share)} of the tissue is blurred"
    unknown = summary["tissue_share"] - summary["judged_share"]
    if summary["tissue_share"] and unknown:
        tissue += f", {percent(unknown / summary['tissue_share'])} cannot be judged"
    return str(path), f"{count} blurred region{'' if count == 1 else 's'} in {path.name}: {tissue}."
