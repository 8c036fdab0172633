"""Data sets of 32 x 32 patches, each blurred by one sigma of a list, from any sharp textures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy import ndimage

from ..errors import BlurMapError
from ..ground.blur import apply_blur
from ..io.folders import pictures_in
from ..io.pictures import read_picture
from ..picture.plane import read_plane
from ..picture.stack import as_stack

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import NDArray

#: Edge of a patch, pixels.
PATCH = 32
#: The thesis's classes.
SIGMAS_10 = tuple(round(0.3 * n, 1) for n in range(1, 11))
SIGMAS_30 = tuple(round(0.1 * n, 1) for n in range(1, 31))
# Border and cut of the kernel, for `apply_blur`.
_KERNELS: dict[str, dict[str, Any]] = {
    "scipy": {"mode": "reflect", "truncate": 4.0},
    "matlab": {"mode": "nearest", "truncate": "matlab"},
}


@dataclass(frozen=True)
class PatchDataConfig:
    """How patches are made of textures.

    Parameters
    ----------
    sigmas : tuple of float, default=SIGMAS_30
        Blur of every class, pixels, rising; `SIGMAS_10` is the other list of the thesis.
    kernel : {"scipy", "matlab"}, default="scipy"
        The Gaussian: cut at 4 sigma with a mirrored border, as everywhere in
        this package, or as MATLAB's ``imgaussfilt`` does it (width
        ``2*ceil(2*sigma)+1``, border repeated), as in the thesis. The cut at 2
        sigma makes that kernel up to an eighth narrower than its sigma says.
    split : {"texture", "patch"}, default="texture"
        What is dealt out to training, validation and test: whole textures; or
        single patches, as the thesis's author did, so that all three share textures.
    validation, test : float, default=0.1, 0.3
        Their shares, of textures or of patches; the author's test set has 30 %.
    keep : float, default=0.25
        Part of the patches of every blurred copy that is kept, at random; the author's quarter.
    blank : float, default=2.0
        A 32 x 32 area is blank where its standard deviation, before blurring,
        is below this many grey levels of 255.
    drop : {"patch", "texture"}, default="patch"
        What a blank area costs: itself; or its whole texture, wherever in it
        the area lies, as in the thesis.
    noise : float, default=0.0
        Largest standard deviation, in grey levels, of white noise added to the
        blurred patches: half of them get none, the others any up to this. The
        thesis added none.
    seed : int, default=0
        Of all that is drawn.

    Raises
    ------
    BlurMapError
        For values that make no data set.
    """

    sigmas: tuple[float, ...] = SIGMAS_30
    kernel: Literal["scipy", "matlab"] = "scipy"
    split: Literal["texture", "patch"] = "texture"
    validation: float = 0.1
    test: float = 0.3
    keep: float = 0.25
    blank: float = 2.0
    drop: Literal["patch", "texture"] = "patch"
    noise: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "sigmas", tuple(float(s) for s in self.sigmas))
        rising = all(a < b for a, b in zip(self.sigmas, self.sigmas[1:], strict=False))
        if len(self.sigmas) < 2 or not rising or not all(isfinite(s) and s >= 0 for s in self.sigmas):
            raise BlurMapError(
                f"The sigmas of the classes are {self.sigmas}; expected two or more, rising, finite and not negative."
            )
        for name, allowed in (("kernel", _KERNELS), ("split", ("texture", "patch")), ("drop", ("patch", "texture"))):
            if getattr(self, name) not in allowed:
                raise BlurMapError(f"{name} is {getattr(self, name)!r}; expected {' or '.join(map(repr, allowed))}.")
        if not (0 < self.keep <= 1 and 0 < self.validation < 1 and 0 < self.test < 1 - self.validation):
            raise BlurMapError(
                f"keep is {self.keep:g}, validation {self.validation:g}, test {self.test:g}; expected parts between 0 "
                "and 1, with something left to train on."
            )
        if not (isfinite(self.noise) and self.noise >= 0):
            raise BlurMapError(f"noise is {self.noise:g}; expected a standard deviation in grey levels, 0 or more.")


@dataclass(frozen=True, eq=False)
class Texture:
    """A sharp picture of one or several planes.

    Parameters
    ----------
    name : str
        For reports.
    planes : tuple of (ndarray, ndarray)
        Grey levels of 0 to 255 (float32) and where they are valid (bool), each (Y, X).
    """

    name: str
    planes: tuple[tuple[NDArray[np.float32], NDArray[np.bool_]], ...]


@dataclass(frozen=True, eq=False)
class PatchSet:
    """Blurred patches with their classes.

    Parameters
    ----------
    patches : ndarray of uint8, shape (N, 32, 32)
        Rounded to grey levels, as the pictures that the thesis's author wrote.
    labels, sources : ndarray of int64, shape (N,)
        Class of each, and number of its texture.
    """

    patches: NDArray[np.uint8]
    labels: NDArray[np.int64]
    sources: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, which: Any) -> PatchSet:
        return PatchSet(self.patches[which], self.labels[which], self.sources[which])


@dataclass
class PatchReport:
    """What became of the textures.

    Parameters
    ----------
    used : list of str
        Textures that gave patches; `PatchSet.sources` counts them.
    dropped : dict of str to str
        Files that could not be read and textures that were left out, with the reason.
    areas, blank : int
        32 x 32 areas of the textures used, and how many of them were left out as blank.
    limit : float
        Standard deviation below which an area was, grey levels of 255.
    """

    limit: float
    used: list[str] = field(default_factory=list)
    dropped: dict[str, str] = field(default_factory=dict)
    areas: int = 0
    blank: int = 0

    def __str__(self) -> str:
        lines = [
            f"{len(self.used)} textures, {self.areas} areas of 32 x 32 pixels; {self.blank} of them left out as blank "
            f"(standard deviation below {self.limit:g} grey levels of 255)."
        ]
        return "\n".join(lines + [f"left out {name}: {reason}" for name, reason in self.dropped.items()])


@dataclass(frozen=True, eq=False)
class PatchData:
    """Training, validation and test sets, with the training set's mean and standard deviation."""

    config: PatchDataConfig
    train: PatchSet
    validation: PatchSet
    test: PatchSet
    report: PatchReport

    @property
    def mean(self) -> float:
        """Of all pixels of the training set, grey levels."""
        return float(self.train.patches.mean())

    @property
    def deviation(self) -> float:
        """Standard deviation of all pixels of the training set, grey levels."""
        return float(self.train.patches.std(dtype=np.float64))


