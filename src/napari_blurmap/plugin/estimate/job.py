"""One press of Run in the panel "Estimate blur": a picture into layers and figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

import napari_blurmap as nb

from ...errors import BlurMapError, Cancelled
from ...picture.stack import as_stack
from ...result.optics_limit import OpticsLimit
from ..panels.job import arguments
from ..panels.shell import noise_option, optics_options, shell_line, stored, stored_labels
from ..run.worker import Awaited, Stopped
from .digest import Digest, Judgement, digest

if TYPE_CHECKING:
    from napari.components import Dims
    from napari.layers import Image, Labels, Layer

    from ...ground.progress import Cancel, Progress
    from ...io.tiles import TileStore
    from ...models.info import ModelInfo
    from ...result.blurmap import BlurMap
    from ..layers.picture import LayerPicture
    from ..run.worker import Tell

#: Probabilities are kept for smoothing where they take no more memory than this, bytes.
_KEPT = 2**28


@dataclass(frozen=True, eq=False)
class Result:
    """The layers of a map, sigma first, which are in the window already, and what the panel says about it."""

    layers: list[Layer]
    digest: Digest


@dataclass(frozen=True, eq=False)
class Made(Awaited):
    """Layers to be shown, or whose data have just grown.

    Parameters
    ----------
    layers : list of napari.layers.Layer
        Sigma first.
    store : TileStore, optional
        Where their data lie that grow; the same for all that share them, and lives as long as they.
    figures : dict, optional
        The summary of data that do not grow any more.
    whole : BlurMap, optional
        The finished map, of layers that were made of a part of it.
    """

    layers: list[Layer]
    store: TileStore | None = None
    figures: dict[str, Any] | None = None
    whole: BlurMap | None = None


@dataclass(frozen=True, eq=False)
class EstimateJob:
    """What is estimated, and how.

    Parameters
    ----------
    source : napari.layers.Image
        The layer; it may be renamed, moved or deleted while the estimate runs.
    picture : LayerPicture
        The picture as it was when Run was pressed.
    options : dict
        Arguments of `estimate_blur` that differ from their defaults.
    judgement : Judgement
        What the verdict rests on.
    classes : int or None
        Number of classes of the class map, where one is wanted.
    dims : napari.components.Dims or None
        The viewer's sliders: what they show of a large picture comes first.
    objects : napari.layers.Labels or None
        The layer whose objects were measured afterwards.
    """

    source: Image
    picture: LayerPicture
    options: dict[str, Any]
    judgement: Judgement
    classes: Literal[10, 30] | None = None
    dims: Dims | None = None
    objects: Labels | None = None

    @property
    def limit(self) -> float | None:
        """Sigma at which the colours start; None where there is no optics limit."""
        reference = self.judgement.reference
        if isinstance(reference, OpticsLimit):
            return reference.sharpest
        return reference.sigma if reference is not None and reference.kind == "optics" else None

    @property
    def name(self) -> str:
        """What napari shows while it runs."""
        return f"Blur of {self.picture.name}"

    def run(
        self, progress: Progress, cancel: Cancel, tell: Tell, function: Callable[..., Any] | None = None
    ) -> Result | Stopped:
        """Estimate and summarize; `Stopped` holds the result of what was finished until then."""
        if function is None and (wide := self.picture.wide) is not None:
            from .filling import fill

            return fill(self, wide, progress, cancel, tell)
        estimate = function or nb.estimate_blur
        try:
            return self._result(estimate(self.picture, **self.options, progress=progress, cancel=cancel), tell)
        except Cancelled as cancelled:
            return Stopped(None if cancelled.partial is None else self._result(cancelled.partial, tell))

    def _result(self, blurmap: BlurMap, tell: Tell) -> Result:
        blurmap = self.noted(blurmap)
        found = digest(blurmap, self.judgement)
        if blurmap.provenance.get("partial") and not found.anything:
            return Result([], found)
        # Layers take long to make; only adding them is work for the thread that draws.
        result = Result(self.layers(blurmap), found)
        tell(Made(result.layers))
        return result

    def noted(self, blurmap: BlurMap) -> BlurMap:
        """A map that knows the kind of contrast that was chosen for it."""
        return replace(blurmap, provenance=blurmap.provenance | {"contrast": self.judgement.contrast})

    def layers(self, blurmap: BlurMap, smaller: Sequence[BlurMap] = ()) -> list[Layer]:
        """The layers of the result, under the name that the picture had when Run was pressed."""
        from ..layers.classes import class_layer
        from ..layers.layers import result_layers

        how: dict[str, Any] = {"limit": self.limit, "name": self.picture.name, "smaller": smaller}
        place: Layer | None = self.picture.as_layer() if self.picture.part else self.source
        try:
            layers = result_layers(blurmap, place, **how)
        except BlurMapError:  # the layer has got another picture meanwhile
            place = None
            layers = result_layers(blurmap, place, **how)
        if self.classes:
            layers.append(class_layer(blurmap, self.classes, place, **how))
        return layers

    def as_python(self) -> str:
        """The same estimate for napari's console or a script."""
        reference = self.judgement.compared_with
        compared = "" if reference is None else f"nb.{reference!r}"
        limit = "" if self.limit is None else f", limit={self.limit!r}"
        name = self.source.name if self.picture.part else self.picture.name
        return (
            "import napari_blurmap as nb\n\n"
            f"layer = viewer.layers[{name!r}]\n"
            f"m = nb.estimate_blur({self._given_as_python()})\n"
            f"print(nb.summary_line(m.summary({compared}), verdict=True))\n"
            + ("" if self.picture.part else f"nb.add_to_viewer(viewer, m, layer{limit})\n")
        ) + self._objects_as_python(compared)

    def _given_as_python(self) -> str:
        """The layer, or a part of its data with what the layer knows of them."""
        part = self.picture.part
        if not part:
            return f"layer{arguments(self.options)}"
        stack = as_stack(self.picture, channel_axis=self.options.get("channel_axis"))
        known: dict[str, Any] = {"axes": "".join(stack.data_axes), "channel_axis": stack.colour}
        if stack.units[-1] != "pixel":
            known |= {"pixel_size": stack.scale[-2:], "unit": stack.units[-1]}
        level = "[0]" if self.source.multiscale else ""
        given = {name: value for name, value in (known | self.options).items() if value is not None}
        return f"layer.data{level}{part}{arguments(given)}"

    def _objects_as_python(self, compared: str) -> str:
        """Figures of the objects that were measured, in whatever place and scale their layer lies."""
        if self.objects is None:
            return ""
        given = f"viewer.layers[{self.objects.name!r}].data" + (compared and f", {compared}")
        return f"rows = m.objects({given})\n"

    def as_shell(self) -> str:
        """The same estimate, with the largest sigma that counts as sharp, and a table of the objects."""
        if self.picture.part:
            raise BlurMapError(
                "There is no line for a terminal for a part of a stack. Choose all planes, or copy it as Python."
            )
        path, how = stored(self.picture, self.options.get("channel_axis"))
        if self.objects is not None:
            how |= {"labels": stored_labels(self.objects), "table": "qc.csv"}
        options = how | {k: v for k, v in self.options.items() if k not in ("keep_probabilities", "channel_axis")}
        options["noise"] = noise_option(options.get("noise"))
        reference = self.judgement.compared_with
        if isinstance(reference, OpticsLimit):
            return shell_line("estimate", path, out=".", **options, **optics_options(asdict(reference)))
        limit = None if reference is None else reference.threshold
        return shell_line("estimate", path, out=".", **options, limit=limit)


def probabilities_fit(picture: LayerPicture, info: ModelInfo) -> bool:
    """Whether the probabilities of all values of sigma are small enough to be kept for smoothing.

    Parameters
    ----------
    picture : LayerPicture
        What is estimated.
    info : ModelInfo
        The model's card.
    """
    pixels = float(np.prod(picture.data.shape[:-1] if picture.rgb else picture.data.shape))
    stride = info.sizes.get("stride", 1) if info.architecture == "patch" else 4
    return pixels / stride**2 * len(info.sigma_grid) * 4 <= _KEPT
