"""What is kept apart from training, to judge the model on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...errors import BlurMapError
from .pieces import SMALLEST

if TYPE_CHECKING:
    from ...picture.sample import Region
    from .pieces import Piece

#: Part of the pictures, or of one picture's area, that is held out.
_HELD_OUT = 0.2
#: Pixels with detail that something must have to be held out.
_ENOUGH = 400


def split_pieces(pieces: list[Piece], seed: int) -> tuple[list[Piece], list[Piece]]:
    """Deal pieces out to training and to the held-out set.

    By picture; where only one has enough to learn from, by region, a strip of
    a fifth of its detail at the least. What is blurrier than most of the
    pictures is learnt from only: its truth rests on a reading.

    Parameters
    ----------
    pieces : list of Piece
        Of all pictures.
    seed : int
        Of the choice.

    Returns
    -------
    list of Piece, list of Piece
        For training, and held out.

    Raises
    ------
    BlurMapError
        If there is one picture, too small or too empty to hold out a part of
        it.
    """
    draw = np.random.default_rng((seed, 7))
    detail: dict[int, int] = {}
    for p in pieces:
        detail[p.picture] = detail.get(p.picture, 0) + (0 if p.blur else int(p.textured.sum()))
    able = [picture for picture in sorted(detail) if detail[picture] >= _ENOUGH]
    if len(able) > 1:
        out = set(draw.permutation(able)[: max(1, round(_HELD_OUT * len(detail)))].tolist())
        return [p for p in pieces if p.picture not in out], [p for p in pieces if p.picture in out]
    # Of all planes of a stack the same part: what is held out is no place that another plane has shown.
    best = max(detail, key=lambda picture: detail[picture])
    regions: dict[Region, list[Piece]] = {}
    for p in pieces:
        if p.picture == best:
            regions.setdefault(p.sample.region, []).append(p)
    others = [p for p in pieces if p.picture != best]
    if len(regions) >= round(1 / _HELD_OUT):
        parts = list(regions.values())
        chosen = set(draw.permutation(len(parts))[: round(_HELD_OUT * len(parts))].tolist())
        held = [p for i in sorted(chosen) for p in parts[i]]
        if sum(int(p.textured.sum()) for p in held) >= _ENOUGH:
            return others + [p for i, part in enumerate(parts) if i not in chosen for p in part], held
    cut = max(regions.values(), key=lambda part: sum(int(p.textured.sum()) for p in part))
    strips, rests = _strips(cut, draw)
    return others + [p for part in regions.values() if part is not cut for p in part] + rests, strips


def _strips(pieces: list[Piece], draw: np.random.Generator) -> tuple[list[Piece], list[Piece]]:
    """A strip at one side of what can be learnt from in all planes of a region, and the rest."""
    every = slice(None)
    usable, textured = (np.sum([getattr(p, name) for p in pieces], axis=0) for name in ("usable", "textured"))
    found = []
    for axis, n in enumerate(usable.shape):
        where = np.flatnonzero(usable.any(axis=1 - axis))
        share = np.cumsum(textured.sum(axis=1 - axis)) / max(1, textured.sum())
        first, last = int(where[0]), int(where[-1]) + 1
        if last - first < SMALLEST + SMALLEST // 2:
            continue
        low = max(first + SMALLEST // 2, min(last - SMALLEST, int(np.searchsorted(share, _HELD_OUT)) + 1))
        high = min(last - SMALLEST // 2, max(first + SMALLEST, int(np.searchsorted(share, 1 - _HELD_OUT))))
        for strip, rest in ((slice(low), slice(low, n)), (slice(high, n), slice(high))):
            parts = [[p[(s, every) if axis == 0 else (every, s)] for p in pieces] for s in (strip, rest)]
            parts = [[p for p in part if p.textured.any()] for part in parts]
            if all(sum(int(p.textured.sum()) for p in part) >= _ENOUGH for part in parts):
                found.append((parts[0], parts[1]))
    if not found:
        raise BlurMapError(
            f"{pieces[0].name} is the only sharp picture with enough to learn from, and too small or too empty to hold "
            "out a part of it for judging the model. Add another sharp picture, or mark more of this one."
        )
    return found[int(draw.integers(len(found)))]
