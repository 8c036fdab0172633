"""The filled map of a natural picture: a scene with measured depth, out of focus as its depth says.

``python -m benchmarks.depth [--write]``
"""

from __future__ import annotations

import time
from itertools import product

import numpy as np
from skimage import data
from skimage.color import rgb2gray
from skimage.transform import downscale_local_mean

import napari_blurmap as nb
from napari_blurmap.ground.readable import LARGEST_OWN
from napari_blurmap.result.fill import fill_from_judged
from napari_blurmap.synthesis.kernels import Disc
from napari_blurmap.synthesis.levels import blur_periodic

from .report import arguments, publish, table

#: Sigma at the distance that is most out of focus, px: that of the peers' test pictures.
LARGEST = 3.275
#: Where the lens is focused, between the nearest (0) and the farthest (1) of the scene.
FOCUS = (0.0, 0.5, 1.0)


def scene() -> tuple[np.ndarray, np.ndarray]:
    """Grey levels of 0 to 255, and depth from 0 (near) to 1; halved, which sharpens the picture."""
    left, _, disparity = data.stereo_motorcycle()
    known = np.isfinite(disparity)
    filled = fill_from_judged(np.where(known, disparity, np.nan), np.ones(known.shape), known, rgb2gray(left))
    grey, near = (downscale_local_mean(plane, (2, 2)) for plane in (255 * rgb2gray(left), filled))
    return grey, np.clip((near.max() - near) / np.ptp(near), 0, 1)


def discs(grey: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Blur by uniform discs, as a photographic lens does, each named by its equivalent sigma."""
    margin = 24  # the mirrored border must not reach the far side
    wide, field = (np.pad(plane, margin, mode="symmetric").astype(np.float32) for plane in (grey, sigma))
    return blur_periodic(wide, field, Disc())[margin:-margin, margin:-margin]


#: What the picture is blurred with.
KERNELS = {"Gaussian": nb.apply_blur, "disc": discs}


def main() -> None:
    """Print a row for every kernel and distance of focus."""
    parser = arguments(__doc__.splitlines()[0])
    options = parser.parse_args()
    grey, depth = scene()
    zero = np.minimum(nb.estimate_blur(grey.astype(np.float32)).filled(grey).sigma, LARGEST_OWN)
    rows = []
    for (kernel, blur), focus in product(KERNELS.items(), FOCUS):
        sigma = np.maximum(LARGEST * np.abs(depth - focus) / max(focus, 1 - focus), 0.05)
        picture = np.clip(np.rint(blur(grey, sigma)), 0, 255).astype(np.uint8)
        truth = np.hypot(sigma, zero)
        started = time.perf_counter()
        m = nb.estimate_blur(picture)
        filled = m.filled(picture).sigma
        seconds = time.perf_counter() - started
        judged, whole = nb.score(m.masked().sigma, truth), nb.score(filled, truth)
        raw = nb.score(filled, sigma)
        rows.append(
            [
                kernel,
                f"{focus:g}",
                f"{100 * judged.coverage:.0f} %",
                f"{judged.mae:.3f}",
                f"**{whole.mae:.3f}**",
                f"{whole.bias:+.3f}",
                f"{whole.rank_correlation:.3f}",
                f"{raw.mae:.3f}",
                f"{seconds:.2f}",
            ]
        )
    header = [
        "kernel",
        "focus",
        "judged",
        "MAE of judged px",
        "MAE filled px",
        "bias px",
        "rank corr.",
        "raw MAE px",
        "s",
    ]
    text = (
        f"scikit-image's stereo_motorcycle (Middlebury 2014), halved, blurred by 0 to {LARGEST} px as its measured "
        "depth says, by Gaussians or by discs of that equivalent sigma, focused on the nearest (0), the middle or the "
        "farthest (1), 8 bit. "
        f"The truth is sqrt(s^2 + s0^2), s0 being the filled map of the picture before (at most {LARGEST_OWN} px); "
        "raw is against s.\n\n" + table(header, rows)
    )
    publish("Depth of a natural scene", "python -m benchmarks.depth", text, options.write)


if __name__ == "__main__":
    main()