def read_textures(sources: str | PathLike[str] | Iterable[Any], dropped: dict[str, str]) -> Iterator[Texture]:
    """Read textures from a folder, from files, or from pictures in memory.

    Parameters
    ----------
    sources : path, or iterable of path, array or layer
        A folder's files are read in the order of their names, those of its
        folders not. Arrays are as for `napari_blurmap.estimate_blur`; a
        trailing axis of 3 or 4 is colour.
    dropped : dict
        Receives what could not be read, with the reason.

    Yields
    ------
    Texture
        Colour as luminance; 8-bit grey levels as they are, others stretched to 0 to 255.

    Raises
    ------
    BlurMapError
        If the folder does not exist.

    Examples
    --------
    >>> texture = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
    >>> [t.name for t in read_textures([texture], {})]
    ['picture 1']
    """
    if isinstance(sources, str | Path) or hasattr(sources, "__fspath__"):
        path = Path(sources)  # type: ignore[arg-type]
        if not path.exists():
            raise BlurMapError(f"There is no folder {path}. Give a folder with sharp pictures.")
        sources = pictures_in(path) if path.is_dir() else [path]
    for number, source in enumerate(sources, start=1):
        is_file = isinstance(source, str | Path)
        name = Path(source).name if is_file else str(getattr(source, "name", f"picture {number}"))
        try:
            yield _texture(name, read_picture(source) if is_file else source)
        except BlurMapError as error:
            dropped[name] = str(error)


def _texture(name: str, picture: Any) -> Texture:
    shape, is_plain = np.shape(getattr(picture, "array", picture)), isinstance(picture, np.ndarray)
    stack = as_stack(picture, channel_axis=-1 if is_plain and len(shape) == 3 and shape[-1] in (3, 4) else None)
    planes = (read_plane(stack.plane(index)) for index in stack.indices())
    return Texture(name, tuple((plane.grey(), plane.valid) for plane in planes))


