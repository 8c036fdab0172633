"""Memory and time of large pictures, each in a process of its own.

``python -m benchmarks.size [--edges 1024 2048 4096 8192 12288] [--zarr] [--write]``
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from .report import arguments, publish, table

#: Of Linux: memory that is a process's own, and that of files which the system may take back at any time.
_OWN, _ALL = "RssAnon:", "VmRSS:"


def resident(which: str) -> int:
    """Bytes of memory of this process now."""
    words = Path("/proc/self/status").read_text().split()
    return 1024 * int(words[words.index(which) + 1])


def watched(work) -> int:
    """The most memory of its own that this process had at any time during some work, bytes."""
    seen, over = [resident(_OWN)], threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            seen.append(resident(_OWN))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        over.set()
        watcher.join()
    return max(seen)


def one(edge: int, how: str, model: str) -> None:
    """Estimate a picture of this edge and print what it took, as JSON."""
    import torch
    from scipy import ndimage

    import napari_blurmap as nb

    from .speed import best, picture

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "picture.npy"
        mapped = np.lib.format.open_memmap(file, "w+", np.uint16, (edge, edge))
        tile = picture(min(edge, 2048))
        for y in range(0, edge, len(tile)):
            for x in range(0, edge, len(tile)):
                mapped[y : y + len(tile), x : x + len(tile)] = tile[: edge - y, : edge - x]
        mapped.flush()
        del mapped
        given = np.load(file, mmap_mode="r")

        def memory() -> None:
            nb.estimate_blur(given, model=model, device="cpu")

        def zarr() -> None:
            import dask.array as da

            lazy = nb.estimate_blur(da.from_array(given, chunks=1024), model=model, device="cpu")
            lazy.save(Path(folder) / "map.sigma.ome.zarr")

        yardstick = tile[:1024, :1024].astype(np.float32)
        nb.estimate_blur(tile[:64, :64], model=model, device="cpu")  # loads the model
        log = best(lambda: ndimage.gaussian_laplace(yardstick, 1.5), 5)[0] / yardstick.size
        own, everything = resident(_OWN), resident(_ALL)
        started = time.process_time()
        most = watched(memory if how == "memory" else zarr)
        taken = (time.process_time() - started) / edge**2
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"own": most - own, "all": peak - everything, "seconds": taken * 1e6, "ratio": taken / log}))


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--edges", type=int, nargs="+", default=[1024, 2048, 4096, 8192, 12288])
    parser.add_argument("--zarr", action="store_true", help="as dask arrays, streamed to OME-Zarr")
    parser.add_argument("--model", default="default")
    parser.add_argument("--one", type=int, help="used by itself")
    options = parser.parse_args()
    how = "zarr" if options.zarr else "memory"
    if options.one:
        one(options.one, how, options.model)
        return
    rows = []
    for edge in options.edges:
        command = [sys.executable, "-m", "benchmarks.size", "--one", str(edge), "--model", options.model]
        said = subprocess.run(
            [*command, *(["--zarr"] if options.zarr else [])], capture_output=True, text=True, check=True
        )
        found = json.loads(said.stdout.splitlines()[-1])
        sizes = [f"{found[name] / 1e9:.2f}" for name in ("own", "all")]
        rows.append(
            [f"{edge} x {edge}", f"{edge**2 / 1e6:.0f}", *sizes, f"{found['seconds']:.2f}", f"{found['ratio']:.1f}"]
        )
    where = "streamed to OME-Zarr, as a dask array" if options.zarr else "with its maps in memory"
    text = (
        f"A uint16 memory map, {where}; one thread, each size in a process of its own. Memory is the most at any time "
        "above what the process had with the model loaded: its own, and with the pages of the mapped file, which the "
        "system may take back. The ratio is to `scipy.ndimage.gaussian_laplace(float32, sigma=1.5)` in the same "
        "process.\n\n"
    )
    header = ["picture", "Mpx", "own, GB", "with mapped pages, GB", "CPU s a Mpx", "ratio"]
    text += table(header, rows)
    publish("Size", "python -m benchmarks.size" + (" --zarr" if options.zarr else ""), text, options.write)


if __name__ == "__main__":
    main()
