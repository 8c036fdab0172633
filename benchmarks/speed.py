"""How long the default call takes, as a ratio to a filter that everybody knows.

``python -m benchmarks.speed [--megapixels 1 4 16 64] [--cuda] [--write]``
"""

from __future__ import annotations

import resource
import time

import numpy as np
import torch
from scipy import ndimage
from torch.utils.flop_counter import FlopCounterMode

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


def operations() -> float:
    """Floating-point operations of the network for one pixel: two for a multiplication and an addition."""
    network = nb.load_model("default").estimator
    plane, noise = torch.zeros(1, 1, 512, 512), torch.ones(1, 1, 128, 128)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network(plane, plane + 1, noise)
    return counter.get_total_flops() / plane.numel()


def matmul_peak(edge: int = 1536) -> float:
    """Floating-point operations a CPU second in a product of two float32 matrices."""
    a, b = torch.rand(2, edge, edge)
    return 2 * edge**3 / best(lambda: a @ b, 5)[0]


def on_cpu(megapixels: list[int], repeats: int) -> str:
    """One thread, against gaussian_laplace in turns, so that both see the same state of a shared machine."""
    each, peak = operations(), 0.0
    rows, reached = [], []
    for size in megapixels:
        edge = round((size * 2**20) ** 0.5)
        image = picture(edge)
        yardstick = image.astype(np.float32)
        filtered, estimated = [], []
        for _ in range(repeats if size < 16 else 2):
            peak = max(peak, matmul_peak())  # in turns, too
            filtered.append(best(lambda: ndimage.gaussian_laplace(yardstick, 1.5), 1))  # noqa: B023 - called at once
            estimated.append(best(lambda: nb.estimate_blur(image, device="cpu"), 1))  # noqa: B023
        log, ours = min(f[0] for f in filtered), min(e[0] for e in estimated)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        rate = edge**2 / 1e6 / min(e[1] for e in estimated)
        times = [f"{edge} x {edge}", f"{log:.2f}", f"{ours:.2f}", f"**{ours / log:.1f}**", f"{rate:.1f}"]
        rows.append([*times, f"{memory:.2f}"])
        reached.append(each * edge**2 / ours)
    small = picture(256)
    patches = best(lambda: nb.estimate_blur(small, model="patch30", device="cpu"), 1)[0] / small.size * 1e6
    for row, rate in zip(rows, reached, strict=True):
        row.insert(-1, f"{100 * rate / peak:.0f} %")
    header = ["uint16 picture", "gaussian_laplace, CPU s", "estimate_blur, CPU s", "ratio", "Mpx/s", "of peak", "GiB"]
    return (
        "One thread, float32, the default call with the bundled model, against `scipy.ndimage.gaussian_laplace("
        f"float32, sigma=1.5)` in the same run; smallest of {repeats} (of 2 from 16 Mpx on). The ratio is what to "
        f"compare. *Of peak*: the network's {each / 1e3:.1f} k floating-point operations a pixel, over what the same "
        f"time is worth in a product of two matrices ({peak / 1e9:.0f} GFLOP/s); it may pass 100 %, since Winograd's "
        "way of 3 x 3 convolutions needs fewer. Memory is the process's peak so far, PyTorch included.\n\n"
        + table(header, rows)
        + f"\n\nThe network of the thesis, run densely (`patch30`, 256 x 256): {patches:.0f} CPU s a megapixel, "
        f"{patches * edge**2 / 1e6 / ours:.0f} times ours."
    )


def half_peak(edge: int = 8192) -> float:
    """Floating-point operations a second in a product of two float16 matrices on the GPU."""
    a, b = torch.randn(2, edge, edge, device="cuda", dtype=torch.float16)
    return 2 * edge**3 / on_device(lambda: a @ b, 10)


def on_device(call, repeats: int) -> float:
    """Seconds on the GPU, by its own clock; the median."""
    for _ in range(3):
        call()
    seconds = []
    for _ in range(repeats):
        started, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        started.record()
        call()
        ended.record()
        torch.cuda.synchronize()
        seconds.append(started.elapsed_time(ended) / 1e3)
    return float(np.median(seconds))


def on_gpu(repeats: int) -> str:
    """The network alone, in half precision, on frames that lie on the device already; and the whole call."""
    torch.backends.cudnn.benchmark = True
    network = nb.load_model("default").network.fused().cuda()
    each, peak = operations(), half_peak()
    rows = []
    for edge in (1024, 2048, 4096):
        frame = torch.rand(1, 1, edge, edge, device="cuda")
        valid = torch.ones_like(frame)

        @torch.inference_mode()
        def once() -> None:
            with torch.autocast("cuda", dtype=torch.float16):
                network(frame, valid)  # noqa: B023 - called at once

        torch.cuda.reset_peak_memory_stats()
        seconds = on_device(once, repeats)
        memory = torch.cuda.max_memory_allocated() / 2**30
        image = picture(edge)
        nb.estimate_blur(image, device="cuda")
        _, whole = best(lambda: nb.estimate_blur(image, device="cuda"), repeats)  # noqa: B023
        here, there = (nb.estimate_blur(image[:1024, :1024], device=name).sigma for name in ("cpu", "cuda"))
        off = np.nanmax(np.abs(np.asarray(here) - np.asarray(there)))
        rows.append(
            [
                f"{edge} x {edge}",
                f"**{edge**2 / 1e6 / seconds:.0f}**",
                f"{100 * each * edge**2 / seconds / peak:.0f} %",
                f"{memory:.2f}",
                f"{edge**2 / 1e6 / whole:.0f}",
                f"{off:.4f}",
            ]
        )
    header = [
        "frame",
        "network, Mpx/s",
        "of peak",
        "GiB",
        "estimate_blur, Mpx/s",
        "largest difference from the CPU, px",
    ]
    return (
        f"The network in float16 on frames that are on the device (median of {repeats}, the GPU's own clock), over "
        f"what the same time is worth in a product of two float16 matrices ({peak / 1e12:.0f} TFLOP/s); and the whole "
        "default call, in float32, from a numpy array to one (smallest of "
        f"{repeats}).\n\n" + table(header, rows)
    )


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--megapixels", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--cuda", action="store_true", help="the network alone on a GPU, instead")
    options = parser.parse_args()
    if options.cuda:
        publish("Speed on a GPU", "python -m benchmarks.speed --cuda", on_gpu(options.repeats), options.write)
        return
    torch.set_num_threads(1)
    nb.estimate_blur(picture(64), device="cpu")  # loads the model
    text = on_cpu(options.megapixels, options.repeats)
    publish("Speed", "python -m benchmarks.speed", text, options.write)


if __name__ == "__main__":
    main()
