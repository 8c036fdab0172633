"""One press of Apply in the panel "Smooth blur map"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import BlurMapError
from ...result.smooth.smooth import smooth_sigma
from ..layers.layers import result_layers
from ..panels.job import arguments

if TYPE_CHECKING:
    from napari.layers import Image, Layer

    from ...ground.progress import Cancel, Progress
    from ...result.blurmap import BlurMap
    from ..layers.picture import LayerPicture
    from ..run.worker import Tell


@dataclass(frozen=True, eq=False)
class SmoothJob:
    """A map that is smoothed into new layers.

    Parameters
    ----------
    layer : napari.layers.Image
        Its layer of sigma.
    blurmap : BlurMap
        The map.
    guide : LayerPicture or None
        The picture, where the method looks at one.
    source : str
        Name of the layer that the result lies on.
    options : dict
        Method and strength.
    """

    layer: Image
    blurmap: BlurMap
    guide: LayerPicture | None
    source: str
    options: dict[str, Any]

    @property
    def name(self) -> str:
        """What napari shows while it runs."""
        return f"Smoothing {self.layer.name}"

    def run(
        self, progress: Progress, cancel: Cancel, tell: Tell, function: Callable[..., Any] | None = None
    ) -> list[Layer]:
        """The new layers, sigma first; a lazy map is computed here, not where napari draws."""
        m = self.blurmap
        arrays: dict[str, Any] = {name: np.asarray(array) for name, array in (*m.numbers.items(), ("status", m.status))}
        here = replace(m, **arrays)
        smooth = function or smooth_sigma
        smoothed = smooth(here, image=self.guide, progress=progress, cancel=cancel, **self.options)
        view = self.layer.metadata.get("blurmap_view", {})
        by = str(m.provenance.get("model", "unknown model"))
        layers = result_layers(smoothed, self.layer, limit=view.get("limit"), name=view.get("name"))
        for one in layers:
            one.name = one.name.replace(f"({by}", f"({by}, {self.options['method']} {self.options['strength']:g}", 1)
        return layers

    def as_python(self) -> str:
        """The same smoothing for napari's console or a script."""
        image = "" if self.guide is None else f", image=viewer.layers[{self.guide.name!r}]"
        return (
            "import napari_blurmap as nb\n\n"
            f"layer = viewer.layers[{self.layer.name!r}]\n"
            f'm = nb.smooth_sigma(layer.metadata["blurmap"]{arguments(self.options)}{image})\n'
            f"nb.add_to_viewer(viewer, m, viewer.layers[{self.source!r}])\n"
        )

    def as_shell(self) -> str:
        """There is none."""
        raise BlurMapError("No command of the shell smooths maps: copy it as Python.")
