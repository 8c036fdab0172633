"""How accurate the bundled model is: ramps and sines of known blur over pictures that it was never trained on.

``python -m benchmarks.accuracy [--pictures DIR] [--peers] [--per-kind 6] [--write]``
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import skimage
from scipy import ndimage

import napari_blurmap as nb
from napari_blurmap.ground.readable import LARGEST_OWN, true_sigma
from napari_blurmap.io.folders import pictures_in
from napari_blurmap.io.pictures import read_picture
from napari_blurmap.synthesis.camera import Camera
from napari_blurmap.synthesis.scenes import SCENES, random_scene

from .peers import PEERS
from .report import arguments, publish, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Plane = NDArray[np.floating]

#: Training draws its scenes from the seeds 0 and 1000000; these are others.
SEED = 7_000_000
#: Textures that fill the picture; the other kinds of scenes are mostly empty ground.
FULL = ("dead leaves", "power law")
SHIPPED = ("brick", "grass", "gravel", "camera", "text", "page")
#: Fields of sigma, pixels, along an axis of the picture.
FIELDS = {
    "ramp 0.3 to 3": lambda shape, axis=-1: nb.sigma_ramp(shape, 0.3, 3.0, axis=axis),
    "1.55 + 1.45 sin(0.02 x)": lambda shape, axis=-1: nb.sigma_sine(shape, 0.1, 3.0, 2 * np.pi / 0.02, axis=axis),
}
RAMP, SINE = FIELDS


@dataclass
class Case:
    """A blurred picture, its map, and the truth where the sharp picture has texture (NaN elsewhere)."""

    name: str
    sharp: Plane
    noisy: Plane
    m: nb.BlurMap
    truth: Plane
    raw: Plane

    @property
    def judged(self) -> Plane:
        return np.where(np.isfinite(self.truth), self.m.masked().sigma, np.nan)


def textured(sharp: Plane) -> NDArray[np.bool_]:
    """Pixels with a standard deviation over 3 grey levels in 17 x 17 pixels of the sharp picture."""
    wide = sharp.astype(np.float64)
    mean = ndimage.uniform_filter(wide, 17)
    return np.sqrt(np.maximum(ndimage.uniform_filter(wide**2, 17) - mean**2, 0)) > 3


def case(name: str, sharp: Plane, sigma: Plane, seed: int, zero: Plane | float) -> Case:
    """Blur grey levels (0 to 255) by a field, round to 8 bit, estimate."""
    blurred = nb.apply_blur(sharp.astype(np.float64), sigma)
    noisy = Camera(bits=8, photons=50_000, gain=255 / 50_000).expose(blurred / 255, np.random.default_rng(seed))
    where = textured(sharp)
    truth = np.where(where, true_sigma(sigma, zero), np.nan)
    return Case(name, sharp, noisy, nb.estimate_blur(noisy), truth, np.where(where, sigma, np.nan))


def synthetic(per_kind: int) -> Iterator[Case]:
    """New scenes of every kind."""
    for kind in SCENES:
        for number in range(per_kind):
            scene = random_scene((384, 384), np.random.default_rng((SEED, number)), kind=kind)
            yield case(kind, 250 * scene, FIELDS[RAMP](scene.shape, -1 - number % 2), number, 0.0)


def pictures(files: list[Path], field: str = RAMP) -> Iterator[Case]:
    """Real pictures, whose own blur is the model's map of them before."""
    for file in files:
        read = read_picture(file)
        grey = read.array
        if read.channel_axis is not None:
            grey = np.moveaxis(grey, read.channel_axis, -1)[..., :3] @ np.array([0.299, 0.587, 0.114])
        if grey.ndim != 2 or min(grey.shape) < 32:
            continue
        grey = grey.astype(np.float64)
        if read.array.dtype.itemsize > 1:
            grey = 250 * (grey - grey.min()) / np.ptp(grey)
        zero = nb.estimate_blur(grey.astype(np.float32)).sigma
        yield case(file.stem, grey, FIELDS[field](grey.shape), 0, zero)


def line(name: str, cases: list[Case]) -> list[str]:
    """Figures over all pixels of some cases."""
    judged, truth, raw, error = (
        np.concatenate([np.ravel(part(c)) for c in cases])
        for part in (lambda c: c.judged, lambda c: c.truth, lambda c: c.raw, lambda c: c.m.uncertainty)
    )
    found = nb.score(judged, truth)
    known = np.isfinite(judged)
    off = np.abs(judged - truth)[known] / error[known]
    return [
        name,
        f"{found.rmse:.3f}",
        f"{found.bias:+.3f}",
        f"{nb.score(judged, raw).rmse:.3f}",
        f"{found.rank_correlation:.3f}",
        f"{100 * found.coverage:.0f} %",
        f"{100 * (off < 1).mean():.0f} / {100 * (off < 2).mean():.0f} %",
    ]


HEADER = ["picture", "RMSE px", "bias px", "raw RMSE px", "rank corr.", "judged", "within 1 / 2 s.e."]


