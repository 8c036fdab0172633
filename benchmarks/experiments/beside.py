"""How much what lies beside a texture changes the sigma that is read in it, by the distance from there.

Expected: nothing beyond 32 px. Far blur is read in coarse copies of the picture, which see further; a network that is
asked for the same reading with and without a neighbour (`--alike` of `tools/long_training.py`) learns to leave it out.

``python -m benchmarks.experiments.beside [MODEL ...]``, by default the bundled one.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy import ndimage

import napari_blurmap as nb
from benchmarks.report import machine, table
from napari_blurmap.synthesis.textures import power_law

_EDGE, _RADIUS = 448, 190
#: Distances from the border, pixels.
_RINGS = ((32, 60), (60, 100), (100, 190))


def texture(sigma: float, exponent: float, seed: int) -> np.ndarray:
    """8 bit, a deviation of 40 grey levels, noise of one."""
    rng = np.random.default_rng(seed)
    light = ndimage.gaussian_filter(power_law((_EDGE, _EDGE), rng, exponent=exponent), sigma, mode="wrap")
    light = (light - light.mean()) / light.std() * 40 + 128
    return np.clip(light + rng.standard_normal(light.shape) + 0.5, 0, 255).astype(np.uint8)


def beside(picture: np.ndarray, outside: np.ndarray) -> dict[str, np.ndarray]:
    """The picture with something else outside."""
    noise = np.clip(20 + np.random.default_rng(1).standard_normal(picture.shape), 0, 255)
    others = {"no data": np.nan, "black": 0, "noise": noise, "a sharp picture": texture(0.5, 0.6, 50)}
    return {
        name: np.where(outside, other, picture).astype(np.float32 if name == "no data" else np.uint8)
        for name, other in others.items()
    }


def main() -> None:
    """Print the ratio of the median readings with and without, ring by ring."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=["default"])
    names = parser.parse_args().models
    models = [nb.load_model(name) for name in names]
    y, x = (axis - (_EDGE - 1) / 2 for axis in np.ogrid[:_EDGE, :_EDGE])
    inward = _RADIUS - np.hypot(y, x)
    rows = []
    for sigma in (2.0, 3.0, 6.0):
        picture = texture(sigma, 1.3, 6)
        alone = [nb.estimate_blur(picture, model=model).masked().sigma for model in models]
        for name, framed in beside(picture, inward < 0).items():
            cells = []
            for model, before in zip(models, alone, strict=True):
                ratio = nb.estimate_blur(framed, model=model).masked().sigma / before
                cells += [f"{np.nanmedian(ratio[(inward >= low) & (inward < high)]):.3f}" for low, high in _RINGS]
            rows.append([f"{sigma:g}", name, *cells])
    head = [f"{name}, {low} to {high} px" for name in names for low, high in _RINGS]
    print(f"On: {machine()}.\n")
    print(table(["sigma px", "outside", *head], rows))


if __name__ == "__main__":
    main()
