"""Arrays mutated by chance: each ends in a map of which all that is measured is finite, or in a BlurMapError."""

from __future__ import annotations

from types import SimpleNamespace

import dask.array as da
import numpy as np
import pytest
import torch
import zarr

import napari_blurmap as nb
from napari_blurmap.ground.status import Status
from napari_blurmap.synthesis.textures import dead_leaves

TYPES = ("?", "u1", "i2", ">u2", "i4", ">f4", "f2", "f4", "f8", "g", "u8", "i8", "f4", "c8", "O", "U3", "M8[s]", "V4")
SHAPES = ((40, 44), (32, 33), (2, 33, 40), (40, 44, 3), (31, 40), (0, 40), (40,), (), (1, 1, 36, 34))
NUMBERS = (np.nan, np.inf, -np.inf, 0.0, 1.0, -9999.0, 255.0, 65535.0, 3.4e38, -3.4028235e38, 9e307, -1.7e308, 5e-324)

TEXTURE = 30 + 200 * nb.apply_blur(dead_leaves((64, 64), np.random.default_rng(0), radii=(2.0, 20.0)), 1.0)


def textured(shape):
    """Something to measure, in every plane and colour."""
    if len(shape) < 2:
        return np.ones(shape)
    if shape[-1] == 3:
        return np.broadcast_to(TEXTURE[: shape[0], : shape[1], None], shape)
    return np.broadcast_to(TEXTURE[: shape[-2], : shape[-1]], shape)


def mutated(random):
    """An array of some type and shape with some numbers in some places, wrapped in something."""
    shape = SHAPES[0] if random.random() < 0.5 else SHAPES[random.integers(len(SHAPES))]
    kind = TYPES[random.integers(len(TYPES))]
    array = textured(shape) * 10.0 ** random.choice([0, 0, 0, 0, 0, 0, -300, -5, 5, 30, 305])
    if random.random() < 0.1:
        array = np.full(shape, random.choice(NUMBERS))
    for _ in range(random.integers(3)):
        where = random.random(shape) < random.choice([0.001, 0.04, 0.5])
        array = np.where(where, random.choice(NUMBERS), array)
    array = np.asarray(array).astype(np.longdouble) * 10.0**200 if kind == "g" and random.random() < 0.5 else array
    array = np.asarray(array).astype(kind)
    wraps = {
        "plain": lambda a: a,
        "Fortran's order": np.asfortranarray,
        "backwards": lambda a: a[..., ::-1],
        "every other": lambda a: np.repeat(np.repeat(a, 2, -1), 2, -2)[..., ::2, ::2] if a.ndim > 1 else a,
        "masked": lambda a: np.ma.array(a, mask=random.random(a.shape) < 0.3),
        "list": lambda a: a.tolist(),
        "list of rows": list,
        "tensor": torch.as_tensor,
        "lazy": da.from_array,
        "on a disk": zarr.array,
        "layer": lambda a: SimpleNamespace(data=a, scale=random.choice([1.0, -2.0, 0.0, np.nan], max(a.ndim, 1))),
        "pyramid": lambda a: [a, a[..., ::2, ::2], a[..., ::4, ::4]],
    }
    name = random.choice(list(wraps))
    try:
        return f"{name} {kind} {shape}", wraps[name](array)
    except (TypeError, ValueError, IndexError, NotImplementedError):  # the wrap takes no such array
        return f"plain {kind} {shape}", array


@pytest.mark.filterwarnings("ignore")
def test_what_is_measured_is_finite():
    random = np.random.default_rng(0)
    answered = 0
    for number in range(120):
        name, picture = mutated(random)
        colour = random.choice([None, None, None, None, -1, 0, 7])
        try:
            m = nb.estimate_blur(picture, channel_axis=colour)
            sigma, error, status = (np.asarray(a) for a in (m.sigma, m.uncertainty, m.status))
        except nb.BlurMapError:
            continue
        measured = status == Status.MEASURED
        assert np.isfinite(sigma[measured]).all(), (number, name)
        assert np.isfinite(error[measured]).all(), (number, name)
        assert (sigma[measured] >= 0).all(), (number, name)
        summary = m.summary(reference=1.0)
        assert summary["median_sigma"] is None or np.isfinite(summary["median_sigma"]), (number, name)
        answered += bool(measured.any())
    assert answered > 9
