"""What a second core brings to the default call, and what it costs where that core is busy.

``python -m benchmarks.threads [--repeats 3] [--write]``, on a machine that is quiet otherwise.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .report import arguments, publish, table

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMED = """
import time, numpy as np, torch, napari_blurmap as nb
if {threads}: torch.set_num_threads({threads})
given = np.random.default_rng(0).integers(100, 4000, {shape}, dtype=np.uint16)
nb.estimate_blur(given[..., :64, :64])
started = time.perf_counter()
nb.estimate_blur(given)
print(time.perf_counter() - started)
"""
_BUSY = "while True: pass"
CASES = {"one plane of 2048 x 2048": (2048, 2048), "20 planes of 200 x 100": (20, 200, 100)}


def seconds(shape: tuple[int, ...], threads: int, repeats: int) -> float:
    """Median wall time of the default call in fresh processes; with 0, as many threads as it takes by itself."""
    # Whoever starts the benchmark with one thread must not have it measured with one.
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    command = [sys.executable, "-W", "ignore", "-c", _TIMED.format(threads=threads, shape=shape)]
    options: dict[str, Any] = {"capture_output": True, "text": True, "check": True, "env": environment}
    done = (subprocess.run(command, **options) for _ in range(repeats))
    return statistics.median(float(each.stdout.split()[-1]) for each in done)


@contextmanager
def busy() -> Iterator[None]:
    """A process beside that never waits."""
    with subprocess.Popen([sys.executable, "-c", _BUSY]) as other:
        try:
            yield
        finally:
            other.kill()


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    rows = []
    for name, shape in CASES.items():
        alone = seconds(shape, 1, options.repeats)
        default = seconds(shape, 0, options.repeats)
        with busy():
            beside = seconds(shape, 0, options.repeats)
        rows.append([name, f"{alone:.2f}", f"**{default / alone:.2f}**", f"**{beside / alone:.2f}**"])
    text = (
        "Wall time of the default call after a first small one, in fresh processes in which nothing is set, over "
        f"that with one thread; medians of {options.repeats}. *Beside*: another process keeps one core busy.\n\n"
    )
    text += table(["uint16", "one thread, s", "default over one thread", "the same, beside"], rows)
    publish("Threads", "python -m benchmarks.threads", text, options.write)


if __name__ == "__main__":
    main()
