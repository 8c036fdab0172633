"""The user's own pictures for training: read, cut into pieces, and what is wrong with each of them said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import BlurMapError
from ...ground.arguments import whole_seed
from ...ground.progress import Pace
from ...io.pictures import is_picture
from ...models.devices import find_device
from .findings import Finding, warnings_of, why_not
from .pieces import SMALLEST, cut_pieces
from .sources import Source, list_sources
from .zero import own_blur

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...ground.progress import Cancel, Progress
    from .pieces import Piece

#: Pictures and pixels that are taken at most: more would not be seen in minutes, and would fill the memory.
MOST_PICTURES, MOST_PIXELS = 200, 16_000_000


def inspect_images(
    images: Any,
    *,
    masks: Sequence[Any] | None = None,
    device: str = "auto",
    seed: int = 0,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> list[Finding]:
    """Look through pictures before training on them.

    Parameters
    ----------
    images, masks, device, seed
        As in `napari_blurmap.train_model`.
    progress, cancel : callable, optional
        ``progress(done, total, message)`` and ``cancel() -> bool``, called between pictures.

    Returns
    -------
    list of Finding
        One for each picture: why it cannot be used (not to be read, too small, flat), or what is wrong with it
        (mostly empty, saturated, already blurred as the bundled model reads it).

    Raises
    ------
    BlurMapError
        If there is nothing at all to look at.
    Cancelled
        When ``cancel()`` returned True; ``partial`` is the list so far.

    Examples
    --------
    >>> from napari_blurmap.synthesis.scenes import random_scene
    >>> sharp = random_scene((128, 128), np.random.default_rng(1), kind="dead leaves")
    >>> for finding in inspect_images([sharp, np.zeros((128, 128)), "missing.tif"]):
    ...     print(finding.name, finding.problem or "can be used.")
    picture 1 can be used.
    picture 2 it is flat or empty: nothing in it stands out from its noise.
    missing.tif missing.tif cannot be read (No such file or directory).
    """
    seed = whole_seed(seed)
    find_device(device)
    sources = list_sources(images, masks)
    found: list[Finding] = []
    pace = Pace(len(sources), progress, cancel, lambda: found)
    for finding, _ in read_pictures(sources, device=device, seed=seed):
        found.append(finding)
        pace.message = finding.name
        pace.tick()
    return found


def read_pictures(
    sources: list[Source], *, device: str = "auto", seed: int = 0
) -> Iterator[tuple[Finding, list[Piece]]]:
    """Read pictures one by one.

    Parameters
    ----------
    sources : list of Source
        Of more than 200, so many are taken at random.
    device : str
        Where the bundled model runs.
    seed : int
        Of what is left to chance: which pictures, and which parts of large ones.

    Yields
    ------
    Finding, list of Piece
        Of every picture; no pieces where it cannot be used.
    """
    draw = np.random.default_rng((seed, 5))
    # What lies beside the pictures, such as their metadata, takes nobody's place.
    able = [i for i, s in enumerate(sources) if not isinstance(s.image, Path) or is_picture(s.image)]
    chosen = sorted(draw.permutation(able)[:MOST_PICTURES].tolist())
    budget = MOST_PIXELS // max(1, len(chosen))
    others = set(able) - set(chosen)
    for number, source in enumerate(sources):
        if number in others:
            yield Finding(source.name, f"{MOST_PICTURES} others were taken at random; more are not used at once."), []
            continue
        try:
            yield _look(source, number, budget, np.random.default_rng((seed, 6, number)), device)
        except BlurMapError as error:
            yield Finding(source.name, str(error)), []


def _look(
    source: Source, number: int, budget: int, draw: np.random.Generator, device: str
) -> tuple[Finding, list[Piece]]:
    """Read one picture and look through it."""
    stack = source.stack()
    shape = stack.shape
    if min(shape[-2:]) < SMALLEST:
        raise BlurMapError(
            f"it has {shape[-2]} x {shape[-1]} pixels; training needs at least {SMALLEST} x {SMALLEST}. Use a larger "
            "picture."
        )
    mask = source.region(stack)
    pieces = cut_pieces(source.name, number, stack, mask, budget, draw)
    shares = [(p.usable.mean(), p.textured.mean(), p.sample.saturated.mean()) for p in pieces]
    usable, textured, saturated = np.mean(shares, axis=0).tolist() if shares else (0.0, 0.0, 0.0)
    if not textured:
        return Finding(source.name, why_not(usable, saturated, mask is not None), shape=shape), []
    pieces = [piece for piece in pieces if piece.textured.any()]
    own = own_blur(max(pieces, key=lambda p: int(p.textured.sum())), device)
    first = pieces[0].sample
    noise = None if first.noise is None else float(first.noise.variance(np.median(first.grey)) ** 0.5)
    warnings = tuple(warnings_of(shape, usable, textured, saturated, own))
    return Finding(source.name, "", warnings, shape, textured, own, noise), pieces
