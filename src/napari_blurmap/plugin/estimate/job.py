"""One press of Run: all that the estimate needs, fixed, and the same as a line of Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ...errors import BlurMapError, Cancelled
from ..run.worker import Stopped
from .digest import Digest, digest

if TYPE_CHECKING:
    from napari.layers import Image, Layer

    from ...ground.progress import Cancel, Progress
    from ...models.info import ModelInfo
    from ...result.blurmap import BlurMap
    from ...result.reference import Reference
    from ..layers.picture import LayerPicture

Estimate = Callable[..., Any]

#: Probabilities are kept for smoothing where they take no more memory than this, bytes.
_KEPT = 2**28


@dataclass(frozen=True, eq=False)
class Result:
    """The layers of a map, sigma first, and what the panel says about it."""

    layers: list[Layer]
    digest: Digest


@dataclass(frozen=True, eq=False)
class Request:
    """What is estimated, and how.

    Parameters
    ----------
    source : napari.layers.Image
        The layer; it may be renamed, moved or deleted while the estimate runs.
    picture : LayerPicture
        The picture as it was when Run was pressed.
    options : dict
        Arguments of `estimate_blur` that differ from their defaults.
    reference : Reference or None
        What counts as sharp.
    contrast : str
        Kind of contrast.
    problem : str
        Why a reference that was asked for could not be used.
    classes : int or None
        Number of classes of the class map, where one is wanted.
    """

    source: Image
    picture: LayerPicture
    options: dict[str, Any]
    reference: Reference | None
    contrast: str
    problem: str = ""
    classes: Literal[10, 30] | None = None

    @property
    def compared_with(self) -> Reference | None:
        """The reference of the verdict; transparent specimens get none."""
        return None if self.contrast == "transparent" else self.reference

    @property
    def limit(self) -> float | None:
        """Sigma at which the colours start; None where there is no optics limit."""
        return self.reference.sigma if self.reference and self.reference.kind == "optics" else None

    def run(
        self,
        progress: Progress,
        cancel: Cancel,
        estimate: Estimate | None = None,
    ) -> Result | Stopped:
        """Estimate and summarize; meant for a worker.

        Parameters
        ----------
        progress, cancel : callable
            As `napari_blurmap.estimate_blur` takes them.
        estimate : callable, optional
            Used in place of `estimate_blur`.

        Returns
        -------
        Result or Stopped
            `Stopped` holds the partial `Result`.

        Raises
        ------
        BlurMapError
            If the picture, the model or the device cannot be used.
        """
        estimate = estimate or _estimate_blur()
        try:
            return self._result(estimate(self.picture, **self.options, progress=progress, cancel=cancel))
        except Cancelled as request:
            return Stopped(self._result(request.partial))

    def _result(self, blurmap: BlurMap) -> Result:
        about = blurmap.provenance | {"contrast": self.contrast}
        blurmap = replace(blurmap, provenance=about)
        # Layers take long to make; only adding them is work for the thread that draws.
        return Result(self._layers(blurmap), digest(blurmap, self.compared_with))

    def _layers(self, blurmap: BlurMap) -> list[Layer]:
        """The layers of the result, under the name that the picture had when Run was pressed."""
        from ..layers.layers import class_layer, result_layers

        limit, name = self.limit, self.picture.name
        place: Layer | None = self.source
        try:
            layers = result_layers(blurmap, place, limit=limit, name=name)
        except BlurMapError:  # the layer has got another picture meanwhile
            place = None
            layers = result_layers(blurmap, place, limit=limit, name=name)
        if self.classes:
            layers.append(class_layer(blurmap, self.classes, place, limit=limit, name=name))
        return layers

    def as_python(self) -> str:
        """The same estimate for napari's console or a script."""
        options = "".join(f", {name}={value!r}" for name, value in self.options.items())
        reference = "" if self.compared_with is None else f"nb.{self.compared_with!r}"
        limit = "" if self.limit is None else f", limit={self.limit!r}"
        return (
            "import napari_blurmap as nb\n\n"
            f"layer = viewer.layers[{self.picture.name!r}]\n"
            f"m = nb.estimate_blur(layer{options})\n"
            f"print(nb.summary_line(m.summary({reference}), verdict=True))\n"
            f"nb.add_to_viewer(viewer, m, layer{limit})\n"
        )


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


def _estimate_blur() -> Estimate:
    """Loads PyTorch, so only where the work is done."""
    from ...estimate import estimate_blur

    return estimate_blur
