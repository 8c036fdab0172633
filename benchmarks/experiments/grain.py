"""Fine grain far above the camera's noise, with and without the rule that it is not empty; and what must stay empty.

Tried: where most pixels around differ from their neighbours by more than a noise that is known for certain explains, a
place counts as one with structure. Expected: grain is measured, or too noisy; noise, light and sensors' patterns stay
empty.

``python -m benchmarks.experiments.grain [MODEL ...]``, by default the bundled one.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from scipy import ndimage

import napari_blurmap as nb
from benchmarks.report import machine, table
from napari_blurmap.ground.status import Status
from napari_blurmap.models import pixels

_EDGE = 384
_Y, _X = np.mgrid[:_EDGE, :_EDGE].astype(float)
_RULE = pixels.stands_out


def _half(sigma: float) -> np.ndarray:
    """40 grey levels of white grain with noise of 0.5, beside the same 4 px out of focus."""
    rng = np.random.default_rng(1)
    white = rng.normal(size=(_EDGE, _EDGE))
    left, right = (ndimage.gaussian_filter(white, each, mode="wrap") for each in (sigma, 4.0))
    both = np.where(_X < _EDGE / 2, left, right)
    return np.clip(128 + 40 * both / both.std() + rng.normal(0, 0.5, both.shape), 0, 255).astype(np.uint8)


def _empty() -> dict[str, np.ndarray]:
    """Pictures that show nothing."""
    rng = np.random.default_rng(0)
    noise = rng.poisson(1000 * np.ones((_EDGE, _EDGE))).astype(np.uint16)
    lamp = 50000 * (1 - 0.6 * ((_Y - 180) ** 2 + (_X - 210) ** 2) / 2 / 192**2)
    mosaic = 1000 * np.where((_X % 2 == 0) & (_Y % 2 == 0), 1.3, np.where((_X % 2 == 1) & (_Y % 2 == 1), 0.7, 1.0))
    return {
        "white noise": noise,
        "noise after a median of 3 x 3": ndimage.median_filter(noise, 3),
        "noise after a median of 5 x 5": ndimage.median_filter(noise, 5),
        "noise after a Gaussian of 1.5 px": np.rint(8 * ndimage.gaussian_filter(noise.astype(float), 1.5)),
        "noise enlarged twice": np.rint(4 * ndimage.zoom(noise[::2, ::2].astype(float), 2, order=1)),
        "uneven light": rng.poisson(lamp),
        "a step of the light": rng.poisson(np.where(_X + 0.4 * _Y > 250, 20000, 10000)),
        "a colour mosaic": rng.poisson(mosaic),
        "noise beside black": np.where(_X < 192, noise, 0),
        "noise beside a constant of its own grey level": np.where(_X < 192, noise, 1000),
    }


def main() -> None:
    """Print the shares that are called empty, and that are judged."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=["default"])
    models = parser.parse_args().models
    inner = np.s_[:, 24 : _EDGE // 2 - 24]
    pictures = {f"grain, {sigma} px": (_half(sigma), inner) for sigma in (0.3, 0.5, 0.8, 1.2)}
    pictures |= {name: (picture, np.s_[:]) for name, picture in _empty().items()}
    rows = []
    for name, (picture, part) in pictures.items():
        cells = []
        for model in models:
            for rule in (lambda plane: torch.zeros(plane.shape, dtype=torch.bool), _RULE):
                pixels.stands_out = rule
                found = nb.estimate_blur(np.asarray(picture), model=model)
                sigma = found.masked().sigma[part]
                empty, judged = (found.status[part] == Status.EMPTY).mean(), np.isfinite(sigma).mean()
                read = f", {np.nanmedian(sigma):.2f} px" if judged > 0.05 else ""
                cells.append(f"{empty:.0%}, {judged:.0%}{read}")
        rows.append([name, *cells])
    print(f"On: {machine()}. Called empty, judged, and the median of what is.\n")
    print(table(["picture", *(text for model in models for text in (f"{model}, without", "with"))], rows))


if __name__ == "__main__":
    main()