def make_patches(
    textures: Iterable[Texture], config: PatchDataConfig | None = None, *, dropped: dict[str, str] | None = None
) -> PatchData:
    """Blur every texture by every sigma, cut the copies into patches and deal these out.

    Parameters
    ----------
    textures : iterable of Texture
        One at a time is enough.
    config : PatchDataConfig, optional
        How.
    dropped : dict, optional
        What `read_textures` could not read, for the report.

    Returns
    -------
    PatchData

    Raises
    ------
    BlurMapError
        If no usable texture is left, or fewer than three where whole textures are dealt out.

    Examples
    --------
    >>> draw = np.random.default_rng(0)
    >>> pictures = [draw.integers(0, 256, (64, 64)).astype(np.uint8) for _ in range(3)]
    >>> data = make_patches(read_textures(pictures, {}), PatchDataConfig(sigmas=(1.0, 2.0), keep=0.5))
    >>> len(data.train), len(data.validation), len(data.test)
    (4, 4, 4)
    """
    config = config or PatchDataConfig()
    # The caller's dictionary: it fills while the textures are read.
    report = PatchReport(config.blank, dropped={} if dropped is None else dropped)
    parts: list[PatchSet] = []
    for texture in textures:
        places = [_usable(grey, valid, config) for grey, valid in texture.planes]
        if config.drop == "texture" and any(found is None for found in places):
            report.dropped[texture.name] = "it has a blank area of 32 x 32 pixels"
            continue
        kept = [np.zeros(0, np.int64) if found is None else found for found in places]
        if not any(found.size for found in kept):
            report.dropped[texture.name] = "all of it is blank"
            continue
        areas = sum((g.shape[0] // PATCH) * (g.shape[1] // PATCH) for g, _ in texture.planes)
        report.areas += areas
        report.blank += areas - sum(found.size for found in kept)
        parts.append(_blurred(texture, kept, config, len(parts)))
        report.used.append(texture.name)
    return PatchData(config, *_dealt_out(parts, config, report), report)


def _usable(grey: NDArray[np.float32], valid: NDArray[np.bool_], config: PatchDataConfig) -> NDArray[np.int64] | None:
    """Numbers of the grid's areas that are not blank; None where one at any place would cost the texture."""
    if config.drop == "texture":
        # Standard deviation of every window that lies in the picture.
        wide = grey.astype(np.float64)
        mean, square = ndimage.uniform_filter(wide, PATCH), ndimage.uniform_filter(wide**2, PATCH)
        half = PATCH // 2
        inner = np.s_[half : grey.shape[0] - half + 1, half : grey.shape[1] - half + 1]
        if not valid.all() or (square - mean**2)[inner].min() < config.blank**2:
            return None
    is_textured = _grid(grey).std(axis=(1, 2), dtype=np.float64) >= config.blank
    return np.flatnonzero(is_textured & _grid(valid).all(axis=(1, 2)))


def _grid(plane: NDArray[Any]) -> NDArray[Any]:
    """Patches side by side, (N, 32, 32); what is left at the end is not used."""
    rows, columns = plane.shape[0] // PATCH, plane.shape[1] // PATCH
    cells = plane[: rows * PATCH, : columns * PATCH].reshape(rows, PATCH, columns, PATCH)
    return cells.swapaxes(1, 2).reshape(-1, PATCH, PATCH)


def _blurred(texture: Texture, places: list[NDArray[np.int64]], config: PatchDataConfig, number: int) -> PatchSet:
    """A random part of the patches of every blurred copy of a texture."""
    rng = np.random.default_rng((config.seed, number))
    patches, labels = [], []
    for label, sigma in enumerate(config.sigmas):
        for (grey, _), usable in zip(texture.planes, places, strict=True):
            if not usable.size:
                continue
            chosen = rng.permutation(usable)[: max(1, round(config.keep * usable.size))]
            blurred = _grid(apply_blur(grey, sigma, **_KERNELS[config.kernel]))[chosen]
            if config.noise:
                deviation = config.noise * np.maximum(rng.uniform(-1, 1, (chosen.size, 1, 1)), 0)
                blurred = blurred + deviation * rng.standard_normal(blurred.shape)
            patches.append(np.clip(np.rint(blurred), 0, 255).astype(np.uint8))
            labels += [label] * chosen.size
    return PatchSet(np.concatenate(patches), np.array(labels), np.full(len(labels), number))


def _dealt_out(
    parts: list[PatchSet], config: PatchDataConfig, report: PatchReport
) -> tuple[PatchSet, PatchSet, PatchSet]:
    """Training, validation and test set."""
    least = 3 if config.split == "texture" else 1
    if len(parts) < least:
        why = f"{report}\n" if report.dropped else ""
        raise BlurMapError(
            f"{len(parts) or 'No'} usable texture{'s' if len(parts) > 1 else ''} left; expected {least} or more sharp "
            f"pictures with structure. {why}Add pictures"
            + (", or cut them into several." if parts else ", or lower the limit for blank areas.")
        )
    whole = PatchSet(*(np.concatenate([getattr(p, n) for p in parts]) for n in ("patches", "labels", "sources")))
    rng = np.random.default_rng((config.seed, len(parts), 1))
    if config.split == "texture":
        place = _places(len(parts), config, rng)[whole.sources]
    else:  # every class by itself, so that all have the same shares
        place = np.empty(len(whole), np.int64)
        for label in range(len(config.sigmas)):
            mine = whole.labels == label
            place[mine] = _places(int(mine.sum()), config, rng)
    sets = whole[place == 0], whole[place == 1], whole[place == 2]
    if not all(map(len, sets)):
        raise BlurMapError(
            f"{len(whole)} patches are too few to train, validate and test with {len(config.sigmas)} classes. Add or "
            "enlarge pictures, or keep a larger part of the patches."
        )
    return sets


def _places(count: int, config: PatchDataConfig, rng: np.random.Generator) -> NDArray[np.int64]:
    """0, 1 or 2, for training, validation and test, in random order; of three or more at least one each."""
    at_least = int(count >= 3)
    test = max(at_least, round(config.test * count))
    validation = max(at_least, round(config.validation * count))
    place = np.zeros(count, np.int64)
    place[:test], place[test : test + validation] = 2, 1
    return rng.permutation(place)
