"""What training on a user's own pictures brings: tune on some textures of a folder, test on the others.

``python -m benchmarks.finetune --textures DIR [--minutes 10 | --steps N] [--test 4] [--save FILE] [--write]``
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import napari_blurmap as nb
from napari_blurmap.ground.readable import true_sigma
from napari_blurmap.io.pictures import read_picture
from napari_blurmap.picture.plane import read_plane
from napari_blurmap.picture.stack import as_stack
from napari_blurmap.training.own.report import added_to
from napari_blurmap.training.own.sources import list_sources

from .accuracy import FIELDS
from .report import arguments, publish, table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_blurmap.models.model import Model

    Plane = NDArray[np.floating]

HEADER = ["field", "model", "RMSE px", "bias px", "RMSE all px", "judged", "RMSE own zero px"]


def grey(file: Path) -> Plane:
    """Grey levels of the first plane, 0 to 255."""
    stack = as_stack(read_picture(file))
    return read_plane(stack.plane(next(stack.indices()))).grey()


def line(field: str, name: str, model: str | Model, sharp: list[Plane]) -> list[str]:
    """Figures over all pixels of the test pictures, blurred and rounded to 8 bit."""
    absolute = nb.load_model(model).info.reference == "absolute"
    judged, every, truth, owned = [], [], [], []
    for picture in sharp:
        sigma = FIELDS[field](picture.shape)
        m = nb.estimate_blur(np.clip(np.rint(nb.apply_blur(picture, sigma)), 0, 255).astype(np.uint8), model=model)
        own = nb.estimate_blur(picture.astype(np.float32), model=model).sigma if absolute else np.zeros_like(sigma)
        judged.append(m.masked().sigma.ravel())
        every.append(m.sigma.ravel())
        truth.append(sigma.ravel())
        owned.append(true_sigma(sigma, own).ravel())
    j, e, t, o = (np.concatenate(parts) for parts in (judged, every, truth, owned))
    found = nb.score(j, t)
    cells = [f"{found.rmse:.3f}", f"{found.bias:+.3f}", f"{nb.score(e, t).rmse:.3f}", f"{100 * found.coverage:.0f} %"]
    return [field, name, *cells, f"{nb.score(j, o).rmse:.3f}" if absolute else "-"]


def ideal_line(field: str, zero: float, sharp: list[Plane]) -> list[str]:
    """What an exact reading of the total blur would give, with the zero of the pictures trained on.

    Test pictures whose own blur differs from that zero are misread even so.
    """
    errors = []
    for picture in sharp:
        sigma = FIELDS[field](picture.shape)
        own = nb.estimate_blur(picture.astype(np.float32)).sigma
        errors.append((added_to(zero, np.hypot(sigma, own)) - sigma).ravel())
    error = np.concatenate(errors)
    rmse = f"{np.sqrt(np.mean(error**2)):.3f}"
    return [field, "total blur known", rmse, f"{error.mean():+.3f}", rmse, "100 %", "-"]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--textures", type=Path, required=True, help="folder of sharp pictures")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--steps", type=int, help="instead of a time, for a busy machine")
    parser.add_argument("--test", type=int, default=4, help="pictures to test on")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", type=Path, help="write the model, a .blurmap.safetensors file")
    options = parser.parse_args()
    files = [Path(source.image) for source in list_sources(options.textures)]
    order = np.random.default_rng(options.seed).permutation(len(files))
    tests, rest = ([files[i] for i in sorted(part)] for part in (order[: options.test], order[options.test :]))
    # The sine goes down to 0.1 px.
    model = nb.train_model(
        rest, sigma_range=(0.1, 3.0), minutes=options.minutes, steps=options.steps, seed=options.seed
    )
    if options.save is not None:
        model.save(options.save)
    sharp = [grey(file) for file in tests]
    zero = model.info.training["report"]["own_sigma"] or 0.0
    rows = []
    for field in FIELDS:
        rows += [line(field, name, which, sharp) for name, which in (("bundled", "default"), ("tuned", model))]
        rows.append(ideal_line(field, zero, sharp))
    text = (
        f"Tuned for {model.info.training['seconds'] / 60:.1f} minutes ({model.info.training['steps']} steps, "
        f"{model.info.training['machine']}) on {len(rest)} textures, tested on {len(tests)} others "
        f"({', '.join(file.stem for file in tests)}). Errors against the blur added; 'all' counts the places that a "
        "model does not judge too; 'own zero' is against sqrt(s² + s0²), s0 being the bundled model's reading of the "
        "sharp picture. 'Total blur known': of an exact reading of sqrt(s² + s0²), taken off the zero of the pictures "
        f"tuned on ({zero:.2f} px): what is left are the differences between the pictures' own blurs."
        f"\n\n{table(HEADER, rows)}\n\n{model.info.training['report']['line']}"
    )
    budget = f"--steps {options.steps}" if options.steps else f"--minutes {options.minutes:g}"
    command = f"python -m benchmarks.finetune --textures DIR {budget} --test {options.test}"
    publish("Training on your own pictures", command, text, options.write)


if __name__ == "__main__":
    main()
