"""What smoothing does to the error of real estimates, everywhere and at the outlines of objects.

``python -m benchmarks.smoothing [--write]``
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

import napari_blurmap as nb
from napari_blurmap.plugin import sample_data
from napari_blurmap.result.smooth.smooth import METHODS
from napari_blurmap.synthesis.camera import Camera
from napari_blurmap.synthesis.depth import DepthLayer, depth_scene
from napari_blurmap.synthesis.textures import dead_leaves

from .report import arguments, publish, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Plane = NDArray[np.floating]

SAMPLES = (
    *("ramp_x", "ramp_y", "sine_x", "sine_y", "text_x", "text_y", "defocused_background", "defocused_foreground"),
    *("motorcycle_background", "motorcycle_foreground"),
)
#: Sigma of ground, strand and discs: all of them within what the model judges.
OBJECTS = ((3.0, 1.5, 0.8), (0.8, 1.5, 3.0), (4.0, 2.0, 1.0), (1.0, 2.0, 4.0))
#: The outline of an object: the truth steps by more than this, px; and what lies this near to it.
STEP, NEAR = 0.2, 8
SEED = 8_000_000


@dataclass
class Case:
    """A picture, its map and the truth."""

    name: str
    picture: Plane
    truth: Plane
    m: nb.BlurMap

    @property
    def judged(self) -> NDArray[np.bool_]:
        """The same places for every method: those that were judged before."""
        return np.isfinite(self.m.masked().sigma)

    @property
    def outlines(self) -> NDArray[np.bool_]:
        steps = ndimage.maximum_filter(self.truth, 3) - ndimage.minimum_filter(self.truth, 3) > STEP
        return ndimage.binary_dilation(steps, iterations=NEAR)


def cases() -> Iterator[Case]:
    """All samples, and objects at three distances in a camera with little and with much noise."""
    for name in SAMPLES:
        (picture, _, _), (truth, _, _) = getattr(sample_data, name)()
        yield estimated(name.replace("_", " "), picture, np.asarray(truth))
    for blur in OBJECTS:
        for photons in (50_000, 500):
            scene, truth = objects(blur)
            camera = Camera(bits=8, photons=photons, gain=255 / photons)
            words = " / ".join(f"{b:g}" for b in blur)
            yield estimated(
                f"objects {words} px, {photons} photons", camera.expose(scene, np.random.default_rng(SEED)), truth
            )


def objects(blur: tuple[float, float, float], side: int = 512) -> tuple[Plane, Plane]:
    """A ground, a strand across it and discs nearest to the lens, all of leaves."""
    y, x = np.indices((side, side), dtype=np.float32)
    leaves = dead_leaves((side, side), np.random.default_rng(SEED))
    strand = np.abs(y - 0.4 * x - 150) - 50
    discs = np.min([np.hypot(y - a, x - b) - r for a, b, r in ((380, 120, 80), (120, 380, 75), (400, 420, 60))], axis=0)
    layers = [DepthLayer(leaves, np.ones_like(leaves), blur[0])]
    for edge, sigma, greys in (
        (strand, blur[1], 0.35 + 0.65 * np.rot90(leaves)),
        (discs, blur[2], 0.7 - 0.7 * np.rot90(leaves, 2)),
    ):
        layers.append(DepthLayer(np.ascontiguousarray(greys), np.clip(0.5 - edge, 0, 1).astype(np.float32), sigma))
    return depth_scene(layers)


def estimated(name: str, picture: Plane, truth: Plane) -> Case:
    return Case(name, picture, truth, nb.estimate_blur(picture, keep_probabilities=True))


def smoothed(case: Case) -> dict[str, nb.BlurMap]:
    """The map before and after every method, with its default strength."""
    return {"before": case.m} | {k: nb.smooth_sigma(case.m, k, image=case.picture) for k in METHODS}


def rmse(case: Case, m: nb.BlurMap, where: NDArray[np.bool_]) -> float:
    chosen = case.judged & where
    return float(np.sqrt(np.mean((m.sigma - case.truth)[chosen] ** 2))) if chosen.any() else float("nan")


def within(case: Case, m: nb.BlurMap) -> tuple[float, float]:
    """Share of the judged places whose truth lies within one and two standard errors."""
    off = (np.abs(m.sigma - case.truth) / m.uncertainty)[case.judged]
    return float((off < 1).mean()), float((off < 2).mean())


def figures(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.3f}"


def seconds(method: str) -> float:
    """Time for one megapixel."""
    case = estimated("", np.tile(sample_data.sine_x()[0][0], (2, 2)), np.zeros((1024, 1024)))
    begun = perf_counter()
    nb.smooth_sigma(case.m, method, image=case.picture)
    return perf_counter() - begun


def main() -> None:
    """Print the tables."""
    options = arguments(__doc__.splitlines()[0]).parse_args()
    done = [(case, smoothed(case)) for case in cases()]
    columns = ["before", *METHODS]
    parts = []
    for title, where in (
        ("RMSE in px of all judged places:", lambda case: np.ones(case.truth.shape, bool)),
        (f"RMSE in px within {NEAR} px of an object's outline:", lambda case: case.outlines),
    ):
        values = [[rmse(case, maps[k], where(case)) for k in columns] for case, maps in done]
        rows = [
            [case.name, *map(figures, line)] for (case, _), line in zip(done, values, strict=True) if line[0] == line[0]
        ]
        rows.append(["**mean**", *map(figures, np.nanmean(values, axis=0))])
        parts.append(title + "\n\n" + table(["picture", *columns], rows))
    shares = np.mean([[within(case, maps[k]) for k in columns] for case, maps in done], axis=0)
    last = [
        ["truth within 1 / 2 s.e.", *(f"{100 * a:.0f} / {100 * b:.0f} %" for a, b in shares)],
        ["seconds a megapixel", "", *(f"{seconds(k):.1f}" for k in METHODS)],
    ]
    parts.append(table(["", *columns], last))
    strengths = ", ".join(f"{k} {v.strength:g}" for k, v in METHODS.items())
    text = (
        f"Estimates of the bundled model, smoothed with the default strengths ({strengths}), which were chosen with "
        "these samples among others; the objects are of scenes never looked at. *Mean* is that of the column.\n\n"
    )
    publish("Smoothing", "python -m benchmarks.smoothing", text + "\n\n".join(parts), options.write)


if __name__ == "__main__":
    main()
