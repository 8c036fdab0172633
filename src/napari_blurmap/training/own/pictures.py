"""The user's own pictures for training: read, cut into pieces, and what is wrong with each of them said."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import BlurMapError
from ...ground.arguments import as_path, entries, whole_seed
from ...ground.arrays import as_array, in_memory
from ...ground.progress import Pace
from ...io.folders import pictures_in
from ...io.pictures import Picture, is_picture, read_picture
from ...models.devices import find_device
from ...picture.noise import detail_over_noise
from ...picture.sample import CheckSample, take_sample
from ...picture.stack import as_stack
from .own_blur import own_blur

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from ...ground.progress import Cancel, Progress
    from ...picture.stack import Stack

    Region = tuple[int, int, int, int]

#: Pictures and pixels that are taken at most: more would not be seen in minutes, and would fill the memory.
MOST_PICTURES, MOST_PIXELS = 200, 16_000_000
#: Longest list that is looked through at all: something longer is a picture.
_LONGEST_LIST = 100_000
#: Edge of the largest and of the smallest piece that is trained on, pixels.
LARGEST, SMALLEST = 1024, 64
#: Detail over noise, in a window of so many pixels, from which a place is trained on.
_DETAIL, _WINDOW = 1.0, 8.0
#: A picture's own blur above which it is called blurred, px.
_BLURRED = 1.0


@dataclass(frozen=True, eq=False)
class Piece:
    """A part of a plane of a picture.

    Parameters
    ----------
    name : str
        Of the picture.
    picture : int
        Its number.
    sample : CheckSample
        Grey levels, their noise and their limits.
    usable : ndarray of bool, shape (Y, X)
        Inside the region, neither invalid nor saturated.
    textured : ndarray of bool, shape (Y, X)
        Usable, and with detail above the noise.
    blur : float, default=0.0
        What it is blurrier than most of the pictures, px: counted as added.
    """

    name: str
    picture: int
    sample: CheckSample
    usable: NDArray[np.bool_]
    textured: NDArray[np.bool_]
    blur: float = 0.0

    def __getitem__(self, where: tuple[slice, slice]) -> Piece:
        s = self.sample
        parts = {name: getattr(s, name)[where] for name in ("original", "grey", "valid", "saturated")}
        return replace(self, sample=replace(s, **parts), usable=self.usable[where], textured=self.textured[where])


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


@dataclass(frozen=True, eq=False)
class Source:
    """A picture that is still to be read, and the region of it to train on."""

    name: str
    image: Any
    mask: Any = None


def list_sources(images: Any, masks: Sequence[Any] | None = None) -> list[Source]:
    """All pictures of a folder, of files, arrays and layers, or of pairs of those with a mask.

    Raises
    ------
    BlurMapError
        If there are none, or another number of masks.
    """
    if masks is None and _is_pair(images):
        images = [images]
    elif _is_one(images):
        is_list = isinstance(masks, list | tuple)
        images, masks = [images], masks if masks is None or is_list else [masks]
    images = list(entries("images", images, "pictures, a folder, or a list of them", most=_LONGEST_LIST))
    masks = [None] * len(images) if masks is None else list(entries("masks", masks, "a list", most=_LONGEST_LIST))
    if len(masks) != len(images):
        raise BlurMapError(f"There are {len(images)} images and {len(masks)} masks; expected one mask (or None) each.")
    sources: list[Source] = []
    for number, (image, mask) in enumerate(zip(images, masks, strict=True), start=1):
        if isinstance(image, tuple) and len(image) == 2:
            image, mask = image
        if not isinstance(image, str | Path):
            sources.append(Source(str(getattr(image, "name", f"picture {number}")), image, mask))
            continue
        path = as_path(f"picture {number}", image)
        is_folder = path.is_dir()
        if is_folder and mask is not None:
            raise BlurMapError(f"{path} is a folder; a mask belongs to one picture. Give its pictures one by one.")
        files = pictures_in(path) if is_folder else [path]
        sources += [Source(file.name, file, mask) for file in files]
    if not sources:
        raise BlurMapError("There are no pictures to train on. Give sharp pictures, or a folder with some.")
    return sources


def _is_pair(images: Any) -> bool:
    """Whether a tuple is a picture with its mask, and not a list of two pictures."""
    if not isinstance(images, tuple) or len(images) != 2 or isinstance(images[1], str | Path | Picture):
        return False
    second = images[1]
    is_layer = hasattr(second, "scale") and hasattr(second, "data")
    mask = in_memory(as_array(second.data if is_layer else second, "The mask"))
    is_mask = mask.dtype.kind == "b" or (is_layer and mask.dtype.kind in "iu") or len(np.unique(mask)) <= 2
    if not is_mask:
        raise BlurMapError(
            "images is a tuple of two, which means a picture and its mask, but the second has more values than true "
            "and false. Give several pictures as a list, [a, b], and masks of several labels by masks=."
        )
    return True


def _is_one(images: Any) -> bool:
    """Whether it is one picture or folder."""
    return isinstance(images, str | Path | Picture) or hasattr(images, "shape") or hasattr(images, "data")


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
    image: Any = read_picture(source.image) if isinstance(source.image, Path) else source.image
    is_plain = not (hasattr(image, "scale") or isinstance(image, Picture))
    is_colour = is_plain and np.ndim(image) > 2 and np.shape(image)[-1] in (3, 4)
    stack = as_stack(image, channel_axis=-1 if is_colour else None)
    shape = stack.shape
    if min(shape[-2:]) < SMALLEST:
        raise BlurMapError(
            f"it has {shape[-2]} x {shape[-1]} pixels; training needs at least {SMALLEST} x {SMALLEST}. Use a larger "
            "field."
        )
    mask = _mask(source, stack)
    pieces = [
        piece
        for index, region in _parts(stack, mask, budget, draw)
        if (piece := _piece(source.name, number, stack, index, region, mask)) is not None
    ]
    shares = [(p.usable.mean(), p.textured.mean(), p.sample.saturated.mean()) for p in pieces]
    usable, textured, saturated = np.mean(shares, axis=0).tolist() if shares else (0.0, 0.0, 0.0)
    if not textured:
        return Finding(source.name, _why_not(usable, saturated, mask is not None), shape=shape), []
    pieces = [piece for piece in pieces if piece.textured.any()]
    own = own_blur(max(pieces, key=lambda p: int(p.textured.sum())), device)
    first = pieces[0].sample
    noise = None if first.noise is None else float(first.noise.variance(np.median(first.grey)) ** 0.5)
    warnings = tuple(_warnings(shape, usable, textured, saturated, own))
    return Finding(source.name, "", warnings, shape, textured, own, noise), pieces


def _why_not(usable: float, saturated: float, is_masked: bool) -> str:
    if saturated > 0.5:
        return "it is saturated: what is clipped shows no detail. Take it again with a shorter exposure."
    if not usable:
        return "its region is empty." if is_masked else "it has no valid pixels."
    place = "its region" if is_masked else "it"
    return f"{place} is flat or empty: nothing in it stands out from its noise."


def _warnings(
    shape: tuple[int, ...], usable: float, textured: float, saturated: float, own: float | None
) -> Iterator[str]:
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


def _mask(source: Source, stack: Stack) -> NDArray[np.bool_] | None:
    """The region, (Y, X) or of all planes."""
    if source.mask is None:
        return None
    is_layer = hasattr(source.mask, "scale") and hasattr(source.mask, "data")
    try:
        mask = np.asarray(source.mask.data if is_layer else source.mask)
    except ValueError as error:  # a list of outlines
        raise BlurMapError("its mask is no picture; give an array or a Labels layer.") from error
    if mask.shape not in (stack.shape, stack.shape[-2:]) and mask.ndim == len(stack.shape):
        mask = mask.transpose(np.argsort(np.argsort(stack.order)))  # laid out as the picture's data are
    if mask.shape not in (stack.shape, stack.shape[-2:]):
        raise BlurMapError(
            f"its mask has the shape {mask.shape}; expected {stack.shape[-2:]}, or {stack.shape}, not 0 where the "
            "picture is to be trained on."
        )
    return np.asarray(mask != 0)


def _parts(
    stack: Stack, mask: NDArray[np.bool_] | None, budget: int, draw: np.random.Generator
) -> list[tuple[tuple[int, ...], Region]]:
    """Plane and region of the pieces; where all are too many, so many at random."""
    edge = min(LARGEST, max(2 * SMALLEST, int(budget**0.5)))
    cuts = []
    for n in stack.shape[-2:]:
        ends = np.linspace(0, n, -(-n // edge) + 1).astype(int)
        cuts.append(list(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)))
    parts = [(index, (*y, *x)) for index in stack.indices() for y in cuts[0] for x in cuts[1]]
    if mask is not None:
        parts = [part for part in parts if _region(mask, *part).any()]
    (y, x) = (cut[0][1] for cut in cuts)
    chosen = np.sort(draw.permutation(len(parts))[: max(1, round(budget / (y * x)))])
    return [parts[i] for i in chosen]


def _region(mask: NDArray[np.bool_], index: tuple[int, ...], region: Region) -> NDArray[np.bool_]:
    y0, y1, x0, x1 = region
    return np.asarray((mask if mask.ndim == 2 else mask[index])[y0:y1, x0:x1])


def _piece(
    name: str, number: int, stack: Stack, index: tuple[int, ...], region: Region, mask: NDArray[np.bool_] | None
) -> Piece | None:
    try:
        sample = take_sample(stack, plane=index, region=region)
    except BlurMapError:  # nothing valid in it
        return None
    usable = sample.valid & ~sample.saturated
    if mask is not None:
        usable &= _region(mask, index, region)
    variance = np.zeros(sample.grey.shape) if sample.noise is None else sample.noise.variance(sample.grey)
    # Where there is no noise, rounding is; and what no float can hold.
    least = sample.digits.step**2 / 12 + (1e-5 * np.abs(sample.grey).max()) ** 2 + 1e-300
    noise = np.sqrt(variance + least)
    # In units of the noise, else float32 would not do.
    steps = (sample.grey - np.median(sample.grey)) / np.median(noise)
    detail = detail_over_noise(steps.astype(np.float32), (noise / np.median(noise)).astype(np.float32), _WINDOW)
    return Piece(name, number, sample, usable, usable & (detail**2 - 1 > _DETAIL**2))
