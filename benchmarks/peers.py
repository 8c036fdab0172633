"""What else measures blur from one picture, for the tables: maps of the same shape as the picture.

Each is written from its paper or taken from a library. Those that give no sigma are compared by rank alone;
their sign is turned so that more means blurrier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse.linalg import cg
from skimage.feature import canny
from skimage.measure import blur_effect

if TYPE_CHECKING:
    from collections.abc import Callable

    Plane = np.ndarray


def tiles(picture: Plane, edge: int, measure: Callable[[Plane], float]) -> Plane:
    """A number for every tile, spread over its pixels."""
    out = np.full(picture.shape, np.nan)
    for y in range(0, picture.shape[0], edge):
        for x in range(0, picture.shape[1], edge):
            part = picture[y : y + edge, x : x + edge]
            if min(part.shape) >= edge // 2:
                out[y : y + edge, x : x + edge] = measure(part)
    return out


def variance_of_laplacian(picture: Plane) -> Plane:
    """Pech-Pacheco et al., ICPR 2000, in windows of 32 pixels."""
    laplacian = ndimage.laplace(picture.astype(float))
    mean = ndimage.uniform_filter(laplacian, 32)
    return -(ndimage.uniform_filter(laplacian**2, 32) - mean**2)


def blur_effect_map(picture: Plane) -> Plane:
    """scikit-image's blur_effect (Crete et al., SPIE 6492, 2007) in tiles of 32 pixels."""
    return tiles(picture.astype(float), 32, blur_effect)


def _log_log_slope(part: Plane) -> float:
    power = np.abs(np.fft.rfft2((part - part.mean()) * np.outer(*(np.hanning(n) for n in part.shape)))) ** 2
    f = np.hypot(np.fft.fftfreq(part.shape[0])[:, None], np.fft.rfftfreq(part.shape[1])[None])
    inside = (f > 0.02) & (f < 0.5)
    bins = np.digitize(np.log(f[inside]), np.linspace(np.log(0.02), np.log(0.5), 13))
    count = np.bincount(bins, minlength=14)[1:13]
    sums = np.bincount(bins, power[inside], minlength=14)[1:13]
    used = count > 0
    centres = np.linspace(np.log(0.02), np.log(0.5), 25)[1::2]
    return -float(np.polyfit(centres[used], np.log(sums[used] / count[used] + 1e-12), 1)[0])


def power_slope(picture: Plane) -> Plane:
    """Slope of the power spectrum (CellProfiler's PowerLogLogSlope) in tiles of 64 pixels."""
    return tiles(picture.astype(float), 64, _log_log_slope)


def edge_sigma(picture: Plane, reblur: float = 1.0) -> tuple[Plane, np.ndarray]:
    """Sigma at edges from the ratio of gradients before and after a further blur (Zhuo and Sim, eq. 5 to 8)."""
    grey = (picture - picture.min()) / max(float(np.ptp(picture)), 1e-9)
    gradient, again = (np.hypot(*np.gradient(p)) for p in (grey, ndimage.gaussian_filter(grey, reblur)))
    edges = canny(grey, sigma=1.0)
    ratio = gradient / np.maximum(again, 1e-9)
    edges &= ratio > 1.01
    sigma = np.where(edges, reblur / np.sqrt(np.maximum(ratio, 1.01) ** 2 - 1), 0)
    return np.minimum(sigma, 5.0), edges


def zhuo_sim(picture: Plane, tie: float = 1e-3) -> Plane:
    """Zhuo and Sim, Pattern Recognition 44 (2011): sigma at edges, spread along the matting Laplacian."""
    grey = (picture - picture.min()) / max(float(np.ptp(picture)), 1e-9)
    sparse_sigma, edges = edge_sigma(picture)
    # Their joint bilateral filter, over edges only.
    weight = ndimage.gaussian_filter(edges.astype(float), 2.0)
    smooth = ndimage.gaussian_filter(sparse_sigma * edges, 2.0) / np.maximum(weight, 1e-9)
    data = sparse.diags(edges.ravel().astype(float) * tie)
    solution, _ = cg(matting_laplacian(grey) + data, (tie * edges * smooth).ravel(), rtol=1e-4, maxiter=2000)
    return solution.reshape(picture.shape)


def matting_laplacian(grey: Plane, epsilon: float = 1e-5) -> sparse.csr_matrix:
    """Levin, Lischinski and Weiss, PAMI 30 (2008), eq. 5 for a grey picture and windows of 3 x 3 pixels."""
    height, width = grey.shape
    index = np.arange(height * width).reshape(height, width)
    view = np.lib.stride_tricks.sliding_window_view
    pixels = view(index, (3, 3)).reshape(-1, 9)
    values = view(grey, (3, 3)).reshape(-1, 9)
    centred = values - values.mean(axis=1, keepdims=True)
    variance = (centred**2).mean(axis=1)[:, None, None]
    affinity = (1 + centred[:, :, None] * centred[:, None, :] / (variance + epsilon / 9)) / 9
    rows, columns = np.repeat(pixels, 9, axis=1).ravel(), np.tile(pixels, (1, 9)).ravel()
    w = sparse.csr_matrix((affinity.ravel(), (rows, columns)), shape=(index.size, index.size))
    return (sparse.diags(np.asarray(w.sum(axis=1)).ravel()) - w).tocsr()


#: Name, function, and whether it gives sigma in pixels.
PEERS: dict[str, tuple[Callable[[Plane], Plane], bool]] = {
    "Zhuo and Sim 2011": (zhuo_sim, True),
    "variance of Laplacian": (variance_of_laplacian, False),
    "blur_effect": (blur_effect_map, False),
    "power-spectrum slope": (power_slope, False),
}
