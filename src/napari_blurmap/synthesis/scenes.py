"""The register of sharp scenes, and how a random one is drawn for training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import BlurMapError
from .specimens import filaments, nuclei, spots, text_page, tissue
from .surfaces import relief, weave
from .textures import dead_leaves, lattice, power_law

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from .textures import Style

    Scene = NDArray[np.float32]


def _leaves(shape: tuple[int, int], rng: np.random.Generator) -> Scene:
    return dead_leaves(
        shape,
        rng,
        leaf=("ellipse", "polygon", "line", "mixed", "mixed")[int(rng.integers(5))],
        radii=(float(np.exp(rng.uniform(np.log(0.5), np.log(6)))), float(rng.uniform(15, 100))),
        textured=float(rng.uniform(0, 0.8)) if rng.random() < 0.6 else 0.0,
    )


def _sparse_leaves(shape: tuple[int, int], rng: np.random.Generator) -> Scene:
    return dead_leaves(
        shape,
        rng,
        radii=(float(np.exp(rng.uniform(np.log(3), np.log(8)))), float(rng.uniform(15, 60))),
        cover=float(np.exp(rng.uniform(np.log(0.05), np.log(0.6)))),
        textured=float(rng.uniform(0, 0.4)) if rng.random() < 0.3 else 0.0,
    )


def _plates(shape: tuple[int, int], rng: np.random.Generator) -> Scene:
    """Few large flat shapes: long isolated edges with nothing beside them."""
    return dead_leaves(
        shape,
        rng,
        leaf=("ellipse", "polygon", "line", "mixed")[int(rng.integers(4))],
        radii=(float(rng.uniform(15, 50)), float(rng.uniform(60, 110))),
        cover=float(np.exp(rng.uniform(np.log(0.3), np.log(2.0)))),
        textured=0.0,
    )


def _power_law(shape: tuple[int, int], rng: np.random.Generator) -> Scene:
    styles: tuple[Style, ...] = ("plain", "plain", "plain", "ridges", "threshold", "exponential")
    return power_law(
        shape,
        rng,
        exponent=float(rng.uniform(0.3, 1.8)),
        elongation=float(np.exp(rng.uniform(0, 2))) if rng.random() < 0.4 else 1.0,
        angle=float(rng.uniform(0, 180)),
        style=styles[int(rng.integers(len(styles)))],
    )


def _grain(shape: tuple[int, int], rng: np.random.Generator) -> Scene:
    """As fine as pixels can be: sand, film, sintered powder, speckle; white, or nearly."""
    style: Style = "plain" if rng.random() < 0.7 else "exponential"
    exponent = float(rng.uniform(0.0, 0.35)) if rng.random() < 0.4 else 0.0
    return power_law(shape, rng, exponent=exponent, style=style)


def _fibres(shape: tuple[int, int], rng: np.random.Generator) -> Scene:
    """Straw, hair, wood, muscle: what lies along one direction, sharp, and must not pass for motion."""
    angle, long = float(rng.uniform(0, 180)), float(np.exp(rng.uniform(np.log(3), np.log(40))))
    if rng.random() < 0.5:
        styles: tuple[Style, ...] = ("plain", "plain", "ridges", "threshold", "exponential")
        style = styles[int(rng.integers(len(styles)))]
        return power_law(shape, rng, exponent=float(rng.uniform(0.3, 1.8)), elongation=long, angle=angle, style=style)
    return dead_leaves(
        shape,
        rng,
        leaf=("line", "line", "mixed")[int(rng.integers(3))],
        radii=(float(np.exp(rng.uniform(np.log(1.5), np.log(8)))), float(rng.uniform(15, 60))),
        cover=float(np.exp(rng.uniform(np.log(0.3), np.log(6)))),
        textured=float(rng.uniform(0, 0.6)) if rng.random() < 0.5 else 0.0,
        along=(angle, float(np.exp(rng.uniform(np.log(2), np.log(25))))),
    )


def _text(shape: tuple[int, int], rng: np.random.Generator) -> Scene:
    page = text_page(shape, rng)
    return page if rng.random() < 0.7 else 1.0 - page


#: Every kind of scene by name, with its share of the training pictures.
SCENES: dict[str, tuple[Callable[[tuple[int, int], np.random.Generator], Scene], float]] = {
    "dead leaves": (_leaves, 0.11),
    "sparse leaves": (_sparse_leaves, 0.06),
    "plates": (_plates, 0.06),
    "power law": (_power_law, 0.15),
    "lattice": (lattice, 0.04),
    "weave": (weave, 0.05),
    "relief": (relief, 0.07),
    "nuclei": (nuclei, 0.14),
    "filaments": (filaments, 0.06),
    "spots": (spots, 0.0),  # finite ones look like blurred points: training has true points instead
    "grain": (_grain, 0.11),
    "tissue": (tissue, 0.04),
    "text": (_text, 0.04),
    "fibres": (_fibres, 0.07),
}


def random_scene(shape: tuple[int, int], seed: int | np.random.Generator, *, kind: str | None = None) -> Scene:
    """Draw a sharp scene of a random kind.

    Parameters
    ----------
    shape : (int, int)
        Y and X, pixels.
    seed : int or numpy.random.Generator
        The same seed gives the same scene.
    kind : str, optional
        A name in `SCENES`; drawn by their shares where it is not given.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        Brightness from 0 to 1, pixel-integrated, periodic.

    Raises
    ------
    BlurMapError
        For a kind that does not exist.

    Examples
    --------
    >>> random_scene((64, 64), 7, kind="nuclei").shape
    (64, 64)
    """
    rng = np.random.default_rng(seed)
    names = list(SCENES)
    if kind is None:
        kind = names[int(rng.choice(len(names), p=[share for _, share in SCENES.values()]))]
    if kind not in SCENES:
        raise BlurMapError(f"There is no kind of scene called {kind!r}; expected one of {', '.join(names)}.")
    return np.asarray(SCENES[kind][0](shape, rng), dtype=np.float32)
