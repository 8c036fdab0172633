"""Sets of patches of known blur: what they are to be like, and what they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..errors import BlurMapError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Edge of a patch, pixels.
PATCH = 32
#: The thesis's classes.
SIGMAS_10 = tuple(round(0.3 * n, 1) for n in range(1, 11))
SIGMAS_30 = tuple(round(0.1 * n, 1) for n in range(1, 31))
#: Border and cut of the kernel, for `apply_blur`.
KERNELS: dict[str, dict[str, Any]] = {
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
        for name, allowed in (("kernel", KERNELS), ("split", ("texture", "patch")), ("drop", ("patch", "texture"))):
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
