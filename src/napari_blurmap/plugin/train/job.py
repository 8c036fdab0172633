"""One press of Train: pictures, settings and where to save, fixed; and the work in a thread of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import BlurMapError
from ...models.saving import check_target, model_name, save_anyhow
from ..run.worker import Stopped

if TYPE_CHECKING:
    from ...ground.progress import Cancel, Progress
    from ...result.blurmap import BlurMap
    from ...training.own.config import TuneStep
    from ...training.own.report import TuneReport
    from ..layers.picture import LayerPicture

#: Seconds between two previews at least; and a preview takes at most about this share of the time.
_PREVIEW, _PREVIEW_SHARE = 10.0, 0.1
#: A larger plane is not previewed, pixels.
_MOST_PREVIEWED = 6_000_000

Tunings = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class TrainUpdate:
    """News from a training: a step, what was found in the pictures so far, and now and then a map."""

    step: TuneStep
    findings: tuple[str, ...] = ()
    preview: BlurMap | None = None


@dataclass(frozen=True, eq=False)
class Trained:
    """What a training ended with; the problem is why the model is not where it was to be."""

    path: Path
    report: TuneReport
    steps: int
    early: bool
    problem: str = ""


@dataclass(frozen=True, eq=False)
class TrainRequest:
    """What is trained, on what, and where it goes.

    Parameters
    ----------
    images : list
        Layers' pictures, or one folder.
    masks : list or None
        For each picture None or an array.
    init : str or None
        Model to start from; None for random weights.
    options : dict
        Of `napari_blurmap.training.own.config.TuneConfig`.
    target : Path
        The model file to write; it must not exist.
    preview : LayerPicture or None
        Of which a map is shown while it runs.
    plane : tuple of int
        Plane of the preview.
    code : str
        The same as Python.
    """

    images: list[Any]
    masks: list[Any] | None
    init: str | None
    options: dict[str, Any]
    target: Path
    preview: LayerPicture | None
    plane: tuple[int, ...]
    code: str

    @property
    def checkpoint(self) -> Path:
        """Beside the model: a training that broke off goes on from it."""
        return self.target.with_name(f"{model_name(self.target)}.checkpoint")

    def run(
        self,
        progress: Progress,
        cancel: Cancel,
        *,
        update: Callable[[TrainUpdate], None],
        tunings: Tunings | None = None,
    ) -> Trained | Stopped:
        """Train and save; meant for a worker. Cancelled, it saves the model so far."""
        check_target(self.target)
        from ...training.own.config import TuneConfig

        tuning = (tunings or _tuning())(
            self.images, TuneConfig(**self.options), init=self.init, masks=self.masks, checkpoint=self.checkpoint
        )
        shown, cost, early = time.monotonic(), 0.0, False
        for at in tuning.run():
            progress(round(1000 * at.fraction), 1000, f"step {at.step}" if at.step else at.message)
            lines = tuple(line for finding in tuning.findings for line in finding.lines())
            found = None
            if at.step and time.monotonic() - shown > max(_PREVIEW, cost / _PREVIEW_SHARE):
                begun = time.monotonic()
                found = self._preview(tuning)
                shown = time.monotonic()
                cost = shown - begun
            update(TrainUpdate(at, lines, found))
            if cancel():
                early = True
                break
        if not tuning.step:
            return Stopped()
        progress(1000, 1000, "judging and saving")
        path, problem = save_anyhow(tuning.model(model_name(self.target)), self.target)
        self.checkpoint.unlink(missing_ok=True)
        return Trained(path, tuning.report, tuning.step, early, problem)

    def _preview(self, tuning: Any) -> BlurMap | None:
        """The map of the chosen picture by the model as it stands; none where it cannot be estimated."""
        from ...estimate import estimate_blur
        from ...picture.stack import as_stack

        if self.preview is None:
            return None
        try:
            stack = as_stack(self.preview)
            if stack.shape[-2] * stack.shape[-1] > _MOST_PREVIEWED:
                return None
            return estimate_blur(
                stack.plane(self.plane),
                model=tuning.preview(),
                channel_axis=-1 if stack.colour is not None else None,
                device=self.options["device"],
            )
        except BlurMapError:  # no reason to lose the training
            return None


def _tuning() -> Tunings:
    """Loads PyTorch, so only where the work is done."""
    from ...training.own.session import Tuning

    return Tuning
