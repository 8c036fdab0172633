"""How likely networks find the truth of the plainest pictures: one scene, one Gaussian blur, white noise.

Expected: a network that learns many kinds of blur loses some of these, where the exponent of a texture and its blur can
hardly be told apart; a teacher, and more of them among the crops, bring it back.

``python -m benchmarks.experiments.plain [MODEL ...]``, by default the bundled one.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from scipy import ndimage

import napari_blurmap as nb
from benchmarks.report import machine, table
from napari_blurmap.ground.grid import KNEE
from napari_blurmap.models.decode import soft_target
from napari_blurmap.models.sizes import STRIDE
from napari_blurmap.synthesis.scenes import SCENES, random_scene

#: Blurs (sigma, pixels), and the standard deviation of the noise of each over full scale.
CASES = ((0.4, 0.004), (1.2, 0.004), (2.5, 0.01), (5.0, 0.003), (2.0, 0.03))
_EDGE = 256


def read(network: torch.nn.Module, picture: np.ndarray, noise: float) -> torch.Tensor:
    """Logarithms of the weights of the values of sigma, (K, Y / 4, X / 4)."""
    data = torch.from_numpy(picture.astype(np.float32))[None, None]
    told = torch.full((1, 1, _EDGE // STRIDE, _EDGE // STRIDE), noise)
    with torch.inference_mode():
        given = (data, torch.ones_like(data), *((told, None) if network.config.noise else ()))
        return network(*given)[0]


def main() -> None:
    """Print the cross-entropy and the mean error of log(sigma + 0.35), kind by kind."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=["default"])
    parser.add_argument("--scenes", type=int, default=4, help="of each kind")
    given = parser.parse_args()
    models = [nb.load_model(name) for name in given.models]
    networks = [model.network.fused() for model in models]
    found: dict[str, np.ndarray] = {}
    for kind in SCENES:
        figures = np.zeros((len(models), given.scenes, len(CASES), 2))
        for number in range(given.scenes):
            rng = np.random.default_rng(number)
            scene = random_scene((_EDGE, _EDGE), 9000 + number, kind=kind)
            for at, (sigma, noise) in enumerate(CASES):
                light = 0.15 + 0.7 * ndimage.gaussian_filter(scene, sigma, mode="wrap")
                taken = np.rint(255 * np.clip(light + noise * rng.standard_normal(light.shape), 0, 1)) / 255
                for which, (model, network) in enumerate(zip(models, networks, strict=True)):
                    grid = torch.tensor(model.info.sigma_grid)
                    logs = read(network, taken, float(np.hypot(noise, 1 / 255 / 12**0.5)))[: grid.numel()]
                    logs = logs.log_softmax(dim=0)
                    target = soft_target(torch.full((1, 1, 1), sigma), grid)[0]
                    off = (logs.exp() * (grid + KNEE).log()[:, None, None]).sum(dim=0) - np.log(sigma + KNEE)
                    figures[which, number, at] = -float((target * logs).sum(dim=0).mean()), float(off.mean())
        found[kind] = figures.mean(axis=(1, 2))
    found["**mean**"] = np.mean(list(found.values()), axis=0)
    rows = [
        [kind, *(text for unlikely, off in means for text in (f"{unlikely:.2f}", f"{off:+.3f}"))]
        for kind, means in found.items()
    ]
    names = [text for name in given.models for text in (f"{name}, nats", "bias")]
    print(f"On: {machine()}. {given.scenes} scenes of each kind, sigma and noise: {CASES}.\n")
    print(table(["scene", *names], rows))


if __name__ == "__main__":
    main()
