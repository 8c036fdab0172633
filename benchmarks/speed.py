"""How long the default call takes, as a ratio to a filter that everybody knows.

``python -m benchmarks.speed [--megapixels 1 4 16] [--write]``
"""

from __future__ import annotations

import resource
import time

import numpy as np
import torch
from scipy import ndimage

import napari_blurmap as nb
from napari_blurmap.synthesis.scenes import random_scene

from .report import arguments, publish, table


def best(call, repeats: int) -> tuple[float, float]:
    """Smallest CPU seconds and wall seconds of a call."""
    cpu, wall = [], []
    for _ in range(repeats):
        started = time.process_time(), time.perf_counter()
        call()
        cpu.append(time.process_time() - started[0])
        wall.append(time.perf_counter() - started[1])
    return min(cpu), min(wall)


def picture(edge: int) -> np.ndarray:
    """A textured uint16 picture."""
    tile = random_scene((512, 512), 1, kind="dead leaves")
    copies = -(-edge // 512)
    return (20000 * np.tile(tile, (copies, copies))[:edge, :edge] + 500).astype(np.uint16)


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--megapixels", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    nb.estimate_blur(picture(64), device="cpu")  # loads the model
    rows = []
    for megapixels in options.megapixels:
        edge = round((megapixels * 2**20) ** 0.5)
        image = picture(edge)
        yardstick = image.astype(np.float32)
        # Alternating, so that both see the same state of a shared machine.
        filtered, estimated = [], []
        for _ in range(options.repeats):
            filtered.append(best(lambda: ndimage.gaussian_laplace(yardstick, 1.5), 1))  # noqa: B023 - called at once
            estimated.append(best(lambda: nb.estimate_blur(image, device="cpu"), 1))  # noqa: B023
        log, ours = min(f[0] for f in filtered), min(e[0] for e in estimated)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        rate = edge**2 / 1e6 / min(e[1] for e in estimated)
        rows.append(
            [f"{edge} x {edge}", f"{log:.2f}", f"{ours:.2f}", f"**{ours / log:.1f}**", f"{rate:.1f}", f"{memory:.2f}"]
        )
    header = ["uint16 picture", "gaussian_laplace, CPU s", "estimate_blur, CPU s", "ratio", "Mpx/s", "peak memory GiB"]
    text = (
        "One thread, float32, the default call with the bundled model, against `scipy.ndimage.gaussian_laplace("
        f"float32, sigma=1.5)` in the same run; smallest of {options.repeats}. The ratio is what to compare; memory is "
        "the process's peak, PyTorch included.\n\n" + table(header, rows)
    )
    publish("Speed", "python -m benchmarks.speed", text, options.write)


if __name__ == "__main__":
    main()
