"""How much faster two workers of dask.distributed are than one: a lazy stack estimated and stored as OME-Zarr.

``python -m benchmarks.cluster [--planes 8] [--write]``
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import dask.array as da
import numpy as np
import zarr
from distributed import Client, LocalCluster

import napari_blurmap as nb
from napari_blurmap.synthesis.scenes import random_scene

from .report import arguments, publish, table

#: Edge of a plane, pixels.
EDGE = 1024


def seconds(workers: int, source: Path, folder: Path) -> float:
    """Time to estimate and store a stack with so many workers of one thread each, PyTorch loaded."""
    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        warm = np.random.default_rng(0).integers(100, 4000, (2 * workers, 64, 64))
        nb.estimate_blur(da.from_array(warm, chunks=(1, 64, 64)), device="cpu").sigma.compute()
        client.wait_for_workers(workers)
        started = time.perf_counter()
        nb.estimate_blur(da.from_zarr(source), device="cpu").save(folder / f"{workers}.sigma.ome.zarr")
        return time.perf_counter() - started


def main() -> None:
    """Measure and publish."""
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--planes", type=int, default=8)
    options = parser.parse_args()
    shape = (options.planes, EDGE, EDGE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stack = zarr.create_array(folder / "stack.zarr", shape=shape, chunks=(1, EDGE, EDGE), dtype="uint16")
        for number in range(options.planes):
            light = 200 + 3000 * random_scene((EDGE, EDGE), number, kind="power law")
            stack[number] = np.random.default_rng(number).poisson(light).astype(np.uint16)
        one, two = (seconds(workers, folder / "stack.zarr", folder) for workers in (1, 2))
        maps = [np.asarray(nb.BlurMap.load(folder / f"{workers}.sigma.ome.zarr").sigma) for workers in (1, 2)]
    np.testing.assert_array_equal(*maps)
    rows = [[f"{one:.1f}", f"{two:.1f}", f"{one / two:.2f}"]]
    text = f"{options.planes} planes of {EDGE} x {EDGE} uint16 in a Zarr, a worker being a process of one thread.\n\n"
    text += table(["one worker, s", "two, s", "times as fast"], rows)
    publish("A cluster", "python -m benchmarks.cluster", text, options.write)


if __name__ == "__main__":
    main()
