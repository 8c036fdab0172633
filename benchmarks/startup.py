"""How long importing the package and opening the panel take.

``python -m benchmarks.startup [--write]``, on a screen (``python tools/with_screen.py --qt pyqt6 python -m ...``)
"""

from __future__ import annotations

import statistics
import subprocess
import sys

from .report import arguments, publish, table

IMPORT = "import napari_blurmap"
PANEL = """
import time, napari
viewer = napari.Viewer()
napari.qt.get_qapp().processEvents()
started = time.perf_counter()
viewer.window.add_plugin_dock_widget("napari-blurmap", "Estimate blur")
napari.qt.get_qapp().processEvents()
print(time.perf_counter() - started)
import sys; assert "torch" not in sys.modules
viewer.close()
"""
TIMED = "import time; s = time.perf_counter(); {}; print(time.perf_counter() - s)"


def seconds(code: str, repeats: int) -> list[float]:
    """What a fresh interpreter prints, several times."""
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = (subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(repeats))
    return [float(d.stdout.split()[-1]) for d in done]


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    cases = {
        "`import numpy` (yardstick)": TIMED.format("import numpy"),
        "`import napari_blurmap`": TIMED.format(IMPORT),
        "opening the Estimate blur panel": PANEL,
    }
    rows = []
    for name, code in cases.items():
        found = seconds(code, options.repeats)
        rows.append([name, f"{min(found):.3f}", f"{statistics.median(found):.3f}", f"{max(found):.3f}"])
    text = (
        f"Seconds in a fresh process, {options.repeats} times; the panel opens in a viewer that is open already, and "
        "PyTorch is not loaded for it.\n\n" + table(["what", "least", "median", "most"], rows)
    )
    publish("Start", "python -m benchmarks.startup", text, options.write)


if __name__ == "__main__":
    main()
