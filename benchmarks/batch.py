"""What a batch with a table costs beside its estimates: the whole command over the sum of bare ones.

``python -m benchmarks.batch [--fields 500] [--write]``
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tifffile
import torch

import napari_blurmap as nb
from napari_blurmap.synthesis.scenes import random_scene

from .report import arguments, publish, table

#: Edge of a field, pixels; fields that differ, of which the others are copies with noise of their own.
EDGE, SCENES = 1024, 8


def main() -> None:
    """Measure and publish."""
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--fields", type=int, default=500)
    options = parser.parse_args()
    torch.set_num_threads(1)
    lights = [200 + 3000 * random_scene((EDGE, EDGE), n, kind="nuclei") for n in range(SCENES)]
    nb.estimate_blur(lights[0][:64, :64])
    bare = 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for n in range(options.fields):
            field = np.random.default_rng(n).poisson(lights[n % SCENES]).astype(np.uint16)
            tifffile.imwrite(folder / f"plate_{chr(65 + n // 24 % 16)}{n % 24 + 1:02d}_s{n // 384 + 1}_w1.tif", field)
            started = time.perf_counter()
            nb.estimate_blur(field)
            bare += time.perf_counter() - started
        out = ["--table", str(folder / "qc.csv"), "--report", str(folder / "qc.html"), "--workers", "1"]
        code = "import torch; torch.set_num_threads(1); from napari_blurmap.cli.app import main; main()"
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", code, "estimate", str(folder), *out], check=True, stdout=subprocess.DEVNULL
        )
        whole = time.perf_counter() - started
    rows = [[str(options.fields), f"{bare:.1f}", f"{whole:.1f}", f"{whole / bare:.2f}"]]
    text = (
        f"Fields of {EDGE} x {EDGE} uint16, one thread: `napari-blurmap estimate FOLDER --table --report`, with the "
        "start of the program, over `estimate_blur` of the same fields in memory.\n\n"
        + table(["fields", "bare estimates, s", "batch, s", "ratio"], rows)
    )
    publish("A batch", "python -m benchmarks.batch", text, options.write)


if __name__ == "__main__":
    main()
