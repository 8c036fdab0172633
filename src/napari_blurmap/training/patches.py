"""Patches of 32 x 32 pixels cut from sharp textures, each blurred by one sigma of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from ..errors import BlurMapError
from ..ground.blur import apply_blur
from .patch_data import KERNELS, PATCH, PatchData, PatchDataConfig, PatchReport, PatchSet, Texture

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


def make_patches(
    textures: Iterable[Texture], config: PatchDataConfig | None = None, *, dropped: dict[str, str] | None = None
) -> PatchData:
    """Blur every texture by every sigma, cut the copies into patches and deal these out.

    Parameters
    ----------
    textures : iterable of Texture
        One at a time is enough.
    config : PatchDataConfig, optional
        How.
    dropped : dict, optional
        Names of what could not be read, with the reason, for the report.

    Returns
    -------
    PatchData

    Raises
    ------
    BlurMapError
        If no usable texture is left, or fewer than three where whole textures are dealt out.

    Examples
    --------
    >>> noise = 255 * np.random.default_rng(0).random((3, 64, 64), dtype=np.float32)
    >>> textures = [Texture("noise", ((grey, np.ones((64, 64), bool)),)) for grey in noise]
    >>> data = make_patches(textures, PatchDataConfig(sigmas=(1.0, 2.0), keep=0.5))
    >>> len(data.train), len(data.validation), len(data.test)
    (4, 4, 4)
    """
    config = config or PatchDataConfig()
    # The caller's dictionary: it fills while the textures are read.
    report = PatchReport(config.blank, dropped={} if dropped is None else dropped)
    parts: list[PatchSet] = []
    for texture in textures:
        places = [_usable(grey, valid, config) for grey, valid in texture.planes]
        if config.drop == "texture" and any(found is None for found in places):
            report.dropped[texture.name] = "it has a blank area of 32 x 32 pixels"
            continue
        kept = [np.zeros(0, np.int64) if found is None else found for found in places]
        if not any(found.size for found in kept):
            report.dropped[texture.name] = "all of it is blank"
            continue
        areas = sum((g.shape[0] // PATCH) * (g.shape[1] // PATCH) for g, _ in texture.planes)
        report.areas += areas
        report.blank += areas - sum(found.size for found in kept)
        parts.append(_blurred(texture, kept, config, len(parts)))
        report.used.append(texture.name)
    return PatchData(config, *_dealt_out(parts, config, report), report)


def _usable(grey: NDArray[np.float32], valid: NDArray[np.bool_], config: PatchDataConfig) -> NDArray[np.int64] | None:
    """Numbers of the grid's areas that are not blank; None where one at any place would cost the texture."""
    if config.drop == "texture":
        # Standard deviation of every window that lies in the picture.
        wide = grey.astype(np.float64)
        mean, square = ndimage.uniform_filter(wide, PATCH), ndimage.uniform_filter(wide**2, PATCH)
        half = PATCH // 2
        inner = np.s_[half : grey.shape[0] - half + 1, half : grey.shape[1] - half + 1]
        if not valid.all() or (square - mean**2)[inner].min() < config.blank**2:
            return None
    is_textured = _grid(grey).std(axis=(1, 2), dtype=np.float64) >= config.blank
    return np.flatnonzero(is_textured & _grid(valid).all(axis=(1, 2)))


def _grid(plane: NDArray[Any]) -> NDArray[Any]:
    """Patches side by side, (N, 32, 32); what is left at the end is not used."""
    rows, columns = plane.shape[0] // PATCH, plane.shape[1] // PATCH
    cells = plane[: rows * PATCH, : columns * PATCH].reshape(rows, PATCH, columns, PATCH)
    return cells.swapaxes(1, 2).reshape(-1, PATCH, PATCH)


def _blurred(texture: Texture, places: list[NDArray[np.int64]], config: PatchDataConfig, number: int) -> PatchSet:
    """A random part of the patches of every blurred copy of a texture."""
    rng = np.random.default_rng((config.seed, number))
    patches, labels = [], []
    for label, sigma in enumerate(config.sigmas):
        for (grey, _), usable in zip(texture.planes, places, strict=True):
            if not usable.size:
                continue
            chosen = rng.permutation(usable)[: max(1, round(config.keep * usable.size))]
            blurred = _grid(apply_blur(grey, sigma, **KERNELS[config.kernel]))[chosen]
            if config.noise:
                deviation = config.noise * np.maximum(rng.uniform(-1, 1, (chosen.size, 1, 1)), 0)
                blurred = blurred + deviation * rng.standard_normal(blurred.shape)
            patches.append(np.clip(np.rint(blurred), 0, 255).astype(np.uint8))
            labels += [label] * chosen.size
    return PatchSet(np.concatenate(patches), np.array(labels), np.full(len(labels), number))


def _dealt_out(
    parts: list[PatchSet], config: PatchDataConfig, report: PatchReport
) -> tuple[PatchSet, PatchSet, PatchSet]:
    """Training, validation and test set."""
    least = 3 if config.split == "texture" else 1
    if len(parts) < least:
        why = f"{report}\n" if report.dropped else ""
        raise BlurMapError(
            f"{len(parts) or 'No'} usable texture{'s' if len(parts) > 1 else ''} left; expected {least} or more sharp "
            f"pictures with structure. {why}Add pictures"
            + (", or cut them into several." if parts else ", or lower the limit for blank areas.")
        )
    whole = PatchSet(*(np.concatenate([getattr(p, n) for p in parts]) for n in ("patches", "labels", "sources")))
    rng = np.random.default_rng((config.seed, len(parts), 1))
    if config.split == "texture":
        place = _places(len(parts), config, rng)[whole.sources]
    else:  # every class by itself, so that all have the same shares
        place = np.empty(len(whole), np.int64)
        for label in range(len(config.sigmas)):
            mine = whole.labels == label
            place[mine] = _places(int(mine.sum()), config, rng)
    sets = whole[place == 0], whole[place == 1], whole[place == 2]
    if not all(map(len, sets)):
        raise BlurMapError(
            f"{len(whole)} patches are too few to train, validate and test with {len(config.sigmas)} classes. Add or "
            "enlarge pictures, or keep a larger part of the patches."
        )
    return sets


def _places(count: int, config: PatchDataConfig, rng: np.random.Generator) -> NDArray[np.int64]:
    """0, 1 or 2, for training, validation and test, in random order; of three or more at least one each."""
    at_least = int(count >= 3)
    test = max(at_least, round(config.test * count))
    validation = max(at_least, round(config.validation * count))
    place = np.zeros(count, np.int64)
    place[:test], place[test : test + validation] = 2, 1
    return rng.permutation(place)
