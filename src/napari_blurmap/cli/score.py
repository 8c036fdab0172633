"""`napari-blurmap score`: a result against a true map."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from .options import Json
from .output import say, show


def score(
    result: Annotated[Path, typer.Argument(help="A result file (.sigma.ome.tif, .sigma.ome.zarr, .blurmap.json).")],
    truth: Annotated[Path, typer.Argument(help="The true sigma in pixels: a result file, a TIFF or a .npy file.")],
    as_json: Json = False,
) -> None:
    """Compare the judged places of a result with a true map."""
    from ..batch.sources import read
    from ..io.results import is_result
    from ..result.blurmap import BlurMap
    from ..result.scores import score as compare

    which: dict[str, str] = {}
    known: Any
    if is_result(truth):
        known = BlurMap.load(truth).sigma
    elif truth.suffix == ".npy":
        known = _numbers(truth)
    else:
        picture, which = read(truth, say)
        known = picture.array
    found = compare(BlurMap.load(result).masked().sigma, known)
    show(asdict(found) | which, as_json, [f"{name:<17} {value:.4g}" for name, value in asdict(found).items()])


def _numbers(file: Path) -> Any:
    """The array of a .npy file, if it is all there."""
    import numpy as np

    from ..io.guard import check_file, decoding

    check_file(file)
    with decoding(file, "as a .npy file"):
        return np.load(file, mmap_mode="r", allow_pickle=False)
