"""How right a camera's measured noise is: on synthetic and scikit-image's pictures of known noise, and by a sample.

``python -m benchmarks.noise [--repeats 6] [--write]``
"""

from __future__ import annotations

from time import perf_counter
from typing import NamedTuple

import dask.array as da
import numpy as np
import skimage.data
from scipy import ndimage

from napari_blurmap.picture.camera_noise import CameraNoise
from napari_blurmap.picture.sensor import sensors_of
from napari_blurmap.picture.stack import as_stack
from napari_blurmap.synthesis.camera import Camera
from napari_blurmap.synthesis.scenes import random_scene

from .accuracy import SHIPPED
from .report import arguments, publish, table

SEED, SIDE = 8_000_000, 384
KINDS = ("nuclei", "filaments", "dead leaves")
#: Photo-electrons at brightness 1, read noise in electrons, grey levels an electron, grey level in the dark.
CAMERAS = ((200.0, 2.0, 2.2, 100.0), (2000.0, 5.0, 1.0, 100.0), (20000.0, 10.0, 0.5, 300.0))
#: Standard deviations of white noise added to 8-bit pictures, grey levels.
ADDED = (2.0, 5.0, 15.0)
#: Blur that takes the own noise of a picture away first, pixels.
CALMED = 1.0
#: Planes of the large picture of which a sample is read.
PLANES = 64


class Reading(NamedTuple):
    """Measured over true deviation at a dark and a bright grey level; all NaN where nothing was measured."""

    ratios: tuple[float, float]
    certain: bool


def measured(picture: np.ndarray | da.Array) -> CameraNoise | None:
    """The noise as an estimate of blur gets it."""
    return sensors_of(as_stack(picture)).channels[0].noise


def reading(noise: CameraNoise | None, levels: np.ndarray, truth: np.ndarray) -> Reading:
    """Compare with the truth at two grey levels."""
    if noise is None:
        return Reading((np.nan, np.nan), False)
    dark, bright = noise.deviation(levels) / truth
    return Reading((float(dark), float(bright)), noise.certain)


def synthetic(kind: str, camera: tuple[float, float, float, float], number: int) -> Reading:
    """A blurred scene through a camera; the truth is EMVA 1288's line with the noise of rounding."""
    electrons, read, gain, offset = camera
    rng = np.random.default_rng((SEED, number))
    scene = ndimage.gaussian_filter(random_scene((SIDE, SIDE), rng, kind=kind), 1.5, mode="wrap")
    light = 0.05 + 0.9 * scene / scene.max()
    picture = Camera(16, electrons, read, gain=gain, offset=offset).expose(light, rng)
    levels = np.quantile(offset + gain * electrons * light, [0.1, 0.9])
    truth = np.sqrt(gain**2 * ((levels - offset) / gain + read**2) + 1 / 12)
    return reading(measured(picture), levels, truth)


def shipped(name: str, added: float) -> Reading:
    """One of scikit-image's pictures, calmed, with white noise, in 8 bit."""
    grey = np.asarray(getattr(skimage.data, name)(), float)
    grey = ndimage.gaussian_filter(grey @ (0.299, 0.587, 0.114) if grey.ndim == 3 else grey, CALMED)
    noisy = grey + added * np.random.default_rng(SEED).standard_normal(grey.shape)
    levels = np.quantile(grey, [0.25, 0.75])
    truth = np.full(2, np.sqrt(added**2 + 1 / 12))
    return reading(measured(np.clip(np.rint(noisy), 0, 255).astype(np.uint8)), levels, truth)


def line(name: str, found: list[Reading]) -> list[str]:
    """Errors of the certain ones, and how many are."""
    ratios = np.array([one.ratios for one in found if one.certain])
    off = np.abs(ratios - 1).ravel()
    figures = [f"{100 * np.median(off):.1f} %", f"{100 * off.max():.0f} %"] if off.size else ["", ""]
    middle = [f"{np.median(ratios[:, side]):.3f}" for side in (0, 1)] if off.size else ["", ""]
    return [name, f"{sum(one.certain for one in found)} of {len(found)}", *middle, *figures]


def of_a_sample() -> str:
    """A lazy stack: how much of it is read, and how far that is from reading all of it."""
    read = []

    def plane(block_info: dict | None = None) -> np.ndarray:  # type: ignore[type-arg]
        number = block_info[None]["chunk-location"][0]  # type: ignore[index]
        read.append(number)
        rng = np.random.default_rng((SEED, number))
        light = ndimage.gaussian_filter(random_scene((SIDE, SIDE), SEED, kind="nuclei"), 1.5, mode="wrap")
        return Camera(16, 2000.0, 5.0, gain=1.0, offset=100.0).expose(0.05 + light, rng)[None]

    shape = ((1,) * PLANES, (SIDE,), (SIDE,))
    lazy = da.map_blocks(plane, chunks=shape, dtype=np.uint16, meta=np.empty((0, 0, 0), np.uint16))
    start = perf_counter()
    noise = measured(lazy)
    seconds, planes = perf_counter() - start, len(read)
    assert noise is not None
    levels = np.array([200.0, 1500.0])
    ratios = noise.deviation(levels) / np.sqrt(levels - 100 + 25 + 1 / 12)
    return (
        f"Of a lazy stack of {PLANES} planes of {SIDE} x {SIDE}, {planes} were computed, in {seconds:.2f} s with the "
        f"measurement; measured over true noise {ratios[0]:.3f} at a level of 200 and {ratios[1]:.3f} at 1500."
    )


def main() -> None:
    """Print a row for every kind of picture."""
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=6, help="scenes of each kind and camera")
    options = parser.parse_args()
    rows = []
    for kind in KINDS:
        for number, camera in enumerate(CAMERAS):
            found = [synthetic(kind, camera, 100 * number + i) for i in range(options.repeats)]
            electrons, read, gain, _ = camera
            rows.append(line(f"{kind}, {electrons:g} electrons, read noise {read:g}, gain {gain:g}", found))
    rows += [line(f"scikit-image, noise {added:g}", [shipped(name, added) for name in SHIPPED]) for added in ADDED]
    header = ["pictures", "certain", "dark: measured / true", "bright", "median error", "worst"]
    text = (
        'Standard deviation of the noise that an estimate measures (`noise="auto"`) over the true one, in the dark and '
        "in the bright part of a picture, in the median of those where the estimate calls it certain; where it does "
        f"not, it is not used. Scenes of {SIDE} x {SIDE} of seeds never trained on, blurred by 1.5 px; scikit-image's "
        f"{len(SHIPPED)} pictures blurred by {CALMED:g} px, with white noise, rounded to 8 bit.\n\n"
        f"{table(header, rows)}\n\n{of_a_sample()}"
    )
    publish("The camera's noise", "python -m benchmarks.noise", text, options.write)


if __name__ == "__main__":
    main()
