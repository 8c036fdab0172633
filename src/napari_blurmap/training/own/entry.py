"""A model of the user's own pictures: trained from a bundled one, or from random weights, in minutes."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal

from ...errors import Cancelled
from ...ground.arguments import callback
from .config import TuneConfig
from .findings import lines_of
from .session import Tuning

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from ...ground.progress import Cancel, Progress
    from ...models.model import Model


def train_model(
    images: Any,
    *,
    architecture: Literal["dense", "patch"] = "dense",
    init: str | PathLike[str] | Model | None = "default",
    sigma_range: tuple[float, float] = (0.3, 3.0),
    n_classes: int | None = None,
    minutes: float = 10.0,
    steps: int | None = None,
    device: str = "auto",
    seed: int = 0,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    masks: Sequence[Any] | None = None,
    checkpoint: str | PathLike[str] | None = None,
    name: str = "tuned",
) -> Model:
    """Train a model on your own sharp pictures.

    The pictures are blurred by known amounts and get back the noise that the
    blur has smoothed away; the model learns to tell by how much. A fifth of
    the pictures (of one picture, a strip with a fifth of its detail) is held
    out to judge the model on. The model's zero is the sharpness of your pictures:
    its sigma is what was added to them. To the dense network a picture that is
    clearly blurrier than most counts as blurred by the difference; one that is
    blurrier than the range is left out.

    Parameters
    ----------
    images : list, folder or one picture
        Paths of pictures or folders, arrays and layers as `estimate_blur`
        takes them, or pairs of one with a mask, ``(picture, mask)``; of any
        sizes, types and colours (luminance). They should be as sharp as you
        have them.
    architecture : {"dense", "patch"}, default="dense"
        The default model's network, or the thesis's.
    init : str, path-like, Model or None, default="default"
        Where to start: a bundled model (for patches the one with as many
        classes), a model file, or random weights.
    sigma_range : (float, float), default=(0.3, 3.0)
        Smallest and largest blur to learn, pixels.
    n_classes : int, optional
        Of a patch network: classes, evenly over the range; 10 by default.
    minutes : float, default=10.0
        For everything, reading and judging included.
    steps : int, optional
        Number of steps instead of a time: with one seed, machine and number
        of threads the weights are equal.
    device : {"auto", "cpu", "cuda", "mps"}, default="auto"
        As in `estimate_blur`.
    seed : int, default=0
        Of all that is left to chance.
    progress : callable, optional
        ``progress(done, total, message)``, called between steps.
    cancel : callable, optional
        ``cancel() -> bool``; True ends the training, and the model so far is returned.
    masks : sequence, optional
        For each image None, or an array or Labels layer, (Y, X) or as large
        as the picture: not 0 where it is to be trained on.
    checkpoint : path-like, optional
        Saved every half minute; a training that broke off goes on from it.
    name : str, default="tuned"
        What the model will be called.

    Returns
    -------
    Model
        Calibrated on the held-out pictures, reference "added"; the figures are in ``info.training["report"]``.

    Raises
    ------
    BlurMapError
        If no picture can be trained on, settings do not fit together, or the
        checkpoint is another training's.
    Cancelled
        When ``cancel()`` returned True before the first step; ``partial`` is None.

    Warns
    -----
    UserWarning
        For each picture that cannot be used or is not as it should be.

    Examples
    --------
    >>> import napari_blurmap as nb
    >>> from napari_blurmap.synthesis.scenes import random_scene
    >>> sharp = [random_scene((128, 128), np.random.default_rng(i), kind="dead leaves") for i in (1, 2)]
    >>> model = nb.train_model(sharp, init=None, steps=1)
    >>> model.info.reference
    'added'
    >>> nb.estimate_blur(sharp[0], model=model).sigma.shape
    (128, 128)
    """
    callback("progress", progress)
    callback("cancel", cancel)
    config = TuneConfig(architecture, sigma_range, n_classes, minutes, steps, device, seed)
    tuning = Tuning(images, config, init=init, masks=masks, checkpoint=checkpoint)
    told = False
    for at in tuning.run():
        if not told and len(tuning.findings) == len(tuning.sources):
            told = True
            for line in lines_of(tuning.findings):
                warnings.warn(line, stacklevel=2)
        if progress is not None:
            progress(round(1000 * at.fraction), 1000, at.message)
        if cancel is not None and cancel():
            break
    if not tuning.step:
        raise Cancelled(None)
    return tuning.model(str(name))
