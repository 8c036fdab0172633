"""Takes the pictures of the documentation from the real window: opens samples, presses Run, looks.

python tools/with_screen.py --qt pyqt6 python docs/make_screenshots.py [--out DIR]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import napari
import numpy as np
import tifffile
from qtpy.QtCore import QEventLoop, Qt, QTimer
from qtpy.QtTest import QTest

from napari_blurmap import apply_blur
from napari_blurmap.plugin.batch.panel import BatchPanel
from napari_blurmap.plugin.check.panel import CheckPanel
from napari_blurmap.plugin.commands import DOCK_NAME
from napari_blurmap.plugin.estimate.panel import EstimatePanel
from napari_blurmap.plugin.panels.base import RunPanel
from napari_blurmap.plugin.run.control import RunState
from napari_blurmap.plugin.smooth.panel import SmoothPanel
from napari_blurmap.plugin.train.panel import TrainPanel
from napari_blurmap.synthesis.scenes import random_scene

SIZE = (1380, 860)
SHORT = (1280, 720)
#: Where the pointer stands in the pictures, as parts of height and width.
POINTER = (0.45, 0.62)


def wait(milliseconds: int) -> None:
    """Let the window live for a while."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def press_run(panel: RunPanel) -> None:
    """Click on the button and wait for the end."""
    QTest.mouseClick(panel.run_view.button, Qt.MouseButton.LeftButton)
    end = monotonic() + 300
    while panel.control.state.busy and monotonic() < end:
        wait(20)
    if panel.control.state is not RunState.DONE:
        raise SystemExit(f"the run ended as {panel.control.state.value}: {panel.run_view.message.text()}")


def type_objective(panel: EstimatePanel, aperture: str, wavelength: str) -> None:
    """Choose the optics limit and type an objective."""
    optics = panel.form.optics
    optics.kind.choose("optics")
    for field, text in ((optics.aperture, aperture), (optics.wavelength, wavelength)):
        field.clear()
        QTest.keyClicks(field, text)
    wait(500)


def point_at(viewer: napari.Viewer) -> None:
    """Put the pointer over a place of the picture."""
    layer = viewer.layers[0]
    place = [p * n for p, n in zip(POINTER, layer.data.shape[-2:], strict=True)]
    viewer.cursor.position = tuple(layer.data_to_world(np.asarray(place)))
    wait(300)


def photograph(viewer: napari.Viewer, path: Path) -> None:
    """Write the whole window to a file."""
    wait(2000)  # the words on the canvas come a few letters at a time
    viewer.screenshot(str(path), canvas_only=False, flash=False)
    print(path)


def open_window(sample: str, theme: str, size: tuple[int, int]) -> tuple[napari.Viewer, EstimatePanel]:
    """A window with a sample and the panel."""
    viewer = napari.Viewer(show=True)
    viewer.theme = theme
    viewer.window.resize(*size)
    viewer.open_sample("napari-blurmap", sample)
    panel = EstimatePanel(viewer)
    viewer.window.add_dock_widget(panel, name=DOCK_NAME)
    wait(500)
    return viewer, panel


def take(out: Path, name: str, sample: str, *, theme: str = "dark", size: tuple[int, int] = SIZE) -> None:
    """One picture of a finished run."""
    viewer, panel = open_window(sample, theme, size)
    type_objective(panel, "0.8", "520")
    press_run(panel)
    point_at(viewer)
    photograph(viewer, out / f"{name}.png")
    viewer.close()
    wait(100)


def dock(viewer: napari.Viewer, panel: RunPanel, name: str) -> None:
    """Add a panel to a window, wide enough to be read, in place of the one that is there."""
    viewer.window.add_dock_widget(panel, name=name, tabify=True).raise_()
    panel.setMinimumWidth(400)
    wait(500)


def take_check(out: Path) -> None:
    """The Check panel after a run on a sharp texture."""
    viewer = napari.Viewer(show=True)
    viewer.window.resize(*SIZE)
    sharp = random_scene((384, 384), 5, kind="dead leaves")
    viewer.add_image((250 * sharp).astype(np.uint8), name="sharp texture")
    panel = CheckPanel(viewer)
    dock(viewer, panel, "Check on my picture")
    press_run(panel)
    photograph(viewer, out / "check_panel.png")
    viewer.close()


def take_smooth(out: Path) -> None:
    """The Smooth panel with its preview."""
    viewer, panel = open_window("ramp_x", "dark", SIZE)
    press_run(panel)
    dock(viewer, SmoothPanel(viewer), "Smooth blur map")
    wait(3000)
    photograph(viewer, out / "smooth_panel.png")
    viewer.close()


def take_train(out: Path) -> None:
    """The Train panel after a short training on four textures."""
    viewer = napari.Viewer(show=True)
    viewer.window.resize(*SIZE)
    for number in range(4):
        sharp = random_scene((384, 384), 40 + number, kind="relief")
        viewer.add_image((250 * sharp).astype(np.uint8), name=f"in focus {number + 1}")
    panel = TrainPanel(viewer)
    dock(viewer, panel, "Train blur model")
    form = panel.form
    form.pictures.value = list(form.pictures.choices)
    form.minutes.value = 1.0
    with TemporaryDirectory() as folder:
        form.target.value = Path(folder) / "relief.blurmap.safetensors"
        press_run(panel)
        photograph(viewer, out / "train_panel.png")
    viewer.close()


def take_batch(out: Path) -> None:
    """The Batch panel after a small plate, with the picture of a well."""
    viewer = napari.Viewer(show=True)
    viewer.window.resize(*SIZE)
    panel = BatchPanel(viewer)
    dock(viewer, panel, "Estimate many pictures")
    with TemporaryDirectory() as folder:
        plate = Path(folder) / "plate 1"
        plate.mkdir()
        for number in range(24):
            row, column = divmod(number, 6)
            sharp = random_scene((256, 256), number, kind="dead leaves")
            blurred = apply_blur(sharp, 0.7 + 0.05 * row + 0.03 * column + 1.5 * (number in (4, 10, 21)))
            empty = number == 18
            light = 100 + (50 if empty else 3000 * blurred) + np.random.default_rng(number).normal(0, 8, sharp.shape)
            name = plate / f"{'ABCD'[row]}{column + 1:02d}_s1.tif"
            tifffile.imwrite(name, light.astype(np.uint16), resolution=(4e4, 4e4), resolutionunit="CENTIMETER")
        panel.form.pictures.setPlainText(str(plate))
        panel.form.reference.kind.choose("tenth")
        press_run(panel)
        panel.view.plot.chosen.emit("A05")
        while not viewer.layers:
            wait(20)
        photograph(viewer, out / "batch_panel.png")
    viewer.close()


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "images", help="folder of the pictures")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    take(out, "estimate_panel", "ramp_x")
    take(out, "estimate_light", "defocused_background", theme="light", size=SHORT)
    take(out, "text_page", "text_x")
    take_check(out)
    take_smooth(out)
    take_train(out)
    take_batch(out)


if __name__ == "__main__":
    main()
