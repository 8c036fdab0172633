"""How the bundled patch models are made: of synthetic scenes only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import BlurMapError
from ..synthesis.scenes import random_scene
from .patch import PatchTrainConfig, PatchTraining
from .patch_data import SIGMAS_10, SIGMAS_30, PatchDataConfig, Texture
from .patches import make_patches

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..models.model import Model

#: Scenes of the bundled models and their edge, pixels.
_SCENES, _EDGE = 700, 256
#: Grey levels: deviation that their areas need, and of the noise at most: without any, that of a camera looks sharp.
_BLANK, _NOISE = 2.5, 3.0


def synthetic_textures(count: int = _SCENES, seed: int = 0) -> Iterator[Texture]:
    """The project's own textures: random sharp scenes of every kind.

    Parameters
    ----------
    count : int
        How many.
    seed : int
        The same seed gives the same scenes.

    Yields
    ------
    Texture
        256 x 256 pixels.
    """
    for number in range(count):
        scene = random_scene((_EDGE, _EDGE), np.random.default_rng((seed, 3, number)))
        yield Texture(f"scene {number}", ((255 * scene, np.ones(scene.shape, dtype=bool)),))


def train_bundled_patch(
    classes: int = 30,
    config: PatchTrainConfig | None = None,
    *,
    scenes: int = _SCENES,
    start: Model | None = None,
    checkpoint: Path | None = None,
) -> PatchTraining:
    """The training that makes ``patch30`` or ``patch10``, ready to run.

    Parameters
    ----------
    classes : {30, 10}, default=30
        Which of them.
    config : PatchTrainConfig, optional
        Budget, seed and device.
    scenes : int, default=700
        Synthetic textures to make patches of; takes a minute.
    start : Model, optional
        ``patch10`` starts from ``patch30``.
    checkpoint : Path, optional
        Saved every two minutes; resumed where it exists.

    Returns
    -------
    PatchTraining
        To be ``run()``; then ``model("patch30").save(path, half=True)``.

    Raises
    ------
    BlurMapError
        For another number of classes.
    """
    if classes not in (10, 30):
        raise BlurMapError(f"There is no bundled patch model of {classes} classes; expected 10 or 30.")
    config = config or PatchTrainConfig()
    sigmas = SIGMAS_30 if classes == 30 else SIGMAS_10
    data = PatchDataConfig(sigmas, blank=_BLANK, noise=_NOISE, validation=0.05, test=0.05, seed=config.seed)
    return PatchTraining(
        make_patches(synthetic_textures(scenes, config.seed), data),
        config,
        start=start,
        checkpoint=checkpoint,
        trained_on=f"patches of {scenes} synthetic scenes only, blurred by one sigma each, half of them noisy.",
    )
