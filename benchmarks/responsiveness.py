"""How long napari's event loop is held up while the panels estimate and train.

``python tools/with_screen.py --qt pyqt6 python -m benchmarks.responsiveness [--lazy 20000] [--write]``
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
    """Seconds of a run, its longest gap, and the longest in the second after it, while figures are drawn."""
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


def filling(edge: int, tiles: int, shot: Path | None) -> dict[str, float]:
    """Seconds until the first tile of a lazy picture is on the screen, the longest gap, and seconds to stop."""
    import dask.array as da
    import zarr

    viewer = napari.Viewer(show=True)
    viewer.add_image(picture(64), name="small")
    panel = EstimatePanel(viewer)
    viewer.window.add_dock_widget(panel, name="Estimate blur")
    panel.run()
    wait_until_done(panel)
    with tempfile.TemporaryDirectory() as folder:
        piece = dead_leaves((1024, 1024), np.random.default_rng(0))
        piece = (piece * (40000 / piece.max())).astype(np.uint16)
        levels = []
        for step in (1, 4, 16):
            size, part = edge // step, piece[::step, ::step]
            zeros = {"shape": (size, size), "chunks": part.shape, "dtype": np.uint16}
            levels.append(zarr.create_array(f"{folder}/{step}.zarr", **zeros))
            for y in range(0, size, len(part)):
                for x in range(0, size, len(part)):
                    levels[-1][y : y + len(part), x : x + len(part)] = part[: size - y, : size - x]
        viewer.layers.clear()
        lazy = [da.from_zarr(level) for level in levels]
        viewer.add_image(lazy, name="lazy", multiscale=True, contrast_limits=(0, 40000))
        QTest.qWait(2000)
        meter, begun, first = GapMeter(), perf_counter(), 0.0
        meter.start()
        panel.run()
        while panel.run_view.bar.value() < tiles and panel.control.state.busy:
            QTest.qWait(1)
            if not first and len(viewer.layers) > 1 and viewer.layers[1].visible:
                QTest.qWait(1)  # it is drawn
                first = perf_counter() - begun
        stopped = perf_counter()
        panel.control.cancel()
        while panel.control.state.busy:
            QTest.qWait(1)
        if shot is not None:
            print([round(gap, 2) for gap in meter.gaps if gap > 0.05])
        found = {"first": first, "stop": perf_counter() - stopped, "gap": max(meter.stop())}
        if shot is not None:
            viewer.screenshot(str(shot), canvas_only=False, flash=False)
    viewer.close()
    return found


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
    parser.add_argument("--lazy", type=int, help="instead: edge of a lazy picture that is filled tile by tile, pixels")
    parser.add_argument("--tiles", type=int, default=5, help="of the lazy picture, then it is stopped")
    parser.add_argument("--shot", type=Path, help="where to put a screenshot of the lazy picture")
    options = parser.parse_args()
    if options.lazy:
        found = filling(options.lazy, options.tiles, options.shot)
        row = [f"{options.lazy} x {options.lazy}", f"{found['first']:.1f}", f"{found['stop']:.1f}"]
        text = (
            f"A lazy picture filled tile by tile, PyTorch loaded, stopped after {options.tiles} tiles, on a virtual "
            "screen drawn by the processor.\n\n"
            + table(
                ["picture", "first tile, s", "to stop, s", "longest gap, ms"], [[*row, f"{1000 * found['gap']:.0f}"]]
            )
        )
        publish("Responsiveness: lazy", "python -m benchmarks.responsiveness --lazy 20000", text, options.write)
        return
    edge = options.edge
    runs = {
        f"estimating {edge} x {edge}": estimating(edge),
        f"training for {options.minutes:g} minute(s)": training(options.minutes),
    }
    rows = [[name, f"{took:.1f}", *(f"{1000 * gap:.0f}" for gap in gaps)] for name, (took, *gaps) in runs.items()]
    text = (
        f"The longest time between two ticks of a timer of {TICK_MS} ms in napari's event loop: that long nothing in "
        "the window moves. Once PyTorch is loaded, on a virtual screen drawn by the processor; napari adds and "
        "draws the layers one by one before the end; at the end the panels show the figures or the report.\n\n"
        + table(["what", "s", "longest gap, ms", "longest at the end, ms"], rows)
    )
    publish("Responsiveness", "python -m benchmarks.responsiveness", text, options.write)


if __name__ == "__main__":
    main()
