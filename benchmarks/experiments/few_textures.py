"""The thesis's network on few textures: who leaves chance, with which optimiser.

Tried: Muon for the convolutions and AdamW for the rest, instead of AdamW for all, four classes of twelve synthetic
textures, at the same rate. Expected: nine layers without norms between them hand hardly any of the picture on at
first, and steps that turn all directions of a weight matrix alike get out of that sooner.

``python -m benchmarks.experiments.few_textures [--steps 240] [--seeds 3]``
"""

from __future__ import annotations

import torch

from napari_blurmap.training.bundled_patch import synthetic_textures
from napari_blurmap.training.evaluation import class_probabilities
from napari_blurmap.training.patch import PatchTrainConfig, PatchTraining
from napari_blurmap.training.patch_data import PatchDataConfig
from napari_blurmap.training.patches import make_patches

from ..report import arguments, table

SIGMAS = (0.3, 0.8, 1.6, 3.0)
RATE = 1e-3


def main() -> None:
    """Train and print."""
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=240)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    data = make_patches(synthetic_textures(12), PatchDataConfig(sigmas=SIGMAS, split="patch", validation=0.1, test=0.3))
    rows = []
    for name in ("Muon and AdamW", "AdamW"):
        right = []
        for seed in range(args.seeds):
            training = PatchTraining(data, PatchTrainConfig(steps=args.steps, batch=32, rate=RATE, seed=seed))
            if name == "AdamW":
                training.optimizer = torch.optim.AdamW(training.network.parameters(), lr=RATE, weight_decay=0.02)
            list(training.run())
            weights, labels = class_probabilities(training.network, data.test)
            right.append(float((weights.argmax(dim=1) == labels).float().mean()))
        rows.append([name, ", ".join(f"{share:.0%}" for share in right)])
    print(table(["optimiser", f"right of {len(SIGMAS)} classes after {args.steps} steps, by seed"], rows))


if __name__ == "__main__":
    main()
