"""One press of Train in the panel "Train blur model"."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import BlurMapError
from ...models.saving import check_target, model_name, save_anyhow
from ..layers.picture import LayerPicture
from ..panels.shell import shell_line, stored
from ..run.worker import Awaited, Stopped

if TYPE_CHECKING:
    from ...ground.progress import Cancel, Progress
    from ...result.blurmap import BlurMap
    from ...training.own.config import TuneStep
    from ...training.own.report import TuneReport
    from ..layers.regions import Region
    from ..run.worker import Tell

#: Seconds between two previews at least; and a preview takes at most about this share of the time.
_PREVIEW, _PREVIEW_SHARE = 10.0, 0.1
#: A larger plane is not previewed, pixels.
_MOST_PREVIEWED = 6_000_000


@dataclass(frozen=True, eq=False)
class TrainUpdate:
    """News from a training: a step, and what was found in the pictures so far."""

    step: TuneStep
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Preview(Awaited):
    """Now and then a map of the chosen picture."""

    blurmap: BlurMap


@dataclass(frozen=True, eq=False)
class Trained:
    """What a training ended with; the problem is why the model is not where it was to be."""

    path: Path
    report: TuneReport
    steps: int
    early: bool
    problem: str = ""


@dataclass(frozen=True, eq=False)
class TrainJob:
    """What is trained, on what, and where it goes.

    Parameters
    ----------
    images : list
        Layers' pictures, or one folder.
    regions : list of Region, or None
        The part of each picture that is in focus.
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
    """

    images: list[Any]
    regions: list[Region] | None
    init: str | None
    options: dict[str, Any]
    target: Path
    preview: LayerPicture | None
    plane: tuple[int, ...]

    @property
    def name(self) -> str:
        """What napari shows while it runs."""
        return f"Training {self.target.name}"

    @property
    def checkpoint(self) -> Path:
        """Beside the model: a training that broke off goes on from it."""
        return self.target.with_name(f"{model_name(self.target)}.checkpoint")

    def run(
        self, progress: Progress, cancel: Cancel, tell: Tell, function: Callable[..., Any] | None = None
    ) -> Trained | Stopped:
        """Train and save, and tell the news; cancelled, it saves the model so far."""
        check_target(self.target)
        from ...training.own.config import TuneConfig
        from ...training.own.findings import lines_of

        masks = None if self.regions is None else [region.mask() for region in self.regions]
        tuning = (function or _tuning())(
            self.images, TuneConfig(**self.options), init=self.init, masks=masks, checkpoint=self.checkpoint
        )
        shown, cost, early = time.monotonic(), 0.0, False
        for at in tuning.run():
            progress(round(1000 * at.fraction), 1000, f"step {at.step}" if at.step else at.message)
            tell(TrainUpdate(at, tuple(lines_of(tuning.findings))))
            if at.step and time.monotonic() - shown > max(_PREVIEW, cost / _PREVIEW_SHARE):
                begun = time.monotonic()
                if (found := self._preview(tuning)) is not None:
                    tell(Preview(found))
                shown = time.monotonic()
                cost = shown - begun
            if cancel():
                early = True
                break
        if not tuning.step:
            return Stopped()
        progress(1000, 1000, "judging and saving")
        path, problem = save_anyhow(tuning.model(model_name(self.target)), self.target)
        self.checkpoint.unlink(missing_ok=True)
        return Trained(path, tuning.report, tuning.step, early, problem)

    def as_python(self) -> str:
        """The same training for napari's console or a script."""
        names = ", ".join(
            f"viewer.layers[{image.name!r}]" if isinstance(image, LayerPicture) else repr(str(image))
            for image in self.images
        )
        given = {"init": self.init, **{name: value for name, value in self.options.items() if value is not None}}
        lines = "".join(f"    {name}={value!r},\n" for name, value in given.items())
        needed = ""
        if self.regions is not None:
            needed = "from napari_blurmap.plugin.layers.regions import mask_of\n"
            marked = (f"mask_of(viewer.layers[{one.layer!r}], viewer.layers[{one.picture!r}])" for one in self.regions)
            lines += f"    masks=[{', '.join(marked)}],\n"
        return (
            f"import napari_blurmap as nb\n{needed}\nmodel = nb.train_model(\n    [{names}],\n{lines})\n"
            f"print(model.info.training['report']['text'])\nmodel.save({str(self.target)!r})\n"
        )

    def as_shell(self) -> str:
        """The same training."""
        if self.regions is not None:
            raise BlurMapError("No command of the shell trains on a part of a picture: copy it as Python.")
        files = [stored(image)[0] if isinstance(image, LayerPicture) else image for image in self.images]
        options = dict(self.options)
        return shell_line(
            "train", *files, out=self.target, init=self.init or "scratch", classes=options.pop("n_classes"), **options
        )

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


def _tuning() -> Callable[..., Any]:
    """Loads PyTorch, so only where the work is done."""
    from ...training.own.session import Tuning

    return Tuning
