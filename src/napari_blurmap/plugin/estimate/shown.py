"""The result that the panel shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.layers import Image, Layer

    from ...result.blurmap import BlurMap
    from .digest import Digest, Judgement


@dataclass(frozen=True, eq=False)
class Shown:
    """The last result, what its verdict was based on, and its layer of sigma; the one channel that it is of several."""

    source: Image
    name: str
    layer: Layer
    judgement: Judgement
    digest: Digest
    channel: int | None

    @property
    def blurmap(self) -> BlurMap:
        """The whole map, with the place of its picture."""
        found: BlurMap = self.layer.metadata["blurmap"]
        return found

    @property
    def view(self) -> dict[str, Any]:
        """How it is shown, for the reader."""
        found: dict[str, Any] = self.layer.metadata["blurmap_view"]
        return found

    def plane_name(self, index: tuple[int, ...]) -> str:
        """What a plane is called in words; with the names of its axes where the picture's layer has them."""
        labels = [label.lower() for label in self.source.axis_labels]
        axes = self.blurmap.axes[: len(index)]
        named = set(axes) <= set(labels)
        places = [(axis, i) for axis, i, n in zip(axes, index, self.blurmap.sigma.shape, strict=False) if n > 1]
        return "Plane " + ", ".join(f"{axis} {i}" if named else f"{i}" for axis, i in places)