def median_line(cases: list[Case]) -> list[str]:
    """Median of every figure over the pictures."""
    found = [nb.score(c.judged, c.truth) for c in cases]
    raw = [nb.score(c.judged, c.raw).rmse for c in cases]
    columns = [[f.rmse for f in found], [f.bias for f in found], raw, [f.rank_correlation for f in found]]
    cells = [f"{np.median(c):{'+' if i == 1 else ''}.3f}" for i, c in enumerate(columns)]
    return ["**median**", *cells, f"{100 * np.median([f.coverage for f in found]):.0f} %", ""]


def peer_line(name: str, cases: list[Case], measure: Callable[[Plane], Plane], speaks_sigma: bool) -> list[str]:
    """Median figures of one method over some cases, each against its own zero; its seconds a megapixel."""
    found, seconds = [], []
    for c in cases:
        started = time.perf_counter()
        estimate = measure(c.noisy)
        seconds.append(1e6 * (time.perf_counter() - started) / c.noisy.size)
        zero = np.clip(measure(c.sharp), 0, LARGEST_OWN) if speaks_sigma else 0.0
        found.append((nb.score(estimate, np.hypot(c.raw, zero)), nb.score(estimate, c.raw)))
    against, raw = ([pair[i] for pair in found] for i in (0, 1))
    figures = ["-"] * 4
    if speaks_sigma:
        figures = [
            f"{np.median([f.rmse for f in against]):.3f}",
            f"{np.median([f.rmse for f in raw]):.3f}",
            f"{np.median([f.mae for f in against]):.3f}",
            f"{np.median([f.bias for f in against]):+.3f}",
        ]
    rank, judged = (np.median([getattr(f, what) for f in against]) for what in ("rank_correlation", "coverage"))
    return [name, *figures, f"{rank:.3f}", f"{100 * judged:.0f} %", f"{np.median(seconds):.1f}"]


def peer_table(cases: list[Case]) -> str:
    """Ours, the networks of the thesis and the peers on the same pictures."""

    def ours(model: str) -> Callable[[Plane], Plane]:
        return lambda picture: nb.estimate_blur(picture, model=model).masked().sigma

    names = ["default", *(name for name in nb.list_models() if name != "default")]
    rows = [peer_line(f"**{name}**", cases, ours(name), True) for name in names]
    rows += [peer_line(name, cases, measure, sigma) for name, (measure, sigma) in PEERS.items()]
    header = ["method", "RMSE px", "raw RMSE px", "MAE px", "bias px", "rank corr.", "judged", "s/Mpx"]
    return table(header, rows)


def main() -> None:
    """Print the tables."""
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, help="a folder of sharp pictures instead of scikit-image's")
    parser.add_argument("--peers", action="store_true", help="compare with other methods on the same pictures")
    parser.add_argument("--per-kind", type=int, default=6, help="synthetic scenes of every kind")
    options = parser.parse_args()
    new = list(synthetic(options.per_kind))
    rows = [line(kind, [c for c in new if c.name == kind]) for kind in SCENES]
    for kinds in (FULL, (*FULL, "lattice")):
        rows.append(line(f"**textures** ({', '.join(kinds)})", [c for c in new if c.name in kinds]))
    text = (
        f"Ramps of 0.3 to 3 px (along x or y) over {options.per_kind} new scenes of every kind, 384 x 384, 8 bit, "
        "of seeds never trained on, against the truth. Only pixels with texture count (17-px standard deviation over "
        "3 grey levels before blurring); *judged* is the share of them with status measured.\n\n" + table(HEADER, rows)
    )
    publish("Accuracy on synthetic scenes", "python -m benchmarks.accuracy", text, options.write)
    folder = options.pictures or Path(skimage.__file__).parent / "data"
    files = pictures_in(folder) if options.pictures else [folder / f"{name}.png" for name in SHIPPED]
    name = f"Accuracy on {folder.name}" if options.pictures else "Accuracy on scikit-image's pictures"
    real = {field: list(pictures(files, field)) for field in FIELDS}
    for field, title, what in ((RAMP, name, "The same ramp"), (SINE, f"{name}: the sine", f"The thesis's {SINE}")):
        text = (
            f"{what} over real pictures. They have a blur of their own, s0 (the model's map of the picture before, "
            f"at most {LARGEST_OWN} px), so the truth is sqrt(s^2 + s0^2); *raw* is against s alone.\n\n"
            + table(HEADER, [*(line(c.name, [c]) for c in real[field]), median_line(real[field])])
        )
        publish(title, "python -m benchmarks.accuracy", text, options.write and not options.pictures)
    if options.peers:
        text = (
            f"Medians over the {len(real[RAMP])} pictures with the ramp: each method against sqrt(s^2 + s0^2), s0 "
            "being its own map of the picture before. Methods that give no sigma have a rank correlation alone.\n\n"
            + peer_table(real[RAMP])
        )
        publish(f"{name}: the peers", "python -m benchmarks.accuracy --peers", text, options.write)


if __name__ == "__main__":
    main()
