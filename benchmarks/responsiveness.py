"""How long napari's event loop is held up while the panels estimate and train.

``python tools/with_screen.py --qt pyqt6 python -m benchmarks.responsiveness [--write]``
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter

import napari
import numpy as np
from qtpy.QtCore import QTimer
from qtpy.QtTest import QTest

from napari_blurmap.plugin.estimate.panel import EstimatePanel
from napari_blurmap.plugin.panels.base import RunPanel
from napari_blurmap.plugin.run.control import RunState
from napari_blurmap.plugin.train.panel import TrainPanel
from napari_blurmap.synthesis.textures import dead_leaves

from .report import arguments, publish, table

TICK_MS = 5


class GapMeter:
    """Measures the gaps in the event loop between ``start`` and ``stop``."""

    def __init__(self) -> None:
        self.gaps: list[float] = []
        self._last = 0.0
        self._timer = QTimer()
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Forget what was measured, and measure."""
        self.gaps.clear()
        self._last = perf_counter()
        self._timer.start()

    def stop(self) -> list[float]:
        """Seconds between the ticks, in the order in which they came."""
        self._tick()
        self._timer.stop()
        return self.gaps

    def _tick(self) -> None:
        now = perf_counter()
        self.gaps.append(now - self._last)
        self._last = now


def wait_until_done(panel: RunPanel) -> None:
    """Let the event loop run until the panel is done."""
    while panel.control.state.busy:
        QTest.qWait(1)
    if panel.control.state is not RunState.DONE:
        raise RuntimeError(f"the run ended as {panel.control.state.value}: {panel.run_view.message.text()}")


def picture(edge: int) -> np.ndarray:
    """Noise of a few scales, as 16-bit numbers."""
    draw = np.random.default_rng(0)
    scales = [np.kron(draw.random((edge // n, edge // n)), np.ones((n, n))) for n in (1, 4, 16)]
    return (np.sum(scales, axis=0) * 20000).astype(np.uint16)


def measured(panel: RunPanel) -> tuple[float, float, float]:
    """Seconds of a run, its longest gap, and the longest in the second after it, while layers are drawn."""
    meter = GapMeter()
    at_end: list[int] = []
    panel.control.state_changed.connect(lambda state: state.busy or at_end.append(len(meter.gaps)))
    begun = perf_counter()
    meter.start()
    panel.run()
    wait_until_done(panel)
    took = perf_counter() - begun
    QTest.qWait(1000)
    gaps = meter.stop()
    return took, max(gaps[: at_end[0]]), max(gaps[at_end[0] :])


def estimating(edge: int) -> tuple[float, float, float]:
    """Of the Estimate blur panel; a first run, which loads PyTorch, is not measured."""
    viewer = napari.Viewer(show=True)
    viewer.add_image(picture(64), name="small")
    panel = EstimatePanel(viewer)
    viewer.window.add_dock_widget(panel, name="Estimate blur")
    panel.run()
    wait_until_done(panel)
    viewer.add_image(picture(edge), name="large")
    QTest.qWait(1000)
    figures = measured(panel)
    viewer.close()
    return figures


def training(minutes: float) -> tuple[float, float, float]:
    """Of the Train blur model panel, on four pictures, with a preview of one."""
    viewer = napari.Viewer(show=True)
    layers = [viewer.add_image(dead_leaves((512, 512), np.random.default_rng(i)), name=f"{i}") for i in range(4)]
    panel = TrainPanel(viewer)
    viewer.window.add_dock_widget(panel, name="Train blur model")
    panel.form.pictures.value = layers
    panel.form.preview.value = layers[0]
    panel.form.minutes.value = minutes
    QTest.qWait(1000)
    with tempfile.TemporaryDirectory() as folder:
        panel.form.target.value = Path(folder) / "trained.blurmap.safetensors"
        figures = measured(panel)
    viewer.close()
    return figures


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--edge", type=int, default=2048, help="of the picture that is estimated, pixels")
    parser.add_argument("--minutes", type=float, default=1.0, help="of training")
    options = parser.parse_args()
    edge = options.edge
    runs = {
        f"estimating {edge} x {edge}": estimating(edge),
        f"training for {options.minutes:g} minute(s)": training(options.minutes),
    }
    rows = [[name, f"{took:.1f}", *(f"{1000 * gap:.0f}" for gap in gaps)] for name, (took, *gaps) in runs.items()]
    text = (
        f"The longest time between two ticks of a timer of {TICK_MS} ms in napari's event loop: that long nothing in "
        "the window moves. Once PyTorch is loaded, on a virtual screen drawn by the processor; at the end napari adds "
        "and draws the layers, or the panels show the report.\n\n"
        + table(["what", "s", "longest gap, ms", "longest at the end, ms"], rows)
    )
    publish("Responsiveness", "python -m benchmarks.responsiveness", text, options.write)


if __name__ == "__main__":
    main()
