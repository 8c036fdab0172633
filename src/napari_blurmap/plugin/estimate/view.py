"""What came out: verdict, summary line, histogram, and the value under the pointer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton

from ...ground.optics import FWHM_PER_SIGMA
from ...ground.units import readable_unit
from ..widgets.column_view import ColumnView
from ..widgets.fields import plain_label
from ..widgets.layer_choice import LayerChoice, label_layers
from ..widgets.layout import beside, column, rows

if TYPE_CHECKING:
    import napari.viewer

    from ...result.blurmap import BlurMap
    from .digest import Digest
    from .histogram import Histogram

_HINT = "Move the pointer over the map for its value there."


class ResultView(ColumnView):
    """The result in words and as a histogram; hidden until there is one.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose theme it has, and whose Labels layers are offered as objects.
    """

    save: QPushButton

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer.theme)
        self.plot: Histogram | None = None
        self.title = plain_label(bold=True)
        self.verdict = plain_label(bold=True)
        self.line = plain_label()
        self.plane = plain_label()
        self.value = plain_label()
        self.value.setToolTip("Blur at the place under the pointer, with its standard error.")
        self.value.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.objects = LayerChoice(viewer, label_layers, "A Labels layer whose objects are to be measured.")
        self.measure = QPushButton("Measure")
        self.measure.setToolTip(
            "Blur of each object, with its error and its verdict, as features of the Labels layer: napari shows them\n"
            "in the status bar and in the features table. Of a stack, those of the plane that is seen."
        )
        self._objects = rows({"Objects": beside(self.objects, self.measure)})
        self.save = QPushButton("Save...")
        self.save.setToolTip("Write the map with its errors and its provenance, as OME-TIFF or OME-Zarr.")
        column(self, self.title, self.verdict, self.line, self.plane, self.value, self._objects, self.save)
        self.list_layers()

    def list_layers(self) -> None:
        """Offer the Labels layers that there are."""
        self.objects.refresh()
        self._objects.setRowVisible(0, bool(self.objects.choices))

    def show_result(self, name: str, blurmap: BlurMap, digest: Digest, low: float) -> None:
        """Show a result in place of the one before.

        Parameters
        ----------
        name : str
            Of the picture.
        blurmap : BlurMap
            For its pixel size.
        digest : Digest
            Its figures.
        low : float
            Sigma, pixels, at which the colours of the map start.
        """
        self.title.setText(name + (" (partial)" if blurmap.provenance.get("partial") else ""))
        self.verdict.setText(digest.verdict)
        self.verdict.setVisible(bool(digest.verdict))
        planes = int(np.prod(blurmap.sigma.shape[:-2]))
        self.line.setText(f"All {planes} planes: {digest.line}" if planes > 1 else digest.line)
        self._draw(blurmap, digest, low)
        self.show()
        # As many lines always, so that nothing jumps while the pointer moves; the style is known only now.
        self.value.setText("\n\n" + ("\n\n" if blurmap.ellipticities else ""))
        self.value.setMinimumHeight(self.value.sizeHint().height())
        self.value.setText(_HINT)

    def canvas_text(self, digest: Digest) -> str:
        """The same for the canvas, a sentence a line."""
        summary = digest.summary
        verdict = summary["verdict"] if digest.verdict and not summary["note"] else None
        first = f"{self.title.text()}: {verdict}" if verdict else self.title.text()
        return "\n".join([first, *self.line.text().replace("\u2060", "").rstrip(".").split(". ")])

    def show_plane(self, words: str) -> None:
        """Show the summary of the plane that is seen; no words where there is only one."""
        self.plane.setText(words)
        self.plane.setVisible(bool(words))

    def show_value(self, text: str) -> None:
        """Show the value under the pointer."""
        self.value.setText(text or _HINT)

    def _draw(self, blurmap: BlurMap, digest: Digest, low: float) -> None:
        from ..layers.colormaps import class_colours
        from .histogram import Histogram

        if self.plot is None:
            self.plot = Histogram(self._theme)
            self._column.insertWidget(self._column.indexOf(self.value), self.plot)
        self.plot.setVisible(bool(digest.counts.size))
        if not digest.counts.size:
            return
        # The summary gives a length only where pixels are square and their size is known.
        unit, factor = "px", 1.0
        if digest.summary["median_fwhm_in_unit"] and blurmap.pixel_side:
            factor, unit = readable_unit(digest.summary["median_fwhm_in_unit"], str(blurmap.unit))
            factor *= blurmap.pixel_side
        reference = None if digest.summary["note"] else digest.summary["reference"]
        limit = FWHM_PER_SIGMA * reference["sigma"] * factor if reference else None
        middle = np.sqrt(digest.edges[1:] * digest.edges[:-1]) / FWHM_PER_SIGMA
        self.plot.show_counts(digest.counts, digest.edges * factor, class_colours(middle, low), limit, unit)
