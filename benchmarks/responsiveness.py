"""How long napari's event loop is held up while the panel estimates, and how long the panel takes to open.

    python tools/with_screen.py --qt pyqt6 python -m benchmarks.responsiveness

A gap is the time between two ticks of a timer that should tick every few milliseconds: as long as it lasts,
nothing in the window moves. The first run, which loads PyTorch, is not measured.
"""

from __future__ import annotations

import argparse
import json
from time import perf_counter

import napari
import numpy as np
from qtpy.QtCore import QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_blurmap.plugin.estimate_panel import EstimatePanel
from napari_blurmap.plugin.run_control import RunState

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


def wait_until_done(panel: EstimatePanel, seconds: float = 600.0) -> None:
    """Let the event loop run until the panel is done."""
    end = perf_counter() + seconds
    while panel.control.state.busy and perf_counter() < end:
        QTest.qWait(1)
    if panel.control.state is not RunState.DONE:
        raise RuntimeError(f"the run ended as {panel.control.state.value}: {panel.run_view.message.text()}")


def picture(edge: int) -> np.ndarray:
    """Noise of a few scales, as 16-bit numbers."""
    draw = np.random.default_rng(0)
    scales = [np.kron(draw.random((edge // n, edge // n)), np.ones((n, n))) for n in (1, 4, 16)]
    return (np.sum(scales, axis=0) * 20000).astype(np.uint16)


def measure(edge: int) -> dict[str, float]:
    """Seconds: opening the panel, one run of ``edge`` x ``edge`` pixels, and its longest gaps.

    ``estimating`` is the longest gap up to the end of the worker, ``showing``
    the longest one after that, while layers are added and drawn.
    """
    viewer = napari.Viewer(show=True)
    viewer.add_image(picture(64), name="small")
    QTest.qWait(500)
    begun = perf_counter()
    panel = EstimatePanel(viewer)
    viewer.window.add_dock_widget(panel, name="Estimate blur")
    QApplication.processEvents()
    opened = perf_counter() - begun
    panel.run()
    wait_until_done(panel)
    viewer.add_image(picture(edge), name="large")
    QTest.qWait(1000)
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
    figures = {
        "opening": opened,
        "running": took,
        "longest gap while estimating": max(gaps[: at_end[0]]),
        "longest gap while showing": max(gaps[at_end[0] :]),
    }
    viewer.close()
    return figures


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--edge", type=int, default=2048, help="of the picture, pixels")
    parser.add_argument("--json", action="store_true", help="as JSON")
    args = parser.parse_args()
    figures = measure(args.edge)
    if args.json:
        print(json.dumps(figures))
        return
    for name, seconds in figures.items():
        print(f"{name:30} {1000 * seconds:8.0f} ms")


if __name__ == "__main__":
    main()
